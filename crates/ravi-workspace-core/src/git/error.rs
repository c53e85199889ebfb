//! What can go wrong with git.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::Explain;
use crate::machine::files::FileError;

/// A failure of git, or of what it reads and writes.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum GitError {
    /// There is no folder at the path, or not one that git works in.
    #[error("cannot use {} as a folder: {reason}", path.display())]
    #[explain(
        code = "workspace.folder",
        kind = NotFound,
        hint = "Give the path of a folder that exists and that you may read."
    )]
    Folder {
        /// The path as given.
        path: PathBuf,
        /// What was wrong, such as what the system said.
        reason: String,
    },
    /// The path is a bare repository, which has no files to work on.
    #[error("{} is a bare repository", path.display())]
    #[explain(code = "workspace.bare", hint = "Give the path of one of its worktrees (git worktree list).")]
    Bare {
        /// The repository.
        path: PathBuf,
    },
    /// git could not be started.
    #[error("git could not be started: {source}")]
    #[explain(
        if = source.kind() != io::ErrorKind::NotFound,
        code = "workspace.git_start",
        hint = "Close some programs or raise the system's limits (open files, processes, memory), then try again."
    )]
    #[explain(code = "workspace.git_missing", hint = "Install git 2.20 or newer and make sure it is on PATH.")]
    Missing {
        /// What the system said.
        source: std::io::Error,
    },
    /// git is too old to know worktree configuration.
    #[error("git {found} is too old; {needed} or newer is needed")]
    #[explain(code = "workspace.git_too_old", hint = "Update git.")]
    TooOld {
        /// Version found.
        found: String,
        /// Oldest version that works.
        needed: &'static str,
    },
    /// git is too old for what was asked for, though not for workspaces.
    #[error("git {found} cannot {what}; {needed} or newer is needed")]
    #[explain(code = "workspace.git_lacks", hint = "Update git, or ask without it; nothing was changed.")]
    Lacks {
        /// Version found.
        found: String,
        /// What it cannot do.
        what: &'static str,
        /// Oldest version that can.
        needed: &'static str,
    },
    /// git was started and did not tell its version, such as the stand-in for git on a Mac without developer tools.
    #[error("git does not work: {message}")]
    #[explain(
        code = "workspace.git_broken",
        hint = "Get `git --version` to work by hand (on macOS, `xcode-select --install` may do it), then try again."
    )]
    Broken {
        /// The first line of what it said.
        message: String,
    },
    /// git refused.
    #[error("git could not {doing} in {}: {message}", path.display())]
    #[explain(code = "workspace.git", hint = "Get the same git command to work by hand, then try again.")]
    Refused {
        /// What git was to do.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// The first line of what git said.
        message: String,
    },
    /// git was asked something and did not answer.
    #[error("git did not answer within {} s in {}", limit.as_secs(), path.display())]
    #[explain(
        code = "workspace.git_slow",
        hint = "Check what is in the git dir: a pipe in place of one of git's files makes it wait. Then try again."
    )]
    Slow {
        /// Where it was asked.
        path: PathBuf,
        /// How long we waited.
        limit: Duration,
    },
    /// A lock that git holds on a configuration file does not go away.
    #[error("{} exists: another git is changing the configuration, or died while doing so", lock.display())]
    #[explain(
        code = "workspace.git_locked",
        hint("If no git is running in the repository, remove {}, then try again.", lock.display())
    )]
    Locked {
        /// The lock file.
        lock: PathBuf,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    #[explain(transparent)]
    File(#[from] FileError),
}
