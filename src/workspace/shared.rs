//! What all worktrees of a repository share, and what this program changes there: `extensions.worktreeConfig` and one
//! line in `info/exclude`.
//!
//! Both are made by the first workspace of a repository and taken back by the last one. How to take them back is
//! written beside them, in the repository's git dir, because the last workspace may belong to another ledger than the
//! first. All of it happens under a lock on that folder.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk;
use super::error::WorkspaceError;
use super::git::{Git, Scope, Values};
use super::note::{self, Original};
use super::splice::{Splice, Undone};
use crate::files::FileError;

/// File name of the record in the shared git dir.
pub(crate) const RECORD_FILE: &str = "ravi-workspaces.json";
const RECORD_LIMIT: usize = 256 * 1024;

/// The line that keeps `.ravi` out of every commit (gitignore(5): the slash in front anchors it to a worktree's top).
const EXCLUDE_LINE: &str = "/.ravi/";

/// The switch for configuration per worktree (git-worktree(1), "CONFIGURATION FILE").
const EXTENSION: &str = "extensions.worktreeConfig";

/// What git-worktree(1) has moved to the main worktree's own file.
const BARE: &str = "core.bare";
const WORKTREE: &str = "core.worktree";

/// A configuration or exclude file may hold a great deal, but not this much.
const FILE_LIMIT: usize = 16 * 1024 * 1024;

/// A repository whose shared files nobody else of ours is changing.
pub(crate) struct Repository<'a> {
    top: &'a Path,
    common_dir: &'a Path,
    _lock: File,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// The extension was switched on by this program.
    #[serde(default)]
    extension: bool,
    /// Values that had to leave the shared file for the main worktree's own (git-worktree(1)).
    #[serde(default)]
    moved: Vec<(String, Vec<String>)>,
    /// Both configuration files as they were, while the change is under way.
    #[serde(default)]
    pending: Option<(Original, Original)>,
    /// The change of the shared configuration file.
    #[serde(default)]
    config: Option<Splice>,
    /// The change of the main worktree's own configuration file, where values were moved there.
    #[serde(default)]
    main_config: Option<Splice>,
    /// The change of the exclude file.
    #[serde(default)]
    exclude: Option<Splice>,
    /// The exclude line was written by this program.
    #[serde(default)]
    excluded: bool,
}

impl<'a> Repository<'a> {
    /// Waits until nobody else of ours changes the shared files. The lock is on the folder itself, so it leaves
    /// nothing behind and ends with the process.
    pub(crate) fn lock(top: &'a Path, common_dir: &'a Path) -> Result<Self, WorkspaceError> {
        let lock = File::open(common_dir).and_then(|dir| dir.lock().map(|()| dir));
        let lock = lock.map_err(|source| FileError::from_io(common_dir, "lock", source))?;
        Ok(Repository { top, common_dir, _lock: lock })
    }

    /// Makes `git config --worktree` mean the worktree's own file.
    pub(crate) fn enable_worktree_config(&self) -> Result<(), WorkspaceError> {
        let git = Git::at(self.top);
        let mut record = self.record()?;
        if record.pending.is_none() {
            // The file is as it was left with the extension on: git need not be asked.
            let ours = self.read("config")?;
            if record.config.as_ref().is_some_and(|change| change.stands(ours.as_deref())) {
                return Ok(());
            }
            let shared = if ours.is_some() { git.all(Scope::Shared)? } else { Values::default() };
            if shared.of(EXTENSION).last().is_some_and(|v| is_true(v)) {
                return Ok(());
            }
            record.extension = true;
            record.moved = must_move(&shared);
            record.pending = Some((self.original("config")?, self.original("config.worktree")?));
            self.write(&record)?;
        }
        // In this order no worktree is ever seen as bare in between.
        self.move_values(&record)?;
        git.set(Scope::Shared, EXTENSION, &["true".to_owned()])?;
        if let Some((config, main)) = record.pending.take() {
            record.config = self.change_since(&config, "config")?;
            record.main_config = self.change_since(&main, "config.worktree")?;
        }
        self.write(&record)
    }

    fn original(&self, name: &str) -> Result<Original, WorkspaceError> {
        Ok(Original { content: self.read(name)? })
    }

    fn change_since(&self, before: &Original, name: &str) -> Result<Option<Splice>, WorkspaceError> {
        let after = self.read(name)?.filter(|after| Some(after) != before.content.as_ref());
        Ok(after.and_then(|after| Splice::after_crash(before.content.as_deref(), &after, &[EXTENSION, BARE, WORKTREE])))
    }

    fn move_values(&self, record: &Record) -> Result<(), WorkspaceError> {
        let main = self.path("config.worktree");
        for (key, values) in &record.moved {
            Git::at(self.common_dir).set_in(&main, key, values)?;
            Git::at(self.common_dir).set_in(&self.path("config"), key, &[])?;
        }
        Ok(())
    }

    /// Keeps `.ravi` out of every commit of every worktree.
    pub(crate) fn exclude(&self) -> Result<(), WorkspaceError> {
        let mut record = self.record()?;
        let before = self.read("info/exclude")?;
        let text = before.as_deref().unwrap_or_default();
        if text.split(|b| *b == b'\n').any(|line| line == EXCLUDE_LINE.as_bytes()) {
            return Ok(());
        }
        let mut after = text.to_vec();
        if !after.is_empty() && after.last() != Some(&b'\n') {
            after.push(b'\n');
        }
        after.extend_from_slice(EXCLUDE_LINE.as_bytes());
        after.push(b'\n');
        record.excluded = true;
        record.exclude = Some(Splice::between(before.as_deref(), &after));
        self.write(&record)?;
        disk::make_dir(&self.common_dir.join("info"), 0o777)?;
        Ok(disk::write_keeping_mode(&self.path("info/exclude"), &after)?)
    }

