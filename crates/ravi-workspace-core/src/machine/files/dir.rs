//! A folder that is opened once, and everything that is done in it.
//!
//! A path that is checked and then used may lead elsewhere by then: anybody who can write to the folder above can swap
//! a folder for a link in between. So a folder is opened once, and what was checked is what is read, replaced and
//! removed, by descriptor and name (openat(2) and the like).

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Gid, OFlags, Stat, Uid};
use rustix::io::Errno;

use super::error::FileError;
use super::{Mode, lock_within};
use crate::machine::crash::{When, point};

/// An open folder. Its path is for messages only.
#[derive(Debug)]
pub(crate) struct Dir {
    fd: OwnedFd,
    path: PathBuf,
}

/// How to open a folder to work in it.
const OPEN: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// How to open a folder on the way to another, which needs no right to read it.
#[cfg(target_os = "linux")]
const PASS: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const PASS: OFlags = OPEN;

impl Dir {
    /// Opens a folder, following links.
    pub(crate) fn open(path: &Path) -> Result<Dir, FileError> {
        let shown = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let fd = rustix::fs::open(shown, OPEN, rustix::fs::Mode::empty());
        let fd = fd.map_err(|errno| FileError::from_io(path, "open", errno.into()))?;
        Ok(Dir { fd, path: path.to_owned() })
    }

