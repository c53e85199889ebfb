//! Why a file could not be read, written or locked.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;
use rustix::io::Errno;

use crate::error::Explain;

/// A file that could not be read or written. Holds none of its content.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum FileError {
    /// Nothing exists at this path.
    #[error("{} does not exist", path.display())]
    #[explain(code = "file.not_found", kind = NotFound, hint = "Check the path.")]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// There is a folder at this path.
    #[error("{} is a directory, not a file", path.display())]
    #[explain(code = "file.directory", hint = "Name a file inside the directory.")]
    Directory {
        /// The path as given.
        path: PathBuf,
    },
    /// There is a pipe, socket or device at this path.
    #[error("{} is not a regular file", path.display())]
    #[explain(code = "file.not_regular", hint = "Name a regular file; pipes, sockets and devices are not read.")]
    NotRegular {
        /// The path as given.
        path: PathBuf,
    },
    /// There is a symbolic link at this path, where only a file of our own may be.
    #[error("{} is a symbolic link", path.display())]
    #[explain(code = "file.symlink", hint = "Remove the link, or replace it with a regular file.")]
    Symlink {
        /// The path as given.
        path: PathBuf,
    },
    /// The file is larger than any real one of its kind.
    #[error("{} is larger than {limit} bytes", path.display())]
    #[explain(code = "file.too_large", hint = "Check that this is the file you meant.")]
    TooLarge {
        /// The path as given.
        path: PathBuf,
        /// The largest size that would be read, in bytes.
        limit: usize,
    },
    /// The system refused access.
    #[error("no permission to {action} {}: {source}", path.display())]
    #[explain(code = "file.denied", hint = "Check who owns the file and its folder, and their permissions.")]
    Denied {
        /// The path as given.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else wrote the file in the meantime.
    #[error("{} was changed by another program in the meantime", path.display())]
    #[explain(code = "file.changed", hint = "Close the program that writes the file, then run the command again.")]
    Changed {
        /// The path as given.
        path: PathBuf,
    },
    /// Anything else: disk full, read-only, broken.
    #[error("could not {action} {}: {source}", path.display())]
    #[explain(code = "file.io", hint = "Check the disk: space left, read-only mount, errors in the system log.")]
    Io {
        /// The path as given.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl FileError {
    pub(crate) fn from_io(path: &Path, action: &'static str, source: io::Error) -> FileError {
        let path = path.to_owned();
        match Errno::from_io_error(&source) {
            Some(Errno::NOENT | Errno::NOTDIR) => FileError::NotFound { path },
            Some(Errno::ISDIR) => FileError::Directory { path },
            Some(Errno::NXIO | Errno::NODEV | Errno::OPNOTSUPP) => FileError::NotRegular { path },
            Some(Errno::ACCESS | Errno::PERM) => FileError::Denied { path, action, source },
            // A library may have wrapped the error; its kind is still known.
            None if source.kind() == io::ErrorKind::PermissionDenied => FileError::Denied { path, action, source },
            None if source.kind() == io::ErrorKind::NotFound => FileError::NotFound { path },
            _ => FileError::Io { path, action, source },
        }
    }

    pub(super) fn of_type(path: &Path, file_type: FileType) -> Option<FileError> {
        let path = path.to_owned();
        match file_type {
            FileType::RegularFile => None,
            FileType::Directory => Some(FileError::Directory { path }),
            FileType::Symlink => Some(FileError::Symlink { path }),
            _ => Some(FileError::NotRegular { path }),
        }
    }
}
