//! The linked worktrees of a repository, as its git dir lists them. This room must not know whose they are.

use std::path::{Path, PathBuf};

use crate::git;
use crate::model::workspace::NOTE_FILE;

/// Returns the existing worktrees of the repository that no workspace has marked.
pub(crate) fn unmarked_worktrees(common_dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(common_dir.join("worktrees")).into_iter().flatten().flatten();
    let unmarked = entries.map(|entry| entry.path()).filter(|git_dir| !git_dir.join(NOTE_FILE).exists());
    let folders = unmarked.filter_map(|git_dir| git::worktree_of(&git_dir).ok()?.parent()?.canonicalize().ok());
    let mut folders: Vec<PathBuf> = folders.filter(|folder| folder.join(".git").exists()).collect();
    folders.sort();
    folders
}

/// Returns the private git dirs of the repository that have a note.
pub(crate) fn noted_git_dirs(common_dir: &Path) -> Vec<PathBuf> {
    let linked = std::fs::read_dir(common_dir.join("worktrees"));
    let linked = linked.into_iter().flatten().flatten().map(|entry| entry.path());
    std::iter::once(common_dir.to_owned()).chain(linked).filter(|dir| dir.join(NOTE_FILE).exists()).collect()
}
