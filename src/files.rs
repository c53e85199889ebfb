//! Reading and replacing whole files safely.
//!
//! For files of our own (`read_bounded`, `write_atomic`), where a symbolic link is refused, and for files of an app
//! (the forms ending in `_following`), where a link stays a link and its target is replaced. A reader never hangs on a
//! pipe and never reads more than it was told; a writer never leaves half a file. It must not know what the files mean.
//! Unix only.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Gid, OFlags, Uid};
use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::crash::{When, point};
use crate::error::{Explain, Kind};

#[cfg(test)]
mod tests;

/// The permission bits a written file gets, whatever the umask is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Exactly these bits, such as `0o600`.
    Exact(u32),
    /// These bits, where the file system keeps any: exFAT, FAT and many shares give all their files the same. For what is
    /// no secret.
    Wished(u32),
    /// Those of the file that is replaced; these bits where there was none.
    KeepOr(u32),
}

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

    fn of_type(path: &Path, file_type: FileType) -> Option<FileError> {
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

/// Reads a regular file of our own of at most `max_bytes` bytes. A symbolic link as last part of `path` is refused.
pub fn read_bounded(path: &Path, max_bytes: usize) -> Result<Vec<u8>, FileError> {
    read_with(path, max_bytes, OFlags::NOFOLLOW)
}

/// Reads a regular file of at most `max_bytes` bytes, through symbolic links.
pub fn read_bounded_following(path: &Path, max_bytes: usize) -> Result<Vec<u8>, FileError> {
    read_with(path, max_bytes, OFlags::empty())
}

/// Replaces or creates a file of our own. A symbolic link, directory, pipe, socket or device at `path` is refused.
///
/// A reader sees the old bytes or the new ones, also after a crash. Owner and group of a replaced file are kept, access
/// lists and extended attributes are not. An error leaves the file as it was, but for one case: when only the last flush
/// of the folder fails, the new file stands.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FileError> {
    replace(path, bytes, mode, || Ok(()))
}

/// Like [`write_atomic`], but where `path` is a symbolic link the link stays and the file it leads to is replaced.
pub fn write_atomic_following(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FileError> {
    replace(&resolve(path)?, bytes, mode, || Ok(()))
}

/// Like [`write_atomic_following`], but only if the file still holds `expected`; otherwise [`FileError::Changed`].
///
/// The comparison is the last thing before the rename. Portable file systems have no compare-and-rename, so a writer
/// that comes between these two calls is not seen. (Swapping both files and looking afterwards would see it, but a crash
/// would leave the old content, secrets included, under the temporary name.)
pub fn write_if_unchanged(path: &Path, expected: &[u8], bytes: &[u8], mode: Mode) -> Result<(), FileError> {
    let target = resolve(path)?;
    replace(&target, bytes, mode, || {
        let unchanged = match read_bounded(&target, expected.len()).map(Zeroizing::new) {
            Ok(now) => now.as_slice() == expected,
            Err(FileError::NotFound { .. } | FileError::TooLarge { .. } | FileError::Symlink { .. }) => false,
            Err(other) => return Err(other),
        };
        if unchanged { Ok(()) } else { Err(FileError::Changed { path: path.to_owned() }) }
    })
}

fn read_with(path: &Path, max_bytes: usize, links: OFlags) -> Result<Vec<u8>, FileError> {
    let file = open_regular(path, links)?;
    let failed = |source| FileError::from_io(path, "read", source);
    let size = usize::try_from(file.metadata().map_err(failed)?.len()).unwrap_or(usize::MAX);
    let too_large = || FileError::TooLarge { path: path.to_owned(), limit: max_bytes };
    if size > max_bytes {
        return Err(too_large());
    }
    // Room for the whole file at once: a growing buffer would leave copies of its content in freed memory.
    let mut bytes = Vec::with_capacity(size.saturating_add(1));
    file.take(max_bytes.saturating_add(1) as u64).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > max_bytes { Err(too_large()) } else { Ok(bytes) }
}

/// Opens without waiting (a pipe has perhaps no writer), then looks at what was opened, not at what had the name before.
fn open_regular(path: &Path, links: OFlags) -> Result<File, FileError> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY | links;
    let opened = rustix::fs::open(path, flags, rustix::fs::Mode::empty());
    let file = File::from(opened.map_err(|errno| match errno {
        Errno::LOOP if links.contains(OFlags::NOFOLLOW) => FileError::Symlink { path: path.to_owned() },
        _ => FileError::from_io(path, "read", errno.into()),
    })?);
    let stat = rustix::fs::fstat(&file).map_err(|errno| FileError::from_io(path, "read", errno.into()))?;
    match FileError::of_type(path, FileType::from_raw_mode(stat.st_mode)) {
        None => Ok(file),
        Some(wrong) => Err(wrong),
    }
}

/// The file that `path` leads to. A path that nothing has is returned as it is, so that it can be created.
fn resolve(path: &Path) -> Result<PathBuf, FileError> {
    let failed = |source| FileError::from_io(path, "resolve", source);
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => fs::canonicalize(path).map_err(failed),
        Ok(_) => Ok(path.to_owned()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(path.to_owned()),
        Err(e) => Err(failed(e)),
    }
}

