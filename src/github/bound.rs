//! Finding the workspace of a folder, fast: without git, and without trusting what the repository says.
//!
//! The way is the one git goes: up to the first `.git`. What is found there is only a claim, the note in the private git
//! dir; it counts when the ledger has the note's random number, too. So a folder that was copied, unpacked or crafted is
//! nobody's workspace.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::error::GithubError;
use super::plan::Plan;
use crate::audit::{Action, Entry};
use crate::error::{Error, Result};
use crate::files;
use crate::ledger::{Binding, Ledger};
use crate::workspace::{Note, State, has_note};

/// More than any `.git` file needs.
const GIT_FILE_LIMIT: usize = 16 * 1024;

/// A workspace that a helper was called in.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) ledger: Ledger,
    pub(super) binding: Binding,
    pub(super) plan: Plan,
}

impl Bound {
    /// Notes that the workspace's login was used, or why it was not. What cannot be noted is not given out.
    pub(super) fn noted<T>(&self, action: Action, result: Result<Option<T>>) -> Result<Option<T>> {
        let entry = Entry::done(action).workspace(&self.binding.id);
        let entry = self.plan.token.iter().fold(entry, |entry, at| entry.object(at.secret.as_str()));
        let entry = match &result {
            Ok(Some(_)) => entry,
            Ok(None) => entry.because("inherited"),
            Err(error) => entry.ended(error),
        };
        let noted = self.ledger.note(entry);
        let value = result?;
        noted?;
        Ok(value)
    }
}

/// What a folder is to a helper.
#[derive(Debug)]
pub(super) enum Place {
    /// A workspace's.
    Bound(Box<Bound>),
    /// Nobody's: the helper has no business here.
    Free,
    /// Marked as a workspace's, by a mark that is a copy of another folder's.
    Copy(GithubError),
}

/// The workspace that `folder` lies in. `state_dir` is where this program's own ledger would be.
pub(super) fn find(folder: &Path, state_dir: &Path) -> Result<Place> {
    let Ok(folder) = folder.canonicalize() else { return Ok(Place::Free) };
    let mut in_repository = false;
    for dir in folder.ancestors() {
        match git_dir_of(dir) {
            Some(GitDir::Here(git_dir)) => match at_git_dir(&git_dir, state_dir)? {
                // A repository inside a workspace's folder, such as a submodule, is worked on by the same agent.
                Place::Free => in_repository = true,
                found => return Ok(found),
            },
            Some(GitDir::Linked(git_dir)) => return at_git_dir(&git_dir, state_dir),
            Some(GitDir::Foreign) => return Ok(Place::Free),
            None => {}
        }
        if !in_repository && dir.join(".ravi").is_dir() {
            let found = at_folder(dir, state_dir)?;
            if matches!(found, Place::Bound(_)) {
                return Ok(found);
            }
        }
    }
    Ok(Place::Free)
}

/// The workspace whose private git dir is `git_dir`.
pub(super) fn at_git_dir(git_dir: &Path, state_dir: &Path) -> Result<Place> {
    let Some(note) = Note::read(git_dir)? else { return Ok(Place::Free) };
    let unconfirmed = |reason: String| GithubError::Unconfirmed { git_dir: git_dir.to_owned(), reason };
    let ledger = open_ledger(&note.ledger, state_dir).map_err(|reason| unconfirmed(reason.to_string()))?;
    let ledger = ledger.ok_or_else(|| unconfirmed(format!("there is no ledger in {}", note.ledger.display())))?;
    let binding = ledger.binding_of_nonce(&note.nonce)?;
    let binding = binding.ok_or_else(|| unconfirmed("the ledger does not know it".into()))?;
    if let Some(original) = binding.git_dir.as_deref().filter(|original| *original != git_dir)
        && has_note(original, &note.nonce)?
    {
        return Ok(Place::Copy(unconfirmed(format!("it is a copy of {}", original.display()))));
    }
    ready(ledger, binding)
}

/// The workspace of a folder that is in no repository.
fn at_folder(dir: &Path, state_dir: &Path) -> Result<Place> {
    let Some(ledger) = open_ledger(state_dir, state_dir).ok().flatten() else { return Ok(Place::Free) };
    match ledger.binding_at(dir)? {
        Some(binding) if binding.git_dir.is_none() => ready(ledger, binding),
        _ => Ok(Place::Free),
    }
}

fn ready(ledger: Ledger, binding: Binding) -> Result<Place> {
    let not_ready = || GithubError::NotReady { id: binding.id.clone() };
    if binding.state == State::Releasing {
        return Err(not_ready().into());
    }
    let plan = ledger.github_plan(&binding.id)?.ok_or_else(not_ready)?;
    Ok(Place::Bound(Box::new(Bound { ledger, binding, plan })))
}

/// Opens a ledger that is there. One that a note names is opened only where nobody but this user can have made it: its
/// content decides which server is sent a key.
fn open_ledger(dir: &Path, state_dir: &Path) -> Result<Option<Ledger>, Unusable> {
    if !dir.join("ledger.db").is_file() {
        return Ok(None);
    }
    if dir != state_dir {
        is_private(&dir.symlink_metadata()?)?;
    }
    Ok(Some(Ledger::open(dir, None).map_err(Error::from)?))
}

fn is_private(meta: &Metadata) -> Result<(), Unusable> {
    let mine = meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o077 == 0;
    if mine { Ok(()) } else { Err(Unusable::NotPrivate) }
}

/// Why a ledger is not opened.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("its ledger's folder is not this user's alone")]
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
    Foreign,
}

fn git_dir_of(dir: &Path) -> Option<GitDir> {
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
    // git writes into the private git dir which folder it is for (gitrepository-layout(5), `worktrees/<id>/gitdir`).
    let back = files::read_bounded(&git_dir.join("gitdir"), GIT_FILE_LIMIT).ok();
    let back = back.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let back = back.and_then(|text| git_dir.join(text.trim_end_matches(['\n', '\r'])).canonicalize().ok());
    match back.is_some() && back == dot_git.canonicalize().ok() {
        true => Some(GitDir::Linked(git_dir)),
        false => Some(GitDir::Foreign),
    }
}
