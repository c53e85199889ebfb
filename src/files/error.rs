//! Why a file could not be read, written or locked.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;
use rustix::io::Errno;

use crate::error::{Explain, Kind};

/// A file that could not be read or written. Holds nothing of its content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Nothing has this path.
    #[error("{} does not exist", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// A folder has this path.
    #[error("{} is a directory, not a file", path.display())]
    Directory {
        /// The path as given.
        path: PathBuf,
    },
    /// A pipe, socket or device has this path.
    #[error("{} is not a regular file", path.display())]
    NotRegular {
        /// The path as given.
        path: PathBuf,
    },
    /// A symbolic link has this path, where only a file of our own may be.
    #[error("{} is a symbolic link", path.display())]
    Symlink {
        /// The path as given.
        path: PathBuf,
    },
    /// The file is larger than any real one of its kind.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The path as given.
        path: PathBuf,
        /// The largest size that is read, in bytes.
        limit: usize,
    },
    /// The system does not let us.
    #[error("no permission to {action} {}: {source}", path.display())]
    Denied {
        /// The path as given.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else wrote the file meanwhile.
    #[error("{} was changed by another program in the meantime", path.display())]
    Changed {
        /// The path as given.
        path: PathBuf,
    },
    /// Anything else: disk full, read-only, broken.
    #[error("could not {action} {}: {source}", path.display())]
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
    /// The case as the second half of a stable code.
    pub(crate) fn case(&self) -> &'static str {
        match self {
            FileError::NotFound { .. } => "not_found",
            FileError::Directory { .. } => "directory",
            FileError::NotRegular { .. } => "not_regular",
            FileError::Symlink { .. } => "symlink",
            FileError::TooLarge { .. } => "too_large",
            FileError::Denied { .. } => "denied",
            FileError::Changed { .. } => "changed",
            FileError::Io { .. } => "io",
        }
    }

    pub(crate) fn from_io(path: &Path, action: &'static str, source: io::Error) -> FileError {
        let path = path.to_owned();
        match Errno::from_io_error(&source) {
            Some(Errno::NOENT | Errno::NOTDIR) => FileError::NotFound { path },
            Some(Errno::ISDIR) => FileError::Directory { path },
            Some(Errno::NXIO | Errno::NODEV | Errno::OPNOTSUPP) => FileError::NotRegular { path },
            Some(Errno::ACCESS | Errno::PERM) => FileError::Denied { path, action, source },
            // A library may have wrapped the error; its kind is still told.
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

impl Explain for FileError {
    fn code(&self) -> String {
        format!("file.{}", self.case())
    }

    fn hint(&self) -> String {
        match self {
            FileError::NotFound { .. } => "Check the path.",
            FileError::Directory { .. } => "Name a file inside the directory.",
            FileError::NotRegular { .. } => "Name a regular file; pipes, sockets and devices are not read.",
            FileError::Symlink { .. } => "Remove the link, or replace it by a regular file.",
            FileError::TooLarge { .. } => "Check that this is the file you meant.",
            FileError::Denied { .. } => "Check who owns the file and its folder, and their permissions.",
            FileError::Changed { .. } => "Close the program that writes the file, then run the command again.",
            FileError::Io { .. } => "Check the disk: space left, read-only mount, errors in the system log.",
        }
        .into()
    }

    fn kind(&self) -> Kind {
        match self {
            FileError::NotFound { .. } => Kind::NotFound,
            _ => Kind::Failed,
        }
    }
}
