//! Locks between processes: files that the system unlocks when the holder dies, however that happens.
//!
//! The system gives a lock to anybody who can open a file, even just for reading. So a file that exists only to be
//! locked is write-only: an agent whose sandbox lets it read everything and write nothing cannot hold it. And nothing
//! here waits without a limit.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::machine::os::{self, Facts, How, Kind, Links, access, errors};
use crate::machine::pauses::Pauses;

/// How long to wait for a lock that is normally held for milliseconds: anybody who holds it for longer is stuck or
/// means harm.
pub(crate) const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// The permission bits of a lock file.
const MODE: u32 = 0o200;

/// Opens a file that exists only to be locked, and makes it if there is none. A link in its place is not followed.
///
/// If we cannot open it, because another user's program made it or something else has its name, it is removed if the
/// folder allows that: otherwise it would block everything behind it for ever.
pub(crate) fn lock_file(path: &Path) -> io::Result<File> {
    match open_lock(path) {
        Err(error) if errors::is_no_lock(&error) && take_away(path) => open_lock(path),
        opened => opened,
    }
}

fn take_away(path: &Path) -> bool {
    std::fs::remove_file(path).or_else(|_| std::fs::remove_dir(path)).is_ok()
}

fn open_lock(path: &Path) -> io::Result<File> {
    let file = os::open(path, How::write(Links::Refuse).make(MODE))?;
    let facts = Facts::of_open(&file)?;
    if facts.kind() != Kind::File {
        return Err(errors::not_regular());
    }
    // Made by an earlier version. If modes cannot be set here, this lock is the best there is.
    if facts.bits() & 0o777 != MODE {
        let _ = access::set(&file, MODE);
    }
    Ok(file)
}

/// Locks a file or folder for as long as it is open, waiting at most `limit` for the current holder
/// ([`io::ErrorKind::TimedOut`]).
///
/// Returns `false` if the file system knows no locks, or none on folders, as is the case for some network and foreign
/// ones.
pub(crate) fn lock_within(file: &File, limit: Duration) -> io::Result<bool> {
    let begun = Instant::now();
    let mut pauses = Pauses::new(Duration::from_millis(1), Duration::from_millis(20));
    loop {
        match os::lock::try_now(file) {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(error)) if errors::knows_no_locks(&error) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begun.elapsed() >= limit => {
                let reason = format!("another process has held it for {} s", limit.as_secs());
                return Err(io::Error::new(io::ErrorKind::TimedOut, reason));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(pauses.next()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn whoever_may_only_read_cannot_hold_a_lock_and_nobody_is_waited_for_without_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        std::fs::write(&path, "made by an earlier version").unwrap();
        let held = lock_file(&path).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o200);
        assert!(lock_within(&held, Duration::ZERO).unwrap());
        let second = lock_file(&path).unwrap();
        let refused = lock_within(&second, Duration::from_millis(5)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        drop(held);
        assert!(lock_within(&second, Duration::ZERO).unwrap());
    }

    #[test]
    fn what_is_no_file_is_replaced_by_one_that_can_be_locked() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path().join("file"), &link).unwrap();
        std::fs::create_dir(dir.path().join("folder")).unwrap();
        for path in [pipe, link, dir.path().join("folder")] {
            let lock = lock_file(&path).unwrap();
            assert!(lock.metadata().unwrap().is_file() && lock_within(&lock, Duration::ZERO).unwrap());
            assert!(path.symlink_metadata().unwrap().is_file(), "it stands in its place now");
        }
        assert!(!dir.path().join("file").exists(), "nothing is made where a link leads");
        std::fs::create_dir_all(dir.path().join("full/of")).unwrap();
        assert!(lock_file(&dir.path().join("full")).is_err(), "what is somebody's is left");
    }
}
