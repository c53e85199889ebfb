//! What a caller asks for, what it gets and what it may watch, as types.
//!
//! These types cross the boundary (the command line's JSON, the plugin's IPC), so they hold no secret, and their field
//! names are part of the contract.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::ErrorBody;

/// File name of the note in a workspace's own git dir.
pub const NOTE_FILE: &str = "ravi-workspace.json";

/// What a caller wants provisioned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts", optional_fields))]
#[serde(deny_unknown_fields)]
pub struct ProvisionRequest {
    /// Folder the agent works in: the top of a worktree, or a folder outside any repository. A folder inside a worktree
    /// that is already a workspace means that workspace; in any other worktree it is refused, since the whole worktree
    /// would be bound.
    pub path: PathBuf,
    /// The app's own id for the workspace; the same id always means the same workspace. Empty for an app that keeps no
    /// ids: then it is that of the workspace bound to the folder, or a new one.
    #[serde(default)]
    pub id: String,
    /// What people call the workspace. Becomes the git author's name and the identity's name.
    pub name: String,
    /// Also ask for a phone number (may cost money on Ravi's side, takes seconds).
    #[serde(default)]
    pub phone: bool,
    /// Local part of the address to ask for, in place of the one made from the name.
    #[serde(default)]
    pub email: Option<String>,
    /// A file, relative to the worktree, that gets `AGENT_EMAIL`, `AGENT_PHONE` and `RAVI_IDENTITY`.
    #[serde(default)]
    pub env_file: Option<PathBuf>,
    /// Name of the secret that holds this workspace's GitHub token, in place of the names looked for by default. An empty
    /// one forgets the name of an earlier call.
    #[serde(default)]
    pub github_secret: Option<String>,
    /// Also make a key of the workspace's own that signs its commits (`git commit -S`).
    #[serde(default)]
    pub sign: bool,
    /// Seconds from now after which the workspace is released by itself. Each provision restarts the clock.
    #[serde(default)]
    pub ttl_s: Option<u64>,
    /// Domain of the address to ask for, if the account has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Name, uuid or address of one of the account's identities, in place of one of the workspace's own. Releasing the
    /// workspace neither renames nor empties it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Others may use the identity as well: further workspaces, the app's own secrets. Without `identity` it is the
    /// host identity. Address, inbox, phone and vault are shared; author name, key, GitHub login and env file are not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub share: bool,
    /// The workspace gets no key: author, GitHub login and env file only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_key: bool,
    /// The folder may be the main checkout of its repository, where a person works: its commits and its GitHub login
    /// become the workspace's. A clone made for an agent is a main checkout too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub main: bool,
    /// If the folder is bound under another id, both ids mean that workspace from now on: for apps that list a folder
    /// twice. The workspace stays as it was set up, and goes when the last of its ids is released.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub join: bool,
    /// The app has not stored the workspace yet and will confirm it with
    /// [`ravi.workspaces().keep`](crate::handle::Workspaces::keep). If it does not within ten minutes, or another id
    /// wants the folder, the workspace is released: the app died in between.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconfirmed: bool,
}

/// A request as the ledger keeps it.
///
/// Unknown fields from a newer version are ignored, and every field is written, so that ours can be told from those
/// only that version knows. People's requests stay strict: a typo must not be ignored.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredRequest(#[serde(with = "Stored")] ProvisionRequest);

#[derive(Serialize, Deserialize)]
#[serde(remote = "ProvisionRequest")]
struct Stored {
    path: PathBuf,
    id: String,
    name: String,
    #[serde(default)]
    phone: bool,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    env_file: Option<PathBuf>,
    #[serde(default)]
    github_secret: Option<String>,
    #[serde(default)]
    sign: bool,
    #[serde(default)]
    ttl_s: Option<u64>,
    #[serde(default)]
    domain: Option<String>,
    #[serde(default)]
    identity: Option<String>,
    #[serde(default)]
    share: bool,
    #[serde(default)]
    no_key: bool,
    #[serde(default)]
    main: bool,
    #[serde(default)]
    join: bool,
    #[serde(default)]
    unconfirmed: bool,
}

impl From<&ProvisionRequest> for StoredRequest {
    fn from(request: &ProvisionRequest) -> StoredRequest {
        StoredRequest(request.clone())
    }
}

impl From<StoredRequest> for ProvisionRequest {
    fn from(StoredRequest(request): StoredRequest) -> ProvisionRequest {
        request
    }
}

