//! Orchestrators: what their hooks and files say about worktrees that come and go.
//!
//! No orchestrator reports everything. A hook is the fast way; what it misses, the reaper finds. This room reads what
//! each one says and installs its hooks; [`crate::Ravi`] does what follows. It must not know Tauri or the command line.

pub mod claude;
pub(crate) mod claude_settings;
pub(crate) mod claude_worktree;
pub mod dmux;
mod error;
pub mod first_checkout;
mod git;
pub(crate) mod jean;
mod json_file;
mod main_checkout;
mod script;

pub use error::HookError;
pub use script::{HookFile, HookFileState};

pub(crate) use git::git_hook_file;
pub(crate) use json_file::JsonFile;
pub(crate) use script::{Script, call, is_ours, launcher_of, outdated};

use serde::Serialize;

/// What a hook did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HookReport {
    /// What was done.
    pub did: Did,
    /// The workspace's id, if there is one.
    pub workspace: Option<String>,
    /// Mail address of its identity, if it was set up.
    pub email: Option<String>,
    /// Anything else the person should know.
    pub message: Option<String>,
}

/// The outcome of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Did {
    /// There was nothing to do.
    Nothing,
    /// The workspace is set up.
    Provisioned,
    /// Its key is revoked and its identity kept.
    Suspended,
    /// It is taken down.
    Released,
    /// It is recorded that it should be taken down; the reaper will do it.
    Noted,
    /// Its life was shortened.
    Shortened,
}

impl HookReport {
    pub(crate) fn nothing(why: &str) -> HookReport {
        HookReport { did: Did::Nothing, workspace: None, email: None, message: Some(why.to_owned()) }
    }

    pub(crate) fn of(did: Did, id: &str) -> HookReport {
        HookReport { did, workspace: Some(id.to_owned()), email: None, message: None }
    }
}
