//! `.ravi/config.json`: the one file in which the official command line looks for an identity key, in its home folder or
//! in the current one.
//!
//! It lies in a home of the workspace's own below the state folder, where nothing that packs, copies or commits a folder
//! comes by; `ravi` first on PATH leads the official command line there. Where it is chosen so it lies in the worktree. That
//! folder lies among files that others wrote: nothing is written through a symbolic link, over a tracked file, or over
//! something that this program did not make.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::disk;
use super::error::WorkspaceError;
use super::git::Git;
use super::lock;
use crate::api::IdentityKey;
use crate::files;
use crate::places::PlaceError;

/// Name of the folder.
pub(crate) const DIR: &str = ".ravi";
const FILE: &str = "config.json";
const LIMIT: usize = 64 * 1024;

/// Keeps the folder out of everything that asks git's rules, also where the rules of the repository are another's.
const IGNORE_FILE: &str = ".gitignore";
const IGNORE: &[u8] = b"*\n";

/// Folder of the workspaces' homes, below the state folder.
const HOMES: &str = "homes";

/// The workspace's own home below the state folder.
pub(crate) fn home(state_dir: &Path, id: &str) -> PathBuf {
    state_dir.join(HOMES).join(lock::file_name(id))
}

/// Writes the file into the workspace's home.
pub(super) fn write_home(
    state_dir: &Path,
    id: &str,
    key: &IdentityKey,
    owner: (&str, &str),
) -> Result<(), WorkspaceError> {
    let home = home(state_dir, id);
    disk::make_dir(&home, 0o700)?;
    write_file(&home, key, owner)
}

