//! Files as this room handles them: absent is an answer, and each change passes a crash point.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::WorkspaceError;
use crate::crash::{When, point};
use crate::files::{self, FileError, Mode};

/// Reads a regular file; `None` where there is none.
pub(super) fn read_if_there(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, FileError> {
    match files::read_bounded(path, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(FileError::NotFound { .. }) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Writes a file that only this user may read.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write(path, bytes, Mode::Exact(0o600))
}

/// Writes a file of the human's: its mode stays.
pub(super) fn write_keeping_mode(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write(path, bytes, Mode::KeepOr(0o644))
}

fn write(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FileError> {
    files::write_atomic(path, bytes, mode)
}

/// Writes a configuration file of git's, holding the lock that git itself would hold (`<file>.lock`, made exclusively
/// and renamed over the file: lockfile.h in git's source).
pub(super) fn write_git_config(path: &Path, bytes: &[u8]) -> Result<(), WorkspaceError> {
    let mode = path.metadata().map_or(0o644, |meta| meta.mode() & 0o777);
    write_locked(path, bytes, mode, || true).map(drop)
}

/// The same for a file that is not there or is empty, with the rights that `like` has; `false` where somebody wrote it
/// meanwhile.
pub(super) fn make_git_config(path: &Path, like: &Path, bytes: &[u8]) -> Result<bool, WorkspaceError> {
    let mode = like.metadata().map_or(0o644, |meta| meta.mode() & 0o666);
    write_locked(path, bytes, mode, || path.symlink_metadata().map_or(true, |meta| meta.len() == 0))
}

/// Writes where `may` says so once the lock is held.
fn write_locked(path: &Path, bytes: &[u8], mode: u32, may: impl FnOnce() -> bool) -> Result<bool, WorkspaceError> {
    let fail = |source| FileError::from_io(path, "write", source);
    let lock = with_suffix(path, ".lock");
    // The lock is a second name of the temporary file: should this process die while it holds it, whoever sweeps the
    // temporary file away knows the lock as its own.
    let mut temp = files::temporary(path.parent().unwrap_or(Path::new("."))).map_err(fail)?;
    temp.write_all(bytes).map_err(fail)?;
    temp.as_file().set_permissions(Permissions::from_mode(mode)).map_err(fail)?;
    temp.as_file().sync_all().map_err(fail)?;
    hold(temp.path(), &lock)?;
    if !may() {
        std::fs::remove_file(&lock).map_err(fail)?;
        return Ok(false);
    }
    point(When::Before, format_args!("write {}", name(path)));
    if let Err(source) = std::fs::rename(&lock, path) {
        let _ = std::fs::remove_file(&lock);
        return Err(fail(source).into());
    }
    point(When::After, format_args!("write {}", name(path)));
    Ok(true)
}

fn hold(temp: &Path, lock: &Path) -> Result<(), WorkspaceError> {
    files::sweep(temp.parent().unwrap_or(Path::new(".")));
    let mut pause = Duration::from_millis(5);
    loop {
        match std::fs::hard_link(temp, lock) {
            Ok(()) => return Ok(()),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && pause < Duration::from_secs(1) => {
                std::thread::sleep(pause);
                pause *= 2;
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                return Err(WorkspaceError::GitLocked { lock: lock.to_owned() });
            }
            Err(e) => return Err(FileError::from_io(lock, "create", e).into()),
        }
    }
}

/// Takes a file away; fine where there is none.
pub(super) fn remove_if_there(path: &Path) -> Result<(), FileError> {
    files::sweep(path.parent().unwrap_or(Path::new(".")));
    point(When::Before, format_args!("remove {}", name(path)));
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(FileError::from_io(path, "remove", e)),
        _ => {
            point(When::After, format_args!("remove {}", name(path)));
            Ok(())
        }
    }
}

/// Makes a folder with `mode`, and the folders above it; `true` when it was not there.
pub(super) fn make_dir(path: &Path, mode: u32) -> Result<bool, FileError> {
    if path.is_dir() {
        return Ok(false);
    }
    point(When::Before, format_args!("make {}", name(path)));
    let made = std::fs::DirBuilder::new().recursive(true).mode(mode).create(path);
    made.map_err(|e| FileError::from_io(path, "create", e))?;
    point(When::After, format_args!("make {}", name(path)));
    Ok(true)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(suffix);
    text.into()
}
