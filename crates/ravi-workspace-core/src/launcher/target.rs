//! The launchers of a state folder, and the program they start: the newest of ours that exists.
//!
//! What outlives an upgrade is in other people's files: git's configuration, hooks, PATH. So those name a launcher,
//! whose path never changes, and the launcher's folder names the program. Every run of a newer program points it to
//! itself; an older one leaves it alone as long as that program runs. This module must not know what the programs do.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::candidate::{Candidate, is_one_line, own_version};
use super::error::HelperError;
use super::names::{CLI, DIR, FOLDERS, LAUNCHER, PROGRAM, RAVI_SWITCH, SIGNER};
use super::probe::{self, Probed};
use super::program::{NAME, on_path};
use super::script::Role;
use crate::machine::files;
use crate::machine::os::access;

/// Every launcher.
const ROLES: [Role; 4] = [
    Role::Shim { name: "gh", switch: "RAVI_WORKSPACE_GH" },
    Role::Shim { name: "ravi", switch: RAVI_SWITCH },
    Role::Signer { name: SIGNER },
    Role::Own { name: LAUNCHER },
];

/// The longest record.
const LIMIT: usize = 16 * 1024;

/// Makes the folder of shims in `state_dir` and returns its path, which goes first on PATH.
pub fn shim_dir(state_dir: &Path) -> Result<PathBuf, HelperError> {
    make(state_dir)
}

/// The launcher of our own program, called by git's configuration and by hooks.
pub(crate) fn launcher_path(state_dir: &Path) -> Result<PathBuf, HelperError> {
    Ok(make(state_dir)?.join(LAUNCHER))
}

/// The launcher that git signs with.
pub(crate) fn signer_path(state_dir: &Path) -> Result<PathBuf, HelperError> {
    Ok(make(state_dir)?.join(SIGNER))
}

/// Makes any missing launchers of a state folder, points them to the newest program, and returns their folder.
fn make(state_dir: &Path) -> Result<PathBuf, HelperError> {
    let dir = state_dir.join(DIR);
    let fail = |source| HelperError::Io { path: dir.clone(), doing: "made", source };
    // Nothing is made that would lead nowhere.
    if read(&dir, PROGRAM).is_none_or(|record| !record.is_there()) && best(&Candidate::known(), None).is_none() {
        return Err(HelperError::NoProgram);
    }
    make_dir(&dir).map_err(fail)?;
    settle(&dir).map_err(fail)?;
    Ok(dir)
}

/// The same if there already are launchers, of whatever version. Failure is ignored.
pub(crate) fn renew(state_dir: &Path) {
    let dir = state_dir.join(DIR);
    if dir.is_dir()
        && let Err(error) = settle(&dir)
    {
        tracing::debug!(%error, "the launchers stay as they are");
    }
}

/// Tells the launchers which folders are workspaces outside any repository. Failure is ignored.
pub(crate) fn list_folders(state_dir: &Path, folders: &[PathBuf]) {
    let dir = state_dir.join(DIR);
    let lines: String =
        folders.iter().filter(|path| is_one_line(path)).map(|path| format!("{}\n", path.display())).collect();
    if (dir.is_dir() || !folders.is_empty())
        && let Err(error) = make_dir(&dir).and_then(|()| put(&dir, FOLDERS, lines.as_bytes(), 0o600))
    {
        tracing::debug!(%error, "launchers do not know the workspaces outside repositories");
    }
}

/// The program that the launchers of a state folder start.
pub(crate) fn target(state_dir: &Path) -> Option<PathBuf> {
    read(&state_dir.join(DIR), PROGRAM).map(|record| record.path)
}

/// The same for a program that was called by others: quick if the launchers already start it.
pub fn follow(state_dir: &Path) {
    let own = std::env::current_exe().and_then(|path| path.canonicalize()).ok();
    let is_own = |record: Candidate| record.version == own_version() && record.path.canonicalize().ok() == own;
    if !read(&state_dir.join(DIR), PROGRAM).is_some_and(is_own) {
        renew(state_dir);
    }
}

