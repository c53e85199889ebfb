//! A folder that is opened once, and everything that is done in it.
//!
//! A path that is checked and then used may lead elsewhere by then: anybody who can write to the folder above can swap
//! a folder for a link in between. So a folder is opened once, and what was checked is what is read, replaced and
//! removed, by name in the open folder.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::error::FileError;
use super::{Mode, lock_within};
use crate::machine::crash::{When, point};
use crate::machine::os::{self, Cause, Facts, Folder, How, Links, access, errors};

/// An open folder. Its path is for messages only.
#[derive(Debug)]
pub(crate) struct Dir {
    folder: Folder,
    path: PathBuf,
}

impl Dir {
    /// Opens a folder, following links.
    pub(crate) fn open(path: &Path) -> Result<Dir, FileError> {
        let shown = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let folder = Folder::open(shown).map_err(|e| FileError::from_io(path, "open", e))?;
        Ok(Dir { folder, path: path.to_owned() })
    }

    /// Opens a folder by its real path. A link anywhere on the way was not there when the path was resolved, and is
    /// refused.
    pub(crate) fn open_real(path: &Path) -> Result<Dir, FileError> {
        if path.is_relative() {
            return Dir::open(path);
        }
        let folder = Folder::open_real(path).map_err(FileError::stopped)?;
        Ok(Dir { folder, path: path.to_owned() })
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
        let folder = self.folder.below(name, &path).map_err(FileError::stopped)?;
        Ok(Dir { folder, path })
    }

