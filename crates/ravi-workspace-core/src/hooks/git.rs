//! Running git for a hook, and finding git's own hooks.

use std::path::{Path, PathBuf};

use super::error::HookError;
use crate::git::command::{Purpose, asked, git_in};

/// Returns what a git command in `folder` prints.
pub(crate) fn git(folder: &Path, doing: &'static str, arguments: &[&str]) -> Result<String, HookError> {
    run(folder, Purpose::Ask, doing, arguments)
}

/// Like [`git`], for a command that makes or removes a worktree.
pub(super) fn change(folder: &Path, doing: &'static str, arguments: &[&str]) -> Result<String, HookError> {
    run(folder, Purpose::Checkout, doing, arguments)
}

fn run(folder: &Path, purpose: Purpose, doing: &'static str, arguments: &[&str]) -> Result<String, HookError> {
    let fail = |message: String| HookError::Git { doing, message };
    let mut command = git_in(folder, purpose);
    command.args(arguments);
    let output = match purpose {
        // A large one takes its time.
        Purpose::Checkout => command.output(),
        Purpose::Ask | Purpose::AskHooks => asked(&mut command),
    };
    let output = output.map_err(|e| fail(e.to_string()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(fail(text.lines().next().unwrap_or("it says nothing").to_owned()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    // A path may end in white space, or in a newline of its own.
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

/// Returns the file in which git looks for the hook `post-checkout`.
///
/// A relative `core.hooksPath` is refused: it is resolved in each worktree (git-config(1)), where a hook would have to
/// be committed.
pub(crate) fn git_hook_file(path: &Path) -> Result<PathBuf, HookError> {
    let set =
        run(path, Purpose::AskHooks, "read core.hooksPath", &["config", "--get", "core.hooksPath"]).unwrap_or_default();
    if !set.is_empty() && !set.starts_with(['/', '~', '%']) {
        return Err(HookError::HooksPath { path: set.into() });
    }
    let file =
        path.join(run(path, Purpose::AskHooks, "find its hooks", &["rev-parse", "--git-path", "hooks/post-checkout"])?);
    Ok(std::path::absolute(&file).unwrap_or(file))
}
