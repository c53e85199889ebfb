//! Whether a git dir belongs to the folder whose `.git` leads to it.
//!
//! A `.git` file or link is the folder's own text. It may come out of an archive and name any git dir on the machine;
//! writing there on its word would change somebody else's repository. So a git dir that names a folder must name this
//! one, as git writes it: `gitdir` in a linked worktree's (gitrepository-layout(5)), `core.worktree` in a submodule's.
//!
//! The git dir of a main checkout that was made with `--separate-git-dir`, or whose `.git` was moved and linked
//! (dotfile managers, Android's repo), names none. It is accepted if it is this user's and no other folder's; a main
//! checkout is bound only if a person asks for it anyway. This room must not know what is written there.

use std::ffi::OsStr;
use std::path::Path;

use super::error::WorkspaceError;
use crate::git::{self, Git, Located};
use crate::machine::os::Facts;

/// Refuses a git dir that is not the folder's. `folder` is where git was asked.
pub(super) fn check(folder: &Path, located: &Located) -> Result<(), WorkspaceError> {
    let dot_git = located.top.join(".git");
    let inside = folder.starts_with(&located.top);
    if inside && dot_git.symlink_metadata().is_ok_and(|meta| meta.is_dir()) && located.git_dir == dot_git {
        return Ok(());
    }
    let reason = match located.git_dir == located.common_dir {
        // With `core.worktree`, git works on the folder named there, wherever it is called.
        _ if !inside => Some(format!("it belongs to {}", located.top.display())),
        true => foreign_main(located)?,
        false => foreign_linked(located, &dot_git),
    };
    let (path, git_dir) = (if inside { located.top.clone() } else { folder.to_owned() }, located.git_dir.clone());
    reason.map_or(Ok(()), |reason| Err(WorkspaceError::ForeignGitDir { path, git_dir, reason }))
}

/// Returns why the private git dir of a linked worktree is not this folder's.
fn foreign_linked(located: &Located, dot_git: &Path) -> Option<String> {
    if located.git_dir.parent() != Some(located.common_dir.join("worktrees").as_path()) {
        return Some("it is not a worktree of the repository that it names".to_owned());
    }
    let back = match git::worktree_of(&located.git_dir) {
        Ok(back) => back,
        Err(error) => return Some(format!("gitdir: {error}")),
    };
    let same = back.canonicalize().is_ok_and(|real| Some(real) == dot_git.canonicalize().ok());
    (!same).then(|| format!("it belongs to {}", back.display()))
}

/// Returns why the git dir of a main checkout is not this folder's.
fn foreign_main(located: &Located) -> Result<Option<String>, WorkspaceError> {
    let set = Git::at(&located.top).values("core.worktree")?;
    let Some(worktree) = set.last() else { return Ok(claimed(&located.git_dir, &located.top)) };
    let same = located.git_dir.join(worktree).canonicalize().is_ok_and(|real| real == located.top);
    Ok((!same).then(|| "its core.worktree is not this folder".to_owned()))
}

/// Returns why a git dir that names no folder is another folder's all the same.
fn claimed(git_dir: &Path, top: &Path) -> Option<String> {
    if let Some(dot_git) = git_dir.ancestors().find(|dir| dir.file_name() == Some(OsStr::new(".git"))) {
        let owner = dot_git.parent().unwrap_or(dot_git);
        return Some(format!("it is the git dir of {}, or lies in that", owner.display()));
    }
    let beside = git_dir.parent().filter(|folder| *folder != top)?;
    if Git::at(beside).common_dir().ok().flatten().as_deref() == Some(git_dir) {
        return Some(format!("it is the git dir of {}", beside.display()));
    }
    let mine = |path: &Path| Facts::of(path).is_ok_and(|facts| facts.is_mine());
    (!mine(git_dir) || !mine(&git_dir.join("config"))).then(|| "it is another user's".to_owned())
}
