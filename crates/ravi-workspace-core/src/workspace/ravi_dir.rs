//! `.ravi/config.json`: the one file in which the official command line looks for an identity key, in its home folder
//! or in the current one.
//!
//! It lies in a home of the workspace's own below the state folder, out of reach of everything that packs, copies or
//! commits a folder; our `ravi`, first on PATH, points the official command line there. If the configuration says so,
//! it lies in the worktree instead. There it is among files that others write: nothing is written through a symbolic
//! link, over a tracked file, or over something that this program did not make.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::WorkspaceError;
use crate::api::IdentityKey;
use crate::git::Git;
use crate::ledger::home;
use crate::machine::disk;
use crate::machine::files::{Dir, FileError, Mode};
use crate::machine::os::{Kind, Stamp};
use crate::machine::places::PlaceError;

/// Name of the folder.
pub(crate) const DIR: &str = ".ravi";
const FILE: &str = "config.json";
const LIMIT: usize = 64 * 1024;

/// Keeps the folder out of everything that follows git's rules, even in a repository whose rules are somebody else's.
const IGNORE_FILE: &str = ".gitignore";
const IGNORE: &[u8] = b"*\n";

/// Writes the file into the workspace's home.
pub(super) fn write_home(
    state_dir: &Path,
    id: &str,
    key: &IdentityKey,
    owner: (&str, &str),
) -> Result<(), WorkspaceError> {
    let home = home(state_dir, id);
    disk::make_dir(&home, 0o700)?;
    write_file(&Dir::open_real(&home)?.make(DIR, 0o700)?, key, owner)
}

/// Removes the workspace's home.
pub(super) fn remove_home(state_dir: &Path, id: &str) -> Result<(), WorkspaceError> {
    let home = home(state_dir, id);
    if !home.is_dir() {
        return Ok(());
    }
    disk::remove_if_there(&home.join(DIR).join(FILE))?;
    // Whatever else is in it is not our concern.
    let _ = std::fs::remove_dir_all(&home);
    Ok(())
}

/// The file as the official CLI reads it (indented by two spaces, empty fields left out).
#[derive(Serialize)]
struct Content<'a> {
    identity_key: &'a str,
    identity_uuid: &'a str,
    identity_name: &'a str,
}

/// What is read back to tell whose file it is. The key itself is not read.
#[derive(Deserialize)]
struct Owner {
    identity_uuid: Option<String>,
}

/// A worktree's index at a time when it had no entry for `.ravi`. git writes a new file each time it changes the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Untracked(Option<Stamp>);

impl Untracked {
    fn now(git_dir: &Path) -> Untracked {
        Untracked(Stamp::of(&git_dir.join("index")))
    }
}

/// Refuses a `.ravi` that this program must not write to.
///
/// This is asked before anything else is done for a workspace, and again before the folder is written to; `seen` then
/// makes it unnecessary to ask git, provided that the index has not changed.
pub(crate) fn check(
    root: &Path,
    git_dir: Option<&Path>,
    ours: Option<&str>,
    seen: Option<Untracked>,
) -> Result<Option<Untracked>, WorkspaceError> {
    let untracked = git_dir.map(Untracked::now);
    let known = seen.is_some() && seen == untracked;
    if untracked.is_some() && !known && Git::at(root).tracks(Path::new(DIR))? {
        return Err(WorkspaceError::Tracked { path: root.join(DIR) });
    }
    check_files(&root.join(DIR), ours).map(|()| untracked)
}

fn check_files(path: &Path, ours: Option<&str>) -> Result<(), WorkspaceError> {
    match open(path)? {
        Some(dir) => check_owner(&dir, path, ours),
        None => Ok(()),
    }
}

fn refuse<T>(path: PathBuf, reason: &str) -> Result<T, WorkspaceError> {
    Err(WorkspaceError::NotOurs { path, reason: reason.to_owned() })
}

/// Opens `.ravi` itself; `None` if there is none.
fn open(path: &Path) -> Result<Option<Dir>, WorkspaceError> {
    let above = match Dir::open_real(path.parent().unwrap_or(path)) {
        Err(FileError::NotFound { .. }) => return Ok(None),
        above => above?,
    };
    let link = "it is a symbolic link";
    match above.facts_of(DIR)?.map(|facts| facts.kind()) {
        None => return Ok(None),
        Some(Kind::Folder) => {}
        Some(Kind::Link) => return refuse(path.to_owned(), link),
        Some(_) => return refuse(path.to_owned(), "it is not a folder"),
    }
    match above.below(DIR) {
        // It was swapped a moment ago.
        Err(FileError::Symlink { .. }) => refuse(path.to_owned(), link),
        opened => Ok(Some(opened?)),
    }
}

/// Refuses the open folder if it, or the file in it, is somebody else's.
fn check_owner(dir: &Dir, path: &Path, ours: Option<&str>) -> Result<(), WorkspaceError> {
    if !dir.facts()?.is_mine() {
        return refuse(path.to_owned(), "it belongs to another user");
    }
    let file = path.join(FILE);
    match dir.facts_of(FILE)?.map(|facts| facts.kind()) {
        None => return Ok(()),
        Some(Kind::File) => {}
        Some(Kind::Link) => return refuse(file, "it is a symbolic link"),
        Some(_) => return refuse(file, "it is not a file"),
    }
    match (owner(dir)?, ours) {
        (Some(owner), Some(ours)) if owner == ours => Ok(()),
        _ => refuse(file, "it holds another identity"),
    }
}

/// Writes the file into the worktree, unless it is already there as it should be.
///
/// `owner` is the uuid and name of the identity. With `in_git`, git is asked once more whether it would take the file
/// along.
pub(super) fn write(root: &Path, in_git: bool, key: &IdentityKey, owner: (&str, &str)) -> Result<(), WorkspaceError> {
    write_file(&shield(root, in_git, Some(owner.0))?, key, owner)
}

