//! CodexMonitor's list of workspaces, which it writes into its data folder.
//!
//! The file is written in place, so a reader may see half of it. Only a complete file means anything; a missing or
//! unreadable one means nothing.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::ErrorBody;
use crate::machine::files::{self, FileError};

/// Larger than any list of workspaces.
const LIMIT: usize = 64 * 1024 * 1024;

/// One workspace in the list. Other fields are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The app's id for it.
    pub id: String,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// What else is known about it.
    #[serde(default)]
    pub settings: EntrySettings,
}

/// What an entry's own settings say about its origin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EntrySettings {
    /// Id of the entry that the app cloned it from.
    pub clone_source_workspace_id: Option<String>,
}

impl Entry {
    /// Whether it is a clone made by the app. Other main checkouts are the user's own.
    pub(crate) fn is_clone(&self) -> bool {
        self.settings.clone_source_workspace_id.is_some()
    }
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A complete list.
    Whole(Vec<Entry>),
    /// There is no file.
    Absent,
    /// It cannot be read, or not completely.
    Unclear,
}

/// Reads the list in the data folder `dir`.
pub(crate) fn read(dir: &Path) -> Seen {
    match files::read_bounded_following(&dir.join("workspaces.json"), LIMIT) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_or(Seen::Unclear, Seen::Whole),
        Err(FileError::NotFound { .. }) if std::fs::read_dir(dir).is_ok() => Seen::Absent,
        Err(_) => Seen::Unclear,
    }
}

/// How to follow the list.
#[derive(Clone)]
pub struct FollowOptions {
    /// Also set up workspaces that existed when it was first followed.
    pub take_over: bool,
    /// How long an entry must be gone before its workspace is released.
    pub grace: Duration,
    /// Is told what was done.
    pub listener: Option<Arc<dyn Fn(Followed) + Send + Sync>>,
}

impl Default for FollowOptions {
    fn default() -> Self {
        FollowOptions { take_over: false, grace: Duration::from_secs(30), listener: None }
    }
}

impl fmt::Debug for FollowOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FollowOptions { take_over, grace, .. } = self;
        f.debug_struct("FollowOptions").field("take_over", take_over).field("grace", grace).finish_non_exhaustive()
    }
}

impl FollowOptions {
    pub(crate) fn tell(&self, followed: Followed) {
        if let Some(listener) = &self.listener {
            listener(followed);
        }
    }
}

/// What was done for one workspace of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Followed {
    /// The app's id for it.
    pub id: String,
    /// Its folder.
    pub path: PathBuf,
    /// What was done.
    pub did: FollowedBy,
    /// Why it failed, if it did; it is retried.
    pub error: Option<ErrorBody>,
}

/// What following led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FollowedBy {
    /// It existed before, and is left alone.
    Existing,
    /// It is a main checkout, where a person works, and is left alone.
    Main,
    /// It was set up.
    Provisioned,
    /// It was released.
    Released,
    /// It could not be done this time.
    Failed,
}
