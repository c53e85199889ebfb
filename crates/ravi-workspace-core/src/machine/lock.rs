//! One worker at a time, across processes.
//!
//! A lock is a file lock, which the system releases when its holder dies, however that happens: no process number is
//! written or trusted.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::files::{self, FileError};
use super::os;
use super::pauses::Pauses;
use crate::error::Explain;

/// How long a caller waits for another one working on the same thing: longer than a provision with a phone and several
/// retried calls may take.
const WAIT_LIMIT: Duration = Duration::from_secs(300);

/// Why the lock could not be taken.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum LockError {
    /// Another process has been working on the same thing for too long.
    #[error("another process has been working on workspace {id} for more than {} s", limit.as_secs())]
    #[explain(code = "workspace.busy", hint = "Try again; if it persists, look for a hung ravi-workspace process.")]
    Busy {
        /// The workspace, or whatever else is being worked on.
        id: String,
        /// How long the caller waited.
        limit: Duration,
    },
    /// The lock file could not be made or opened.
    #[error(transparent)]
    #[explain(transparent)]
    File(#[from] FileError),
}

/// Held while one caller works on something.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock on `what` (such as `workspace/ID`). `id` is for the error message.
    pub(crate) async fn wait(state_dir: &Path, what: &str, id: &str) -> Result<Lock, LockError> {
        let lock = Self::wait_within(state_dir, what, WAIT_LIMIT).await?;
        lock.ok_or_else(|| LockError::Busy { id: id.to_owned(), limit: WAIT_LIMIT })
    }

    /// Waits for the lock on `what`; `None` if somebody else has held it for longer than `limit`.
    pub(crate) async fn wait_within(state_dir: &Path, what: &str, limit: Duration) -> Result<Option<Lock>, LockError> {
        let started = Instant::now();
        let mut pauses = Pauses::new(Duration::from_millis(1), Duration::from_millis(50));
        loop {
            let lock = Self::try_now(state_dir, what)?;
            if lock.is_some() || started.elapsed() > limit {
                return Ok(lock);
            }
            sleep(pauses.next()).await;
        }
    }

    /// Takes the lock unless somebody else holds it.
    pub(crate) fn try_now(state_dir: &Path, what: &str) -> Result<Option<Lock>, LockError> {
        let folder = state_dir.join("locks");
        let path = folder.join(files::name_for(what));
        let fail = |e| FileError::from_io(&path, "lock", e);
        super::disk::make_dir(&folder, 0o700)?;
        let file = files::lock_file(&path).map_err(fail)?;
        match os::lock::try_now(&file) {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(fail(e).into()),
        }
    }
}
