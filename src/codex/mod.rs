//! What Codex is told about a workspace: what its agents' shells get, and what they may touch; and its login ([`login`]).
//!
//! One Codex process serves all workspaces, so nothing can be in its environment; what is per workspace goes with each
//! thread, and no secret is in that. It must not know how Codex is talked to.

pub mod login;

mod install;
mod profile;
mod thread_config;

pub use install::{Installed, LoginFile};
pub use login::{
    AuthStatus, CodexError, CodexEvent, CodexFile, CodexHealth, CodexHolder, CodexLogin, CodexMode, CodexOptions,
    CodexRestored, CodexSaved, CodexState, CodexStatus, CodexStored, CodexWatched, DEFAULT_NAME, WatchEnd,
    default_home,
};
pub use profile::{CodexAccess, CodexProfile};