/// The part of a request that applies to this call only and is not kept with the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Terms {
    pub(crate) join: bool,
    pub(crate) unconfirmed: bool,
}

impl ProvisionRequest {
    /// Makes a request for what every workspace needs. Everything else is off, and can be set in the fields.
    pub fn new(path: impl Into<PathBuf>, id: impl Into<String>, name: impl Into<String>) -> ProvisionRequest {
        ProvisionRequest {
            path: path.into(),
            id: id.into(),
            name: name.into(),
            phone: false,
            email: None,
            env_file: None,
            github_secret: None,
            sign: false,
            ttl_s: None,
            domain: None,
            identity: None,
            share: false,
            no_key: false,
            main: false,
            join: false,
            unconfirmed: false,
        }
    }

    /// Splits it into what is kept and what applies to this call only.
    pub(crate) fn split(self) -> (ProvisionRequest, Terms) {
        let terms = Terms { join: self.join, unconfirmed: self.unconfirmed };
        (ProvisionRequest { join: false, unconfirmed: false, ..self }, terms)
    }

    /// Whether it asks for an existing identity.
    pub(crate) fn borrows(&self) -> bool {
        self.share || self.identity.is_some()
    }

    /// The request as the first one for its workspace: there is nothing earlier that it could fill or forget.
    pub(crate) fn alone(self) -> ProvisionRequest {
        ProvisionRequest { github_secret: self.github_secret.filter(|name| !name.is_empty()), ..self }
    }

    /// Fills what this call leaves open from an earlier one, `before`: a hook that sets a workspace up again must not
    /// take away what a person chose for it.
    pub(crate) fn over(self, before: &ProvisionRequest) -> ProvisionRequest {
        ProvisionRequest {
            phone: self.phone || before.phone,
            email: self.email.or_else(|| before.email.clone()),
            env_file: self.env_file.or_else(|| before.env_file.clone()),
            github_secret: self.github_secret.or_else(|| before.github_secret.clone()).filter(|name| !name.is_empty()),
            sign: self.sign || before.sign,
            domain: self.domain.or_else(|| before.domain.clone()),
            identity: self.identity.or_else(|| before.identity.clone()),
            share: self.share || before.share,
            no_key: self.no_key || before.no_key,
            main: self.main || before.main,
            ..self
        }
    }
}

/// A workspace that has everything it was meant to get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Provisioned {
    /// The app's id for it.
    pub id: String,
    /// Real path of the worktree (of the folder, if it is not in a repository).
    pub path: PathBuf,
    /// Always [`State::Ready`].
    pub state: State,
    /// Who the agent is.
    pub identity: IdentityInfo,
    /// Author of its commits; `None` if the folder is not in a git repository.
    pub git: Option<GitInfo>,
    /// Whose GitHub login its git and gh use.
    pub github: GithubInfo,
    /// With whom it shares its identity; `None` if it has one of its own.
    #[serde(default)]
    pub sharing: Option<Sharing>,
    /// It has a key for its inbox and vault.
    #[serde(default = "yes")]
    pub key: bool,
    /// What a person should know about it, such as an address that was not granted.
    #[serde(default)]
    pub warnings: Vec<ErrorBody>,
}

fn yes() -> bool {
    true
}

/// How a workspace's identity is shared. Its address, inbox, phone and vault are common to everybody who uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Sharing {
    /// Ids of the other workspaces of this ledger that use it.
    pub with: Vec<String>,
    /// It is the host identity, which holds the app's own secrets.
    pub host: bool,
    /// It existed before: releasing the workspace neither renames nor empties it.
    pub borrowed: bool,
}

/// Where a binding is in its life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Begun and not finished: running now, or to be resumed by the next call.
    Provisioning,
    /// Everything is set up.
    Ready,
    /// Its key is revoked and its identity kept. The next use wakes it, if that is allowed.
    Suspended,
    /// Being taken down, now or by the next call, which resumes it.
    Releasing,
}

/// An identity as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct IdentityInfo {
    /// Ravi's id of the identity.
    pub uuid: String,
    /// Its name at Ravi.
    pub name: String,
    /// Its mail address.
    pub email: String,
    /// Its phone number (E.164), if it has one.
    pub phone: Option<String>,
}

/// Author and committer of a workspace's commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct GitInfo {
    /// `user.name` in the worktree.
    pub user_name: String,
    /// `user.email` in the worktree.
    pub user_email: String,
}