/// Asks git, with our rules in place, whether it would take the key along, before a key is made. Leaves nothing behind.
pub(super) fn check_shielded(root: &Path, in_git: bool, ours: Option<&str>) -> Result<(), WorkspaceError> {
    remove_empty(root, &shield(root, in_git, ours)?);
    Ok(())
}

/// Puts our rules where the key is to go, and refuses the place if git would still take the key along.
///
/// Which rule git obeys depends on all the rules there are and on its version, so git itself is asked. The key is not
/// put elsewhere instead: whoever chose this place has programs that look nowhere else, and would act as the person in
/// this folder.
///
/// What was opened is checked again, because it may be another folder than the one that was checked before.
fn shield(root: &Path, in_git: bool, ours: Option<&str>) -> Result<Dir, WorkspaceError> {
    let dir = Dir::open_real(root)?.make(DIR, 0o700)?;
    check_owner(&dir, &root.join(DIR), ours)?;
    if dir.facts_of(IGNORE_FILE)?.is_none() {
        dir.write(IGNORE_FILE, IGNORE, Mode::Wished(0o600))?;
    }
    match in_git.then(|| Git::at(root).ignores(&Path::new(DIR).join(FILE))) {
        None | Some(Ok(true)) => Ok(dir),
        Some(said) => {
            remove_empty(root, &dir);
            said?;
            Err(PlaceError::KeyNotIgnored { path: root.join(DIR).join(FILE) }.into())
        }
    }
}

fn write_file(dir: &Dir, key: &IdentityKey, (uuid, name): (&str, &str)) -> Result<(), WorkspaceError> {
    let content = Content { identity_key: key.expose(), identity_uuid: uuid, identity_name: name };
    let mut bytes = Zeroizing::new(serde_json::to_vec_pretty(&content).unwrap_or_default()); // cannot fail: three texts
    bytes.push(b'\n');
    let private = dir.facts_of(FILE)?.is_some_and(|facts| facts.bits() & 0o777 == 0o600);
    if private && dir.read(FILE, LIMIT).map(Zeroizing::new)? == bytes {
        return Ok(());
    }
    Ok(dir.write(FILE, &bytes, Mode::Exact(0o600))?)
}

/// Removes the file if it is still this identity's, and then the folder if it is empty. `false` if it is somebody
/// else's.
pub(crate) fn remove(root: &Path, uuid: &str) -> Result<bool, WorkspaceError> {
    let dir = match open(&root.join(DIR)) {
        // Nothing of ours can be in it.
        Ok(None) | Err(WorkspaceError::NotOurs { .. }) => return Ok(true),
        dir => dir?,
    };
    let Some(dir) = dir else { return Ok(true) };
    if dir.facts_of(FILE)?.is_some() {
        if owner(&dir).ok().flatten().as_deref() != Some(uuid) {
            return Ok(false);
        }
        dir.sweep();
        dir.remove(FILE)?;
    }
    remove_empty(root, &dir);
    Ok(true)
}

/// Removes a folder that has nothing but our own rules. If it has other files, the system refuses.
fn remove_empty(root: &Path, dir: &Dir) {
    dir.sweep();
    let ours = dir.read(IGNORE_FILE, LIMIT).is_ok_and(|rules| rules == IGNORE);
    if ours && dir.names().len() == 1 {
        dir.unlink(IGNORE_FILE.as_ref());
    }
    if let Ok(above) = Dir::open_real(root) {
        above.remove_empty(DIR);
    }
}

fn owner(dir: &Dir) -> Result<Option<String>, WorkspaceError> {
    let Some(bytes) = dir.read_if_there(FILE, LIMIT)?.map(Zeroizing::new) else { return Ok(None) };
    Ok(serde_json::from_slice::<Owner>(&bytes).ok().and_then(|owner| owner.identity_uuid))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::fs::{CWD, RenameFlags};

    use super::*;

    const ROUNDS: usize = 1000;

    /// Swaps two names of a folder until it is told to stop; returns how often.
    #[cfg(target_os = "linux")]
    fn swap(one: &Path, other: &Path, stop: &AtomicBool) -> usize {
        let mut swaps = 0;
        while !stop.load(Ordering::Relaxed) {
            swaps += usize::from(rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok());
        }
        swaps
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_swapped_for_a_link_meanwhile_leads_no_key_and_no_removal_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let (foreign, mine, link) = (root.join("foreign"), root.join(DIR), root.join("link"));
        std::fs::create_dir(&foreign).unwrap();
        let theirs = r#"{"identity_uuid": "0000-made-up", "identity_key": "ravi_id_made_up_of_another"}"#;
        std::fs::write(foreign.join(FILE), theirs).unwrap();
        std::os::unix::fs::symlink(&foreign, &link).unwrap();
        let key = IdentityKey::parse("ravi_id_made_up".into()).unwrap();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let swapper = scope.spawn(|| swap(&mine, &link, &stop));
            let mut written = 0;
            for round in 0..ROUNDS {
                written += usize::from(write(&root, false, &key, ("0000-made-up", "made up")).is_ok());
                let _ = remove(&root, "0000-made-up");
                let now = std::fs::read_to_string(foreign.join(FILE));
                assert_eq!(now.ok().as_deref(), Some(theirs), "round {round}");
                assert_eq!(std::fs::read_dir(&foreign).unwrap().count(), 1, "nothing of ours is left there");
            }
            stop.store(true, Ordering::Relaxed);
            let swaps = swapper.join().unwrap();
            assert!(written > 0 && swaps > 0, "{written} written, {swaps} swaps");
        });
    }
}
