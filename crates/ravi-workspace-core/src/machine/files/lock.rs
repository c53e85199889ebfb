//! Locks between processes: files that the system unlocks when the holder dies, however that happens.
//!
//! flock(2) gives a lock to anybody who can open a file, even just for reading. So a file that exists only to be locked
//! is write-only: an agent whose sandbox lets it read everything and write nothing cannot hold it. And nothing here
//! waits without a limit.

use std::fs::{File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::io::Errno;

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
        Err(error) if is_no_lock(&error) && take_away(path) => open_lock(path),
        opened => opened,
    }
}

/// Whether what has the name is to blame. If the system has run out of file handles, that says nothing about the file:
/// somebody may hold it.
fn is_no_lock(error: &io::Error) -> bool {
    let what = [Errno::ACCESS, Errno::PERM, Errno::ISDIR, Errno::LOOP, Errno::NXIO];
    Errno::from_io_error(error).is_some_and(|errno| what.contains(&errno))
}

fn take_away(path: &Path) -> bool {
    std::fs::remove_file(path).or_else(|_| std::fs::remove_dir(path)).is_ok()
}

fn open_lock(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = File::options();
    options.create(true).truncate(false).write(true).mode(MODE).custom_flags(flags.bits().cast_signed());
    let file = options.open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(Errno::NXIO.into());
    }
    // Made by an earlier version. If modes cannot be set here, this lock is the best there is.
    if meta.mode() & 0o777 != MODE {
        let _ = file.set_permissions(Permissions::from_mode(MODE));
    }
    Ok(file)
}

/// Locks a file or folder for as long as it is open, waiting at most `limit` for the current holder
/// ([`io::ErrorKind::TimedOut`]).
///
/// Returns `false` if the file system knows no locks, or none on folders, as is the case for some network and foreign
/// ones. NFS locks only what is open for writing, which a folder never is.
pub(crate) fn lock_within(file: &File, limit: Duration) -> io::Result<bool> {
    let begun = Instant::now();
    let mut pauses = Pauses::new(Duration::from_millis(1), Duration::from_millis(20));
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(error)) if knows_no_locks(&error) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begun.elapsed() >= limit => {
                let reason = format!("another process has held it for {} s", limit.as_secs());
                return Err(io::Error::new(io::ErrorKind::TimedOut, reason));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(pauses.next()),
        }
    }
}

pub(super) fn knows_no_locks(error: &io::Error) -> bool {
    let none = [Errno::NOLCK, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOSYS, Errno::INVAL, Errno::BADF, Errno::ISDIR];
    error.kind() == io::ErrorKind::Unsupported || Errno::from_io_error(error).is_some_and(|errno| none.contains(&errno))
}

#[cfg(test)]
mod tests {
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
    fn a_lock_is_taken_away_for_what_it_is_and_not_for_what_the_system_lacks() {
        for errno in [Errno::ACCESS, Errno::PERM, Errno::ISDIR, Errno::LOOP, Errno::NXIO] {
            assert!(is_no_lock(&errno.into()), "{errno}");
        }
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::IO, Errno::ROFS, Errno::INTR, Errno::NOENT] {
            assert!(!is_no_lock(&errno.into()), "{errno}");
        }
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