fn replace(
    path: &Path,
    bytes: &[u8],
    mode: Mode,
    last_check: impl FnOnce() -> Result<(), FileError>,
) -> Result<(), FileError> {
    let failed = |source| FileError::from_io(path, "write", source);
    let previous = previous(path)?;
    let folder_path = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Opened before anything is written: what cannot be opened could not be flushed after the rename either.
    let folder = File::open(folder_path).map_err(failed)?;
    sweep(folder_path);
    let mut temp = temporary(folder_path).map_err(failed)?;
    temp.write_all(bytes).map_err(failed)?;
    if let Some(previous) = &previous {
        keep_owner(temp.as_file(), previous).map_err(failed)?;
    }
    let bits = match (mode, &previous) {
        (Mode::KeepOr(_), Some(previous)) => previous.mode() & 0o7777,
        (Mode::Exact(bits) | Mode::Wished(bits) | Mode::KeepOr(bits), _) => bits,
    };
    let set = temp.as_file().set_permissions(fs::Permissions::from_mode(bits));
    let set = set.or_else(|error| without_modes(temp.as_file(), bits, mode, error));
    set.map_err(failed)?;
    temp.as_file().sync_all().map_err(failed)?;
    last_check()?;
    let name = path.file_name().unwrap_or_default().display();
    point(When::Before, format_args!("write {name}"));
    temp.persist(path).map_err(|e| failed(e.error))?;
    point(When::After, format_args!("write {name}"));
    flush_folder(&folder).map_err(|source| FileError::Io {
        path: path.to_owned(),
        action: "flush the folder after replacing",
        source,
    })
}

/// What a file of ours may be where the file system refuses to set permission bits: open to nobody else than it was to be, unless
/// it is no secret.
fn without_modes(file: &File, bits: u32, mode: Mode, error: io::Error) -> io::Result<()> {
    let refused = matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported);
    let as_closed = file.metadata()?.mode() & 0o077 & !bits == 0;
    if refused && (as_closed || !matches!(mode, Mode::Exact(_))) { Ok(()) } else { Err(error) }
}

/// Locks a file or folder as long as it is open, and waits for whoever holds it; `false` where the file system knows no
/// locks, or none of folders, as some network and foreign ones do. NFS locks what is open for writing, which no folder is.
pub(crate) fn lock_where_possible(file: &File) -> io::Result<bool> {
    match file.lock() {
        Ok(()) => Ok(true),
        Err(error) if knows_no_locks(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn knows_no_locks(error: &io::Error) -> bool {
    let none = [Errno::NOLCK, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOSYS, Errno::INVAL, Errno::BADF, Errno::ISDIR];
    error.kind() == io::ErrorKind::Unsupported || Errno::from_io_error(error).is_some_and(|errno| none.contains(&errno))
}

/// Begin and end of the names of temporary files.
const TEMPORARY: (&str, &str) = (".ravi-", ".tmp");

/// A temporary file that is locked as long as its writer lives. Without locks nobody sweeps it away.
pub(crate) fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    loop {
        let temp = tempfile::Builder::new()
            .prefix(TEMPORARY.0)
            .suffix(TEMPORARY.1)
            .permissions(fs::Permissions::from_mode(0o600))
            .tempfile_in(folder)?;
        lock_where_possible(temp.as_file())?;
        // Somebody may have swept it away before it was locked.
        if temp.as_file().metadata()?.nlink() > 0 {
            return Ok(temp);
        }
    }
}

/// Takes away temporary files whose writer died before it could: they may hold what should be gone by now. Whatever
/// stands in the way of it is no reason to fail.
pub(crate) fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(TEMPORARY.0)
            && name.ends_with(TEMPORARY.1)
            && let Ok(file) = open_regular(&entry.path(), OFlags::NOFOLLOW)
            && file.try_lock().is_ok()
        {
            release_lock(folder, &file);
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A lock file that is a second name of a dead writer's temporary file was that writer's.
fn release_lock(folder: &Path, temp: &File) {
    let Ok(meta) = temp.metadata() else { return };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten().filter(|_| meta.nlink() > 1) {
        let same = entry.metadata().is_ok_and(|other| (other.dev(), other.ino()) == (meta.dev(), meta.ino()));
        if same && entry.file_name().to_string_lossy().ends_with(".lock") {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn previous(path: &Path) -> Result<Option<fs::Metadata>, FileError> {
    let meta = match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|source| FileError::from_io(path, "write", source))?,
    };
    #[allow(clippy::unnecessary_cast, reason = "a mode has 16 bits on Apple's systems; on Linux it is the same type")]
    let mode = meta.mode() as rustix::fs::RawMode;
    match FileError::of_type(path, FileType::from_raw_mode(mode)) {
        None => Ok(Some(meta)),
        Some(wrong) => Err(wrong),
    }
}

/// A file that root rewrites for a user must stay readable by that user.
fn keep_owner(file: &File, previous: &fs::Metadata) -> io::Result<()> {
    let now = file.metadata()?;
    if (now.uid(), now.gid()) == (previous.uid(), previous.gid()) {
        return Ok(());
    }
    let (owner, group) = (Uid::from_raw(previous.uid()), Gid::from_raw(previous.gid()));
    Ok(rustix::fs::fchown(file, Some(owner), Some(group))?)
}

/// Some file systems (network, FUSE) cannot flush a folder and say so; there is nothing more to be had there.
fn flush_folder(folder: &File) -> io::Result<()> {
    match rustix::fs::fsync(folder) {
        Err(Errno::INVAL | Errno::NOTSUP | Errno::NOSYS) => Ok(()),
        other => Ok(other?),
    }
}
