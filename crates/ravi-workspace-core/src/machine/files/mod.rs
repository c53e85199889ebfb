//! Reading and replacing whole files safely.
//!
//! For our own files (`read_bounded`, `write_atomic`), a symbolic link is refused. For an app's files (the functions
//! ending in `_following`), a link stays a link and its target is replaced. A reader never hangs on a pipe and never
//! reads more than it was told to; a writer never leaves half a file; and in a folder that others can write to,
//! everything is done in the one folder that was opened (`Dir`). This module must not know what the files mean.

mod dir;
mod error;
mod lock;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::{fs, io};

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::hex::hex;
use super::os::{How, Links, open};
pub(crate) use dir::{Dir, Temp};
pub use error::FileError;
pub(crate) use lock::{LOCK_PATIENCE, lock_file, lock_within};

/// The permission bits of a written file, whatever the umask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Exactly these bits, such as `0o600`.
    Exact(u32),
    /// These bits, if the file system keeps any: exFAT, FAT and many shares give all their files the same. Only for
    /// files that hold no secret.
    Wished(u32),
    /// Those of the file that is replaced; these bits if there was none.
    KeepOr(u32),
}

/// Reads a regular file of our own, of at most `max_bytes` bytes.
///
/// A symbolic link as the last part of `path` is refused.
pub fn read_bounded(path: &Path, max_bytes: usize) -> Result<Vec<u8>, FileError> {
    dir::read(|how| open(path, how), path, max_bytes, Links::Refuse)
}

/// Reads a regular file of at most `max_bytes` bytes, following symbolic links.
pub fn read_bounded_following(path: &Path, max_bytes: usize) -> Result<Vec<u8>, FileError> {
    dir::read(|how| open(path, how), path, max_bytes, Links::Follow)
}

/// Replaces or creates a file of our own. A symbolic link, directory, pipe, socket or device at `path` is refused.
///
/// A reader sees either the old bytes or the new ones, even after a crash. Owner and group of a replaced file are kept;
/// access lists and extended attributes are not. An error leaves the file as it was, with one exception: if only the
/// final flush of the folder fails, the new file is in place.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FileError> {
    let (dir, name) = Dir::around(path)?;
    dir.write(name, bytes, mode)
}

/// Like [`write_atomic`], but if `path` is a symbolic link, the link stays and the file it leads to is replaced.
pub fn write_atomic_following(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FileError> {
    write_atomic(&resolve(path)?, bytes, mode)
}

/// Like [`write_atomic_following`], but only if the file still holds `expected`; otherwise [`FileError::Changed`].
///
/// The comparison is the last thing before the rename. There is no portable compare-and-rename, so a write that comes
/// between these two calls goes unnoticed. (Swapping both files and looking afterwards would notice it, but a crash
/// would leave the old content, secrets included, under the temporary name.)
pub fn write_if_unchanged(path: &Path, expected: &[u8], bytes: &[u8], mode: Mode) -> Result<(), FileError> {
    let target = resolve(path)?;
    let (dir, name) = Dir::around(&target)?;
    dir.write_if(name, bytes, mode, || {
        let unchanged = match dir.read(name, expected.len()).map(Zeroizing::new) {
            Ok(now) => now.as_slice() == expected,
            Err(FileError::NotFound { .. } | FileError::TooLarge { .. } | FileError::Symlink { .. }) => false,
            Err(other) => return Err(other),
        };
        if unchanged { Ok(()) } else { Err(FileError::Changed { path: path.to_owned() }) }
    })
}

/// The file that `path` leads to. A path at which nothing exists is returned as it is, so that it can be created.
fn resolve(path: &Path) -> Result<PathBuf, FileError> {
    let failed = |source| FileError::from_io(path, "resolve", source);
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => fs::canonicalize(path).map_err(failed),
        Ok(_) => Ok(path.to_owned()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(path.to_owned()),
        Err(e) => Err(failed(e)),
    }
}

/// A new file in a folder, for its writer alone to name. Its name begins and ends as told; dropping it deletes it.
pub(crate) fn unnamed_in(dir: &Path, (begin, end): (&str, &str), bits: u32) -> io::Result<tempfile::NamedTempFile> {
    let make = |path: &Path| open(path, How::read_and_write(Links::Refuse).make_new(bits));
    tempfile::Builder::new().prefix(begin).suffix(end).make_in(dir, make)
}

/// A file name for any text: the first 128 bits of its SHA-256, in hexadecimal.
pub(crate) fn name_for(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes())[..16])
}

/// Removes temporary files in a folder whose writers died before they could: they may hold what should be gone by now.
///
/// Any failure is ignored.
pub(crate) fn sweep(folder: &Path) {
    if let Ok(dir) = Dir::open(folder) {
        dir.sweep();
    }
}
