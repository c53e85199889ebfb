//! One worker at a time, across processes.
//!
//! A lock is a file lock that the system ends with the process that holds it, however that dies: no process number is
//! written or trusted.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::WorkspaceError;
use crate::files::{self, FileError};

/// How long a caller waits for another one that works on the same thing: longer than a provision with a phone and
/// several retried calls may take.
const WAIT_LIMIT: Duration = Duration::from_secs(300);

/// Held while one caller works on one thing.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock on `what` (such as `workspace/ID`). `id` is for the error.
    pub(crate) async fn wait(state_dir: &Path, what: &str, id: &str) -> Result<Lock, WorkspaceError> {
        let started = Instant::now();
        let mut pause = Duration::from_millis(2);
        loop {
            if let Some(lock) = Self::try_now(state_dir, what)? {
                return Ok(lock);
            }
            if started.elapsed() > WAIT_LIMIT {
                return Err(WorkspaceError::Busy { id: id.to_owned(), limit: WAIT_LIMIT });
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// Takes the lock if nobody has it.
    pub(crate) fn try_now(state_dir: &Path, what: &str) -> Result<Option<Lock>, WorkspaceError> {
        let folder = state_dir.join("locks");
        let path = folder.join(files::name_for(what));
        let fail = |e| FileError::from_io(&path, "lock", e);
        super::disk::make_dir(&folder, 0o700)?;
        let file = files::lock_file(&path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(fail(e).into()),
        }
    }
}
