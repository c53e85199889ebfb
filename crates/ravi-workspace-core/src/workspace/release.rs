//! Taking a workspace down.
//!
//! Keys are revoked while this machine undoes what it set: those files lie among others that anybody may write, and
//! nothing there may keep a key alive. Each part is undone regardless of the others; a part that could not be undone
//! keeps the release from finishing and is tried again. A revocation that Ravi cannot accept now is owed: it stays in
//! the ledger and is retried until it succeeds, and until then the identity serves nobody.

use std::path::Path;
use std::pin::pin;

use super::context::{Context, blocking};
use super::debts::{Keys, pay, pay_key_locked};
use super::error::WorkspaceError;
use super::inspect::folder_state;
use super::note::Note;
use super::shared::Repository;
use super::{env_file, heal, identity, keys, ravi_dir, signing, told, values};
use crate::api::IdentityUuid;
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::ledger::{Binding, IdentityState, LedgerError};
use crate::machine::files::{self, FileError};
use crate::machine::lock::Lock;
use crate::model::workspace::{FolderState, IdentityFate, Released, Step};

/// Takes down the workspace of `seen`, where it was seen to lie. One caller at a time per workspace.
pub(crate) async fn release(ctx: Context<'_>, seen: &Binding, retire: bool) -> Result<Released> {
    let id = &seen.id;
    let _lock = Lock::wait(ctx.ledger.dir(), &format!("workspace/{id}"), id).await?;
    let wanted = id.clone();
    // Another caller may have done it while this one waited.
    let Some(mut binding) = ctx.ledger.run(move |l| l.binding(&wanted)).await? else {
        return done_before(ctx, id).await;
    };
    binding.retire |= retire;
    let Binding { path, git_dir, common_dir, .. } = seen.clone();
    // Boxed: as large as a provision.
    Box::pin(finish(ctx, Binding { path, git_dir, common_dir, ..binding })).await
}

/// Returns what the release of a workspace returned that is no longer bound.
pub(crate) async fn done_before(ctx: Context<'_>, target: &str) -> Result<Released> {
    let wanted = target.to_owned();
    match ctx.ledger.run(move |l| l.tombstone(&wanted)).await? {
        Some(tombstone) => Ok(tombstone.answer),
        None => Err(WorkspaceError::Unbound { target: target.to_owned() }.into()),
    }
}

/// Does what is left of a release; the caller holds the workspace's lock.
pub(crate) async fn finish(ctx: Context<'_>, mut binding: Binding) -> Result<Released> {
    let id = binding.id.clone();
    if binding.identity.is_none()
        && let Some(row) = identity::resolve(ctx, &binding).await?
    {
        binding.identity = Some(row.uuid);
    }
    binding.retire |= pool_is_full(ctx).await?;
    let begun = binding.clone();
    let shared = ctx.ledger.run(move |l| l.begin_release(&begun, begun.retire)).await?;
    let mut revoking = Box::pin(revoke(ctx, &binding, shared));
    let mut keys = None;
    let undone = {
        let mut undoing = pin!(ctx.step(&id, Step::Undo, undo(ctx, &binding)));
        // Neither waits for the other: an obstacle here must not keep a key alive, nor a silent Ravi a file.
        loop {
            tokio::select! {
                revoked = &mut revoking, if keys.is_none() => keys = Some(revoked?),
                undone = &mut undoing => break undone,
            }
        }
    };
    let left = match undone {
        Ok(left) => left,
        Err(error) => {
            if keys.is_none() {
                revoking.await?;
            }
            let body = error.body();
            ctx.ledger.run(move |l| l.note_error(&id, &body)).await?;
            return Err(error);
        }
    };
    let fate = match shared {
        true => IdentityFate::Kept,
        false if binding.retire => IdentityFate::Retired,
        false => IdentityFate::Pooled,
    };
    let mut answer = Released {
        id: id.clone(),
        path: binding.path.clone(),
        identity: binding.identity.as_ref().map(|_| fate),
        owed: u32::from(binding.identity.is_some()),
        left,
    };
    // From here on only the debt stands for the workspace: after a crash, the next start pays it.
    let kept = Released { owed: 0, ..answer.clone() };
    ctx.ledger.run(move |l| l.end_release(&id, &kept)).await?;
    heal::list_folders(ctx.ledger, &binding).await?;
    if let Some(uuid) = &binding.identity {
        let keys = match keys {
            Some(keys) => keys,
            None => revoking.await?,
        };
        answer.owed = u32::from(!Box::pin(settle(ctx, uuid, &binding.id, shared, keys)).await?);
        answer = tell_fate(ctx, uuid, answer).await?;
    }
    told::end(ctx.ledger.dir(), &binding.id);
    let entry = Entry::done(Action::WorkspaceRelease).workspace(&binding.id);
    ctx.note(entry.object_if(binding.identity.as_ref().map(IdentityUuid::as_str))).await?;
    Ok(answer)
}