    /// Opens a folder by its real path. A link anywhere on the way was not there when the path was resolved, and is
    /// refused.
    pub(crate) fn open_real(path: &Path) -> Result<Dir, FileError> {
        if path.is_relative() {
            return Dir::open(path);
        }
        let root = rustix::fs::open("/", PASS, rustix::fs::Mode::empty());
        let root = root.map_err(|errno| FileError::from_io(path, "open", errno.into()))?;
        let names = path.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        });
        walk(root, names, Path::new("/"), path)
    }

    /// Opens the folder around a path, following links, and returns it with the path's last name.
    pub(crate) fn around(path: &Path) -> Result<(Dir, &OsStr), FileError> {
        split(path).and_then(|(folder, name)| Ok((Dir::open(folder)?, name)))
    }

    /// The same for a path whose folder is a real path.
    pub(crate) fn around_real(path: &Path) -> Result<(Dir, &OsStr), FileError> {
        split(path).and_then(|(folder, name)| Ok((Dir::open_real(folder)?, name)))
    }

    /// Opens the folder `name` in this one, refusing a link.
    pub(crate) fn below(&self, name: &str) -> Result<Dir, FileError> {
        let path = self.path.join(name);
        match rustix::fs::openat(&self.fd, name, OPEN | OFlags::NOFOLLOW, rustix::fs::Mode::empty()) {
            Ok(fd) => Ok(Dir { fd, path }),
            Err(errno) => Err(refused(&self.fd, OsStr::new(name), &path, errno)),
        }
    }

    /// Opens the folder `name` in this one, and makes it if there is none.
    pub(crate) fn make(&self, name: &str, mode: u32) -> Result<Dir, FileError> {
        match self.below(name) {
            Err(FileError::NotFound { .. }) => {}
            there => return there,
        }
        point(When::Before, format_args!("make {name}"));
        match rustix::fs::mkdirat(&self.fd, name, raw_mode(mode)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(FileError::from_io(&self.path.join(name), "create", errno.into())),
        }
        point(When::After, format_args!("make {name}"));
        self.below(name)
    }

    /// The folder's own metadata, whatever has its name by now.
    pub(crate) fn meta(&self) -> Result<Stat, FileError> {
        rustix::fs::fstat(&self.fd).map_err(|errno| FileError::from_io(&self.path, "look at", errno.into()))
    }

    /// What has this name, without following a link; `None` if nothing does.
    pub(crate) fn stat(&self, name: impl AsRef<OsStr>) -> Result<Option<Stat>, FileError> {
        match rustix::fs::statat(&self.fd, name.as_ref(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(FileError::from_io(&self.path.join(name.as_ref()), "look at", errno.into())),
        }
    }

    /// Reads a regular file, refusing a link.
    pub fn read(&self, name: impl AsRef<OsStr>, max_bytes: usize) -> Result<Vec<u8>, FileError> {
        read(&self.fd, name.as_ref(), &self.path.join(name.as_ref()), max_bytes, OFlags::NOFOLLOW)
    }

    /// The same; `None` if there is none.
    pub(crate) fn read_if_there(
        &self,
        name: impl AsRef<OsStr>,
        max_bytes: usize,
    ) -> Result<Option<Vec<u8>>, FileError> {
        match self.read(name, max_bytes) {
            Err(FileError::NotFound { .. }) => Ok(None),
            read => read.map(Some),
        }
    }

    /// Replaces or creates a regular file.
    pub(crate) fn write(&self, name: impl AsRef<OsStr>, bytes: &[u8], mode: Mode) -> Result<(), FileError> {
        self.write_if(name, bytes, mode, || Ok(()))
    }

    /// The same, provided `last_check` raises no objection right before the file is put in place.
    pub(crate) fn write_if(
        &self,
        name: impl AsRef<OsStr>,
        bytes: &[u8],
        mode: Mode,
        last_check: impl FnOnce() -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        let name = name.as_ref();
        let path = self.path.join(name);
        let failed = |source| FileError::from_io(&path, "write", source);
        let previous = self.previous(name)?;
        self.sweep();
        let temp = self.temporary().map_err(failed)?;
        temp.file().write_all(bytes).map_err(failed)?;
        if let Some(previous) = &previous {
            keep_owner(temp.file(), previous).map_err(failed)?;
        }
        let bits = match (mode, &previous) {
            (Mode::KeepOr(_), Some(previous)) => bits_of(previous) & 0o7777,
            (Mode::Exact(bits) | Mode::Wished(bits) | Mode::KeepOr(bits), _) => bits,
        };
        let set = temp.file().set_permissions(fs::Permissions::from_mode(bits));
        let set = set.or_else(|error| without_modes(temp.file(), bits, mode, error));
        set.map_err(failed)?;
        temp.file().sync_all().map_err(failed)?;
        last_check()?;
        temp.put(name).map_err(failed)?;
        self.flush().map_err(|source| FileError::Io { path, action: "flush the folder after replacing", source })
    }

    fn previous(&self, name: &OsStr) -> Result<Option<Stat>, FileError> {
        let Some(stat) = self.stat(name)? else { return Ok(None) };
        let wrong = FileError::of_type(&self.path.join(name), FileType::from_raw_mode(stat.st_mode));
        wrong.map_or(Ok(Some(stat)), Err)
    }

    /// Removes a file. A missing file is not an error.
    pub(crate) fn remove(&self, name: impl AsRef<OsStr>) -> Result<(), FileError> {
        let name = name.as_ref();
        point(When::Before, format_args!("remove {}", name.display()));
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(FileError::from_io(&self.path.join(name), "remove", errno.into())),
        }
        point(When::After, format_args!("remove {}", name.display()));
        Ok(())
    }

    /// Creates a file that must not exist yet.
    pub(crate) fn create_new(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(File::from(rustix::fs::openat(&self.fd, name, flags, raw_mode(0o666))?))
    }

    /// Removes a file that was ours for a moment, if possible.
    pub(crate) fn unlink(&self, name: &OsStr) {
        let _ = rustix::fs::unlinkat(&self.fd, name, AtFlags::empty());
    }

    /// Renames a file within the folder, replacing whatever has the new name.
    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.fd, from, &self.fd, to)?)
    }

    /// Removes the folder `name` if it is empty; `false` if it is not, or is not a folder.
    pub(crate) fn remove_empty(&self, name: &str) -> bool {
        rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR).is_ok()
    }

    /// The names in the folder.
    pub(crate) fn names(&self) -> Vec<OsString> {
        use std::os::unix::ffi::OsStrExt as _;
        let entries = rustix::fs::Dir::read_from(&self.fd).into_iter().flatten().flatten();
        let names = entries.map(|entry| OsStr::from_bytes(entry.file_name().to_bytes()).to_owned());
        names.filter(|name| name != "." && name != "..").collect()
    }

    /// A temporary file that stays locked for as long as its writer lives.
    ///
    /// If the file system has no locks, nobody ever sweeps it away.
    pub(crate) fn temporary(&self) -> io::Result<Temp<'_>> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        loop {
            let name = OsString::from(format!("{}{}{}", TEMPORARY.0, random(), TEMPORARY.1));
            let file = match rustix::fs::openat(&self.fd, &name, flags, raw_mode(0o600)) {
                Err(Errno::EXIST) => continue,
                opened => File::from(opened?),
            };
            let temp = Temp { dir: self, name, file, placed: false };
            lock_within(&temp.file, super::LOCK_PATIENCE)?;
            // It may have been swept away before it was locked.
            if temp.file.metadata()?.nlink() > 0 {
                return Ok(temp);
            }
        }
    }

    /// Removes temporary files whose writers died before they could.
    pub(crate) fn sweep(&self) {
        for name in self.names() {
            let shown = name.to_string_lossy();
            if shown.starts_with(TEMPORARY.0)
                && shown.ends_with(TEMPORARY.1)
                && let Ok(file) = open_regular(&self.fd, &name, &self.path.join(&name), OFlags::NOFOLLOW)
                && file.try_lock().is_ok()
            {
                self.release_lock(&file);
                self.unlink(&name);
            }
        }
    }

    /// Removes a dead writer's lock file, which is a second name of its temporary file.
    fn release_lock(&self, temp: &File) {
        let Ok(meta) = temp.metadata() else { return };
        for name in self.names().into_iter().filter(|_| meta.nlink() > 1) {
            let other = self.stat(&name).ok().flatten();
            #[allow(clippy::unnecessary_cast, reason = "a device has 32 bits on Apple's systems")]
            let same =
                other.is_some_and(|other| (other.st_dev as u64, other.st_ino as u64) == (meta.dev(), meta.ino()));
            if same && name.to_string_lossy().ends_with(".lock") {
                self.unlink(&name);
            }
        }
    }

    /// Flushes the folder. Some file systems (network, FUSE) cannot do so and say it; nothing more can be done there.
    fn flush(&self) -> io::Result<()> {
        match rustix::fs::fsync(&self.fd) {
            Err(Errno::INVAL | Errno::NOTSUP | Errno::NOSYS) => Ok(()),
            other => Ok(other?),
        }
    }
}