/// Whose GitHub login a workspace uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct GithubInfo {
    /// Where the token comes from.
    pub source: GithubSource,
    /// Name of the secret that holds it; never its value.
    pub secret: Option<String>,
    /// Ways to GitHub that bypass the token and could not be closed. Omitted if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "__typescript", ts(optional, as = "Option<Vec<OpenWay>>"))]
    pub open: Vec<OpenWay>,
}

/// A way by which git reaches GitHub as somebody other than the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct OpenWay {
    /// What logs in there.
    pub kind: WayKind,
    /// The remote whose address leads there.
    pub remote: String,
    /// Whether it is used for pushing; otherwise for fetching.
    pub push: bool,
}

/// What logs in on a way that bypasses the workspace's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum WayKind {
    /// The user's own SSH key.
    Ssh,
    /// A login in the address itself.
    Login,
}

impl std::fmt::Display for OpenWay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = if self.push { "push to" } else { "fetch from" };
        let how = match self.kind {
            WayKind::Ssh => "with the user's SSH key",
            WayKind::Login => "with the login in its address",
        };
        write!(f, "{what} {} {how}", self.remote)
    }
}

/// Where a workspace's GitHub token comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum GithubSource {
    /// A secret in the workspace identity's own vault.
    Workspace,
    /// A secret of the host identity that is meant for this workspace.
    Host,
    /// None of its own: whatever login the user has on this machine.
    Inherited,
    /// None of its own, and not the user's either: git and gh are refused.
    Denied,
}

/// A secret that a workspace was given in its own vault: its names, never its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct BundleInfo {
    /// Its name in the workspace's vault.
    pub key: String,
    /// Where its value came from.
    pub source: BundleOrigin,
    /// The host identity's name for the value, including the number if it is from a pool; `None` if it was generated
    /// for the workspace.
    pub secret: Option<String>,
    /// It is in the vault; `false` if it is about to be put there.
    pub given: bool,
}

/// Where a value given to a workspace came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum BundleOrigin {
    /// It is a copy of one of the host identity's secrets.
    Copy,
    /// It is one of the host identity's secrets, held by no other workspace.
    Pool,
    /// It was generated for this workspace alone.
    Generated,
}

/// One workspace in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct WorkspaceSummary {
    /// The app's id for it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Real path of the worktree.
    pub path: PathBuf,
    /// Where it is in its life cycle.
    pub state: State,
    /// Unix time in milliseconds when its time is over; `None` if it has no end.
    pub ends_at_ms: Option<i64>,
    /// Who the agent is; `None` until the identity is known.
    pub identity: Option<IdentityInfo>,
    /// Author of its commits.
    pub git: Option<GitInfo>,
    /// Whose GitHub login it uses; `None` until it is ready.
    pub github: Option<GithubInfo>,
    /// What its bundle gave it, by name.
    pub bundle: Vec<BundleInfo>,
    /// With whom it shares its identity; `None` if it has one of its own.
    pub sharing: Option<Sharing>,
    /// Whether it is to have a key for its inbox and vault.
    pub key: bool,
    /// Other ids that the app has for the same folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "__typescript", ts(optional, as = "Option<Vec<String>>"))]
    pub also: Vec<String>,
    /// The app has stored it; `false` if it will go by itself unless the app confirms it soon.
    #[serde(default = "yes")]
    pub confirmed: bool,
    /// Whether the folder can be seen right now.
    pub folder: FolderState,
    /// A program of a version of ours that its git configuration calls and that goes, or has gone, with that version;
    /// provisioning again repairs this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "__typescript", ts(optional))]
    pub outdated_program: Option<PathBuf>,
    /// The last failure of a call for this workspace, until a later call succeeds.
    pub last_error: Option<crate::error::ErrorBody>,
    /// Unix time in milliseconds when the binding was made.
    pub created_at_ms: i64,
}

/// What can be seen of a workspace's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum FolderState {
    /// It exists.
    Present,
    /// Its parent can be read, and the folder is not in it.
    Gone,
    /// Unknown: an unmounted disk, or a parent that cannot be read.
    Unseen,
}

/// What a release did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Released {
    /// The app's id for the workspace.
    pub id: String,
    /// Where it was.
    pub path: PathBuf,
    /// Where its identity went; `None` if there never was one.
    pub identity: Option<IdentityFate>,
    /// Revocations that Ravi could not accept now; they are kept and retried.
    pub owed: u32,
    /// What was left alone because the user has changed it, in words.
    pub left: Vec<String>,
}

