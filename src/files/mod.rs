//! Reading and replacing whole files safely.
//!
//! For files of our own (`read_bounded`, `write_atomic`), where a symbolic link is refused, and for files of an app
//! (the forms ending in `_following`), where a link stays a link and its target is replaced. A reader never hangs on a
//! pipe and never reads more than it was told; a writer never leaves half a file; what is done in a folder that others write
//! is done in the one folder that was opened ([`Dir`]). It must not know what the files mean. Unix only.

mod dir;
mod error;
mod lock;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::{fs, io};

use rustix::fs::{CWD, OFlags};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

pub(crate) use dir::{Dir, Temp, bits_of};
pub use error::FileError;
pub(crate) use lock::{LOCK_PATIENCE, lock_file, lock_within};

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

/// Reads a regular file of our own of at most `max_bytes` bytes. A symbolic link as last part of `path` is refused.
pub fn read_bounded(path: &Path, max_bytes: usize) -> Result<Vec<u8>, FileError> {
    dir::read(CWD, path.as_os_str(), path, max_bytes, OFlags::NOFOLLOW)
}

/// Reads a regular file of at most `max_bytes` bytes, through symbolic links.
pub fn read_bounded_following(path: &Path, max_bytes: usize) -> Result<Vec<u8>, FileError> {
    dir::read(CWD, path.as_os_str(), path, max_bytes, OFlags::empty())
}

/// Replaces or creates a file of our own. A symbolic link, directory, pipe, socket or device at `path` is refused.
///
/// A reader sees the old bytes or the new ones, also after a crash. Owner and group of a replaced file are kept, access
/// lists and extended attributes are not. An error leaves the file as it was, but for one case: when only the last flush
/// of the folder fails, the new file stands.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FileError> {
    let (dir, name) = Dir::around(path)?;
    dir.write(name, bytes, mode)
}

/// Like [`write_atomic`], but where `path` is a symbolic link the link stays and the file it leads to is replaced.
pub fn write_atomic_following(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FileError> {
    write_atomic(&resolve(path)?, bytes, mode)
}

/// Like [`write_atomic_following`], but only if the file still holds `expected`; otherwise [`FileError::Changed`].
///
/// The comparison is the last thing before the rename. Portable file systems have no compare-and-rename, so a writer
/// that comes between these two calls is not seen. (Swapping both files and looking afterwards would see it, but a crash
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

/// A name that any text can have as a file: the first 128 bits of its SHA-256, in hexadecimal.
pub(crate) fn name_for(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(16).map(|b| format!("{b:02x}")).collect()
}

/// Takes away temporary files in a folder whose writer died before it could: they may hold what should be gone by now.
/// Whatever stands in the way of it is no reason to fail.
pub(crate) fn sweep(folder: &Path) {
    if let Ok(dir) = Dir::open(folder) {
        dir.sweep();
    }
}
