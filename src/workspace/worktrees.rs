//! The linked worktrees of a repository, as its git dir lists them. It must not know whose they are.

use std::path::{Path, PathBuf};

use super::git;
use super::note::NOTE_FILE;

/// Worktrees of the repository that are there and that no workspace has left its mark on.
pub(crate) fn unmarked_worktrees(common_dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(common_dir.join("worktrees")).into_iter().flatten().flatten();
    let unmarked = entries.map(|entry| entry.path()).filter(|git_dir| !git_dir.join(NOTE_FILE).exists());
    let folders = unmarked.filter_map(|git_dir| git::worktree_of(&git_dir).ok()?.parent()?.canonicalize().ok());
    let mut folders: Vec<PathBuf> = folders.filter(|folder| folder.join(".git").exists()).collect();
    folders.sort();
    folders
}
