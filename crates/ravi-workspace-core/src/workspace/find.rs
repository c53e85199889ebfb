//! Finding bindings: by id, by path, or all of them.

use std::path::{Path, PathBuf};

use super::context::blocking;
use super::error::WorkspaceError;
use super::heal::outdated_program;
use super::inspect::{Inspected, folder_state, git_dir_of, inspect};
use super::note::Note;
use crate::error::Result;
use crate::git;
use crate::ledger::{Binding, BundleRow, IdentityRow, Ledger, LedgerError};
use crate::machine::places::real_path;
use crate::model::target::Target;
use crate::model::workspace::{Sharing, State, WorkspaceSummary};

/// Returns the binding that `target` means; `None` if nothing is bound to it.
pub(crate) async fn find(ledger: &Ledger, target: impl Into<Target<'_>>) -> Result<Option<Binding>> {
    match target.into() {
        Target::Path(path) => in_path(ledger, path).await,
        Target::IdOrPath(text) => match by_id(ledger, text).await? {
            None => in_path(ledger, Path::new(text)).await,
            found => Ok(found),
        },
        Target::PathOrId(text) => match in_path(ledger, Path::new(text)).await {
            Ok(Some(found)) => Ok(Some(found)),
            // What is wrong with a folder is told only if no workspace has its name for an id.
            none => by_id(ledger, text).await?.map_or(none, |found| Ok(Some(found))),
        },
    }
}

/// The binding of the workspace that a path lies in, or lay in.
async fn in_path(ledger: &Ledger, path: &Path) -> Result<Option<Binding>> {
    let path = path.to_owned();
    if path.exists() { at(ledger, path).await } else { at_former_path(ledger, path).await }
}

/// The binding of this id, or of the one that it joined.
async fn by_id(ledger: &Ledger, id: &str) -> Result<Option<Binding>> {
    let wanted = id.to_owned();
    let found = ledger
        .run(move |l| match l.binding(&wanted)? {
            Some(binding) => Ok(Some(binding)),
            None => Ok(l.held(&wanted)?.map(|own| l.binding(&own)).transpose()?.flatten()),
        })
        .await?;
    let Some(binding) = found else { return Ok(None) };
    Ok(Some(blocking(move || Ok::<_, WorkspaceError>(where_it_lies(binding))).await?))
}

/// Returns the binding with the current place of its worktree, in case that is not the one in the ledger.
pub(crate) fn where_it_lies(binding: Binding) -> Binding {
    let Some(path) = moved_to(&binding) else { return binding };
    // What the git dir says proves nothing: the folder must point back to it.
    let place = inspect(&path).ok().filter(|place| place.root == path).and_then(|place| place.git);
    match place {
        Some(place) if Some(&place.git_dir) == binding.git_dir.as_ref() => Binding { path, ..binding },
        _ => binding,
    }
}

/// Returns where git says that the worktree is, if that differs from the ledger.
///
/// `git worktree move` notes the place in the private git dir; the ledger learns it with the next provision.
pub(crate) fn moved_to(binding: &Binding) -> Option<PathBuf> {
    let git_dir = binding.git_dir.as_deref().filter(|dir| Some(*dir) != binding.common_dir.as_deref())?;
    let dot_git = git::worktree_of(git_dir).ok()?;
    let path = real_path(dot_git.parent()?);
    (path != binding.path).then_some(path)
}

/// Returns the binding of the worktree that `path` lies in.
async fn at(ledger: &Ledger, path: PathBuf) -> Result<Option<Binding>> {
    let place = blocking(move || inspect(&path)).await?;
    if place.git.is_some() {
        let found = match by_note(ledger, &place).await {
            Ok(None) => half_released(ledger, &place).await?,
            Err(error) if error.downcast_ref().is_some_and(Note::is_damaged) => {
                Some(half_released(ledger, &place).await?.ok_or(error)?)
            }
            found => found?,
        };
        let Some(git) = place.git else { return Ok(None) };
        // With the current place; the ledger learns it with the next provision.
        let here = |binding| Binding {
            path: place.root,
            git_dir: Some(git.git_dir),
            common_dir: Some(git.common_dir),
            ..binding
        };
        return Ok(found.map(here));
    }
    let ancestors: Vec<PathBuf> = place.root.ancestors().map(Path::to_owned).collect();
    for ancestor in ancestors {
        if let Some(binding) = ledger.run(move |l| l.binding_at(&ancestor)).await? {
            // Only a folder outside any repository covers what lies below it without git saying so.
            return Ok(binding.git_dir.is_none().then_some(binding));
        }
    }
    Ok(None)
}

/// Returns the binding of a worktree whose release was begun: its note may be gone, or may be what stands in the way.
async fn half_released(ledger: &Ledger, place: &Inspected) -> Result<Option<Binding>> {
    let (root, git_dir) = (place.root.clone(), place.git.as_ref().map(|git| git.git_dir.clone()));
    let binding = ledger.run(move |l| l.binding_at(&root)).await?;
    Ok(binding.filter(|binding| binding.state == State::Releasing && binding.git_dir == git_dir))
}

