//! Files as this room handles them: absent is an answer, and each change passes a crash point.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::WorkspaceError;
use crate::crash::{When, point};
use crate::files::{self, Dir, FileError, Mode, Temp, bits_of};

/// Reads a regular file; `None` where there is none.
pub(super) fn read_if_there(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, FileError> {
    match Dir::around_real(path) {
        Ok((dir, name)) => dir.read_if_there(name, limit),
        Err(FileError::NotFound { .. }) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Writes a file of ours that is nobody else's business, and no secret.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write(path, bytes, Mode::Wished(0o600))
}

/// Refuses a repository in which the workspace's values could not be written, such as one on a disk that is mounted to be
/// read, or whose configuration is a link into such a place.
pub(super) fn check_writable(git_dir: &Path, common_dir: &Path) -> Result<(), FileError> {
    let config = common_dir.join("config");
    let config = config.canonicalize().unwrap_or(config);
    let folders = [git_dir, common_dir, config.parent().unwrap_or(common_dir)];
    for folder in BTreeSet::from(folders) {
        Dir::open_real(folder)?.temporary().map_err(|source| FileError::from_io(folder, "write to", source))?;
    }
    Ok(())
}

/// Writes a file of the human's: its mode stays.
pub(super) fn write_keeping_mode(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write(path, bytes, Mode::KeepOr(0o644))
}

fn write(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FileError> {
    let (dir, name) = Dir::around_real(path)?;
    dir.write(name, bytes, mode)
}

/// Writes a file that whoever may read `like` may read, such as git for another user of the same repository.
pub(super) fn write_like(path: &Path, bytes: &[u8], like: &Path) -> Result<(), FileError> {
    let mode = like.metadata().map_or(0o644, |meta| meta.mode() & 0o666);
    write(path, bytes, Mode::Wished(mode))
}

/// A configuration file may hold a great deal, but not this much.
const CONFIG_LIMIT: usize = 16 * 1024 * 1024;

/// Reads a configuration file of git's, through links as git does; `None` where there is none.
pub(super) fn read_git_config(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match files::read_bounded_following(path, CONFIG_LIMIT) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(FileError::NotFound { .. }) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Changes a configuration file of git's, holding the lock that git itself would hold (`<file>.lock`, made exclusively and
/// renamed over the file: lockfile.h in git's source). A link stays one, and what it leads to is changed, as git does.
/// `change` is given what the file holds once the lock is held, and answers what it is to hold; `None` leaves it.
pub(super) fn change_git_config(
    path: &Path,
    change: impl FnOnce(Option<&[u8]>) -> Option<Vec<u8>>,
) -> Result<(), WorkspaceError> {
    change_with(path, change, |temp, lock| temp.link(lock))
}

/// `link` gives a file a second name.
fn change_with(
    path: &Path,
    change: impl FnOnce(Option<&[u8]>) -> Option<Vec<u8>>,
    link: impl Fn(&Temp<'_>, &OsStr) -> io::Result<()>,
) -> Result<(), WorkspaceError> {
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let fail = |source| FileError::from_io(path, "write", source);
    let (dir, name) = Dir::around_real(path)?;
    // What one that was killed left, its lock among it.
    dir.sweep();
    // The lock is a second name of the temporary file: should this process die while it holds it, whoever sweeps the
    // temporary file away knows the lock as its own.
    let temp = dir.temporary().map_err(fail)?;
    let lock = Held::wait(&dir, &temp, path, link)?;
    let before = dir.read_if_there(name, CONFIG_LIMIT)?;
    let Some(after) = change(before.as_deref()).filter(|after| Some(after) != before.as_ref()) else { return Ok(()) };
    let mode = dir.stat(name)?.map_or(0o644, |stat| bits_of(&stat) & 0o777);
    let file = match &lock.file {
        Some(own) => own,
        None => temp.file(),
    };
    write_out(file, &after, mode).map_err(fail)?;
    lock.put_in_place(name).map_err(|source| FileError::from_io(path, "write", source).into())
}

fn write_out(mut file: &File, bytes: &[u8], mode: u32) -> io::Result<()> {
    file.write_all(bytes)?;
    // Where the file system keeps no modes, the file has the one that it had.
    match file.set_permissions(Permissions::from_mode(mode)) {
        Err(e) if !matches!(e.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported) => Err(e),
        _ => file.sync_all(),
    }
}

/// The lock of a file of git's. Dropped, it is given back.
struct Held<'a> {
    dir: &'a Dir,
    name: OsString,
    /// Open where it is no second name of the temporary file.
    file: Option<File>,
    in_place: bool,
}

impl<'a> Held<'a> {
    fn wait(
        dir: &'a Dir,
        temp: &Temp<'_>,
        path: &Path,
        link: impl Fn(&Temp<'_>, &OsStr) -> io::Result<()>,
    ) -> Result<Held<'a>, WorkspaceError> {
        let lock = with_suffix(path, ".lock");
        let name = lock.file_name().unwrap_or_default().to_owned();
        let mut pause = Duration::from_millis(5);
        loop {
            match Held::try_now(dir, temp, &name, &link) {
                Ok(file) => return Ok(Held { dir, name, file, in_place: false }),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && pause < Duration::from_secs(1) => {
                    std::thread::sleep(pause);
                    pause *= 2;
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(WorkspaceError::GitLocked { lock }),
                Err(e) => return Err(FileError::from_io(&lock, "create", e).into()),
            }
        }
    }

    fn try_now(
        dir: &Dir,
        temp: &Temp<'_>,
        lock: &OsStr,
        link: impl Fn(&Temp<'_>, &OsStr) -> io::Result<()>,
    ) -> io::Result<Option<File>> {
        match link(temp, lock) {
            Ok(()) => Ok(None),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(e),
            // Some file systems know no second names (exFAT, SMB). There it is made as git makes it, and one whose process
            // dies stays, as git's own does.
            Err(_) => dir.create_new(lock).map(Some),
        }
    }

    fn put_in_place(mut self, name: &OsStr) -> io::Result<()> {
        point(When::Before, format_args!("write {}", name.display()));
        self.dir.rename(&self.name, name)?;
        self.in_place = true;
        point(When::After, format_args!("write {}", name.display()));
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !self.in_place {
            self.dir.unlink(&self.name);
        }
    }
}

/// Takes a file away; fine where there is none, or no folder that it could be in.
pub(super) fn remove_if_there(path: &Path) -> Result<(), FileError> {
    match Dir::around_real(path) {
        Ok((dir, name)) => {
            dir.sweep();
            dir.remove(name)
        }
        Err(FileError::NotFound { .. }) => Ok(()),
        Err(e) => Err(e),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn no_links(_: &Temp<'_>, _: &OsStr) -> io::Result<()> {
        Err(io::Error::from(rustix::io::Errno::PERM))
    }

    #[test]
    fn configuration_is_changed_under_gits_lock_where_files_have_one_name_only() {
        let dir = tempfile::tempdir().unwrap();
        let (config, lock) = (dir.path().join("config"), dir.path().join("config.lock"));
        let text = |path: &Path| std::fs::read_to_string(path).unwrap();
        std::fs::write(&config, "[core]\n").unwrap();
        let change = |before: Option<&[u8]>| {
            assert!(lock.exists(), "git would wait");
            Some([before.unwrap(), b"\tbare = false\n"].concat())
        };
        change_with(&config, change, no_links).unwrap();
        assert_eq!(text(&config), "[core]\n\tbare = false\n");
        // Left as it is, it is as it was, and unlocked.
        change_with(&config, |_| None, no_links).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left");
        // Somebody else's lock is kept.
        std::fs::write(&lock, "git's").unwrap();
        let refused = change_with(&config, |_| Some(Vec::new()), no_links);
        assert!(matches!(refused, Err(WorkspaceError::GitLocked { .. })), "{refused:?}");
        assert_eq!((text(&config).as_str(), text(&lock).as_str()), ("[core]\n\tbare = false\n", "git's"));
    }
}
