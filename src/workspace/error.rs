//! What can go wrong while a workspace is set up or taken down.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Explain, Kind};
use crate::files::FileError;

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
    /// The workspace has no key of its own.
    #[error("workspace {id} has no key of its own")]
    NoKey {
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
    /// The secret that was to hold the GitHub token does not exist.
    #[error("the vault has no secret {secret} for workspace {id}")]
    NoGithubSecret {
        /// The id.
        id: String,
        /// The secret's name.
        secret: String,
    },
    /// The key that signs commits cannot be used.
    #[error("the signing key of the workspace's identity is not usable: {reason}")]
    SigningKey {
        /// What is wrong with it; nothing of the key.
        reason: String,
    },
    /// There is no program that git could call.
    #[error("this program cannot tell where it lies, so git cannot call it")]
    NoProgram,
    /// The thread that did the work is gone; happens only while the runtime shuts down.
    #[error("the program was shutting down")]
    Stopped,
}

impl Explain for WorkspaceError {
    fn code(&self) -> String {
        match self {
            WorkspaceError::Request { .. } => "workspace.request",
            WorkspaceError::Folder { .. } => "workspace.folder",
            WorkspaceError::Bare { .. } => "workspace.bare",
            WorkspaceError::ForeignGitDir { .. } => "workspace.foreign_git_dir",
            WorkspaceError::GitMissing { .. } => "workspace.git_missing",
            WorkspaceError::GitTooOld { .. } => "workspace.git_too_old",
            WorkspaceError::Git { .. } => "workspace.git",
            WorkspaceError::GitLocked { .. } => "workspace.git_locked",
            WorkspaceError::Tracked { .. } => "workspace.tracked",
            WorkspaceError::NotOurs { .. } => "workspace.not_ours",
            WorkspaceError::File(e) => return e.code(),
            WorkspaceError::IdTaken { .. } => "workspace.id_taken",
            WorkspaceError::PathTaken { .. } => "workspace.path_taken",
            WorkspaceError::OtherLedger { .. } => "workspace.other_ledger",
            WorkspaceError::OtherServer { .. } => "workspace.other_server",
            WorkspaceError::Suspended { .. } => "workspace.suspended",
            WorkspaceError::NoKey { .. } => "workspace.no_key",
            WorkspaceError::Unbound { .. } => "workspace.unbound",
            WorkspaceError::Busy { .. } => "workspace.busy",
            WorkspaceError::AddressTaken { .. } => "workspace.address_taken",
            WorkspaceError::PlanFull { .. } => "workspace.plan_full",
            WorkspaceError::NoGithubSecret { .. } => "workspace.no_github_secret",
            WorkspaceError::SigningKey { .. } => "workspace.signing_key",
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
                "If the folder was moved, run `git worktree repair` in the main checkout.".into()
            }
            WorkspaceError::GitMissing { .. } => "Install git 2.20 or newer and see that it is on PATH.".into(),
            WorkspaceError::GitTooOld { .. } => "Update git.".into(),
            WorkspaceError::Git { .. } => "Make the same git command work by hand, then try again.".into(),
            WorkspaceError::GitLocked { lock } => {
                format!("If no git is running in the repository, remove {}, then try again.", lock.display())
            }
            WorkspaceError::Tracked { path } => {
                format!("Take it out of the repository (git rm --cached {}), commit, and try again.", path.display())
            }
            WorkspaceError::NotOurs { .. } => "Look at it, move it away if it is not needed, and try again.".into(),
            WorkspaceError::File(e) => e.hint(),
            WorkspaceError::IdTaken { id, .. } => format!("Release workspace {id} first, or use another id."),
            WorkspaceError::PathTaken { id, .. } => format!("Use the id {id}, or release it first."),
            WorkspaceError::OtherLedger { ledger, .. } => {
                format!("Set RAVI_WORKSPACE_STATE={} to use that ledger, or release it there.", ledger.display())
            }
            WorkspaceError::OtherServer { theirs, .. } => format!("Set RAVI_API_URL={theirs}."),
            WorkspaceError::Suspended { id } => format!("`ravi-workspace wake \"{id}\"` wakes it."),
            WorkspaceError::NoKey { .. } => "Provision the workspace again, which gives it one.".into(),
            WorkspaceError::Unbound { .. } => "See `ravi-workspace list`; `ravi-workspace provision` binds one.".into(),
            WorkspaceError::Busy { .. } => "Try again; if it stays so, look for a hanging ravi-workspace.".into(),
            WorkspaceError::AddressTaken { .. } => "Choose an address with --email.".into(),
            WorkspaceError::PlanFull { .. } => {
                "Release a workspace that is not needed any more; its identity serves the next one. Or change the plan."
                    .into()
            }
            WorkspaceError::NoGithubSecret { secret, .. } => {
                format!("Store it: `ravi-workspace secret set {secret}` reads the value from standard input.")
            }
            WorkspaceError::SigningKey { .. } => {
                "Delete the secret RAVI_SIGNING_KEY of the identity, then provision the workspace again.".into()
            }
            WorkspaceError::NoProgram => "Install ravi-workspace and see that it is on PATH.".into(),
            WorkspaceError::Stopped => "Start the program again.".into(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            WorkspaceError::Request { .. } => Kind::Usage,
            WorkspaceError::Folder { .. } | WorkspaceError::Unbound { .. } | WorkspaceError::NoGithubSecret { .. } => {
                Kind::NotFound
            }
            WorkspaceError::Tracked { .. }
            | WorkspaceError::NotOurs { .. }
            | WorkspaceError::ForeignGitDir { .. }
            | WorkspaceError::PlanFull { .. }
            | WorkspaceError::Suspended { .. }
            | WorkspaceError::NoKey { .. }
            | WorkspaceError::OtherLedger { .. } => Kind::Policy,
            WorkspaceError::File(e) => e.kind(),
            _ => Kind::Failed,
        }
    }
}