/// Takes the workspace's home away.
pub(super) fn remove_home(state_dir: &Path, id: &str) -> Result<(), WorkspaceError> {
    let home = home(state_dir, id);
    if !home.is_dir() {
        return Ok(());
    }
    disk::remove_if_there(&home.join(DIR).join(FILE))?;
    // What else is in it is not ours to know.
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

/// What is read back to tell whose file it is. The key is not looked at.
#[derive(Deserialize)]
struct Owner {
    identity_uuid: Option<String>,
}

/// A worktree's index as it was when it held nothing of `.ravi`. git writes a new file each time it changes the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Untracked(Option<(u64, i64, i64, u64)>);

impl Untracked {
    fn now(git_dir: &Path) -> Untracked {
        let index = git_dir.join("index").metadata();
        Untracked(index.ok().map(|meta| (meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.size())))
    }
}

/// Refuses a `.ravi` that this program must not write to. Asked before anything else is done for a workspace, and again
/// before it is written to; `seen` then spares git's answer where the index has not changed since.
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

fn check_files(dir: &Path, ours: Option<&str>) -> Result<(), WorkspaceError> {
    let refuse = |path: PathBuf, reason: &str| Err(WorkspaceError::NotOurs { path, reason: reason.to_owned() });
    let Ok(meta) = dir.symlink_metadata() else { return Ok(()) };
    if meta.is_symlink() {
        return refuse(dir.to_owned(), "it is a symbolic link");
    }
    if !meta.is_dir() {
        return refuse(dir.to_owned(), "it is not a folder");
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return refuse(dir.to_owned(), "it belongs to another user");
    }
    let file = dir.join(FILE);
    match file.symlink_metadata() {
        Err(_) => return Ok(()),
        Ok(meta) if meta.is_symlink() => return refuse(file, "it is a symbolic link"),
        Ok(meta) if !meta.is_file() => return refuse(file, "it is not a file"),
        Ok(_) => {}
    }
    match (owner(&file)?, ours) {
        (Some(owner), Some(ours)) if owner == ours => Ok(()),
        _ => refuse(file, "it holds another identity"),
    }
}

/// Writes the file into the worktree, unless it is there already as it should be. `owner`: uuid and name of the identity.
/// `in_git`: git has said before that it takes it along with nothing.
pub(super) fn write(root: &Path, in_git: bool, key: &IdentityKey, owner: (&str, &str)) -> Result<(), WorkspaceError> {
    shield(root, in_git)?;
    write_file(root, key, owner)
}

/// Asks git, with our rules in place, whether it would take the key along; nothing is left. Before a key is made.
pub(super) fn check_shielded(root: &Path, in_git: bool) -> Result<(), WorkspaceError> {
    shield(root, in_git)?;
    remove_empty(&root.join(DIR));
    Ok(())
}

/// Puts our rules beside where the key is to be. Which rule counts for git in the end depends on all that there are, and on
/// the version; so git itself is asked, and what it would take along is refused. The key is not put elsewhere instead: who
/// chose this place has programs that find it nowhere else, and would be the person in this folder.
fn shield(root: &Path, in_git: bool) -> Result<(), WorkspaceError> {
    let dir = root.join(DIR);
    disk::make_dir(&dir, 0o700)?;
    let ignore = dir.join(IGNORE_FILE);
    if ignore.symlink_metadata().is_err() {
        disk::write_private(&ignore, IGNORE)?;
    }
    match in_git.then(|| Git::at(root).ignores(&Path::new(DIR).join(FILE))) {
        None | Some(Ok(true)) => Ok(()),
        Some(said) => {
            remove_empty(&dir);
            said?;
            Err(PlaceError::KeyNotIgnored { path: dir.join(FILE) }.into())
        }
    }
}

fn write_file(home: &Path, key: &IdentityKey, (uuid, name): (&str, &str)) -> Result<(), WorkspaceError> {
    disk::make_dir(&home.join(DIR), 0o700)?;
    let content = Content { identity_key: key.expose(), identity_uuid: uuid, identity_name: name };
    let mut bytes = Zeroizing::new(serde_json::to_vec_pretty(&content).unwrap_or_default()); // cannot fail: three texts
    bytes.push(b'\n');
    let file = home.join(DIR).join(FILE);
    let there = disk::read_if_there(&file, LIMIT)?.map(Zeroizing::new);
    let private = file.symlink_metadata().is_ok_and(|meta| meta.mode() & 0o777 == 0o600);
    if private && there.is_some_and(|there| *there == *bytes) {
        return Ok(());
    }
    Ok(disk::write_secret(&file, &bytes)?)
}

/// Takes the file away where it is still this identity's, and the folder where it is empty then. `false` when it is
/// somebody else's.
pub(crate) fn remove(root: &Path, uuid: &str) -> Result<bool, WorkspaceError> {
    let dir = root.join(DIR);
    let file = dir.join(FILE);
    let real = dir.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    if !real || file.symlink_metadata().is_err() {
        remove_empty(&dir);
        return Ok(true);
    }
    if owner(&file).ok().flatten().as_deref() != Some(uuid) {
        return Ok(false);
    }
    disk::remove_if_there(&file)?;
    remove_empty(&dir);
    Ok(true)
}

/// A folder with nothing but our own rules is ours to take; one with other files in it is not, and `remove_dir` refuses it.
fn remove_empty(dir: &Path) {
    if dir.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
        files::sweep(dir);
        let ignore = dir.join(IGNORE_FILE);
        let ours = disk::read_if_there(&ignore, LIMIT).is_ok_and(|rules| rules.as_deref() == Some(IGNORE));
        let alone = std::fs::read_dir(dir).is_ok_and(|entries| entries.count() == 1);
        if ours && alone {
            let _ = std::fs::remove_file(ignore);
        }
    }
    let _ = std::fs::remove_dir(dir);
}

fn owner(file: &Path) -> Result<Option<String>, WorkspaceError> {
    let Some(bytes) = disk::read_if_there(file, LIMIT)?.map(Zeroizing::new) else { return Ok(None) };
    Ok(serde_json::from_slice::<Owner>(&bytes).ok().and_then(|owner| owner.identity_uuid))
}
