//! What the system's errors mean (errno(3)).

use std::io;

use rustix::io::Errno;

use super::super::Cause;

/// Why something was refused.
pub(crate) fn cause(error: &io::Error) -> Cause {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT | Errno::NOTDIR) => Cause::Missing,
        Some(Errno::ISDIR) => Cause::Folder,
        Some(Errno::NXIO | Errno::NODEV | Errno::OPNOTSUPP) => Cause::NotRegular,
        Some(Errno::LOOP) => Cause::Link,
        Some(Errno::ACCESS | Errno::PERM) => Cause::Denied,
        Some(_) => Cause::Other,
        // A library may have wrapped the error; its kind is still known.
        None => match error.kind() {
            io::ErrorKind::PermissionDenied => Cause::Denied,
            io::ErrorKind::NotFound => Cause::Missing,
            _ => Cause::Other,
        },
    }
}

/// Whether the file system has no locks, or none on folders, as is the case for some network and foreign ones. NFS locks
/// only what is open for writing, which a folder never is.
pub(crate) fn knows_no_locks(error: &io::Error) -> bool {
    let none = [Errno::NOLCK, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOSYS, Errno::INVAL, Errno::BADF, Errno::ISDIR];
    error.kind() == io::ErrorKind::Unsupported || is_one_of(error, &none)
}

/// Whether what has a lock file's name is to blame for the error. If the system has run out of file handles, that says
/// nothing about the file: somebody may hold it.
pub(crate) fn is_no_lock(error: &io::Error) -> bool {
    is_one_of(error, &[Errno::ACCESS, Errno::PERM, Errno::ISDIR, Errno::LOOP, Errno::NXIO])
}

/// The error for something that is no file and stands where one should be.
pub(crate) fn not_regular() -> io::Error {
    Errno::NXIO.into()
}

fn is_one_of(error: &io::Error, these: &[Errno]) -> bool {
    Errno::from_io_error(error).is_some_and(|errno| these.contains(&errno))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_file_system_without_locks_is_told_from_a_failure() {
        for errno in [Errno::NOLCK, Errno::OPNOTSUPP, Errno::NOSYS, Errno::BADF] {
            assert!(knows_no_locks(&errno.into()), "{errno}");
        }
        for errno in [Errno::ACCESS, Errno::IO, Errno::INTR] {
            assert!(!knows_no_locks(&errno.into()), "{errno}");
        }
    }
}
