//! Locks on open files (flock(2)): anybody who can open the file may take one, and it keeps nobody from reading or
//! writing. The system releases it when its holder dies.

use std::fs::{File, TryLockError};
use std::io;

/// Locks the file unless somebody else has locked it.
pub(crate) fn try_now(file: &File) -> Result<(), TryLockError> {
    file.try_lock()
}

/// Unlocks the file before it is closed.
pub(crate) fn release(file: &File) -> io::Result<()> {
    file.unlock()
}
