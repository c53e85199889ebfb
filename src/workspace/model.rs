//! The words of this room as types: what a caller asks for, what it gets, what it may watch.
//!
//! These types cross the border (JSON of the command line, IPC of the plugin), so they hold no secret, and their field
//! names are part of the contract.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::ErrorBody;

/// What a caller wants provisioned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts", optional_fields))]
#[serde(deny_unknown_fields)]
pub struct ProvisionRequest {
    /// Folder the agent works in. May be a sub-folder of a worktree; the binding is to the worktree then.
    pub path: PathBuf,
    /// The app's own id for the workspace; the same id always means the same workspace. Empty, for an app that keeps none:
    /// that of the workspace which the folder has, or a new one.
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
    /// Name of the secret that holds this workspace's GitHub token, in place of the names looked for by default.
    #[serde(default)]
    pub github_secret: Option<String>,
    /// Also make a key of the workspace's own that signs its commits (`git commit -S`).
    #[serde(default)]
    pub sign: bool,
    /// Seconds from now after which the workspace is released by itself. Each provision sets it anew.
    #[serde(default)]
    pub ttl_s: Option<u64>,
    /// Domain of the address to ask for, where the account has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Name, uuid or address of an identity that the account has, in place of one of the workspace's own. Nothing of it is
    /// renamed or emptied when the workspace is released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Others may use the identity as well: further workspaces, the app's own secrets. Without `identity` it is the host
    /// identity. What is shared: address, inbox, phone and vault; author name, key, GitHub login and env file are not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub share: bool,
    /// The workspace gets no key: author, GitHub login and env file only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_key: bool,
    /// The folder may be the main checkout of its repository, where a person works: its commits and its GitHub login become
    /// the workspace's. A clone that was made for an agent is one too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub main: bool,
    /// Where the folder is bound under another id, both ids mean that workspace from now on: for apps that list a folder
    /// twice. It is as it was set up; it goes when the last of its ids is released.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub join: bool,
    /// The app has not stored the workspace yet and will say so with [`Ravi::keep`](crate::Ravi::keep). Where it does not
    /// within ten minutes, or another id wants the folder, the workspace is released: the app died in between.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconfirmed: bool,
}

/// A request as the ledger keeps it. What a newer version added to it is passed over, and everything is written, so that
/// it is told from what only that version knows. People's requests stay strict: a typo must not be passed over.
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

/// What of a request is said to this call alone and not kept with the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Terms {
    pub(crate) join: bool,
    pub(crate) unconfirmed: bool,
}

impl ProvisionRequest {
    /// What every workspace needs; the rest is off, and may be set in the fields.
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

    /// What is kept of it, and what is said to this call alone.
    pub(crate) fn split(self) -> (ProvisionRequest, Terms) {
        let terms = Terms { join: self.join, unconfirmed: self.unconfirmed };
        (ProvisionRequest { join: false, unconfirmed: false, ..self }, terms)
    }

    /// Whether it is to have an identity that is there already.
    pub(crate) fn borrows(&self) -> bool {
        self.share || self.identity.is_some()
    }

    /// What this call does not say is as an earlier one, `before`, said: a hook that sets a workspace up again must not
    /// take away what a person chose for it.
    pub(crate) fn over(self, before: &ProvisionRequest) -> ProvisionRequest {
        ProvisionRequest {
            phone: self.phone || before.phone,
            email: self.email.or_else(|| before.email.clone()),
            env_file: self.env_file.or_else(|| before.env_file.clone()),
            github_secret: self.github_secret.or_else(|| before.github_secret.clone()),
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
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Provisioned {
    /// The app's id for it.
    pub id: String,
    /// Real path of the worktree (of the folder, where it is no repository).
    pub path: PathBuf,
    /// Always [`State::Ready`].
    pub state: State,
    /// Who the agent is.
    pub identity: IdentityInfo,
    /// Author of its commits; `None` where the folder is in no git repository.
    pub git: Option<GitInfo>,
    /// Whose GitHub login its git and gh use.
    pub github: GithubInfo,
    /// With whom it shares its identity; `None`: it has one of its own.
    #[serde(default)]
    pub sharing: Option<Sharing>,
    /// It has a key for its inbox and vault.
    #[serde(default = "yes")]
    pub key: bool,
    /// What a person should know of it, such as an address that was not granted.
    #[serde(default)]
    pub warnings: Vec<ErrorBody>,
}

fn yes() -> bool {
    true
}

/// That a workspace's identity is not its own. Its address, inbox, phone and vault are shared with whoever else uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Sharing {
    /// Ids of the other workspaces of this ledger that use it.
    pub with: Vec<String>,
    /// It is the host identity, which holds the app's own secrets.
    pub host: bool,
    /// It was there before: nothing of it is renamed or emptied when the workspace is released.
    pub borrowed: bool,
}

/// Where a binding is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Begun and not finished: running now, or to be resumed by the next call.
    Provisioning,
    /// Everything is set up.
    Ready,
    /// Its key is revoked and its identity kept; its next use wakes it, where that is allowed.
    Suspended,
    /// Being taken down, or to be resumed by the next call.
    Releasing,
}

/// An identity as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct IdentityInfo {
    /// Ravi's id of the identity.
    pub uuid: String,
    /// Its name at Ravi.
    pub name: String,
    /// Its mail address.
    pub email: String,
    /// Its phone number (E.164), where it has one.
    pub phone: Option<String>,
}

