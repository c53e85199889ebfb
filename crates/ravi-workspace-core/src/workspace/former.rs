//! Undoes what earlier versions did to a repository: values in a worktree's `config.worktree`, for which
//! `extensions.worktreeConfig` was switched on for the whole repository, and a line in `info/exclude`. Nothing here is
//! written for new workspaces.
//!
//! Tools that do not know the extension refuse a repository that has it, including the person's own checkout. So
//! whatever is found is moved over at the first opportunity. The caller holds the repository's lock.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::WorkspaceError;
use super::include::own_file;
use super::note::{Note, Original, SetValue};
use crate::git::Git;
use crate::git::config_file;
use crate::git::splice::{Splice, Undone};
use crate::machine::disk;

/// The line that kept `.ravi` out of commits.
const EXCLUDE_LINE: &str = "/.ravi/";

/// The switch for per-worktree configuration (git-worktree(1), "CONFIGURATION FILE").
const EXTENSION: &str = "extensions.worktreeConfig";

/// Values that git-worktree(1) wants moved to the main worktree's own file.
const BARE: &str = "core.bare";
const WORKTREE: &str = "core.worktree";

/// Larger than any real configuration or exclude file.
const FILE_LIMIT: usize = 16 * 1024 * 1024;

/// What was done to the files that all worktrees share.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Former {
    /// The extension was switched on by this program.
    extension: bool,
    /// Values that were moved from the shared file to the main worktree's own (git-worktree(1)).
    moved: Vec<(String, Vec<String>)>,
    /// Both configuration files as they were before a change that was not finished.
    pending: Option<(Original, Original)>,
    /// The change of the shared configuration file.
    config: Option<Splice>,
    /// The change of the main worktree's own configuration file, if values were moved there.
    main_config: Option<Splice>,
    /// The change of the exclude file.
    exclude: Option<Splice>,
    /// The exclude line was written by this program.
    excluded: bool,
}

/// The git dir that all worktrees share, and what was done there.
pub(super) struct Shared<'a> {
    pub(super) common_dir: &'a Path,
    pub(super) former: &'a Former,
}

impl Former {
    /// Whether the extension is on because of this program.
    pub(super) fn has_extension(&self) -> bool {
        self.extension
    }

    /// Returns this record without the extension, once that has been undone.
    pub(super) fn without_extension(&self) -> Former {
        Former { exclude: self.exclude.clone(), excluded: self.excluded, ..Former::default() }
    }

    /// Whether the exclude line is there because of this program.
    pub(super) fn has_exclude(&self) -> bool {
        self.excluded
    }

    /// Returns this record without the exclude line, once that has been removed.
    pub(super) fn without_exclude(&self) -> Former {
        Former { exclude: None, excluded: false, ..self.clone() }
    }
}

