//! Finds the workspace of a folder quickly: without git, and without trusting what the repository says.
//!
//! It goes the way that git goes: up to the first `.git`. The note in the private git dir there is only a claim; it
//! counts if the ledger also has the note's random number. So a folder that was copied, unpacked or crafted is nobody's
//! workspace. A workspace outside any repository has no note; only the ledger knows its path.

use std::io;
use std::path::{Path, PathBuf};

use ravi_workspace_core::error::{Error, Result};
use ravi_workspace_core::internal::files;
use ravi_workspace_core::internal::git::worktree_of;
use ravi_workspace_core::internal::launcher::{HelperError, is_known};
use ravi_workspace_core::internal::ledger::{Binding, Ledger};
use ravi_workspace_core::internal::os::{Facts, Kind};
use ravi_workspace_core::internal::workspace::{NOTE_FILE, Note, State, has_note};

/// Larger than any `.git` file needs to be.
const GIT_FILE_LIMIT: usize = 16 * 1024;

/// The workspace that a helper was called in.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) ledger: Ledger,
    /// In whatever state; its path is where the workspace was found.
    pub(crate) binding: Binding,
}

/// What a folder is to a helper.
#[derive(Debug)]
pub(crate) enum Place {
    /// A workspace's.
    Bound(Box<Bound>),
    /// Nobody's: the helper has no business here.
    Free,
    /// Marked as a workspace's, but the ledger does not know the mark.
    Unconfirmed(HelperError),
    /// Marked as a workspace's, but the mark is a copy of another folder's.
    Copy(HelperError),
    /// Probably a workspace's, with a broken link between folder and git dir; or somebody else's folder that points to
    /// a workspace.
    Astray(HelperError),
}

/// Finds the workspace that `folder` lies in. `states` are folders where a ledger may be that no note names, this
/// program's own first.
pub(crate) fn find(folder: &Path, states: &[PathBuf]) -> Result<Place> {
    let Ok(folder) = folder.canonicalize() else { return Ok(Place::Free) };
    let mut passed = Vec::new();
    for dir in folder.ancestors() {
        let git_dir = GitDir::of(dir);
        let place = match &git_dir {
            Some(GitDir::Linked(git_dir)) => at_git_dir(git_dir, Some(dir), states)?,
            Some(GitDir::Here(git_dir)) => at_main(dir, git_dir, states)?,
            Some(GitDir::Foreign(git_dir)) => foreign(dir, git_dir),
            None => Place::Free,
        };
        if !matches!(place, Place::Free) {
            return Ok(place);
        }
        passed.push((dir, git_dir.is_some()));
        // The same agent works on a repository inside a workspace's folder, such as a submodule. A linked worktree,
        // however, has or will have an agent of its own.
        if matches!(git_dir, Some(GitDir::Linked(_) | GitDir::Foreign(_))) {
            break;
        }
    }
    Ok(at_folders(&passed, states))
}

/// Finds the workspace whose configuration a git reads that was started in `folder` and set `git_dir` for what it
/// starts. git does that if a `.git` file leads there, and if it was told to work there from elsewhere.
pub(crate) fn started_in(folder: &Path, git_dir: &Path, states: &[PathBuf]) -> Result<Place> {
    let place = at_git_dir(git_dir, None, states)?;
    let Place::Bound(bound) = &place else { return Ok(place) };
    let Ok(folder) = folder.canonicalize() else { return Ok(place) };
    let nearest = folder.ancestors().find_map(|dir| Some((dir, GitDir::of(dir)?)));
    let belongs = nearest.as_ref().is_none_or(|(dir, found)| match found {
        GitDir::Linked(_) => true,
        GitDir::Foreign(found) => found != git_dir,
        GitDir::Here(found) => found != git_dir || is_checkout_of(dir, found, &bound.binding),
    });
    match nearest {
        Some((dir, _)) if !belongs => Ok(Place::Unconfirmed(elsewhere(dir, git_dir))),
        _ => Ok(place),
    }
}