/// Author and committer of a workspace's commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct GitInfo {
    /// `user.name` in the worktree.
    pub user_name: String,
    /// `user.email` in the worktree.
    pub user_email: String,
}

/// Whose GitHub login a workspace uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct GithubInfo {
    /// Where the token comes from.
    pub source: GithubSource,
    /// Name of the secret that holds it; never its value.
    pub secret: Option<String>,
    /// Ways to GitHub that lead past it and could not be closed. Left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<OpenWay>>"))]
    pub open: Vec<OpenWay>,
}

/// A way by which git comes to GitHub as somebody else than the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct OpenWay {
    /// What logs in there.
    pub kind: WayKind,
    /// The remote whose address leads there.
    pub remote: String,
    /// What is pushed goes this way; else what is fetched.
    pub push: bool,
}

/// What logs in on a way past the workspace's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum WayKind {
    /// The person's SSH key.
    Ssh,
    /// A login in the address itself.
    Login,
}

impl std::fmt::Display for OpenWay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = if self.push { "push to" } else { "fetch from" };
        let how = match self.kind {
            WayKind::Ssh => "by the person's SSH key",
            WayKind::Login => "by the login in its address",
        };
        write!(f, "{what} {} {how}", self.remote)
    }
}

/// Where a workspace's GitHub token comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum GithubSource {
    /// A secret in the workspace identity's own vault.
    Workspace,
    /// A secret of the host identity that is meant for this workspace.
    Host,
    /// None of its own: whatever login the human has on this machine.
    Inherited,
    /// None of its own, and none of the human's either: git and gh are refused.
    Denied,
}

/// A secret that a workspace was given in its own vault; its names, never its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct BundleInfo {
    /// Its name in the workspace's vault.
    pub key: String,
    /// Where its value came from.
    pub source: BundleOrigin,
    /// The name that the host identity has the value by, with the number where it is one of a pool; `None` for one that
    /// was made for the workspace.
    pub secret: Option<String>,
    /// It is in the vault; `false`: it is about to be put there.
    pub given: bool,
}

/// Where a value came from that a workspace was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum BundleOrigin {
    /// The host identity has the same.
    Copy,
    /// The host identity has the same, and no other workspace.
    Pool,
    /// It was made for this workspace alone.
    Generated,
}

/// One workspace in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct WorkspaceSummary {
    /// The app's id for it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Real path of the worktree.
    pub path: PathBuf,
    /// Where it is in its life.
    pub state: State,
    /// Unix time in milliseconds when its time is over; `None`: it has no end.
    pub ends_at_ms: Option<i64>,
    /// Who the agent is; `None` until the identity is known.
    pub identity: Option<IdentityInfo>,
    /// Author of its commits.
    pub git: Option<GitInfo>,
    /// Whose GitHub login it uses; `None` until it is ready.
    pub github: Option<GithubInfo>,
    /// What its bundle gave it, by name.
    pub bundle: Vec<BundleInfo>,
    /// With whom it shares its identity; `None`: it has one of its own.
    pub sharing: Option<Sharing>,
    /// It is to have a key for its inbox and vault.
    pub key: bool,
    /// Other ids that the app has for the same folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<String>>"))]
    pub also: Vec<String>,
    /// The app has stored it; `false`: it goes by itself unless the app says so soon.
    #[serde(default = "yes")]
    pub confirmed: bool,
    /// Whether the folder can be seen right now.
    pub folder: FolderState,
    /// A program that its git configuration calls and that goes, or went, with a version of ours; provisioning again heals it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub outdated_program: Option<PathBuf>,
    /// The last failure of a call for this workspace, until a later one succeeds.
    pub last_error: Option<crate::error::ErrorBody>,
    /// Unix time in milliseconds when the binding was made.
    pub created_at_ms: i64,
}