    /// Opens the folder `name` in this one, and makes it if there is none.
    pub(crate) fn make(&self, name: &str, mode: u32) -> Result<Dir, FileError> {
        match self.below(name) {
            Err(FileError::NotFound { .. }) => {}
            there => return there,
        }
        point(When::Before, format_args!("make {name}"));
        match self.folder.make_folder(name, mode) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                return Err(FileError::from_io(&self.path.join(name), "create", e));
            }
            _ => {}
        }
        point(When::After, format_args!("make {name}"));
        self.below(name)
    }

    /// What the folder itself is, whatever has its name by now.
    pub(crate) fn facts(&self) -> Result<Facts, FileError> {
        self.folder.facts().map_err(|e| FileError::from_io(&self.path, "look at", e))
    }

    /// What has this name, without following a link; `None` if nothing does.
    pub(crate) fn facts_of(&self, name: impl AsRef<OsStr>) -> Result<Option<Facts>, FileError> {
        let name = name.as_ref();
        self.folder.facts_of(name).map_err(|e| FileError::from_io(&self.path.join(name), "look at", e))
    }

    /// Reads a regular file, refusing a link.
    pub fn read(&self, name: impl AsRef<OsStr>, max_bytes: usize) -> Result<Vec<u8>, FileError> {
        let (name, path) = (name.as_ref(), self.path.join(name.as_ref()));
        read(|how| self.folder.open_file(name, how), &path, max_bytes, Links::Refuse)
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
            access::keep_owner(temp.file(), previous).map_err(failed)?;
        }
        let bits = match (mode, &previous) {
            (Mode::KeepOr(_), Some(previous)) => previous.bits(),
            (Mode::Exact(bits) | Mode::Wished(bits) | Mode::KeepOr(bits), _) => bits,
        };
        let set = access::set(temp.file(), bits);
        let set = set.or_else(|error| without_modes(temp.file(), bits, mode, error));
        set.map_err(failed)?;
        temp.file().sync_all().map_err(failed)?;
        last_check()?;
        temp.put(name).map_err(failed)?;
        self.folder.flush().map_err(|source| FileError::Io { path, action: "flush the folder after replacing", source })
    }

    fn previous(&self, name: &OsStr) -> Result<Option<Facts>, FileError> {
        let Some(facts) = self.facts_of(name)? else { return Ok(None) };
        let wrong = FileError::of_kind(&self.path.join(name), facts.kind());
        wrong.map_or(Ok(Some(facts)), Err)
    }

    /// Removes a file. A missing file is not an error.
    pub(crate) fn remove(&self, name: impl AsRef<OsStr>) -> Result<(), FileError> {
        let name = name.as_ref();
        point(When::Before, format_args!("remove {}", name.display()));
        match self.folder.remove(name) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(FileError::from_io(&self.path.join(name), "remove", e));
            }
            _ => {}
        }
        point(When::After, format_args!("remove {}", name.display()));
        Ok(())
    }

    /// Creates a file that must not exist yet.
    pub(crate) fn create_new(&self, name: &OsStr) -> io::Result<File> {
        self.folder.open_file(name, How::write(Links::Refuse).make_new(0o666))
    }

    /// Removes a file that was ours for a moment, if possible.
    pub(crate) fn unlink(&self, name: &OsStr) {
        let _ = self.folder.remove(name);
    }

    /// Renames a file within the folder, replacing whatever has the new name.
    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        self.folder.rename(from, to)
    }

    /// Removes the folder `name` if it is empty; `false` if it is not, or is not a folder.
    pub(crate) fn remove_empty(&self, name: &str) -> bool {
        self.folder.remove_folder(name.as_ref()).is_ok()
    }

    /// The names in the folder.
    pub(crate) fn names(&self) -> Vec<OsString> {
        self.folder.names()
    }

    /// A temporary file that stays locked for as long as its writer lives.
    ///
    /// If the file system has no locks, nobody ever sweeps it away.
    pub(crate) fn temporary(&self) -> io::Result<Temp<'_>> {
        let how = How::read_and_write(Links::Refuse).make_new(0o600);
        loop {
            let name = OsString::from(format!("{}{}{}", TEMPORARY.0, random(), TEMPORARY.1));
            let file = match self.folder.open_file(&name, how) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                opened => opened?,
            };
            let temp = Temp { dir: self, name, file, placed: false };
            lock_within(&temp.file, super::LOCK_PATIENCE)?;
            // It may have been swept away before it was locked.
            if Facts::of_open(&temp.file)?.names() > 0 {
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
                && let Ok(file) = self.open_temporary(&name)
                && os::lock::try_now(&file).is_ok()
            {
                self.release_lock(&file);
                self.unlink(&name);
            }
        }
    }

    fn open_temporary(&self, name: &OsStr) -> Result<File, FileError> {
        open_regular(|how| self.folder.open_file(name, how), &self.path.join(name), Links::Refuse)
    }

    /// Removes a dead writer's lock file, which is a second name of its temporary file.
    fn release_lock(&self, temp: &File) {
        let Ok(facts) = Facts::of_open(temp) else { return };
        for name in self.names().into_iter().filter(|_| facts.names() > 1) {
            let other = self.facts_of(&name).ok().flatten();
            let same = other.is_some_and(|other| other.id() == facts.id());
            if same && name.to_string_lossy().ends_with(".lock") {
                self.unlink(&name);
            }
        }
    }
}

/// Reads a regular file; `open` opens it.
pub(super) fn read(
    open: impl FnOnce(How) -> io::Result<File>,
    path: &Path,
    max_bytes: usize,
    links: Links,
) -> Result<Vec<u8>, FileError> {
    let file = open_regular(open, path, links)?;
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

/// Opens a file, then checks what was opened rather than what had the name before.
fn open_regular(open: impl FnOnce(How) -> io::Result<File>, path: &Path, links: Links) -> Result<File, FileError> {
    let file = open(How::read(links)).map_err(|error| match errors::cause(&error) {
        Cause::Link if links == Links::Refuse => FileError::Symlink { path: path.to_owned() },
        _ => FileError::from_io(path, "read", error),
    })?;
    let facts = Facts::of_open(&file).map_err(|error| FileError::from_io(path, "read", error))?;
    FileError::of_kind(path, facts.kind()).map_or(Ok(file), Err)
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
        self.dir.folder.link(&self.name, name)
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

/// Accepts a file of ours for which the file system refuses to set permission bits, if it is open to nobody beyond
/// `bits` or holds no secret.
pub(super) fn without_modes(file: &File, bits: u32, mode: Mode, error: io::Error) -> io::Result<()> {
    let refused = matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported);
    let as_closed = Facts::of_open(file)?.bits() & 0o077 & !bits == 0;
    if refused && (as_closed || !matches!(mode, Mode::Exact(_))) { Ok(()) } else { Err(error) }
}
