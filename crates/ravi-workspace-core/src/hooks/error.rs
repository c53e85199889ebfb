//! What can go wrong with hooks.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::Explain;
use crate::machine::files::FileError;
use crate::machine::places::PlaceError;

/// What can go wrong in this room.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum HookError {
    /// The orchestrator named an event that does not exist.
    #[error("{tool} has no event {event}")]
    #[explain(code = "hook.event", kind = Usage, hint = "See docs/orchestrators.md for the events.")]
    Event {
        /// The orchestrator.
        tool: &'static str,
        /// The name that was given.
        event: String,
    },
    /// The hook was not told what it needs.
    #[error("{what} is missing; {tool} sets it for this hook")]
    #[explain(
        code = "hook.missing",
        kind = Usage,
        hint = "Run it from the orchestrator's hook; see docs/orchestrators.md."
    )]
    Missing {
        /// The orchestrator.
        tool: &'static str,
        /// What is missing.
        what: &'static str,
    },
    /// What the hook was told cannot be read.
    #[error("the input from {tool} cannot be read: {reason}")]
    #[explain(code = "hook.unreadable", hint = "Update ravi-workspace, or the orchestrator.")]
    Unreadable {
        /// The orchestrator.
        tool: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder is not a linked worktree of the repository that the hook runs in.
    #[error("{} is not a linked worktree of the repository that the hook runs in", path.display())]
    #[explain(
        code = "hook.not_a_worktree",
        kind = Policy,
        hint = "Nothing was done; see `git worktree list`. `ravi-workspace provision` can set up any folder."
    )]
    NotAWorktree {
        /// The folder.
        path: PathBuf,
    },
    /// Setting up took too long, and the hook keeps others waiting.
    #[error("the workspace could not be set up within {} s", limit.as_secs())]
    #[explain(code = "hook.too_slow", kind = Unreachable, hint = "See `ravi-workspace doctor`, then try again.")]
    TooSlow {
        /// How long the hook waited.
        limit: Duration,
    },
    /// git could not make or remove the worktree.
    #[error("git could not {doing}: {message}")]
    #[explain(code = "hook.git", hint = "Make the same git command work by hand, then try again.")]
    Git {
        /// What git was to do.
        doing: &'static str,
        /// What git said.
        message: String,
    },
    /// A hook of the person's is in the way, and one was already put aside before.
    #[error("{} is a hook of yours, and {} is one too", path.display(), aside.display())]
    #[explain(code = "hook.two_hooks", hint("Merge them into one, remove {}, and try again.", aside.display()))]
    TwoHooks {
        /// The hook.
        path: PathBuf,
        /// The one that was put aside.
        aside: PathBuf,
    },
    /// `core.hooksPath` is relative, so every worktree has its own hooks.
    #[error("core.hooksPath is {}, relative to each worktree; a hook there would have to be committed", path.display())]
    #[explain(
        code = "hook.hooks_path",
        kind = Policy,
        hint = "Add this line to your own post-checkout hook: ravi-workspace hook git post-checkout \"$@\""
    )]
    HooksPath {
        /// The value.
        path: PathBuf,
    },
    /// An orchestrator's settings file is not in a form that can take our hooks.
    #[error("{} cannot take our hooks: {reason}", path.display())]
    #[explain(
        code = "hook.settings",
        hint = "Nothing was changed. Repair the file, or add the hooks by hand; see docs/orchestrators.md."
    )]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing says where Claude Code's settings are.
    #[error("the folder with Claude Code's settings is not known: neither CLAUDE_CONFIG_DIR nor HOME is set")]
    #[explain(code = "hook.no_claude_folder", kind = NotFound, hint = "Set CLAUDE_CONFIG_DIR to the folder, or HOME.")]
    NoClaudeFolder,
    /// The place where the hooks would go may not be written to.
    #[error(transparent)]
    #[explain(transparent)]
    Place(#[from] PlaceError),
    /// A hook file could not be read or written.
    #[error(transparent)]
    #[explain(transparent)]
    File(#[from] FileError),
}