/// Returns the workspace that a main checkout or a submodule is.
fn at_main(dir: &Path, git_dir: &Path, states: &[PathBuf]) -> Result<Place> {
    // A link or a file may lead to the git dir of any repository; only the folder around it is its worktree.
    let root = Some(dir).filter(|dir| git_dir.parent() == Some(dir));
    match at_git_dir(git_dir, root, states)? {
        Place::Bound(bound) if root.is_none() && !is_checkout_of(dir, git_dir, &bound.binding) => {
            Ok(Place::Astray(elsewhere(dir, git_dir)))
        }
        place => Ok(place),
    }
}

/// Whether `dir`, whose `.git` leads to this git dir of a bound main checkout, is that checkout.
///
/// Such a git dir names no folder in turn, so the ledger tells which one it is. If the checkout was moved along with
/// its git dir, no other place leads there.
fn is_checkout_of(dir: &Path, git_dir: &Path, binding: &Binding) -> bool {
    if git_dir.parent() == Some(dir) || binding.path == dir {
        return true;
    }
    let is_of_another = git_dir.file_name().is_some_and(|name| name == ".git");
    let from_there = || GitDir::of(&binding.path).is_some_and(|there| there.path() == git_dir);
    !is_of_another && !from_there()
}

/// Returns the workspace with this id.
pub(crate) fn named(id: &str, states: &[PathBuf]) -> Result<Option<Bound>> {
    for state in states {
        let Some(ledger) = open_ledger(state, states).ok().flatten() else { continue };
        if let Some(binding) = ledger.binding(id)? {
            return Ok(Some(Bound { ledger, binding }));
        }
    }
    Ok(None)
}

/// Returns the workspace whose private git dir is `git_dir`, seen from its worktree `root` if that is known.
fn at_git_dir(git_dir: &Path, root: Option<&Path>, states: &[PathBuf]) -> Result<Place> {
    let Some(note) = Note::read(git_dir)? else { return Ok(Place::Free) };
    let unconfirmed = |reason: String| HelperError::Unconfirmed { place: git_dir.to_owned(), reason };
    let ledger = match open_ledger(&note.ledger, states) {
        Ok(Some(ledger)) => ledger,
        Err(Unusable::Unknown) => {
            let (place, ledger) = (git_dir.to_owned(), note.ledger);
            return Ok(Place::Unconfirmed(HelperError::UnknownLedger { place, ledger }));
        }
        Ok(None) => {
            let reason = format!("there is no ledger in {}", note.ledger.display());
            return Ok(Place::Unconfirmed(unconfirmed(reason)));
        }
        Err(reason) => return Ok(Place::Unconfirmed(unconfirmed(reason.to_string()))),
    };
    let Some(mut binding) = ledger.binding_of_nonce(&note.nonce)? else {
        return Ok(Place::Unconfirmed(unconfirmed("the ledger does not know it".into())));
    };
    if let Some(original) = binding.git_dir.as_deref().filter(|original| *original != git_dir)
        && has_note(original, &note.nonce)?
    {
        return Ok(Place::Copy(unconfirmed(format!("it is a copy of {}", original.display()))));
    }
    let path = root.map_or_else(|| binding.path.clone(), Path::to_owned);
    binding.path = path;
    Ok(Place::Bound(Box::new(Bound { ledger, binding })))
}

/// Judges a git dir that does not belong to the folder naming it, for example after `mv` of a worktree.
fn foreign(dir: &Path, git_dir: &Path) -> Place {
    if !git_dir.join(NOTE_FILE).exists() {
        return Place::Free;
    }
    Place::Astray(elsewhere(dir, git_dir))
}

fn elsewhere(dir: &Path, git_dir: &Path) -> HelperError {
    let reason = format!("its .git points to {}, which is another folder's", git_dir.display());
    HelperError::Unconfirmed { place: dir.to_owned(), reason }
}

