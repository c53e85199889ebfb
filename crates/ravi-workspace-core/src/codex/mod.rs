//! What Codex is told about a workspace: what its agents' shells get, what they may touch, and its login ([`login`]).
//!
//! One Codex process serves all workspaces, so nothing of theirs can be in its environment. What belongs to one
//! workspace goes with each thread, and holds no secret. This room must not know how to talk to Codex.

pub mod login;

mod install;
mod profile;

pub use install::{Installed, LoginFile};
pub use login::{
    AuthStatus, CodexError, CodexEvent, CodexFile, CodexHealth, CodexHolder, CodexLogin, CodexMode, CodexOptions,
    CodexRestored, CodexSaved, CodexState, CodexStatus, CodexStored, CodexWatched, DEFAULT_NAME, WatchEnd,
    default_home,
};
pub use profile::{CodexAccess, CodexProfile};
