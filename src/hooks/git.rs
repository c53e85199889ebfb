//! git, called for a hook, and where its own hooks lie.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::HookError;

/// What a git command in `folder` prints.
pub(crate) fn git(folder: &Path, doing: &'static str, arguments: &[&str]) -> Result<String, HookError> {
    let fail = |message: String| HookError::Git { doing, message };
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    // A hook of git's has its repository in the environment; the folder is what counts.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"] {
        command.env_remove(name);
    }
    let output = command.output().map_err(|e| fail(e.to_string()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(fail(text.lines().next().unwrap_or("it says nothing").to_owned()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    // A path may end in white space, or in a line end of its own.
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

/// The file of the hook `post-checkout` where git looks for it. A relative `core.hooksPath` is looked up in each worktree
/// (git-config(1)), where a file would have to be committed.
pub(crate) fn git_hook_file(path: &Path) -> Result<PathBuf, HookError> {
    let set = git(path, "read core.hooksPath", &["config", "--get", "core.hooksPath"]).unwrap_or_default();
    if !set.is_empty() && !set.starts_with(['/', '~', '%']) {
        return Err(HookError::HooksPath { path: set.into() });
    }
    let file = path.join(git(path, "find its hooks", &["rev-parse", "--git-path", "hooks/post-checkout"])?);
    Ok(std::path::absolute(&file).unwrap_or(file))
}
