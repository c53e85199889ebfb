//! What can go wrong while a workspace is set up or taken down.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::model::OpenWay;
use crate::error::{Explain, Kind};
use crate::files::FileError;
use crate::places::PlaceError;

/// A failure of this room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkspaceError {
    /// The request makes no sense.
    #[error("the workspace's {field} is not usable: {reason}")]
    Request {
        /// Which part of the request.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no folder at the path.
    #[error("{} is not a folder that can be read: {reason}", path.display())]
    Folder {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The path is a bare repository, which has no files to work on.
    #[error("{} is a bare repository", path.display())]
    Bare {
        /// The repository.
        path: PathBuf,
    },
    /// The folder's `.git` file points to a git dir that does not know the folder.
    #[error("{}: its .git points to {}, which does not point back: {reason}", path.display(), git_dir.display())]
    ForeignGitDir {
        /// The folder.
        path: PathBuf,
        /// Where `.git` points.
        git_dir: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// The env file is a symbolic link.
    #[error("{} is a symbolic link, and what it leads to may be another checkout's", path.display())]
    EnvFileLink {
        /// The link.
        path: PathBuf,
    },
    /// git could not be started.
    #[error("git could not be started: {source}")]
    GitMissing {
        /// What the system said.
        source: std::io::Error,
    },
    /// git is older than worktree configuration.
    #[error("git {found} is too old; {needed} or newer is needed")]
    GitTooOld {
        /// Version found.
        found: String,
        /// Oldest version that works.
        needed: &'static str,
    },
    /// git refused.
    #[error("git could not {doing} in {}: {message}", path.display())]
    Git {
        /// What was wanted.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// The first line of what git said.
        message: String,
    },
    /// git was asked something, and did not answer.
    #[error("git did not answer within {} s in {}", limit.as_secs(), path.display())]
    GitSlow {
        /// Where it was asked.
        path: PathBuf,
        /// How long it was waited for.
        limit: Duration,
    },
    /// Somebody holds the lock under which a repository's shared files are changed.
    #[error("another process has been changing what the worktrees of {} share for more than {} s", common_dir.display(), limit.as_secs())]
    RepositoryBusy {
        /// The git dir that all worktrees share.
        common_dir: PathBuf,
        /// How long it was waited for.
        limit: Duration,
    },
    /// A lock of git's on a configuration file does not go away.
    #[error("{} exists: another git is changing the configuration, or died while it did", lock.display())]
    GitLocked {
        /// The lock file.
        lock: PathBuf,
    },
    /// The repository tracks `.ravi`, so a key written there would be committed.
    #[error("{} is tracked by git", path.display())]
    Tracked {
        /// The tracked path.
        path: PathBuf,
    },
    /// `.ravi` or another file is not what this program made.
    #[error("{} was not made by this program: {reason}", path.display())]
    NotOurs {
        /// The path.
        path: PathBuf,
        /// How that shows.
        reason: String,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Nothing is written to a place that was named.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The id is bound to another folder.
    #[error("workspace {id} is bound to {} already", path.display())]
    IdTaken {
        /// The id.
        id: String,
        /// Where it is bound.
        path: PathBuf,
    },
    /// The folder is bound under another id.
    #[error("{} is bound to workspace {id} already", path.display())]
    PathTaken {
        /// The folder.
        path: PathBuf,
        /// The id it is bound under.
        id: String,
    },
    /// The folder is where a person works.
    #[error("{} is the main checkout of its repository, where a person works", path.display())]
    MainCheckout {
        /// The folder.
        path: PathBuf,
    },
    /// The folder lies in a checkout that nobody named, and that is no workspace yet.
    #[error("{} lies in the checkout {}, which is no workspace", path.display(), top.display())]
    SubFolder {
        /// The folder.
        path: PathBuf,
        /// The top of the checkout.
        top: PathBuf,
    },
    /// The folder is bound by another ledger on this machine.
    #[error("{} is bound by another ledger, {}", path.display(), ledger.display())]
    OtherLedger {
        /// The folder.
        path: PathBuf,
        /// State folder of the other ledger.
        ledger: PathBuf,
    },
    /// The binding belongs to another Ravi.
    #[error("workspace {id} belongs to {theirs}, not to {ours}")]
    OtherServer {
        /// The id.
        id: String,
        /// The Ravi it was provisioned at.
        theirs: String,
        /// The Ravi that is asked now.
        ours: String,
    },
    /// The workspace sleeps, and the configuration does not let its use wake it.
    #[error("workspace {id} is suspended, and use does not wake it here")]
    Suspended {
        /// The id.
        id: String,
    },
    /// No binding for an id or path.
    #[error("no workspace is bound to {target}")]
    Unbound {
        /// The id or path.
        target: String,
    },
    /// Another process has been working on the same workspace for too long.
    #[error("workspace {id} is being worked on by another process for more than {} s", limit.as_secs())]
    Busy {
        /// The id.
        id: String,
        /// How long was waited.
        limit: Duration,
    },
    /// Every address that was tried belongs to somebody else.
    #[error("no mail address could be had for workspace {id}; the last one tried was {identifier}")]
    AddressTaken {
        /// The id.
        id: String,
        /// The last local part tried.
        identifier: String,
    },
    /// The account's plan has no room for another identity, and none is free.
    #[error("the plan has no room for an identity of workspace {id}, and none is free: {message}")]
    PlanFull {
        /// The id.
        id: String,
        /// What the server said.
        message: String,
    },
    /// The account has no identity of this name, uuid or address.
    #[error("the account has no identity {wanted}")]
    NoIdentity {
        /// What was asked for.
        wanted: String,
    },
    /// The identity that was asked for is used by somebody else.
    #[error("the identity {wanted} is used by {by}")]
    IdentityTaken {
        /// What was asked for.
        wanted: String,
        /// Who uses it, in words.
        by: String,
    },
    /// A workspace would hold a key to the app's own secrets.
    #[error("workspace {id} would get a key to the identity that holds the app's own secrets: {reason}")]
    SharesHost {
        /// The id.
        id: String,
        /// Why that is open.
        reason: String,
    },
    /// The workspace was set up without a key.
    #[error("workspace {id} has no key, so it has no inbox and no vault")]
    NoKey {
        /// The id.
        id: String,
    },
    /// Ravi does not take the workspace's key any more.
    #[error("Ravi does not take the key of workspace {id}: it was revoked there")]
    KeyRefused {
        /// The id.
        id: String,
    },
    /// The identity that the workspace was to use is gone at Ravi.
    #[error("the identity {identity} of workspace {id} is not at Ravi any more")]
    IdentityGone {
        /// The id.
        id: String,
        /// Name of the identity.
        identity: String,
    },
    /// Ravi has not given the identity an address yet.
    #[error("the identity of workspace {id} has no address yet, after {} s", waited.as_secs())]
    NoAddress {
        /// The id.
        id: String,
        /// How long was waited.
        waited: Duration,
    },
    /// Ravi refuses the identity's name, also with the id behind it.
    #[error("no identity may be called {name}, or that with the id behind it: {message}")]
    NameTaken {
        /// The name.
        name: String,
        /// What the server said.
        message: String,
    },
    /// The workspace has another address than was asked for. A warning.
    #[error("the address {asked} was not granted; workspace {id} has {given}")]
    EmailNotGranted {
        /// The id.
        id: String,
        /// What was asked for.
        asked: String,
        /// What it has.
        given: String,
    },
    /// The identity of a workspace was gone at Ravi, and it has another one now. A warning.
    #[error("the former identity of workspace {id}, {former}, is not at Ravi any more; it has another one now")]
    IdentityReplaced {
        /// The id.
        id: String,
        /// Address of the one that is gone.
        former: String,
    },
    /// git comes to a host past the workspace's token. A warning, or why the workspace is not set up.
    #[error("workspace {id} can {}, past its own GitHub login", list(ways))]
    OpenWay {
        /// The id.
        id: String,
        /// The ways.
        ways: Vec<OpenWay>,
    },
    /// git reads other values in the workspace than those that were set for it. A warning.
    #[error("in workspace {id} something else decides about {}", values.join(", "))]
    Overridden {
        /// The id.
        id: String,
        /// Names of the values.
        values: Vec<String>,
    },
    /// The identity of a workspace was renamed at Ravi. A warning.
    #[error("the identity of workspace {id} was renamed at Ravi: {former} is {now} there")]
    IdentityRenamed {
        /// The id.
        id: String,
        /// The name that this ledger knew.
        former: String,
        /// Its name at Ravi.
        now: String,
    },
    /// A key of the workspace was revoked at Ravi, and it has a new one. A warning.
    #[error("the key of workspace {id} was revoked at Ravi; it has a new one now")]
    KeyReplaced {
        /// The id.
        id: String,
    },
    /// A GitHub token for the workspace is in a vault where it is not looked for. A warning.
    #[error(
        "there is a GitHub token for workspace {id} where it is not looked for: {secret}, in the vault of {identity}"
    )]
    TokenElsewhere {
        /// The id.
        id: String,
        /// Name of the secret.
        secret: String,
        /// Whose vault, with the address.
        identity: String,
    },
    /// The workspace gets no bundle, since it has no vault of its own. A warning.
    #[error("workspace {id} is given no bundle: its vault is not its own")]
    BundleShared {
        /// The id.
        id: String,
    },
    /// The secret that was to hold the GitHub token does not exist.
    #[error("the vault has no secret {secret} for workspace {id}{}", there(elsewhere))]
    NoGithubSecret {
        /// The id.
        id: String,
        /// The secret's name.
        secret: String,
        /// Other identities that have a secret of this name, each with its address.
        elsewhere: Vec<String>,
    },
    /// The key that signs commits cannot be used.
    #[error("the signing key of the workspace's identity is not usable: {reason}")]
    SigningKey {
        /// What is wrong with it; nothing of the key.
        reason: String,
    },
    /// This program was built without the feature `sign`.
    #[error("this program was built without support for signing commits")]
    SignNotBuilt,
    /// There is no program that git could call.
    #[error("this program cannot tell where it lies, so git cannot call it")]
    NoProgram,
    /// The thread that did the work is gone; happens only while the runtime shuts down.
    #[error("the program was shutting down")]
    Stopped,
}

fn there(elsewhere: &[String]) -> String {
    match elsewhere {
        [] => String::new(),
        some => format!("; there is one in the vault of {}", some.join(", ")),
    }
}

/// The address in `name <address>`.
fn address_of(identity: &str) -> &str {
    identity.rsplit_once('<').map_or(identity, |(_, rest)| rest.trim_end_matches('>'))
}

fn list(ways: &[OpenWay]) -> String {
    ways.iter().map(OpenWay::to_string).collect::<Vec<_>>().join(", ")
}

impl Explain for WorkspaceError {
    fn code(&self) -> String {
        match self {
            WorkspaceError::Request { .. } => "workspace.request",
            WorkspaceError::Folder { .. } => "workspace.folder",
            WorkspaceError::Bare { .. } => "workspace.bare",
            WorkspaceError::ForeignGitDir { .. } => "workspace.foreign_git_dir",
            WorkspaceError::EnvFileLink { .. } => "workspace.env_file_link",
            WorkspaceError::GitMissing { source } if source.kind() != io::ErrorKind::NotFound => "workspace.git_start",
            WorkspaceError::GitMissing { .. } => "workspace.git_missing",
            WorkspaceError::GitTooOld { .. } => "workspace.git_too_old",
            WorkspaceError::Git { .. } => "workspace.git",
            WorkspaceError::GitSlow { .. } => "workspace.git_slow",
            WorkspaceError::RepositoryBusy { .. } => "workspace.repository_busy",
            WorkspaceError::GitLocked { .. } => "workspace.git_locked",
            WorkspaceError::Tracked { .. } => "workspace.tracked",
            WorkspaceError::NotOurs { .. } => "workspace.not_ours",
            WorkspaceError::File(e) => return e.code(),
            WorkspaceError::Place(e) => return e.code(),
            WorkspaceError::IdTaken { .. } => "workspace.id_taken",
            WorkspaceError::PathTaken { .. } => "workspace.path_taken",
            WorkspaceError::MainCheckout { .. } => "workspace.main_checkout",
            WorkspaceError::SubFolder { .. } => "workspace.sub_folder",
            WorkspaceError::OtherLedger { .. } => "workspace.other_ledger",
            WorkspaceError::OtherServer { .. } => "workspace.other_server",
            WorkspaceError::Suspended { .. } => "workspace.suspended",
            WorkspaceError::Unbound { .. } => "workspace.unbound",
            WorkspaceError::Busy { .. } => "workspace.busy",
            WorkspaceError::AddressTaken { .. } => "workspace.address_taken",
            WorkspaceError::PlanFull { .. } => "workspace.plan_full",
            WorkspaceError::NoIdentity { .. } => "workspace.no_identity",
            WorkspaceError::IdentityTaken { .. } => "workspace.identity_taken",
            WorkspaceError::SharesHost { .. } => "workspace.shares_host",
            WorkspaceError::NoKey { .. } => "workspace.no_key",
            WorkspaceError::KeyRefused { .. } => "workspace.key_refused",
            WorkspaceError::IdentityGone { .. } => "workspace.identity_gone",
            WorkspaceError::NoAddress { .. } => "workspace.no_address",
            WorkspaceError::NameTaken { .. } => "workspace.name_taken",
            WorkspaceError::EmailNotGranted { .. } => "workspace.email_not_granted",
            WorkspaceError::IdentityReplaced { .. } => "workspace.identity_replaced",
            WorkspaceError::OpenWay { .. } => "workspace.open_way",
            WorkspaceError::Overridden { .. } => "workspace.overridden",
            WorkspaceError::IdentityRenamed { .. } => "workspace.identity_renamed",
            WorkspaceError::KeyReplaced { .. } => "workspace.key_replaced",
            WorkspaceError::TokenElsewhere { .. } => "workspace.token_elsewhere",
            WorkspaceError::BundleShared { .. } => "workspace.bundle_shared",
            WorkspaceError::NoGithubSecret { .. } => "workspace.no_github_secret",
            WorkspaceError::SigningKey { .. } => "workspace.signing_key",
            WorkspaceError::SignNotBuilt => "sign.not_built",
            WorkspaceError::NoProgram => "workspace.no_program",
            WorkspaceError::Stopped => "workspace.stopped",
        }
        .into()
    }

    fn hint(&self) -> String {
        match self {
            WorkspaceError::Request { .. } => "Correct the value and try again.".into(),
            WorkspaceError::Folder { .. } => "Give the path of a folder that exists and that you may read.".into(),
            WorkspaceError::Bare { .. } => "Give the path of one of its worktrees (git worktree list).".into(),
            WorkspaceError::ForeignGitDir { .. } => {
                "If the folder was moved, run `git worktree repair` in the main checkout. If the git dir is this folder's and nobody \
                 else's, `git config core.worktree \"$PWD\"` in the folder says so."
                    .into()
            }
            WorkspaceError::EnvFileLink { .. } => {
                "Choose another file, such as `--env-file .env.local`, or put a regular file in the link's place.".into()
            }
            WorkspaceError::GitMissing { source } if source.kind() != io::ErrorKind::NotFound => {
                "Close programs or raise what the system allows (open files, processes, memory), then try again.".into()
            }
            WorkspaceError::GitMissing { .. } => "Install git 2.20 or newer and see that it is on PATH.".into(),
            WorkspaceError::GitTooOld { .. } => "Update git.".into(),
            WorkspaceError::Git { .. } => "Make the same git command work by hand, then try again.".into(),
            WorkspaceError::GitSlow { .. } => {
                "Look at what lies in the git dir: a pipe where git expects a file makes it wait. Then try again.".into()
            }
            WorkspaceError::RepositoryBusy { common_dir, .. } => format!(
                "See who holds the lock (lsof {}), end it if it is stuck, then try again.",
                common_dir.join("ravi-workspaces.lock").display()
            ),
            WorkspaceError::GitLocked { lock } => {
                format!("If no git is running in the repository, remove {}, then try again.", lock.display())
            }
            WorkspaceError::Tracked { path } => {
                format!("Take it out of the repository (git rm --cached {}), commit, and try again.", path.display())
            }
            WorkspaceError::NotOurs { .. } => "Look at it, move it away if it is not needed, and try again.".into(),
            WorkspaceError::File(e) => e.hint(),
            WorkspaceError::Place(e) => e.hint(),
            WorkspaceError::IdTaken { id, .. } => format!("Release workspace {id} first, or use another id."),
            WorkspaceError::PathTaken { id, .. } => format!("Use the id {id}, or release it first."),
            WorkspaceError::MainCheckout { .. } => {
                "Make a worktree for the agent (git worktree add), or bind the checkout itself with --main: commits and \
                 GitHub calls in it are the agent's then."
                    .into()
            }
            WorkspaceError::SubFolder { top, .. } => {
                format!("If the whole checkout is meant, name its top, {}; else make a worktree (git worktree add).", top.display())
            }
            WorkspaceError::OtherLedger { ledger, .. } => {
                format!(
                    "Set RAVI_WORKSPACE_STATE={} to use that ledger, or release it there. If that is no folder of yours, the \
                     repository brought it along: remove ravi-workspace.json from its git dir.",
                    ledger.display()
                )
            }
            WorkspaceError::OtherServer { theirs, .. } => format!("Set RAVI_API_URL={theirs}."),
            WorkspaceError::Suspended { id } => format!("`ravi-workspace wake \"{id}\"` wakes it."),
            WorkspaceError::Unbound { .. } => "See `ravi-workspace list`; `ravi-workspace provision` binds one.".into(),
            WorkspaceError::Busy { .. } => "Try again; if it stays so, look for a hanging ravi-workspace.".into(),
            WorkspaceError::AddressTaken { .. } => "Choose an address with --email.".into(),
            WorkspaceError::PlanFull { .. } => {
                "Use one that is there: `--share --no-key` (author, GitHub login and env file only), or `--identity NAME`. \
                 Or release a workspace that is not needed any more: its identity serves the next one where it was never used, and \
                 with poolReuse: all (RAVI_WORKSPACE_POOL_REUSE=all) in any case, with what it received before. Or change the \
                 plan."
                    .into()
            }
            WorkspaceError::NoIdentity { .. } => "Give the name, uuid or address of one that the account has.".into(),
            WorkspaceError::IdentityTaken { .. } => {
                "Add --share if they are to share address, inbox and vault; or name another one.".into()
            }
            WorkspaceError::SharesHost { .. } => {
                "Seal the app's secrets first (`ravi-workspace seal enable`), or give the workspace no key (--no-key)."
                    .into()
            }
            WorkspaceError::NoKey { id } => {
                format!("Release {id} and provision it again without --no-key, with an identity of its own.")
            }
            WorkspaceError::KeyRefused { id } => {
                format!("`ravi-workspace wake \"{id}\"` gives it a new one, and so does provisioning it again.")
            }
            WorkspaceError::IdentityGone { id, .. } => format!("Release {id}, then provision it with another identity."),
            WorkspaceError::NoAddress { .. } => "Run it again in a minute; it goes on from there.".into(),
            WorkspaceError::NameTaken { .. } => {
                "Choose another name, or a pattern of your own (`identityName` in the configuration).".into()
            }
            WorkspaceError::EmailNotGranted { .. } => {
                "Release it and provision it again with another --email, if the address matters.".into()
            }
            WorkspaceError::IdentityReplaced { .. } => {
                "Tell whoever writes to the former address; what was in its vault is gone.".into()
            }
            WorkspaceError::OpenWay { ways, .. } => format!(
                "`git remote set-url {} https://HOST/OWNER/REPOSITORY` closes it; then provision the workspace again.",
                ways.first().map_or("REMOTE", |way| &way.remote)
            ),
            WorkspaceError::Overridden { values, .. } => format!(
                "`git config --show-origin --get-all {}` in its folder names the file; take the value out there.",
                values.first().map_or("user.email", String::as_str)
            ),
            WorkspaceError::IdentityRenamed { .. } => "Nothing needs to be done; the new name is kept.".into(),
            WorkspaceError::KeyReplaced { .. } => "Nothing needs to be done.".into(),
            WorkspaceError::TokenElsewhere { secret, identity, .. } => format!(
                "Store it in the host identity's vault (`ravi-workspace secret set {secret}`), or choose that identity: \
                 `ravi-workspace account --host-identity {}`.",
                address_of(identity)
            ),
            WorkspaceError::BundleShared { .. } => "Provision it with an identity of its own to give it a bundle.".into(),
            WorkspaceError::NoGithubSecret { elsewhere, .. } if !elsewhere.is_empty() => format!(
                "Choose the identity that has it: `ravi-workspace account --host-identity {}`.",
                address_of(&elsewhere[0])
            ),
            WorkspaceError::NoGithubSecret { secret, .. } => {
                format!("Store it: `ravi-workspace secret set {secret}` reads the value from standard input.")
            }
            WorkspaceError::SigningKey { .. } => {
                "Delete the secret RAVI_SIGNING_KEY of the identity, then provision the workspace again.".into()
            }
            WorkspaceError::SignNotBuilt => {
                "Do without signing, or use a build with the feature `sign` of tauri-plugin-ravi; `ravi-workspace` has it.".into()
            }
            WorkspaceError::NoProgram => "Install ravi-workspace and see that it is on PATH.".into(),
            WorkspaceError::Stopped => "Start the program again.".into(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            WorkspaceError::Request { .. } => Kind::Usage,
            WorkspaceError::Folder { .. }
            | WorkspaceError::Unbound { .. }
            | WorkspaceError::NoIdentity { .. }
            | WorkspaceError::NoGithubSecret { .. } => Kind::NotFound,
            WorkspaceError::NoAddress { .. } => Kind::Unreachable,
            WorkspaceError::KeyRefused { .. } => Kind::Account,
            WorkspaceError::Tracked { .. }
            | WorkspaceError::NotOurs { .. }
            | WorkspaceError::ForeignGitDir { .. }
            | WorkspaceError::EnvFileLink { .. }
            | WorkspaceError::PlanFull { .. }
            | WorkspaceError::IdentityTaken { .. }
            | WorkspaceError::SharesHost { .. }
            | WorkspaceError::NoKey { .. }
            | WorkspaceError::Suspended { .. }
            | WorkspaceError::MainCheckout { .. }
            | WorkspaceError::SubFolder { .. }
            | WorkspaceError::OtherLedger { .. } => Kind::Policy,
            WorkspaceError::File(e) => e.kind(),
            WorkspaceError::Place(e) => e.kind(),
            _ => Kind::Failed,
        }
    }
}