/// Returns the binding of a worktree, by the note in its private git dir.
///
/// Any folder may name the git dir of a main checkout as its own, and that git dir names no folder in turn. So the note
/// counts here only if the folder that was bound no longer leads to it.
pub(crate) async fn by_note(ledger: &Ledger, place: &Inspected) -> Result<Option<Binding>> {
    let Some(git) = &place.git else { return Ok(None) };
    let Some(binding) = noted(ledger, git.git_dir.clone()).await? else { return Ok(None) };
    if !place.is_main() || binding.path == place.root || git.git_dir.starts_with(&place.root) {
        return Ok(Some(binding));
    }
    let (git_dir, bound) = (git.git_dir.clone(), binding.path.clone());
    let other = blocking(move || Ok::<_, WorkspaceError>(git_dir_of(&bound).ok().flatten() == Some(git_dir))).await?;
    Ok((!other).then_some(binding))
}

/// Returns the binding that the note in a private git dir names.
///
/// The note moves with the git dir: a worktree or a repository that was moved is still found, and a new one in the same
/// place is not mistaken for the old one. A copy carries the note too; the original, if it still exists, is the bound
/// one.
pub(super) async fn noted(ledger: &Ledger, git_dir: PathBuf) -> Result<Option<Binding>> {
    let read = git_dir.clone();
    let Some(note) = blocking(move || Note::read(&read)).await? else { return Ok(None) };
    let nonce = note.nonce.clone();
    let Some(binding) = ledger.run(move |l| l.binding_of_nonce(&nonce)).await? else { return Ok(None) };
    let copied = match binding.git_dir.clone() {
        Some(original) if original != git_dir => blocking(move || has_note(&original, &note.nonce)).await?,
        _ => false,
    };
    Ok((!copied).then_some(binding))
}

/// Whether a private git dir has the note with this nonce.
pub fn has_note(git_dir: &Path, nonce: &str) -> Result<bool, WorkspaceError> {
    Ok(git_dir.is_dir() && Note::read(git_dir)?.is_some_and(|note| note.nonce == nonce))
}

/// Finds the binding of a folder that is gone, by the path that it had.
async fn at_former_path(ledger: &Ledger, path: PathBuf) -> Result<Option<Binding>> {
    let wanted = real_path(&path);
    Ok(ledger.run(move |l| l.binding_at(&wanted)).await?)
}

/// Returns all workspaces, oldest first.
pub(crate) async fn summaries(ledger: &Ledger) -> Result<Vec<WorkspaceSummary>> {
    Ok(ledger.run(summaries_now).await?)
}

/// Like [`summaries`], for a thread that may wait for the ledger.
pub(crate) fn summaries_now(ledger: &Ledger) -> Result<Vec<WorkspaceSummary>, LedgerError> {
    ledger.bindings()?.into_iter().map(|binding| Known::of(ledger, binding).map(describe)).collect()
}

/// Returns the workspace that an id means.
pub(crate) fn summary_now(ledger: &Ledger, id: &str) -> Result<Option<WorkspaceSummary>, LedgerError> {
    let own = ledger.held(id)?.unwrap_or_else(|| id.to_owned());
    ledger.binding(&own)?.map(|binding| Known::of(ledger, binding).map(describe)).transpose()
}

/// Returns one workspace as people see it.
pub(crate) async fn summary(ledger: &Ledger, binding: Binding) -> Result<WorkspaceSummary> {
    let known = ledger.run(move |l| Known::of(l, binding)).await?;
    Ok(blocking(move || Ok::<_, WorkspaceError>(describe(known))).await?)
}

/// A binding, and what else the ledger knows of its workspace.
struct Known {
    binding: Binding,
    identity: Option<IdentityRow>,
    bundle: Vec<BundleRow>,
    sharing: Option<Sharing>,
    ends_at_ms: Option<i64>,
    also: Vec<String>,
}

impl Known {
    fn of(ledger: &Ledger, binding: Binding) -> Result<Known, LedgerError> {
        let (identity, bundle, sharing) = match &binding.identity {
            Some(uuid) => (ledger.identity(uuid)?, ledger.bundle_of(uuid)?, ledger.sharing(&binding.id, uuid)?),
            None => (None, Vec::new(), None),
        };
        let ends_at_ms = ledger.lifetime(&binding.id)?.and_then(|life| life.ends_ms);
        let also = ledger.also(&binding.id)?;
        Ok(Known { binding, identity, bundle, sharing, ends_at_ms, also })
    }
}

fn describe(Known { binding, identity, bundle, sharing, ends_at_ms, also }: Known) -> WorkspaceSummary {
    let git = identity.as_ref().filter(|_| binding.git_dir.is_some()).map(|row| binding.author(row));
    WorkspaceSummary {
        folder: folder_state(&binding.path),
        outdated_program: binding.git_dir.as_deref().and_then(outdated_program),
        identity: identity.as_ref().map(IdentityRow::info),
        git,
        github: binding.github,
        bundle: bundle.into_iter().map(BundleRow::into_info).collect(),
        sharing,
        key: !binding.request.no_key,
        also,
        confirmed: binding.confirmed,
        id: binding.id,
        name: binding.name,
        path: binding.path,
        state: binding.state,
        ends_at_ms,
        last_error: binding.last_error,
        created_at_ms: binding.at_ms,
    }
}