/// Adds what became of the identity. Whether it was used is seen once its keys are revoked; then it is retired.
async fn tell_fate(ctx: Context<'_>, uuid: &IdentityUuid, answer: Released) -> Result<Released> {
    let known = uuid.clone();
    let row = ctx.ledger.run(move |l| l.identity(&known)).await?;
    let retired = row.is_some_and(|row| row.state == IdentityState::Retired);
    if !retired || answer.identity != Some(IdentityFate::Pooled) {
        return Ok(answer);
    }
    let answer = Released { identity: Some(IdentityFate::Retired), ..answer };
    let kept = Released { owed: 0, ..answer.clone() };
    ctx.ledger.run(move |l| l.end_release(&kept.id, &kept)).await?;
    Ok(answer)
}

/// Revokes the keys of a workspace, as far as Ravi can accept it now; only its own keys if others use the identity too.
async fn revoke(ctx: Context<'_>, binding: &Binding, shared: bool) -> Result<Keys> {
    let Some(uuid) = &binding.identity else { return Ok(Keys::Alive) };
    let own = keys::OwnKeys { id: &binding.id, uuid, key: binding.key_uuid.as_ref() };
    let revoking = async { if shared { keys::revoke_own(ctx, own).await } else { keys::revoke_all(ctx, uuid).await } };
    match ctx.step(&binding.id, Step::Revoke, revoking).await {
        Ok(()) => Ok(Keys::Revoked),
        Err(error) if error.is::<LedgerError>() => Err(error),
        Err(e) => Ok(Keys::Owed(e)),
    }
}

/// Pays what is owed for the workspace; `false` if Ravi cannot accept it now.
async fn settle(ctx: Context<'_>, uuid: &IdentityUuid, id: &str, shared: bool, keys: Keys) -> Result<bool> {
    if shared {
        let all = ctx.ledger.run(|l| l.owed_keys(None)).await?;
        let owed = all.into_iter().find(|owed| owed.identity == *uuid && owed.workspace == id);
        // The caller holds the workspace's lock.
        return match owed {
            Some(owed) => pay_key_locked(ctx, owed, keys).await,
            None => Ok(true),
        };
    }
    let owed = ctx.ledger.run(|l| l.owed()).await?;
    match owed.into_iter().find(|owed| owed.identity == *uuid) {
        Some(owed) => pay(ctx, owed, id, keys).await,
        None => Ok(true),
    }
}

async fn pool_is_full(ctx: Context<'_>) -> Result<bool> {
    let Some(size) = ctx.config.pool_size else { return Ok(false) };
    let server = ctx.server.to_owned();
    Ok(ctx.ledger.run(move |l| l.pool_count(&server)).await? >= size)
}

/// Undoes git values and files as far as they are still ours and the folder can be seen.
async fn undo(ctx: Context<'_>, binding: &Binding) -> Result<Vec<String>> {
    let (binding, state_dir) = (binding.clone(), ctx.ledger.dir().to_owned());
    Ok(blocking(move || undo_here(&binding, &state_dir)).await?)
}

