//! Claude Code: what it tells its hooks on standard input.

use std::path::PathBuf;

use serde::Deserialize;

use super::error::HookError;

/// The payload; fields that are not needed are not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Payload {
    /// Which hook.
    pub hook_event_name: String,
    /// Where Claude Code is.
    pub cwd: PathBuf,
    /// Name of the worktree to make.
    #[serde(default)]
    pub name: Option<String>,
    /// The worktree to remove.
    #[serde(default)]
    pub worktree_path: Option<PathBuf>,
}

impl Payload {
    /// Reads the payload.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Payload, HookError> {
        let unreadable = |e: serde_json::Error| HookError::Unreadable { tool: "Claude Code", reason: e.to_string() };
        serde_json::from_str(text).map_err(unreadable)
    }

    /// The name of the worktree to make, which becomes a folder's and a branch's.
    pub(crate) fn safe_name(&self) -> Result<&str, HookError> {
        let name = self.name.as_deref().ok_or(HookError::Missing { tool: "Claude Code", what: "name" })?;
        let good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let fine = !name.is_empty() && name.len() <= 100 && name.chars().all(good) && !name.starts_with(['.', '-']);
        let reason = || "the worktree's name has other characters than letters, digits, -, _ and .".to_owned();
        if fine { Ok(name) } else { Err(HookError::Unreadable { tool: "Claude Code", reason: reason() }) }
    }
}
