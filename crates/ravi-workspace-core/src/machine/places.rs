//! Places that somebody names for us to write to: an env file, a state folder, a Codex folder, settings that hooks go
//! into.
//!
//! Such a name may come from a script, a form or a repository, and may lead to something that is not ours: a git dir, a
//! file that git reads for itself, a device, a folder that others use. Such a place is refused before anything is
//! created for it. This module must not know what is written.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::os::Facts;
use crate::error::Explain;

/// Why nothing is written to a place.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum PlaceError {
    /// It is in a git dir, where a file of ours could take the place of one of git's.
    #[error("{} is in the git dir {}", path.display(), git_dir.display())]
    #[explain(code = "place.git_dir", kind = Usage, hint = "Name a place outside any git dir. Nothing was done.")]
    GitDir {
        /// The place.
        path: PathBuf,
        /// The git dir.
        git_dir: PathBuf,
    },
    /// git, or this program, reads the file for itself.
    #[error("{} is reserved: another program reads it in its own format", path.display())]
    #[explain(
        code = "place.reserved",
        kind = Usage,
        hint = "Name another file, such as `.env` in the worktree. Nothing was done."
    )]
    Reserved {
        /// The place.
        path: PathBuf,
    },
    /// It is a device, a pipe or a folder.
    #[error("{} already exists and is not a regular file", path.display())]
    #[explain(
        code = "place.not_a_file",
        kind = Usage,
        hint = "Name another file, such as `.env` in the worktree. Nothing was done."
    )]
    NotAFile {
        /// The place.
        path: PathBuf,
    },
    /// The workspace's key would become part of the repository.
    #[error("git would not ignore {}, the file with the workspace's key", path.display())]
    #[explain(
        code = "place.key_not_ignored",
        kind = Policy,
        hint = "Keep the key outside the folder (keyInTree: never, the default), or remove the rule that includes it \
                again from the .gitignore beside it. Nothing was done."
    )]
    KeyNotIgnored {
        /// The file that was to hold the key.
        path: PathBuf,
    },
    /// Everything the user has lies below the folder.
    #[error("{} is your home folder or contains it", path.display())]
    #[explain(
        code = "place.home",
        kind = Policy,
        hint = "Provision the folder that the agent works in: everything below it becomes the agent's. Nothing was \
                done."
    )]
    Home {
        /// The folder.
        path: PathBuf,
    },
    /// Nothing says where this user's files are.
    #[error("this user's home folder is not known: {reason}")]
    #[explain(code = "place.no_home", kind = NotFound, hint = "Set HOME to the folder.")]
    NoHome {
        /// What the operating system said.
        reason: String,
    },
    /// A state folder that is used for something else.
    #[error("the folder {} cannot be used as a state folder: {reason}", path.display())]
    #[explain(
        code = "place.in_use",
        kind = Usage,
        hint = "Set RAVI_WORKSPACE_STATE, or `stateDir`, to a folder that does not exist yet or is empty. Nothing was \
                changed."
    )]
    InUse {
        /// The folder.
        path: PathBuf,
        /// What shows this.
        reason: String,
    },
}

/// Files in a worktree that git, or the official command line, reads in its own format.
const RESERVED: [&str; 5] = [".gitignore", ".gitattributes", ".gitmodules", ".mailmap", ".lfsconfig"];

/// Names of things in our state folder, and how others of them begin.
const OURS: [&str; 11] = [
    "audit.head",
    "bin",
    "edited-files",
    "homes",
    "host.lock",
    "ledgers",
    "locks",
    "on",
    "progress",
    "lost+found",
    ".DS_Store",
];
const OURS_BEGIN: [&str; 5] = ["ledger", "machine", "audit", "codex", ".ravi-"];

/// The user's home folder.
pub(crate) fn home() -> Result<PathBuf, PlaceError> {
    let home = etcetera::home_dir().map_err(|e| PlaceError::NoHome { reason: e.to_string() })?;
    if home.is_absolute() { Ok(home) } else { Err(PlaceError::NoHome { reason: "HOME is a relative path".to_owned() }) }
}

/// Refuses a place in a git dir. It need not exist; links are followed.
///
/// A worktree that lies in a git dir, such as that of a bare repository, is allowed.
pub(crate) fn outside_git_dirs(path: &Path) -> Result<(), PlaceError> {
    for dir in real_path(path).ancestors() {
        if is_git_dir(dir) {
            return Err(PlaceError::GitDir { path: path.to_owned(), git_dir: dir.to_owned() });
        }
        if dir.join(".git").symlink_metadata().is_ok() {
            break;
        }
    }
    Ok(())
}