/// Reads a regular file by its name in an open folder, or by its path.
pub fn read(at: impl AsFd, name: &OsStr, path: &Path, max_bytes: usize, links: OFlags) -> Result<Vec<u8>, FileError> {
    let file = open_regular(at, name, path, links)?;
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

/// Opens without waiting (a pipe may have no writer), then checks what was opened rather than what had the name before.
fn open_regular(at: impl AsFd, name: &OsStr, path: &Path, links: OFlags) -> Result<File, FileError> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY | links;
    let opened = rustix::fs::openat(at, name, flags, rustix::fs::Mode::empty());
    let file = File::from(opened.map_err(|errno| match errno {
        Errno::LOOP if links.contains(OFlags::NOFOLLOW) => FileError::Symlink { path: path.to_owned() },
        _ => FileError::from_io(path, "read", errno.into()),
    })?);
    let stat = rustix::fs::fstat(&file).map_err(|errno| FileError::from_io(path, "read", errno.into()))?;
    FileError::of_type(path, FileType::from_raw_mode(stat.st_mode)).map_or(Ok(file), Err)
}

/// How the names of temporary files begin and end.
const TEMPORARY: (&str, &str) = (".ravi-", ".tmp");

/// A file that is not in its place yet. Dropping it before then deletes it.
#[derive(Debug)]
pub(crate) struct Temp<'a> {
    dir: &'a Dir,
    name: OsString,
    file: File,
    placed: bool,
}

