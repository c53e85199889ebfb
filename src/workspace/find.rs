//! Finding bindings: by id, by path, all of them.

use std::path::{Path, PathBuf};

use super::context::blocking;
use super::error::WorkspaceError;
use super::git;
use super::heal::outdated_program;
use super::inspect::{Inspected, folder_state, git_dir_of, inspect};
use super::model::{Sharing, State, WorkspaceSummary};
use super::note::Note;
use super::provision::git_info;
use crate::error::{Error, Result};
use crate::ledger::{Binding, BundleRow, IdentityRow, Ledger, LedgerError};

/// The binding that `target` means: an id, or a path in a bound worktree. `None` when there is none.
pub(crate) async fn find(ledger: &Ledger, target: &str) -> Result<Option<Binding>> {
    let id = target.to_owned();
    if let Some(binding) = ledger.run(move |l| l.binding(&id)).await? {
        return Ok(Some(blocking(move || Ok::<_, WorkspaceError>(where_it_lies(binding))).await?));
    }
    let id = target.to_owned();
    let joined = ledger.run(move |l| l.held(&id)?.map(|own| l.binding(&own)).transpose()).await?;
    if let Some(binding) = joined.flatten() {
        return Ok(Some(blocking(move || Ok::<_, WorkspaceError>(where_it_lies(binding))).await?));
    }
    let path = PathBuf::from(target);
    if !path.exists() {
        return at_former_path(ledger, path).await;
    }
    at(ledger, path).await
}

/// The binding with the place where its worktree lies now, where that is another one than the ledger knows.
pub(crate) fn where_it_lies(binding: Binding) -> Binding {
    let Some(path) = moved_to(&binding) else { return binding };
    // What the git dir says is no proof: the folder must belong to it in turn.
    let place = inspect(&path).ok().filter(|place| place.root == path).and_then(|place| place.git);
    match place {
        Some(place) if Some(&place.git_dir) == binding.git_dir.as_ref() => Binding { path, ..binding },
        _ => binding,
    }
}

/// Where git says that the worktree lies, where that is another place than the ledger knows: `git worktree move` notes it
/// in the private git dir, and the ledger learns it with the next provision.
pub(crate) fn moved_to(binding: &Binding) -> Option<PathBuf> {
    let git_dir = binding.git_dir.as_deref().filter(|dir| Some(*dir) != binding.common_dir.as_deref())?;
    let dot_git = git::worktree_of(git_dir).ok()?;
    let path = real_or_former(dot_git.parent()?);
    (path != binding.path).then_some(path)
}

/// The binding of the worktree that `path` lies in.
async fn at(ledger: &Ledger, path: PathBuf) -> Result<Option<Binding>> {
    let place = blocking(move || inspect(&path)).await?;
    if place.git.is_some() {
        let found = match by_note(ledger, &place).await {
            Ok(None) => half_released(ledger, &place).await?,
            Err(Error::Workspace(error)) if Note::is_damaged(&error) => {
                Some(half_released(ledger, &place).await?.ok_or(error)?)
            }
            found => found?,
        };
        let Some(git) = place.git else { return Ok(None) };
        // Where it lies now; the ledger learns it with the next provision.
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
            // Only a folder in no repository holds for what lies below it without git saying so.
            return Ok(binding.git_dir.is_none().then_some(binding));
        }
    }
    Ok(None)
}

/// The binding of a worktree whose release was begun: its note may be gone, or be what stands in the way.
async fn half_released(ledger: &Ledger, place: &Inspected) -> Result<Option<Binding>> {
    let (root, git_dir) = (place.root.clone(), place.git.as_ref().map(|git| git.git_dir.clone()));
    let binding = ledger.run(move |l| l.binding_at(&root)).await?;
    Ok(binding.filter(|binding| binding.state == State::Releasing && binding.git_dir == git_dir))
}

/// The binding of a worktree, by the note in its private git dir. Any folder may name the git dir of a main checkout as its
/// own, and that names no folder in turn; so it is this one's only where the folder that was bound leads there no more.
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

/// The binding that the note in a private git dir names. The note goes where the git dir goes, so a worktree or a whole
/// repository that was moved is still found, and one that was made anew at the same place is not taken for the old one.
/// A copy has the note too; the original, where it is still there, is the one that is bound.
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

/// Whether the note with this nonce lies in a private git dir.
pub(crate) fn has_note(git_dir: &Path, nonce: &str) -> Result<bool, WorkspaceError> {
    Ok(git_dir.is_dir() && Note::read(git_dir)?.is_some_and(|note| note.nonce == nonce))
}

/// A folder that is gone is known by the path it had.
async fn at_former_path(ledger: &Ledger, path: PathBuf) -> Result<Option<Binding>> {
    let wanted = real_or_former(&std::path::absolute(&path).unwrap_or(path));
    Ok(ledger.run(move |l| l.binding_at(&wanted)).await?)
}

/// The real path. That of a folder that is gone cannot be made, but what it lay in has one.
fn real_or_former(path: &Path) -> PathBuf {
    let parent = || path.parent().and_then(|parent| parent.canonicalize().ok()).zip(path.file_name());
    path.canonicalize().ok().or_else(|| parent().map(|(parent, name)| parent.join(name))).unwrap_or(path.to_owned())
}

/// All workspaces, oldest first.
pub(crate) async fn summaries(ledger: &Ledger) -> Result<Vec<WorkspaceSummary>> {
    Ok(ledger.run(summaries_now).await?)
}

/// The same for a thread that may wait for the ledger.
pub(crate) fn summaries_now(ledger: &Ledger) -> Result<Vec<WorkspaceSummary>, LedgerError> {
    ledger.bindings()?.into_iter().map(|binding| Known::of(ledger, binding).map(describe)).collect()
}

/// The workspace that an id means.
pub(crate) fn summary_now(ledger: &Ledger, id: &str) -> Result<Option<WorkspaceSummary>, LedgerError> {
    let own = ledger.held(id)?.unwrap_or_else(|| id.to_owned());
    ledger.binding(&own)?.map(|binding| Known::of(ledger, binding).map(describe)).transpose()
}

/// One workspace as people see it.
pub(crate) async fn summary(ledger: &Ledger, binding: Binding) -> Result<WorkspaceSummary> {
    let known = ledger.run(move |l| Known::of(l, binding)).await?;
    Ok(blocking(move || Ok::<_, WorkspaceError>(describe(known))).await?)
}

/// A binding and what else the ledger has about its workspace.
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
    let git = identity.as_ref().filter(|_| binding.git_dir.is_some()).map(|row| git_info(&binding, row));
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
