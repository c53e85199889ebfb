//! Claude Code: what it passes to its hooks on standard input, and what its sessions read in return.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::HookError;
use crate::handover::{Environment, Shell};
use crate::machine::shell::posix;
use crate::workspace::NOTE_FILE;

/// The longest name of a worktree, which becomes a folder and a branch.
const LONGEST_NAME: usize = 100;

/// The payload; fields that are not needed are ignored.
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
    /// Parses the payload.
    ///
    /// # Errors
    /// `text` is not a payload (`hook.unreadable`).
    pub fn parse(text: &str) -> Result<Payload, HookError> {
        let unreadable = |e: serde_json::Error| HookError::Unreadable { tool: "Claude Code", reason: e.to_string() };
        serde_json::from_str(text).map_err(unreadable)
    }

    /// Returns the name of the worktree to make, fit for a folder and a branch: Claude Code accepts names with `/` too.
    pub(crate) fn safe_name(&self) -> Result<String, HookError> {
        let name = self.name.as_deref().ok_or(HookError::Missing { tool: "Claude Code", what: "name" })?;
        let good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let fine = |part: &str| !part.is_empty() && part.chars().all(good) && !part.starts_with(['.', '-']);
        let refuse = |reason: &str| HookError::Unreadable { tool: "Claude Code", reason: reason.to_owned() };
        if name.len() > LONGEST_NAME {
            return Err(refuse("the worktree's name is longer than 100 bytes"));
        }
        if !name.split('/').all(fine) {
            return Err(refuse("the worktree's name has characters other than letters, digits, -, _, . and /"));
        }
        Ok(name.replace('/', "+"))
    }
}

/// Returns the folder with this user's Claude Code settings.
pub(crate) fn config_dir() -> Option<PathBuf> {
    let set = std::env::var_os("CLAUDE_CONFIG_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    set.or_else(|| Some(etcetera::home_dir().ok()?.join(".claude")))
}

/// Returns what Claude Code reads before each command of a session in the worktree with this private git dir.
///
/// A session's agents read it too, and may have worktrees of their own: there, git's own configuration decides who the
/// author is.
pub(crate) fn session_script(git_dir: Option<&Path>, environment: Environment) -> String {
    let env = environment.env.clone();
    let everywhere = Environment { env: BTreeMap::new(), ..environment }.script(Shell::Bash);
    if env.is_empty() {
        return everywhere;
    }
    let own = posix(&git_dir.unwrap_or(Path::new("")).to_string_lossy());
    let here = Environment { env, ..Environment::default() }.script(Shell::Bash);
    format!(
        "_ravi_dir=$(git rev-parse --absolute-git-dir 2>/dev/null)\n\
         if [ \"$_ravi_dir\" = {own} ] || [ ! -e \"$_ravi_dir/{NOTE_FILE}\" ]; then\n{here}fi\nunset _ravi_dir\n{everywhere}"
    )
}