impl Temp<'_> {
    /// The open file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Gives the file a second name in the folder.
    pub(crate) fn link(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::linkat(&self.dir.fd, &self.name, &self.dir.fd, name, AtFlags::empty())?)
    }

    /// Puts the file in the place of whatever has this name.
    fn put(mut self, name: &OsStr) -> io::Result<()> {
        point(When::Before, format_args!("write {}", name.display()));
        self.dir.rename(&self.name, name)?;
        self.placed = true;
        point(When::After, format_args!("write {}", name.display()));
        Ok(())
    }
}

impl Drop for Temp<'_> {
    fn drop(&mut self) {
        if !self.placed {
            self.dir.unlink(&self.name);
        }
    }
}

fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()[..12].to_owned()
}

/// Splits a path into its folder and its last name.
fn split(path: &Path) -> Result<(&Path, &OsStr), FileError> {
    match path.file_name() {
        Some(name) => Ok((path.parent().unwrap_or(Path::new("")), name)),
        None => Err(FileError::Directory { path: path.to_owned() }),
    }
}

/// Opens one folder within the other, refusing links.
fn walk<'a>(root: OwnedFd, names: impl Iterator<Item = &'a OsStr>, from: &Path, path: &Path) -> Result<Dir, FileError> {
    let (mut at, mut passed) = (root, from.to_owned());
    for name in names {
        passed.push(name);
        let next = rustix::fs::openat(&at, name, PASS | OFlags::NOFOLLOW, rustix::fs::Mode::empty());
        at = next.map_err(|errno| refused(&at, name, &passed, errno))?;
    }
    let fd = rustix::fs::openat(&at, ".", OPEN, rustix::fs::Mode::empty());
    let fd = fd.map_err(|errno| FileError::from_io(path, "open", errno.into()))?;
    Ok(Dir { fd, path: path.to_owned() })
}

/// Why a folder could not be opened: systems report "not a directory" for a link as well.
fn refused(at: &OwnedFd, name: &OsStr, path: &Path, errno: Errno) -> FileError {
    let link = || {
        let stat = rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW);
        stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
    };
    match errno {
        Errno::LOOP | Errno::NOTDIR if link() => FileError::Symlink { path: path.to_owned() },
        _ => FileError::from_io(path, "open", errno.into()),
    }
}

#[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "a mode has 16 bits on Apple's systems")]
fn raw_mode(bits: u32) -> rustix::fs::Mode {
    rustix::fs::Mode::from_raw_mode(bits as rustix::fs::RawMode)
}

/// Type and permission bits.
#[allow(clippy::useless_conversion, reason = "a mode has 16 bits on Apple's systems")]
pub(crate) fn bits_of(stat: &Stat) -> u32 {
    u32::from(stat.st_mode)
}

/// Accepts a file of ours for which the file system refuses to set permission bits, if it is open to nobody beyond
/// `bits` or holds no secret.
pub(super) fn without_modes(file: &File, bits: u32, mode: Mode, error: io::Error) -> io::Result<()> {
    let refused = matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported);
    let as_closed = file.metadata()?.mode() & 0o077 & !bits == 0;
    if refused && (as_closed || !matches!(mode, Mode::Exact(_))) { Ok(()) } else { Err(error) }
}

/// A file that root rewrites on behalf of a user must stay readable to that user.
fn keep_owner(file: &File, previous: &Stat) -> io::Result<()> {
    let now = file.metadata()?;
    if (now.uid(), now.gid()) == (previous.st_uid, previous.st_gid) {
        return Ok(());
    }
    let (owner, group) = (Uid::from_raw(previous.st_uid), Gid::from_raw(previous.st_gid));
    Ok(rustix::fs::fchown(file, Some(owner), Some(group))?)
}
