//! What can go wrong with hooks.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Explain, Kind};
use crate::files::FileError;
use crate::places::PlaceError;

/// A failure of this room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HookError {
    /// The orchestrator named an event that is none.
    #[error("{tool} has no event {event}")]
    Event {
        /// The orchestrator.
        tool: &'static str,
        /// The name as given.
        event: String,
    },
    /// The hook was not told what it needs.
    #[error("{what} is missing; {tool} sets it for this hook")]
    Missing {
        /// The orchestrator.
        tool: &'static str,
        /// What is missing.
        what: &'static str,
    },
    /// What the hook was told cannot be read.
    #[error("what {tool} says cannot be read: {reason}")]
    Unreadable {
        /// The orchestrator.
        tool: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder is no linked worktree of the repository that the hook runs in.
    #[error("{} is no linked worktree of the repository that the hook runs in", path.display())]
    NotAWorktree {
        /// The folder.
        path: PathBuf,
    },
    /// Setting up took too long; the hook holds up others.
    #[error("the workspace could not be set up within {} s", limit.as_secs())]
    TooSlow {
        /// How long was waited.
        limit: Duration,
    },
    /// git could not make or remove the worktree.
    #[error("git could not {doing}: {message}")]
    Git {
        /// What was wanted.
        doing: &'static str,
        /// What git said.
        message: String,
    },
    /// A hook of the person's is in the way, and one was put aside before.
    #[error("{} is a hook of yours, and {} is one too", path.display(), aside.display())]
    TwoHooks {
        /// The hook.
        path: PathBuf,
        /// The one that was put aside.
        aside: PathBuf,
    },
    /// `core.hooksPath` is relative, so every worktree has its own hooks.
    #[error("core.hooksPath is {}, relative to each worktree; a hook there would have to be committed", path.display())]
    HooksPath {
        /// The value.
        path: PathBuf,
    },
    /// A settings file of an orchestrator's is not what it must be.
    #[error("{} cannot take our hooks: {reason}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing is written to the place where the hooks would go.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// A file of hooks could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Explain for HookError {
    fn code(&self) -> String {
        match self {
            HookError::Event { .. } => "hook.event",
            HookError::Missing { .. } => "hook.missing",
            HookError::Unreadable { .. } => "hook.unreadable",
            HookError::NotAWorktree { .. } => "hook.not_a_worktree",
            HookError::TooSlow { .. } => "hook.too_slow",
            HookError::Git { .. } => "hook.git",
            HookError::TwoHooks { .. } => "hook.two_hooks",
            HookError::HooksPath { .. } => "hook.hooks_path",
            HookError::Settings { .. } => "hook.settings",
            HookError::Place(e) => return e.code(),
            HookError::File(e) => return e.code(),
        }
        .into()
    }

    fn hint(&self) -> String {
        match self {
            HookError::Event { .. } => "See docs/orchestrators.md for the events.".into(),
            HookError::Missing { .. } => "Call it from the orchestrator's hook; see docs/orchestrators.md.".into(),
            HookError::Unreadable { .. } => "Update ravi-workspace, or the orchestrator.".into(),
            HookError::NotAWorktree { .. } => {
                "Nothing was done; see `git worktree list`. `ravi-workspace provision` sets any folder up.".into()
            }
            HookError::TooSlow { .. } => "See `ravi-workspace doctor`, then try again.".into(),
            HookError::Git { .. } => "Make the same git command work by hand, then try again.".into(),
            HookError::TwoHooks { aside, .. } => format!("Join them in one, remove {}, and again.", aside.display()),
            HookError::HooksPath { .. } => {
                "Add this line to your own post-checkout hook: ravi-workspace hook git post-checkout \"$@\"".into()
            }
            HookError::Settings { .. } => {
                "Nothing was changed. Repair the file, or write the hooks in by hand; see docs/orchestrators.md.".into()
            }
            HookError::Place(e) => e.hint(),
            HookError::File(e) => e.hint(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            HookError::Event { .. } | HookError::Missing { .. } => Kind::Usage,
            HookError::NotAWorktree { .. } | HookError::HooksPath { .. } => Kind::Policy,
            HookError::TooSlow { .. } => Kind::Unreachable,
            HookError::Place(e) => e.kind(),
            HookError::File(e) => e.kind(),
            _ => Kind::Failed,
        }
    }
}
