//! git, called for a hook, and where its own hooks lie.

use std::path::{Path, PathBuf};

use super::error::HookError;
use crate::workspace::{Purpose, asked, git_in};

/// What a git command in `folder` prints.
pub(crate) fn git(folder: &Path, doing: &'static str, arguments: &[&str]) -> Result<String, HookError> {
    run(folder, Purpose::Ask, doing, arguments)
}

/// The same for one that makes or removes a worktree.
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
    // A path may end in white space, or in a line end of its own.
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

/// The file of the hook `post-checkout` where git looks for it. A relative `core.hooksPath` is looked up in each worktree
/// (git-config(1)), where a file would have to be committed.
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
