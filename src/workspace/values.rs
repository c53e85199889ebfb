//! Values in the worktree's own git configuration: set, and taken back.
//!
//! Only ever through `git config --worktree`; [`super::shared`] sees to it that this means the worktree's own file. What
//! the human had set there before is kept in the [`Note`] and put back.

use std::path::{Path, PathBuf};

use super::disk;
use super::error::WorkspaceError;
use super::git::{Git, Scope};
use super::note::{Note, Original, SetValue};
use super::splice::{Splice, Undone};

const FILE_LIMIT: usize = 16 * 1024 * 1024;

/// Makes the worktree's own configuration hold exactly these values of ours. Values that an earlier run set and that
/// are not wanted any more are taken back.
pub(crate) fn set(
    top: &Path,
    git_dir: &Path,
    note: &mut Note,
    wanted: &[(&str, Vec<String>)],
) -> Result<(), WorkspaceError> {
    let git = Git::at(top);
    if is_set(git, note, wanted)? {
        return Ok(());
    }
    let file = config_file(git_dir);
    let mut values = Vec::with_capacity(wanted.len());
    for (key, ours) in wanted {
        let before = match note.values.iter().find(|v| v.key == *key) {
            Some(known) => known.before.clone(),
            None => git.values(Scope::Worktree, key)?,
        };
        values.push(SetValue { key: (*key).to_owned(), before, ours: ours.clone() });
    }
    let dropped: Vec<SetValue> =
        note.values.iter().filter(|v| wanted.iter().all(|(key, _)| *key != v.key)).cloned().collect();
    // Only the first change of a file that is as the human left it can be taken back as a whole.
    if note.values.is_empty() && note.pending.is_none() {
        note.pending = Some(Original { content: disk::read_if_there(&file, FILE_LIMIT)? });
    }
    note.config = None;
    note.values = values.into_iter().chain(dropped.iter().cloned()).collect();
    note.write(git_dir)?;
    for value in &dropped {
        take_back(git, value)?;
    }
    for (key, ours) in wanted {
        git.set(Scope::Worktree, key, ours)?;
    }
    note.values.retain(|v| dropped.iter().all(|d| d.key != v.key));
    if let Some(Original { content: before }) = note.pending.take() {
        let after = disk::read_if_there(&file, FILE_LIMIT)?;
        let ours: Vec<&str> = wanted.iter().map(|(key, _)| *key).collect();
        note.config = after.and_then(|after| Splice::after_crash(before.as_deref(), &after, &ours));
    }
    note.write(git_dir)
}

/// Whether an earlier run set all of it and nobody changed it since.
fn is_set(git: Git<'_>, note: &Note, wanted: &[(&str, Vec<String>)]) -> Result<bool, WorkspaceError> {
    if note.pending.is_some() || note.values.len() != wanted.len() {
        return Ok(false);
    }
    for (key, ours) in wanted {
        let same = note.values.iter().any(|v| v.key == *key && v.ours == *ours);
        if !same || git.values(Scope::Worktree, key)? != *ours {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes our values back. Answers what was left alone because the human changed it.
pub(crate) fn unset(top: &Path, git_dir: &Path, note: &Note) -> Result<Vec<String>, WorkspaceError> {
    let file = config_file(git_dir);
    let current = disk::read_if_there(&file, FILE_LIMIT)?;
    match note.config.as_ref().map_or(Undone::Changed, |splice| splice.undo(current.as_deref())) {
        Undone::Bytes(bytes) => disk::write_git_config(&file, &bytes)?,
        Undone::NoFile => disk::remove_if_there(&file)?,
        Undone::Already => {}
        Undone::Changed => return take_all_back(Git::at(top), &file, note),
    }
    Ok(Vec::new())
}

fn take_all_back(git: Git<'_>, file: &Path, note: &Note) -> Result<Vec<String>, WorkspaceError> {
    let mut left = Vec::new();
    for value in &note.values {
        if !take_back(git, value)? {
            left.push(format!("git {} was changed by somebody else", value.key));
        }
    }
    let rest = disk::read_if_there(file, FILE_LIMIT)?;
    if rest.is_some_and(|bytes| bytes.iter().all(u8::is_ascii_whitespace)) {
        disk::remove_if_there(file)?;
    }
    Ok(left)
}

/// `false` when the value is not ours any more.
fn take_back(git: Git<'_>, value: &SetValue) -> Result<bool, WorkspaceError> {
    let current = git.values(Scope::Worktree, &value.key)?;
    if current == value.before {
        return Ok(true);
    }
    if current != value.ours {
        return Ok(false);
    }
    git.set(Scope::Worktree, &value.key, &value.before)?;
    Ok(true)
}

/// The worktree's own configuration file (git-worktree(1), "CONFIGURATION FILE").
fn config_file(git_dir: &Path) -> PathBuf {
    git_dir.join("config.worktree")
}
