//! A folder that is open, and what is done in it by name (openat(2) and the like): whatever has its path by now, it is
//! the same folder.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::super::{How, Kind, Stopped};
use super::Facts;
use super::opening::{mode, open_at};

/// How to open a folder to work in it.
const OPEN: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// How to open a folder on the way to another, which needs no right to read it.
#[cfg(target_os = "linux")]
const PASS: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const PASS: OFlags = OPEN;

/// An open folder.
#[derive(Debug)]
pub(crate) struct Folder {
    file: File,
}

impl Folder {
    /// Opens a folder, following links.
    pub(crate) fn open(path: &Path) -> io::Result<Folder> {
        Ok(Folder::from(rustix::fs::open(path, OPEN, Mode::empty())?))
    }

    /// Opens a folder by its real path, one folder within the other: a link anywhere on the way was not there when the
    /// path was resolved, and is refused.
    pub(crate) fn open_real(path: &Path) -> Result<Folder, Stopped> {
        let stopped = |errno: Errno| Stopped { at: path.to_owned(), is_link: false, source: errno.into() };
        let mut at = rustix::fs::open("/", PASS, Mode::empty()).map_err(stopped)?;
        let mut passed = Path::new("/").to_owned();
        for part in path.components() {
            let Component::Normal(name) = part else { continue };
            passed.push(name);
            let next = rustix::fs::openat(&at, name, PASS | OFlags::NOFOLLOW, Mode::empty());
            at = next.map_err(|errno| refused(&at, name, &passed, errno))?;
        }
        Ok(Folder::from(rustix::fs::openat(&at, ".", OPEN, Mode::empty()).map_err(stopped)?))
    }

    /// Opens the folder `name` in this one, refusing a link. `path` is where that is.
    pub(crate) fn below(&self, name: &str, path: &Path) -> Result<Folder, Stopped> {
        match rustix::fs::openat(&self.file, name, OPEN | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(fd) => Ok(Folder::from(fd)),
            Err(errno) => Err(refused(&self.file, OsStr::new(name), path, errno)),
        }
    }

    /// Makes the folder `name` in this one.
    pub(crate) fn make_folder(&self, name: &str, bits: u32) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&self.file, name, mode(bits))?)
    }

    /// What the system tells about the folder itself.
    pub(crate) fn facts(&self) -> io::Result<Facts> {
        Ok(Facts::from(&rustix::fs::fstat(&self.file)?))
    }

    /// The same about what has this name in it, which may be a link; `None` if nothing has.
    pub(crate) fn facts_of(&self, name: &OsStr) -> io::Result<Option<Facts>> {
        match rustix::fs::statat(&self.file, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Facts::from(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Opens a file.
    pub(crate) fn open_file(&self, name: &OsStr, how: How) -> io::Result<File> {
        open_at(&self.file, Path::new(name), how)
    }

    /// Removes a file.
    pub(crate) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.file, name, AtFlags::empty())?)
    }

    /// Removes a folder, which must be empty.
    pub(crate) fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.file, name, AtFlags::REMOVEDIR)?)
    }

    /// Renames a file within the folder, replacing whatever has the new name.
    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.file, from, &self.file, to)?)
    }

    /// Gives a file a second name in the folder, which must not exist yet.
    pub(crate) fn link(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::linkat(&self.file, from, &self.file, to, AtFlags::empty())?)
    }

    /// The names in the folder, as far as they can be read.
    pub(crate) fn names(&self) -> Vec<OsString> {
        let entries = rustix::fs::Dir::read_from(&self.file).into_iter().flatten().flatten();
        let names = entries.map(|entry| OsStr::from_bytes(entry.file_name().to_bytes()).to_owned());
        names.filter(|name| name != "." && name != "..").collect()
    }

    /// Flushes the names in the folder to the disk. Some file systems (network, FUSE) cannot do so and say it; nothing
    /// more can be done there.
    pub(crate) fn flush(&self) -> io::Result<()> {
        let none = |errno| matches!(errno, Errno::INVAL | Errno::NOTSUP | Errno::NOSYS);
        match self.file.sync_all() {
            Err(error) if Errno::from_io_error(&error).is_some_and(none) => Ok(()),
            flushed => flushed,
        }
    }
}

impl From<OwnedFd> for Folder {
    fn from(fd: OwnedFd) -> Folder {
        Folder { file: File::from(fd) }
    }
}

/// Why a folder could not be opened: systems report "not a directory" for a link as well.
fn refused(at: impl AsFd, name: &OsStr, path: &Path, errno: Errno) -> Stopped {
    let is_link = || {
        let stat = rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW);
        stat.is_ok_and(|stat| Facts::from(&stat).kind() == Kind::Link)
    };
    let is_link = matches!(errno, Errno::LOOP | Errno::NOTDIR) && is_link();
    Stopped { at: path.to_owned(), is_link, source: errno.into() }
}