fn make_dir(dir: &Path) -> std::io::Result<()> {
    access::make_folder(dir, 0o700)
}

fn settle(dir: &Path) -> std::io::Result<()> {
    let known = Candidate::known();
    let before = standing(dir, PROGRAM);
    // If ours is not the newest program here, the launchers belong to the newest one.
    if !(before.as_ref().is_some_and(is_newer) && all_there(dir)) {
        for role in ROLES {
            put(dir, role.name(), role.text(dir).as_bytes(), 0o700)?;
        }
    }
    if let Some(best) = best(&known, before.as_ref()) {
        write(dir, PROGRAM, &best)?;
    }
    let before = standing(dir, CLI);
    match known.into_iter().find(|known| known.is_cli && replaces(known, before.as_ref())) {
        Some(cli) => write(dir, CLI, &cli),
        None => Ok(()),
    }
}

/// The program in a record, if it exists. If it is newer than this one, it is asked whether it runs, since only then
/// could it keep us from taking its place.
fn standing(dir: &Path, file: &str) -> Option<Candidate> {
    let record = read(dir, file).filter(Candidate::is_there)?;
    let runs = !is_newer(&record) || matches!(probe::program(&record.path), Probed::Runs(_));
    runs.then_some(record)
}

fn is_newer(record: &Candidate) -> bool {
    let own = Candidate { version: own_version(), ..record.clone() };
    !own.is_as_new_as(record)
}

/// The program that replaces `before`; `None` if that one stays.
fn best(known: &[Candidate], before: Option<&Candidate>) -> Option<Candidate> {
    let first = known.first();
    if before.is_some() || first.is_some_and(|first| first.is_cli) {
        return first.filter(|first| replaces(first, before)).cloned();
    }
    // An app starts more slowly than the command line, and may be started only if it first checks how it was called.
    let installed = installed().filter(|found| first.is_none_or(|own| found.is_as_new_as(own)));
    installed.or_else(|| first.cloned())
}

/// Whether launchers that start `before`, which exists, should start `new` instead.
fn replaces(new: &Candidate, before: Option<&Candidate>) -> bool {
    let Some(before) = before else { return true };
    let same = before.path == new.path;
    same && before.version != new.version || !same && !before.is_as_new_as(new)
}

/// `ravi-workspace` on PATH, if its version is one that launchers can start.
fn installed() -> Option<Candidate> {
    let path = std::env::var_os("PATH")?;
    on_path(&path, NAME).find_map(|path| match probe::program(&path) {
        Probed::Runs(version) => Some(Candidate { path, version, is_cli: true }),
        _ => None,
    })
}

fn all_there(dir: &Path) -> bool {
    ROLES.iter().all(|role| super::script::is_launcher(&dir.join(role.name())))
}

fn read(dir: &Path, file: &str) -> Option<Candidate> {
    let bytes = files::read_bounded(&dir.join(file), LIMIT).ok()?;
    let mut lines = std::str::from_utf8(&bytes).ok()?.lines();
    let path = PathBuf::from(lines.next()?);
    Some(Candidate { path, version: lines.next().unwrap_or_default().to_owned(), is_cli: file == CLI })
}

fn write(dir: &Path, file: &str, candidate: &Candidate) -> std::io::Result<()> {
    let text = format!("{}\n{}\n", candidate.path.display(), candidate.version);
    put(dir, file, text.as_bytes(), 0o600)
}

/// Puts a file in place atomically: a reader finds either the old one, which may be a link, or the new one.
fn put(dir: &Path, name: &str, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let path = dir.join(name);
    if files::read_bounded(&path, LIMIT).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let mut file = files::unnamed_in(dir, (".ravi-", ".tmp"), mode)?;
    file.write_all(bytes)?;
    file.persist(path).map(drop).map_err(|e| e.error)
}
