//! The note in a worktree's private git dir: whose workspace it is, and how to undo what was set there.
//!
//! The private git dir cannot be committed, follows `git worktree move` and is deleted by `git worktree remove`, so the
//! note is the proof of a binding. It names the ledger because an app, a daemon and a shell may keep different ones.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::WorkspaceError;
use super::include::Anchor;
use crate::git::splice::Splice;
use crate::machine::disk;
use crate::machine::files::FileError;
use crate::model::workspace::NOTE_FILE;

/// More than any note needs.
const NOTE_LIMIT: usize = 64 * 1024;

/// The note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Format of the note.
    pub(crate) version: u32,
    /// Random; also in the ledger.
    pub nonce: String,
    /// State folder of the ledger that has the binding.
    pub ledger: PathBuf,
    /// The workspace's id.
    pub(crate) id: String,
    /// The include at the end of the worktree's own configuration file, if one is needed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) own: Option<Anchor>,
    /// Values that an earlier version set in that file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<SetValue>,
    /// The file before an earlier version began to set values, until it had set them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pending: Option<Original>,
    /// The change to that file as a whole, once all values were set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) config: Option<Splice>,
}

/// A file as it was before a change that is under way. It lies beside the file itself, readable by its owner only, and
/// only while the change lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Original {
    /// `None`: there was no file.
    pub(crate) content: Option<Vec<u8>>,
}

/// A value of ours, and what it replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SetValue {
    /// Name of the value, such as `user.email`.
    pub(crate) key: String,
    /// The person's own values under that name in the worktree's file.
    pub(crate) before: Vec<String>,
    /// Ours.
    pub(crate) ours: Vec<String>,
}

impl Note {
    /// Makes the note of a binding, with nothing set yet.
    pub(crate) fn new(nonce: &str, ledger: &Path, id: &str) -> Self {
        Note {
            version: 1,
            nonce: nonce.to_owned(),
            ledger: ledger.to_owned(),
            id: id.to_owned(),
            own: None,
            values: Vec::new(),
            pending: None,
            config: None,
        }
    }

    /// Whether an earlier version set values in the worktree's own configuration file.
    pub(crate) fn has_former(&self) -> bool {
        !self.values.is_empty() || self.pending.is_some()
    }

    /// Returns this note without those values, once they have been moved over.
    pub(crate) fn without_former(self) -> Note {
        Note { values: Vec::new(), pending: None, config: None, ..self }
    }

    /// Reads the note of a private git dir, if there is one.
    pub fn read(git_dir: &Path) -> Result<Option<Note>, WorkspaceError> {
        let path = git_dir.join(NOTE_FILE);
        let Some(bytes) = disk::read_if_there(&path, NOTE_LIMIT)? else { return Ok(None) };
        match serde_json::from_slice(&bytes) {
            Ok(note) => Ok(Some(note)),
            Err(e) => Err(WorkspaceError::NotOurs { path, reason: format!("it is not a workspace's note: {e}") }),
        }
    }

    /// Whether the error means that something other than a note is in its place.
    pub(crate) fn is_damaged(error: &WorkspaceError) -> bool {
        use FileError::{NotRegular, Symlink, TooLarge};
        match error {
            WorkspaceError::NotOurs { .. } => true,
            WorkspaceError::File(error) => matches!(error, NotRegular { .. } | Symlink { .. } | TooLarge { .. }),
            _ => false,
        }
    }

    /// Writes the note, replacing an earlier one.
    pub(crate) fn write(&self, git_dir: &Path) -> Result<(), WorkspaceError> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default(); // cannot fail: text and numbers only
        bytes.push(b'\n');
        Ok(disk::write_private(&git_dir.join(NOTE_FILE), &bytes)?)
    }

    /// Removes the note.
    pub(crate) fn remove(git_dir: &Path) -> Result<(), WorkspaceError> {
        Ok(disk::remove_if_there(&git_dir.join(NOTE_FILE))?)
    }
}