impl Shared<'_> {
    /// Removes the exclude line.
    pub(super) fn take_exclude_back(&self) -> Result<(), WorkspaceError> {
        let path = self.path("info/exclude");
        let current = self.read("info/exclude")?;
        match undone(self.former.exclude.as_ref(), current.as_deref()) {
            Undone::Bytes(bytes) => disk::write_keeping_mode(&path, &bytes)?,
            Undone::NoFile => disk::remove_if_there(&path)?,
            Undone::Already => {}
            Undone::Changed => {
                let line = format!("{EXCLUDE_LINE}\n");
                let current = current.unwrap_or_default();
                let lines = current.split_inclusive(|b| *b == b'\n');
                let kept: Vec<u8> = lines.filter(|l| *l != line.as_bytes()).flatten().copied().collect();
                if kept != current {
                    disk::write_keeping_mode(&path, &kept)?;
                }
            }
        }
        Ok(())
    }

    /// Switches the extension off; `false` if it must stay because somebody else uses a worktree's own file.
    pub(super) fn take_extension_back(&self) -> Result<bool, WorkspaceError> {
        if self.used_by_others()? {
            return Ok(false);
        }
        let (config, main) = match &self.former.pending {
            Some((config, main)) => {
                (self.undone_pending(config, "config")?, self.undone_pending(main, "config.worktree")?)
            }
            None => {
                let main = match &self.former.main_config {
                    None => Undone::Already,
                    splice => undone(splice.as_ref(), self.read("config.worktree")?.as_deref()),
                };
                (undone(self.former.config.as_ref(), self.read("config")?.as_deref()), main)
            }
        };
        if config == Undone::Changed || main == Undone::Changed {
            self.take_values_back()?;
        } else {
            self.put_back("config", config)?;
            self.put_back("config.worktree", main)?;
            // Left empty, perhaps, by a sandbox that kept an agent from creating the file.
            self.drop_if_empty("config.worktree")?;
        }
        Ok(true)
    }

    /// Undoes a change that an earlier run began and did not finish.
    fn undone_pending(&self, original: &Original, name: &str) -> Result<Undone, WorkspaceError> {
        let current = self.read(name)?;
        if current == original.content {
            return Ok(Undone::Already);
        }
        let splice = self.change_since(original, name)?;
        Ok(undone(splice.as_ref(), current.as_deref()))
    }

    fn put_back(&self, name: &str, original: Undone) -> Result<(), WorkspaceError> {
        match original {
            Undone::Bytes(bytes) => config_file::change_git_config(&self.path(name), |_| Some(bytes))?,
            Undone::NoFile => disk::remove_if_there(&self.path(name))?,
            Undone::Already | Undone::Changed => {}
        }
        Ok(())
    }

    /// Undoes value by value what is still ours, for a file that somebody changed in the meantime.
    fn take_values_back(&self) -> Result<(), WorkspaceError> {
        let git = Git::at(self.common_dir);
        let (shared, main) = (self.path("config"), self.path("config.worktree"));
        for (key, values) in &self.former.moved {
            if git.values_in(&main, key)? == *values {
                if git.values_in(&shared, key)?.is_empty() {
                    git.set_in(&shared, key, values)?;
                }
                git.set_in(&main, key, &[])?;
            }
        }
        if git.values_in(&shared, EXTENSION)?.last().is_some_and(|v| is_true(v)) {
            git.set_in(&shared, EXTENSION, &[])?;
        }
        self.drop_if_empty("config.worktree")
    }

    fn drop_if_empty(&self, name: &str) -> Result<(), WorkspaceError> {
        if self.read(name)?.is_some_and(|bytes| bytes.iter().all(u8::is_ascii_whitespace)) {
            disk::remove_if_there(&self.path(name))?;
        }
        Ok(())
    }

    /// Whether a worktree has configuration of its own that this program did not write.
    fn used_by_others(&self) -> Result<bool, WorkspaceError> {
        let worktrees = std::fs::read_dir(self.path("worktrees")).into_iter().flatten().flatten();
        let mut own = worktrees.map(|entry| entry.path().join("config.worktree"));
        if own.any(|file| file.metadata().is_ok_and(|meta| meta.len() > 0)) {
            return Ok(true);
        }
        if !self.former.moved.is_empty() {
            return Ok(false);
        }
        Ok(self.read("config.worktree")?.is_some_and(|bytes| !bytes.is_empty()))
    }

    fn change_since(&self, before: &Original, name: &str) -> Result<Option<Splice>, WorkspaceError> {
        let after = self.read(name)?.filter(|after| Some(after) != before.content.as_ref());
        Ok(after.and_then(|after| Splice::after_crash(before.content.as_deref(), &after, &[EXTENSION, BARE, WORKTREE])))
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, WorkspaceError> {
        Ok(disk::read_if_there(&self.path(name), FILE_LIMIT)?)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.common_dir.join(name)
    }
}

/// Undoes what was set in a worktree's own configuration file. Returns what was left alone because somebody changed it.
pub(super) fn unset(git_dir: &Path, note: &Note) -> Result<Vec<String>, WorkspaceError> {
    let file = own_file(git_dir);
    let current = disk::read_if_there(&file, FILE_LIMIT)?;
    match note.config.as_ref().map_or(Undone::Changed, |splice| splice.undo(current.as_deref())) {
        Undone::Bytes(bytes) => config_file::change_git_config(&file, |_| Some(bytes))?,
        Undone::NoFile => disk::remove_if_there(&file)?,
        Undone::Already => {}
        Undone::Changed => return take_all_back(&file, note),
    }
    Ok(Vec::new())
}

/// Removes the values that git copied into a worktree made from a workspace's. They are ours, not the person's.
pub(super) fn drop_copied(git_dir: &Path, notes: &[Note]) -> Result<(), WorkspaceError> {
    let file = own_file(git_dir);
    let Some(bytes) = disk::read_if_there(&file, FILE_LIMIT)? else { return Ok(()) };
    let text = String::from_utf8_lossy(&bytes);
    let is_in = |value: &SetValue| value.ours.iter().any(|ours| !ours.is_empty() && text.contains(ours.as_str()));
    for note in notes.iter().filter(|note| note.values.iter().any(is_in)) {
        take_all_back(&file, note)?;
    }
    Ok(())
}

fn take_all_back(file: &Path, note: &Note) -> Result<Vec<String>, WorkspaceError> {
    let mut left = Vec::new();
    for value in &note.values {
        if !take_back(file, value)? {
            left.push(format!("git {} was changed by somebody else", value.key));
        }
    }
    let rest = disk::read_if_there(file, FILE_LIMIT)?;
    if rest.is_some_and(|bytes| bytes.iter().all(u8::is_ascii_whitespace)) {
        disk::remove_if_there(file)?;
    }
    Ok(left)
}

/// Undoes one value; `false` if it is no longer ours.
fn take_back(file: &Path, value: &SetValue) -> Result<bool, WorkspaceError> {
    let git = Git::at(file.parent().unwrap_or(Path::new(".")));
    let current = git.values_in(file, &value.key)?;
    if current == value.before {
        return Ok(true);
    }
    if current != value.ours {
        return Ok(false);
    }
    git.set_in(file, &value.key, &value.before)?;
    Ok(true)
}

fn undone(splice: Option<&Splice>, current: Option<&[u8]>) -> Undone {
    splice.map_or(Undone::Changed, |splice| splice.undo(current))
}

/// Whether a value means true (git-config(1)). A key without a value is true, and is reported as an empty one.
pub(super) fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1" | "")
}