/// What a suspension did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Suspended {
    /// The app's id for the workspace.
    pub id: String,
    /// Where it is.
    pub path: PathBuf,
    /// Where it is in its life cycle now.
    pub state: State,
    /// Revocations that Ravi could not accept now; they are kept and retried.
    pub owed: u32,
}

/// What a reap did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct ReapReport {
    /// Nothing was changed; this is what would be done.
    pub dry_run: bool,
    /// Workspaces that were released because they are gone.
    pub released: Vec<Reaped>,
    /// Workspaces that may be gone but cannot be seen; left as they are.
    pub left: Vec<Reaped>,
    /// Workspaces that were suspended: nobody works in them, or their time is over.
    pub suspended: Vec<Reaped>,
    /// Workspaces that could not be dealt with, and why. Their keys are revoked all the same if Ravi could be reached;
    /// the rest is retried next time.
    pub failed: Vec<ReapFailure>,
    /// Keys that were revoked because no workspace has them.
    pub keys: Vec<ReapedKey>,
    /// Why it could not look for such keys: Ravi did not answer. `None` if it looked.
    pub keys_unseen: Option<crate::error::ErrorBody>,
}

/// One workspace of a [`ReapReport`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Reaped {
    /// The app's id for it.
    pub id: String,
    /// Where it was.
    pub path: PathBuf,
    /// Why, in words.
    pub why: String,
}

/// One workspace of a [`ReapReport`] that could not be dealt with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct ReapFailure {
    /// The app's id for it.
    pub id: String,
    /// Where it was.
    pub path: PathBuf,
    /// What failed.
    pub error: crate::error::ErrorBody,
}

/// One key of a [`ReapReport`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct ReapedKey {
    /// Ravi's id of the key's record.
    pub uuid: String,
    /// Id of the workspace that it was made for.
    pub workspace: String,
}

/// A revocation that Ravi has not accepted yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct OwedRevocation {
    /// The identity whose keys are to be revoked.
    pub identity: String,
    /// The Ravi it belongs to.
    pub server: String,
    /// Unix time in milliseconds since which it has been owed.
    pub since_ms: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// What the last attempt met with.
    pub last_error: Option<String>,
}

/// Where an identity goes when its workspace is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum IdentityFate {
    /// Kept for the next workspace.
    Pooled,
    /// Renamed and emptied; not used again.
    Retired,
    /// Left as it is: it existed before, or others use it.
    Kept,
}

/// A change to a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct WorkspaceChange {
    /// The app's id for it.
    pub id: String,
    /// As it is now; `None` if it has been released.
    pub workspace: Option<WorkspaceSummary>,
}

/// One step of a long call, reported while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Progress {
    /// The workspace's id.
    pub id: String,
    /// Which step.
    pub step: Step,
    /// What happened to it.
    pub state: StepState,
    /// Unix time in milliseconds.
    pub at_ms: i64,
}

/// The steps of a provision and of a release, in the order in which they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Look at the folder and its repository.
    Inspect,
    /// Find or create the identity.
    Identity,
    /// Get its key.
    Key,
    /// Put what its bundle lists into its vault; at the same time as its key.
    Bundle,
    /// Choose whose GitHub login serves the workspace; at the same time as its key.
    Github,
    /// Get a phone number, if asked for.
    Phone,
    /// Set author and helper values in the worktree's own git config.
    Git,
    /// Write `.ravi/config.json`, the exclude line, the env file.
    Files,
    /// Undo git values and files.
    Undo,
    /// Revoke the key.
    Revoke,
    /// Empty and park or retire the identity.
    Park,
}

impl Step {
    /// The steps of setting a workspace up or waking it. If a phone number was asked for, [`Step::Phone`] is one more.
    pub const PROVISION: &[Step] =
        &[Step::Inspect, Step::Identity, Step::Key, Step::Bundle, Step::Github, Step::Git, Step::Files];
    /// The steps of taking a workspace down.
    pub const RELEASE: &[Step] = &[Step::Undo, Step::Revoke, Step::Park];
}

/// What happened to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// It begins.
    Started,
    /// It is done.
    Done,
    /// There was nothing to do.
    Skipped,
    /// It failed; the call ends with the error.
    Failed,
}
