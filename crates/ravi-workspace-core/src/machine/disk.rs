//! Small files: a missing one is not an error, and every change passes a crash point.

use std::path::Path;

use super::crash::{When, point};
use super::files::{Dir, FileError, Mode};
use super::os::{Facts, access};

/// Reads a regular file; `None` if there is none.
pub(crate) fn read_if_there(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, FileError> {
    match Dir::around_real(path) {
        Ok((dir, name)) => dir.read_if_there(name, limit),
        Err(FileError::NotFound { .. }) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Writes a file of ours that is nobody else's business but holds no secret.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write(path, bytes, Mode::Wished(0o600))
}

/// Writes a file that belongs to the user, keeping its mode.
pub(crate) fn write_keeping_mode(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write(path, bytes, Mode::KeepOr(0o644))
}

fn write(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FileError> {
    let (dir, name) = Dir::around_real(path)?;
    dir.write(name, bytes, mode)
}

/// Writes a file that everybody who may read `like` may read, such as git run by another user of the same repository.
pub(crate) fn write_like(path: &Path, bytes: &[u8], like: &Path) -> Result<(), FileError> {
    let mode = Facts::of(like).map_or(0o644, |facts| facts.bits() & 0o666);
    write(path, bytes, Mode::Wished(mode))
}

/// Removes a file. A missing file or folder is not an error.
pub(crate) fn remove_if_there(path: &Path) -> Result<(), FileError> {
    match Dir::around_real(path) {
        Ok((dir, name)) => {
            dir.sweep();
            dir.remove(name)
        }
        Err(FileError::NotFound { .. }) => Ok(()),
        Err(e) => Err(e),
    }
}

/// Makes a folder with `mode`, and the folders above it; `true` if it did not exist before.
pub(crate) fn make_dir(path: &Path, mode: u32) -> Result<bool, FileError> {
    if path.is_dir() {
        return Ok(false);
    }
    point(When::Before, format_args!("make {}", name(path)));
    access::make_folder(path, mode).map_err(|e| FileError::from_io(path, "create", e))?;
    point(When::After, format_args!("make {}", name(path)));
    Ok(true)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
