//! What Codex is told about a workspace: what its agents' shells get, and what they may touch.
//!
//! One Codex process serves all workspaces, so nothing can be in its environment; what is per workspace goes with each
//! thread. No secret is in any of it. It must not know how Codex is talked to.

mod install;
mod profile;
mod thread_config;

pub use install::{Installed, LoginFile};
pub use profile::{CodexAccess, CodexProfile};
