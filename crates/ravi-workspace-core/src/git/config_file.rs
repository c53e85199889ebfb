//! Changes git's configuration files under the lock that git itself would take.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::error::GitError;
use super::{LONGEST_LOCK_PAUSE, lock_pauses};
use crate::machine::crash::{When, point};
use crate::machine::files::{self, Dir, FileError, Temp};
use crate::machine::os::access;

/// Refuses a repository in which the workspace's values could not be written, such as one on a read-only disk, or whose
/// configuration is a link to such a place.
pub(crate) fn check_writable(git_dir: &Path, common_dir: &Path) -> Result<(), FileError> {
    let config = common_dir.join("config");
    let config = config.canonicalize().unwrap_or(config);
    let folders = [git_dir, common_dir, config.parent().unwrap_or(common_dir)];
    for folder in BTreeSet::from(folders) {
        Dir::open_real(folder)?.temporary().map_err(|source| FileError::from_io(folder, "write to", source))?;
    }
    Ok(())
}

/// A configuration file may be long, but not this long.
const CONFIG_LIMIT: usize = 16 * 1024 * 1024;

/// Reads one of git's configuration files, following links as git does; `None` if there is none.
pub(crate) fn read_git_config(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match files::read_bounded_following(path, CONFIG_LIMIT) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(FileError::NotFound { .. }) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Changes one of git's configuration files, holding the lock that git itself would hold (`<file>.lock`, created
/// exclusively and renamed over the file: lockfile.h in git's source).
///
/// A link stays a link, and its target is changed, as with git. `change` gets the content of the file as it is under
/// the lock, and returns the new content; `None` leaves it as it is.
pub(crate) fn change_git_config(
    path: &Path,
    change: impl FnOnce(Option<&[u8]>) -> Option<Vec<u8>>,
) -> Result<(), GitError> {
    change_with(path, change, |temp, lock| temp.link(lock))
}

/// The same; `link` gives a file a second name.
fn change_with(
    path: &Path,
    change: impl FnOnce(Option<&[u8]>) -> Option<Vec<u8>>,
    link: impl Fn(&Temp<'_>, &OsStr) -> io::Result<()>,
) -> Result<(), GitError> {
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let fail = |source| FileError::from_io(path, "write", source);
    let (dir, name) = Dir::around_real(path)?;
    // What a killed run left behind, including its lock.
    dir.sweep();
    // The lock is a second name of the temporary file: if this process dies while holding it, whoever sweeps the
    // temporary file recognises the lock as belonging to it.
    let temp = dir.temporary().map_err(fail)?;
    let lock = Held::wait(&dir, &temp, path, link)?;
    let before = dir.read_if_there(name, CONFIG_LIMIT)?;
    let Some(after) = change(before.as_deref()).filter(|after| Some(after) != before.as_ref()) else { return Ok(()) };
    let mode = dir.facts_of(name)?.map_or(0o644, |facts| facts.bits() & 0o777);
    let file = match &lock.file {
        Some(own) => own,
        None => temp.file(),
    };
    write_out(file, &after, mode).map_err(fail)?;
    lock.put_in_place(name).map_err(|source| FileError::from_io(path, "write", source).into())
}

fn write_out(mut file: &File, bytes: &[u8], mode: u32) -> io::Result<()> {
    file.write_all(bytes)?;
    // If the file system keeps no modes, the file has the one it already had.
    match access::set(file, mode) {
        Err(e) if !matches!(e.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported) => Err(e),
        _ => file.sync_all(),
    }
}

/// The lock on one of git's files. Dropping it releases it.
struct Held<'a> {
    dir: &'a Dir,
    name: OsString,
    /// Set if the lock is not a second name of the temporary file.
    file: Option<File>,
    in_place: bool,
}

impl<'a> Held<'a> {
    fn wait(
        dir: &'a Dir,
        temp: &Temp<'_>,
        path: &Path,
        link: impl Fn(&Temp<'_>, &OsStr) -> io::Result<()>,
    ) -> Result<Held<'a>, GitError> {
        let lock = with_suffix(path, ".lock");
        let name = lock.file_name().unwrap_or_default().to_owned();
        let mut pauses = lock_pauses();
        loop {
            match Held::try_now(dir, temp, &name, &link) {
                Ok(file) => return Ok(Held { dir, name, file, in_place: false }),
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(FileError::from_io(&lock, "create", e).into());
                }
                Err(_) => {}
            }
            let pause = pauses.next();
            if pause > LONGEST_LOCK_PAUSE {
                return Err(GitError::Locked { lock });
            }
            std::thread::sleep(pause);
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
            // Some file systems have no second names (exFAT, SMB). There the lock is created as git does it, and if the
            // process dies it stays, as git's own does.
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
        // If the change declines, the file stays as it was, and is unlocked.
        change_with(&config, |_| None, no_links).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left");
        // Somebody else's lock is left in place.
        std::fs::write(&lock, "git's").unwrap();
        let refused = change_with(&config, |_| Some(Vec::new()), no_links);
        assert!(matches!(refused, Err(GitError::Locked { .. })), "{refused:?}");
        assert_eq!((text(&config).as_str(), text(&lock).as_str()), ("[core]\n\tbare = false\n", "git's"));
    }
}