/// Returns the workspace that has one of these folders, nearest first, without a mark.
///
/// That is a workspace outside any repository, which has no private git dir for a mark and may have become a repository
/// since; or one that is just being set up or taken down. A ledger that cannot be read is passed over, because nothing
/// says that it has to do with the folder.
fn at_folders(passed: &[(&Path, bool)], states: &[PathBuf]) -> Place {
    for state in states {
        let Some(ledger) = open_ledger(state, states).ok().flatten() else { continue };
        for (dir, has_git) in passed {
            let Some(binding) = ledger.binding_at(dir).ok().flatten() else { continue };
            let changing = matches!(binding.state, State::Provisioning | State::Releasing);
            match (binding.git_dir.is_some(), has_git) {
                (true, false) => {
                    let reason = "its .git is gone, or damaged".to_owned();
                    return Place::Astray(HelperError::Unconfirmed { place: dir.to_path_buf(), reason });
                }
                // The worktree was removed, and another one made in the same place.
                (true, true) if !changing => {}
                _ => return Place::Bound(Box::new(Bound { ledger, binding })),
            }
        }
    }
    Place::Free
}

/// Opens a ledger, if it exists. One that a note names is opened only if this user has used it before ([`known`]) and
/// nobody else can have made it: its content decides which server is sent a key.
fn open_ledger(dir: &Path, states: &[PathBuf]) -> Result<Option<Ledger>, Unusable> {
    if !dir.join("ledger.db").is_file() {
        return Ok(None);
    }
    if !dir.is_absolute() || !states.iter().any(|known| known == dir) && !is_known(dir) {
        return Err(Unusable::Unknown);
    }
    if states.first().is_none_or(|own| dir != own) {
        is_private(&Facts::of_name(dir)?)?;
    }
    Ok(Some(Ledger::open(dir, None).map_err(Error::from)?))
}

fn is_private(facts: &Facts) -> Result<(), Unusable> {
    if facts.kind() == Kind::Folder && facts.is_mine() && facts.is_closed() {
        Ok(())
    } else {
        Err(Unusable::NotPrivate)
    }
}

/// Why a ledger is not opened.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("no program of this user has opened its ledger")]
    Unknown,
    #[error("its ledger's folder is not private to this user")]
    NotPrivate,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Ledger(#[from] Error),
}

/// What `.git` in a folder leads to.
#[derive(Debug, PartialEq, Eq)]
enum GitDir {
    /// A repository's own git dir, or a submodule's.
    Here(PathBuf),
    /// A linked worktree's private git dir, which names this folder in turn.
    Linked(PathBuf),
    /// A git dir that belongs to another folder.
    Foreign(PathBuf),
}

impl GitDir {
    /// Asks no git, which would take longer than everything else that a helper does.
    fn of(dir: &Path) -> Option<GitDir> {
        let dot_git = dir.join(".git");
        let meta = dot_git.metadata().ok()?;
        if meta.is_dir() {
            return dot_git.join("HEAD").exists().then(|| dot_git.canonicalize().ok().map(GitDir::Here)).flatten();
        }
        let content = files::read_bounded_following(&dot_git, GIT_FILE_LIMIT).ok()?;
        let text = std::str::from_utf8(&content).ok()?;
        let git_dir = dir.join(text.strip_prefix("gitdir: ")?.trim_end_matches(['\n', '\r'])).canonicalize().ok()?;
        if !git_dir.join("commondir").exists() {
            return Some(GitDir::Here(git_dir));
        }
        // git records in the private git dir which folder it is for (gitrepository-layout(5), `worktrees/<id>/gitdir`).
        let back = worktree_of(&git_dir).ok().and_then(|back| back.canonicalize().ok());
        if back.is_some() && back == dot_git.canonicalize().ok() {
            Some(GitDir::Linked(git_dir))
        } else {
            Some(GitDir::Foreign(git_dir))
        }
    }

    fn path(&self) -> &Path {
        match self {
            GitDir::Here(path) | GitDir::Linked(path) | GitDir::Foreign(path) => path,
        }
    }
}
