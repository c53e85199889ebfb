//! Makes worktrees as Claude Code does, for its `WorktreeCreate` hook, which takes over from it.
//!
//! As seen with Claude Code 2.1: `.claude/worktrees/NAME` of the main checkout, on the branch `worktree-NAME`, with `/`
//! in the name turned into `+`. The branch begins at the remote's default branch as it was last fetched, or at the
//! current commit if the setting `worktree.baseRef` says `head` or there is no such branch. It has no upstream, and
//! ignored files that `.worktreeinclude` names are copied. Without a main checkout, the folder is in the repository
//! itself ([`super::main_checkout`]). This room must not know what a workspace is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::HookError;
use super::git::{change, git};
use super::main_checkout::{main_checkout, worktrees};
use crate::machine::files;

const LIMIT: usize = 4 * 1024 * 1024;
/// Settings files; the first one has precedence.
const SETTINGS: [&str; 2] = [".claude/settings.local.json", ".claude/settings.json"];
/// Where the remote's default branch may be known, in the order in which Claude Code looks.
const BASES: [&str; 3] = ["refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master"];

/// Makes the worktree of this name; `false` if it already existed. `user` is the folder with the user's settings.
pub(crate) fn make(cwd: &Path, name: &str, user: Option<&Path>) -> Result<(PathBuf, bool), HookError> {
    let root = main_checkout(cwd)?;
    let path = worktrees(cwd)?.join(name);
    if path.join(".git").exists() {
        return Ok((path, false));
    }
    let text = path.to_string_lossy();
    let branch = format!("worktree-{name}");
    // Run in the main checkout, because git gives a new worktree the configuration of the one that it is made from.
    let add =
        |arguments: &[&str]| change(&root, "make the worktree", &[&["worktree", "add", "--quiet"], arguments].concat());
    if resolves(cwd, &format!("refs/heads/{branch}")) {
        add(&[&text, &branch])?
    } else {
        add(&["-b", &branch, &text, &base(cwd, &root, user)?])?
    };
    match include(&root, &path) {
        Ok(()) => Ok((path, true)),
        Err(error) => {
            let _ = unmake(&root, &path, name);
            Err(error)
        }
    }
}

/// Undoes what `make` has just made, copied files included, and the branch if it has nothing of its own.
pub(crate) fn unmake(cwd: &Path, path: &Path, name: &str) -> Result<(), HookError> {
    let root = main_checkout(cwd)?;
    change(&root, "remove the worktree", &["worktree", "remove", "--force", &path.to_string_lossy()])?;
    let _ = change(&root, "remove the branch", &["branch", "--quiet", "-d", &format!("worktree-{name}")]);
    Ok(())
}

/// Removes a worktree that has no changes.
pub(crate) fn remove(path: &Path) -> Result<(), HookError> {
    change(&main_checkout(path)?, "remove the worktree", &["worktree", "remove", &path.to_string_lossy()]).map(drop)
}

/// Whether `path` is a worktree in the folder where Claude Code keeps its own.
pub(crate) fn is_one(path: &Path) -> bool {
    worktrees(path).is_ok_and(|folder| path.parent() == Some(&folder))
}

/// Returns the commit to begin at. Given a remote's branch, git would write an upstream into the configuration that
/// everybody shares.
fn base(cwd: &Path, root: &Path, user: Option<&Path>) -> Result<String, HookError> {
    let known = BASES.into_iter().filter(|_| !from_head(root, user)).find(|name| resolves(cwd, name));
    git(cwd, "find the commit to begin at", &["rev-parse", "--verify", known.unwrap_or("HEAD")])
}

fn resolves(cwd: &Path, name: &str) -> bool {
    git(cwd, "look for the branch", &["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")]).is_ok()
}

/// Whether the setting `worktree.baseRef` says `head`; the project's has precedence over the user's.
fn from_head(root: &Path, user: Option<&Path>) -> bool {
    #[derive(Deserialize)]
    struct Settings {
        worktree: Worktree,
    }
    #[derive(Deserialize)]
    struct Worktree {
        #[serde(rename = "baseRef")]
        base: String,
    }
    let project = SETTINGS.iter().map(|name| root.join(name));
    let mut all = project.chain(user.map(|folder| folder.join("settings.json")));
    let said = all.find_map(|file| {
        let bytes = files::read_bounded_following(&file, LIMIT).ok()?;
        Some(serde_json::from_slice::<Settings>(&bytes).ok()?.worktree.base)
    });
    said.is_some_and(|base| base == "head")
}

/// Copies the ignored files that `.worktreeinclude` names. Existing files stay.
fn include(root: &Path, path: &Path) -> Result<(), HookError> {
    const DOING: &str = "list what .worktreeinclude names";
    if !root.join(".worktreeinclude").is_file() {
        return Ok(());
    }
    let list = |rules: &str| -> Result<BTreeSet<String>, HookError> {
        let text = git(root, DOING, &["ls-files", "--others", "--ignored", "-z", rules])?;
        Ok(text.split_terminator('\0').map(str::to_owned).collect())
    };
    let named = list("--exclude-from=.worktreeinclude")?;
    for name in named.intersection(&list("--exclude-standard")?) {
        let (from, to) = (root.join(name), path.join(name));
        let there = to.symlink_metadata().is_ok() || path.parent().is_some_and(|folder| from.starts_with(folder));
        if !there && from.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
            let parent = to.parent().unwrap_or(path);
            let copied = std::fs::create_dir_all(parent).and_then(|()| std::fs::copy(&from, &to));
            copied.map_err(|e| files::FileError::from_io(&to, "copy", e))?;
        }
    }
    Ok(())
}