    /// Takes the shared changes back when no workspace of the repository is left. Answers what was left alone.
    pub(crate) fn tidy(&self) -> Result<Vec<String>, WorkspaceError> {
        let mut left = Vec::new();
        if !note::noted_git_dirs(self.common_dir).is_empty() {
            return Ok(left);
        }
        let mut record = self.record()?;
        if record.excluded {
            self.take_exclude_back(&record)?;
            record = Record { excluded: false, exclude: None, ..record };
            self.write(&record)?;
        }
        if record.extension && !self.take_extension_back(&record)? {
            left.push(format!("{EXTENSION} stays on: a worktree has configuration of its own"));
        }
        disk::remove_if_there(&self.path(RECORD_FILE))?;
        Ok(left)
    }

    fn take_exclude_back(&self, record: &Record) -> Result<(), WorkspaceError> {
        let path = self.path("info/exclude");
        let current = self.read("info/exclude")?;
        match undone(record.exclude.as_ref(), current.as_deref()) {
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

    /// `false` when the extension must stay because a worktree's own file is in use by somebody else.
    fn take_extension_back(&self, record: &Record) -> Result<bool, WorkspaceError> {
        if self.used_by_others(record)? {
            return Ok(false);
        }
        let (config, main) = match &record.pending {
            Some((config, main)) => {
                (self.undone_pending(config, "config")?, self.undone_pending(main, "config.worktree")?)
            }
            None => {
                let main = match &record.main_config {
                    None => Undone::Already,
                    splice => undone(splice.as_ref(), self.read("config.worktree")?.as_deref()),
                };
                (undone(record.config.as_ref(), self.read("config")?.as_deref()), main)
            }
        };
        if config == Undone::Changed || main == Undone::Changed {
            self.take_values_back(record)?;
        } else {
            self.put_back("config", config)?;
            self.put_back("config.worktree", main)?;
            // A sandbox that kept an agent from making the file may have left an empty one.
            self.drop_if_empty("config.worktree")?;
        }
        Ok(true)
    }

    /// The same for a change that a run began and did not end.
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
            Undone::Bytes(bytes) => disk::write_git_config(&self.path(name), &bytes)?,
            Undone::NoFile => disk::remove_if_there(&self.path(name))?,
            Undone::Already | Undone::Changed => {}
        }
        Ok(())
    }

    /// Somebody changed a file meanwhile: take back what is still ours, value by value.
    fn take_values_back(&self, record: &Record) -> Result<(), WorkspaceError> {
        let git = Git::at(self.common_dir);
        let (shared, main) = (self.path("config"), self.path("config.worktree"));
        for (key, values) in &record.moved {
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

    /// Whether a worktree has configuration of its own that this program did not make.
    fn used_by_others(&self, record: &Record) -> Result<bool, WorkspaceError> {
        let worktrees = std::fs::read_dir(self.path("worktrees")).into_iter().flatten().flatten();
        let mut own = worktrees.map(|entry| entry.path().join("config.worktree"));
        if own.any(|file| file.metadata().is_ok_and(|meta| meta.len() > 0)) {
            return Ok(true);
        }
        if !record.moved.is_empty() {
            return Ok(false);
        }
        Ok(self.read("config.worktree")?.is_some_and(|bytes| !bytes.is_empty()))
    }

    fn record(&self) -> Result<Record, WorkspaceError> {
        let path = self.path(RECORD_FILE);
        let Some(bytes) = disk::read_if_there(&path, RECORD_LIMIT)? else { return Ok(Record::default()) };
        serde_json::from_slice(&bytes)
            .map_err(|e| WorkspaceError::NotOurs { path, reason: format!("it is no record of workspaces: {e}") })
    }

    fn write(&self, record: &Record) -> Result<(), WorkspaceError> {
        let bytes = serde_json::to_vec_pretty(record).unwrap_or_default(); // cannot fail: text and numbers only
        Ok(disk::write_private(&self.path(RECORD_FILE), &bytes)?)
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, WorkspaceError> {
        Ok(disk::read_if_there(&self.path(name), FILE_LIMIT)?)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.common_dir.join(name)
    }
}

/// `core.bare=true` and `core.worktree` in the shared file would hold for every worktree once each reads both files;
/// git-worktree(1) has them moved to the main worktree's own.
fn must_move(shared: &Values) -> Vec<(String, Vec<String>)> {
    let mut moved = Vec::new();
    let bare = shared.of(BARE);
    if bare.last().is_some_and(|v| is_true(v)) {
        moved.push((BARE.to_owned(), bare));
    }
    let worktree = shared.of(WORKTREE);
    if !worktree.is_empty() {
        moved.push((WORKTREE.to_owned(), worktree));
    }
    moved
}

fn undone(splice: Option<&Splice>, current: Option<&[u8]>) -> Undone {
    splice.map_or(Undone::Changed, |splice| splice.undo(current))
}

/// The spellings of true in git-config(1); a key without a value is true and is reported as an empty one.
fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1" | "")
}