/// What can be seen of a workspace's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum FolderState {
    /// It is there.
    Present,
    /// Its parent can be read and it is not in it.
    Gone,
    /// It cannot be told: an unmounted disk, a parent that cannot be read.
    Unseen,
}

/// What a release did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Released {
    /// The app's id for the workspace.
    pub id: String,
    /// Where it was.
    pub path: PathBuf,
    /// Where its identity went; `None` where there never was one.
    pub identity: Option<IdentityFate>,
    /// Revocations that Ravi could not take now; they are kept and tried again.
    pub owed: u32,
    /// What was left alone because the human changed it meanwhile, in words.
    pub left: Vec<String>,
}

/// What a suspension did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Suspended {
    /// The app's id for the workspace.
    pub id: String,
    /// Where it is.
    pub path: PathBuf,
    /// Where it is in its life now.
    pub state: State,
    /// Revocations that Ravi could not take now; they are kept and tried again.
    pub owed: u32,
}

/// What a reap did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct ReapReport {
    /// Nothing was changed; this is what would be.
    pub dry_run: bool,
    /// Workspaces that were released because they are gone.
    pub released: Vec<Reaped>,
    /// Workspaces that may be gone, but that cannot be seen; left as they are.
    pub left: Vec<Reaped>,
    /// Workspaces that were suspended: nobody works in them, or their time is over.
    pub suspended: Vec<Reaped>,
    /// Workspaces whose turn did not come to its end, and why. Their keys are revoked all the same where Ravi could take it;
    /// the rest is tried again the next time.
    pub failed: Vec<ReapFailure>,
    /// Keys that were revoked because no workspace has them.
    pub keys: Vec<ReapedKey>,
    /// Why it could not look at Ravi for such keys: it did not answer. `None`: it looked.
    pub keys_unseen: Option<crate::error::ErrorBody>,
}

/// One workspace of a [`ReapReport`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Reaped {
    /// The app's id for it.
    pub id: String,
    /// Where it was.
    pub path: PathBuf,
    /// Why, in words.
    pub why: String,
}

/// One workspace of a [`ReapReport`] that stands in its own way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
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
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct ReapedKey {
    /// Ravi's id of the key's record.
    pub uuid: String,
    /// Id of the workspace that it was made for.
    pub workspace: String,
}

/// A revocation that Ravi has not taken yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct OwedRevocation {
    /// The identity whose keys are to be revoked.
    pub identity: String,
    /// The Ravi it belongs to.
    pub server: String,
    /// Unix time in milliseconds since when it is owed.
    pub since_ms: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// What the last attempt met.
    pub last_error: Option<String>,
}

/// Where an identity goes when its workspace is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum IdentityFate {
    /// Kept for the next workspace.
    Pooled,
    /// Renamed and emptied; not used again.
    Retired,
    /// Left as it is: it was there before, or others use it.
    Kept,
}

/// That a workspace is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct WorkspaceChange {
    /// The app's id for it.
    pub id: String,
    /// As it is now; `None`: it is released.
    pub workspace: Option<WorkspaceSummary>,
}

/// One step of a long call, told while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
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
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
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
    /// Whose GitHub login serves the workspace; at the same time as its key.
    Github,
    /// A phone number, where asked for.
    Phone,
    /// Author and helper values in the worktree's own git config.
    Git,
    /// `.ravi/config.json`, the exclude line, the env file.
    Files,
    /// Undo git values and files.
    Undo,
    /// Revoke the key.
    Revoke,
    /// Empty and park or retire the identity.
    Park,
}

/// What happened to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
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