fn undo_here(binding: &Binding, state_dir: &Path) -> Result<Vec<String>, WorkspaceError> {
    let mut undone = Undone::default();
    undone.part(ravi_dir::remove_home(state_dir, &binding.id).map(|()| Vec::new()));
    undone.part(match folder_state(&binding.path) {
        FolderState::Present => undo_files(binding),
        FolderState::Gone => Ok(Vec::new()),
        FolderState::Unseen => Ok(vec![format!("{} cannot be seen right now", binding.path.display())]),
    });
    undone.part(undo_values(binding));
    sweep(binding);
    if let Some(common_dir) = binding.common_dir.as_deref().filter(|dir| dir.is_dir()) {
        undone.part(Repository::lock(common_dir).and_then(|repository| repository.tidy()));
    }
    undone.failed.map_or(Ok(undone.left), Err)
}

/// The outcome of undoing: every part is tried, and the first failure is reported.
#[derive(Default)]
struct Undone {
    left: Vec<String>,
    failed: Option<WorkspaceError>,
}

impl Undone {
    fn part(&mut self, part: Result<Vec<String>, WorkspaceError>) {
        match part {
            Ok(left) => self.left.extend(left),
            Err(error) => {
                self.failed.get_or_insert(error);
            }
        }
    }
}

/// Removes what a provision that was killed left half-written.
fn sweep(binding: &Binding) {
    let exclude = binding.common_dir.as_ref().map(|dir| dir.join("info"));
    let env = binding.request.env_file.as_ref().and_then(|file| Some(binding.path.join(file.parent()?)));
    let folders = [Some(binding.path.clone()), binding.git_dir.clone(), binding.common_dir.clone(), exclude, env];
    for folder in folders.into_iter().flatten() {
        files::sweep(&folder);
    }
}

fn undo_files(binding: &Binding) -> Result<Vec<String>, WorkspaceError> {
    let mut left = Vec::new();
    if let Some(file) = &binding.request.env_file {
        match env_file::remove(&binding.path.join(file)) {
            // What somebody else made of it is theirs; there is no secret in it.
            Err(WorkspaceError::File(FileError::TooLarge { path, .. })) => {
                left.push(format!("{} is larger than any env file, and still has our lines", path.display()));
            }
            removed => removed?,
        }
    }
    match &binding.identity {
        Some(uuid) if !ravi_dir::remove(&binding.path, uuid.as_str())? => {
            left.push(format!("{}/{} now belongs to somebody else", binding.path.display(), ravi_dir::DIR));
        }
        _ => {}
    }
    Ok(left)
}

/// Undoes git's values. The private git dir may outlive its folder (until `git worktree prune`). A new worktree in the
/// place of a removed one has no note of ours, and nothing to undo.
fn undo_values(binding: &Binding) -> Result<Vec<String>, WorkspaceError> {
    let Some(git_dir) = binding.git_dir.as_deref().filter(|dir| dir.is_dir()) else { return Ok(Vec::new()) };
    let note = match Note::read(git_dir) {
        Err(error) if Note::is_damaged(&error) => return forget_damaged(git_dir),
        note => note?.filter(|note| note.nonce == binding.nonce),
    };
    let Some(note) = note else { return Ok(Vec::new()) };
    let common_dir = binding.common_dir.as_deref().unwrap_or(git_dir);
    let left = Repository::lock(common_dir)?.unset(git_dir, &note)?;
    signing::remove(git_dir)?;
    Note::remove(git_dir)?;
    Ok(left)
}

/// Cleans up after a note that somebody overwrote: removes what has a name of ours, but not what only the note knew.
fn forget_damaged(git_dir: &Path) -> Result<Vec<String>, WorkspaceError> {
    values::remove(git_dir)?;
    signing::remove(git_dir)?;
    Note::remove(git_dir)?;
    Ok(vec![format!("the note in {} was damaged; what it said was set there is unknown", git_dir.display())])
}
