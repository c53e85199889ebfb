//! Why a file could not be read, written or locked.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Explain;
use crate::machine::os::{Cause, Kind, Stopped, errors};

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
        match errors::cause(&source) {
            Cause::Missing => FileError::NotFound { path },
            Cause::Folder => FileError::Directory { path },
            Cause::NotRegular => FileError::NotRegular { path },
            Cause::Denied => FileError::Denied { path, action, source },
            Cause::Link | Cause::Other => FileError::Io { path, action, source },
        }
    }

    /// A folder that could not be opened.
    pub(super) fn stopped(stopped: Stopped) -> FileError {
        let Stopped { at, is_link, source } = stopped;
        if is_link { FileError::Symlink { path: at } } else { FileError::from_io(&at, "open", source) }
    }

    /// Anything but a regular file.
    pub(super) fn of_kind(path: &Path, kind: Kind) -> Option<FileError> {
        let path = path.to_owned();
        match kind {
            Kind::File => None,
            Kind::Folder => Some(FileError::Directory { path }),
            Kind::Link => Some(FileError::Symlink { path }),
            Kind::Other => Some(FileError::NotRegular { path }),
        }
    }
}