/// Refuses a user's file that our lines must not be written into.
pub(crate) fn check_text_file(path: &Path) -> Result<(), PlaceError> {
    outside_git_dirs(path)?;
    let is = |part: Option<&OsStr>, name: &str| part.is_some_and(|part| part.eq_ignore_ascii_case(name));
    let in_ravi = path.parent().is_some_and(|folder| is(folder.file_name(), ".ravi"));
    if in_ravi || RESERVED.iter().any(|name| is(path.file_name(), name)) {
        return Err(PlaceError::Reserved { path: path.to_owned() });
    }
    match path.symlink_metadata() {
        Ok(meta) if !meta.is_file() && !meta.is_symlink() => Err(PlaceError::NotAFile { path: path.to_owned() }),
        _ => Ok(()),
    }
}

/// Refuses a folder that contains the user's home.
pub(crate) fn not_home(folder: &Path) -> Result<(), PlaceError> {
    let home = etcetera::home_dir().ok().map(|home| real_path(&home));
    if home.is_some_and(|home| home.starts_with(folder)) {
        Err(PlaceError::Home { path: folder.to_owned() })
    } else {
        Ok(())
    }
}

/// Refuses a state folder that exists and is used for something else, since it will be closed to every other user.
pub(crate) fn check_state_dir(dir: &Path) -> Result<(), PlaceError> {
    // An earlier version accepted any folder.
    if dir.join("ledger.db").exists() {
        return Ok(());
    }
    outside_git_dirs(dir)?;
    let in_use = |reason: String| Err(PlaceError::InUse { path: dir.to_owned(), reason });
    let Ok(facts) = Facts::of(dir) else { return Ok(()) };
    if facts.is_for_all() {
        return in_use("other users can write to it".to_owned());
    }
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let other = entries.map(|entry| entry.file_name()).find(|name| !is_of_state(name));
    other.map_or(Ok(()), |name| in_use(format!("it contains {}", name.display())))
}

fn is_of_state(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    OURS.contains(&name.as_ref()) || OURS_BEGIN.iter().any(|begin| name.starts_with(begin))
}

/// The real path. What does not exist, such as a folder that is gone, has none; there, links are followed in the part
/// that exists.
pub(crate) fn real_path(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let found = absolute.ancestors().find_map(|dir| Some((dir.canonicalize().ok()?, dir)));
    match found {
        Some((real, dir)) => match absolute.strip_prefix(dir) {
            Ok(rest) if rest.as_os_str().is_empty() => real,
            Ok(rest) => real.join(rest),
            Err(_) => absolute,
        },
        None => absolute,
    }
}

/// Recognises a git dir by its name, or by what git requires of one (gitrepository-layout(5)). A `.git` that is a file
/// is git's as well.
fn is_git_dir(dir: &Path) -> bool {
    let named = dir.file_name().is_some_and(|name| name.eq_ignore_ascii_case(".git"));
    let has = |name: &str| dir.join(name).symlink_metadata().is_ok();
    named || has("HEAD") && (has("commondir") || has("objects") && has("refs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_a_git_dir_is_known_by_its_name_and_by_its_shape() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for folder in ["repo/.git", "store/objects", "store/refs", "store/tree", "linked"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in ["store/HEAD", "store/tree/.git", "linked/HEAD", "linked/commondir"] {
            std::fs::write(root.join(file), "x").unwrap();
        }
        std::os::unix::fs::symlink(root.join("store"), root.join("repo/link")).unwrap();
        for inside in
            ["repo/.git", "repo/.git/config", "repo/.GIT/hooks/x", "repo/link/config", "store/a/b", "linked/x"]
        {
            assert!(outside_git_dirs(&root.join(inside)).is_err(), "{inside}");
        }
        for outside in ["repo/.env", "repo/new/x", "store/tree/.env", "other", "repo/git/config"] {
            assert!(outside_git_dirs(&root.join(outside)).is_ok(), "{outside}");
        }
    }

    #[test]
    fn a_folder_that_others_use_is_no_state_folder_and_ours_stays_one() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        assert!(check_state_dir(&state).is_ok(), "one that is not there");
        std::fs::create_dir(&state).unwrap();
        for name in ["ledgers", "on", "ledger.lock", ".ravi-1.tmp"] {
            std::fs::write(state.join(name), "").unwrap();
        }
        assert!(check_state_dir(&state).is_ok());
        std::fs::write(state.join("notes.txt"), "").unwrap();
        assert!(check_state_dir(&state).is_err());
        std::fs::write(state.join("ledger.db"), "").unwrap();
        assert!(check_state_dir(&state).is_ok(), "an earlier version made its ledger there");
        let shared = dir.path().join("shared");
        std::fs::create_dir(&shared).unwrap();
        std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o1777)).unwrap();
        assert!(check_state_dir(&shared).is_err(), "empty, and for everybody");
    }
}
