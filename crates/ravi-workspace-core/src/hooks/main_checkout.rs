//! The main checkout of a folder's repository, where Claude Code keeps the worktrees that it makes.
//!
//! git has no single way to name it: `git worktree list` names the git dir if that is not in the checkout (submodules,
//! `--separate-git-dir`, a `.git` that is a link), and a bare repository has none. This room must not know what a
//! workspace is.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::error::HookError;
use super::git::git;

const DOING: &str = "find the repository";
/// Where Claude Code's worktrees are in it.
const WORKTREES: &str = ".claude/worktrees";

/// Returns the folder that holds Claude Code's worktrees of the repository around `cwd`.
pub(crate) fn worktrees(cwd: &Path) -> Result<PathBuf, HookError> {
    Ok(main_checkout(cwd)?.join(WORKTREES))
}

/// Returns the main checkout, or what stands in for it.
///
/// In a bare repository, and in a linked worktree of a main checkout that nothing names, that is the folder whose
/// `.git` the git dir is, else the git dir itself, as Claude Code has it.
pub(crate) fn main_checkout(cwd: &Path) -> Result<PathBuf, HookError> {
    let common = common_dir(cwd)?;
    if common.file_name() == Some(OsStr::new(".git")) {
        return Ok(common.parent().unwrap_or(&common).to_owned());
    }
    let here = ask(cwd, "--absolute-git-dir").ok().filter(|git_dir| *git_dir == common);
    if let Some(top) = here.and_then(|_| ask(cwd, "--show-toplevel").ok()) {
        return Ok(top);
    }
    let beside = common.parent().filter(|folder| is_of(folder, &common));
    let found = named(&common).or_else(|| around_own(cwd, &common)).or(beside.map(Path::to_owned));
    Ok(found.unwrap_or(common))
}

/// Returns what `core.worktree` names, as git sets it for a submodule.
fn named(common: &Path) -> Option<PathBuf> {
    let set = git(common, DOING, &["--git-dir", common.to_str()?, "config", "--get", "core.worktree"]).ok()?;
    common.join(set).canonicalize().ok().filter(|folder| is_of(folder, common))
}

/// Returns the checkout whose folder of Claude Code worktrees contains `cwd`.
fn around_own(cwd: &Path, common: &Path) -> Option<PathBuf> {
    let top = ask(cwd, "--show-toplevel").ok()?;
    let folder = top.parent().filter(|folder| folder.ends_with(WORKTREES))?.parent()?.parent()?;
    (folder == common || is_of(folder, common)).then(|| folder.to_owned())
}

/// Whether `.git` in the folder leads to this git dir.
fn is_of(folder: &Path, common: &Path) -> bool {
    folder.join(".git").symlink_metadata().is_ok() && common_dir(folder).is_ok_and(|dir| dir == common)
}

fn common_dir(folder: &Path) -> Result<PathBuf, HookError> {
    ask(folder, "--git-common-dir")
}

/// Asks git for a path, which may be relative to the folder.
fn ask(folder: &Path, what: &str) -> Result<PathBuf, HookError> {
    let path = folder.join(git(folder, DOING, &["rev-parse", what])?);
    path.canonicalize().map_err(|e| HookError::Git { doing: DOING, message: format!("{}: {e}", path.display()) })
}
