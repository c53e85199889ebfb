//! Taking a workspace down.
//!
//! The keys are revoked and what this machine holds is undone at the same time: it lies among files that others write, and
//! nothing there may keep a key alive. Each part of it is undone whatever became of the others; what could not be undone keeps
//! the release from its end, and is tried again. A revocation that Ravi cannot take now is owed: it stays in the ledger and is tried again
//! until it has happened, and until then the identity serves nobody.

use std::path::Path;
use std::pin::pin;

use super::context::{Context, blocking};
use super::error::WorkspaceError;
use super::inspect::folder_state;
use super::lock::Lock;
use super::model::{FolderState, IdentityFate, Released, Step};
use super::note::Note;
use super::shared::Repository;
use super::suspend::pay_suspended;
use super::{env_file, heal, identity, keys, ravi_dir, signing, told, used, values};
use crate::api::{ApiError, IdentityUuid, Password};
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::files::{self, FileError};
use crate::ledger::{Binding, IdentityState, Owed, OwedKey, now_ms};

/// Takes the workspace of `seen` down, where it was seen to lie. One caller at a time per workspace.
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
    // Large, as a provision is.
    Box::pin(finish(ctx, Binding { path, git_dir, common_dir, ..binding })).await
}

/// What the release of a workspace that is not bound any more answered.
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
        // Neither waits for the other: what stands in the way here keeps no key alive, and a Ravi that is silent no file.
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
    // From here on the debt alone stands for the workspace: a crash leaves it to the next start.
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
    ctx.note(binding.identity.iter().fold(entry, |entry, uuid| entry.object(uuid.as_str()))).await?;
    Ok(answer)
}

/// Whether the identity was used is seen once its keys are revoked, and it is retired then.
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

/// What became of the keys of a workspace that goes.
enum Keys {
    /// Nobody has tried yet.
    Alive,
    Revoked,
    /// Ravi does not take it now.
    Owed(crate::Error),
}

/// Revokes the keys of a workspace, as far as Ravi can take it now; its own alone where it is not the only one that uses the
/// identity.
async fn revoke(ctx: Context<'_>, binding: &Binding, shared: bool) -> Result<Keys> {
    let Some(uuid) = &binding.identity else { return Ok(Keys::Alive) };
    let own = keys::OwnKeys { id: &binding.id, uuid, key: binding.key_uuid.as_ref() };
    let revoking = async {
        match shared {
            true => keys::revoke_own(ctx, own).await,
            false => keys::revoke_all(ctx, uuid).await,
        }
    };
    match ctx.step(&binding.id, Step::Revoke, revoking).await {
        Ok(()) => Ok(Keys::Revoked),
        Err(crate::Error::Ledger(e)) => Err(e.into()),
        Err(e) => Ok(Keys::Owed(e)),
    }
}

/// Pays what is owed for the workspace; `false` when Ravi cannot take it now.
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
        FolderState::Unseen => Ok(vec![format!("{} cannot be seen now", binding.path.display())]),
    });
    undone.part(undo_values(binding));
    sweep(binding);
    if let Some(common_dir) = binding.common_dir.as_deref().filter(|dir| dir.is_dir()) {
        undone.part(Repository::lock(common_dir).and_then(|repository| repository.tidy()));
    }
    undone.failed.map_or(Ok(undone.left), Err)
}

/// What undoing came to: each part is tried, and the first failure is the answer.
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

/// Takes away what a provision that was killed left half-written.
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
                left.push(format!("{} is larger than any env file, and holds our lines still", path.display()));
            }
            removed => removed?,
        }
    }
    match &binding.identity {
        Some(uuid) if !ravi_dir::remove(&binding.path, uuid.as_str())? => {
            left.push(format!("{}/{} is somebody else's now", binding.path.display(), ravi_dir::DIR));
        }
        _ => {}
    }
    Ok(left)
}

/// The private git dir may outlive its folder (until `git worktree prune`). A worktree that was removed and made anew
/// at the same place has no note of ours, and nothing to undo.
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

/// Somebody wrote over the note: what has a name of ours is taken away, and what the note alone knew is not.
fn forget_damaged(git_dir: &Path) -> Result<Vec<String>, WorkspaceError> {
    values::remove(git_dir)?;
    signing::remove(git_dir)?;
    Note::remove(git_dir)?;
    Ok(vec![format!("the note in {} was damaged; what it said was set there is unknown", git_dir.display())])
}

/// Tries every debt to this server that is due. Failures stay owed; they are nobody's error.
pub(crate) async fn pay_due(ctx: Context<'_>) -> Result<()> {
    let server = ctx.server.to_owned();
    for owed in ctx.ledger.run(move |l| l.owed_due(&server)).await? {
        let id = owed.identity.to_string();
        pay(ctx, owed, &id, Keys::Alive).await?;
    }
    pay_keys(ctx, Some(now_ms())).await?;
    pay_suspended(ctx, false).await
}

/// Tries every debt to this server, due or not: somebody asked for it.
pub(crate) async fn pay_all(ctx: Context<'_>) -> Result<()> {
    for owed in ctx.ledger.run(|l| l.owed()).await? {
        if owed.server == ctx.server {
            let id = owed.identity.to_string();
            pay(ctx, owed, &id, Keys::Alive).await?;
        }
    }
    pay_keys(ctx, None).await?;
    pay_suspended(ctx, true).await
}

/// Revokes single keys of workspaces that are gone.
async fn pay_keys(ctx: Context<'_>, due_by_ms: Option<i64>) -> Result<()> {
    for owed in ctx.ledger.run(move |l| l.owed_keys(due_by_ms)).await? {
        if owed.server != ctx.server {
            continue;
        }
        // A workspace of the same id may be minting its key.
        let Some(_lock) = Lock::try_now(ctx.ledger.dir(), &format!("workspace/{}", owed.workspace))? else { continue };
        let seen = owed.clone();
        if let Some(owed) = ctx.ledger.run(move |l| l.owed_key(&seen)).await? {
            pay_key_locked(ctx, owed, Keys::Alive).await?;
        }
    }
    Ok(())
}

/// The same for one, whose workspace's lock the caller holds.
async fn pay_key_locked(ctx: Context<'_>, owed: OwedKey, keys: Keys) -> Result<bool> {
    let own = keys::OwnKeys { id: &owed.workspace, uuid: &owed.identity, key: owed.key_uuid.as_ref() };
    let revoked = match keys {
        Keys::Alive => ctx.step(&owed.workspace, Step::Revoke, keys::revoke_own(ctx, own)).await,
        Keys::Revoked => Ok(()),
        Keys::Owed(error) => Err(error),
    };
    match revoked {
        Ok(()) => {
            let (uuid, id) = (owed.identity.clone(), owed.workspace.clone());
            ctx.ledger.run(move |l| l.owed_key_paid(&uuid, &id)).await?;
            Ok(true)
        }
        Err(crate::Error::Ledger(e)) => Err(e.into()),
        Err(e) => {
            let message = e.to_string();
            ctx.ledger.run(move |l| l.owed_key_failed(&owed, &message)).await?;
            Ok(false)
        }
    }
}

/// Revokes the keys of one identity and parks or retires it; `false` when Ravi cannot take it now.
async fn pay(ctx: Context<'_>, owed: Owed, id: &str, keys: Keys) -> Result<bool> {
    // One payer at a time: a second one could otherwise revoke the key of the identity's next workspace.
    let Some(_lock) = Lock::try_now(ctx.ledger.dir(), &format!("owed/{}", owed.identity))? else { return Ok(false) };
    let uuid = owed.identity.clone();
    if !ctx.ledger.run(move |l| l.is_owed(&uuid)).await? {
        return Ok(true);
    }
    let settled = async {
        match keys {
            Keys::Alive => ctx.step(id, Step::Revoke, keys::revoke_all(ctx, &owed.identity)).await?,
            Keys::Revoked => {}
            Keys::Owed(error) => return Err(error),
        }
        ctx.step(id, Step::Park, park(ctx, &owed)).await
    };
    match settled.await {
        Ok(()) => Ok(true),
        Err(crate::Error::Ledger(e)) => Err(e.into()),
        Err(e) => {
            let message = e.to_string();
            ctx.ledger.run(move |l| l.owed_failed(&owed, &message)).await?;
            Ok(false)
        }
    }
}

async fn park(ctx: Context<'_>, owed: &Owed) -> Result<()> {
    let used = !owed.retire && was_used(ctx, &owed.identity).await?;
    empty(ctx, owed).await?;
    let retires = owed.retire || used;
    if retires {
        retire(ctx, owed).await?;
    }
    let state = if retires { IdentityState::Retired } else { IdentityState::Pooled };
    let uuid = owed.identity.clone();
    Ok(ctx.ledger.run(move |l| l.owed_paid(&uuid, state)).await?)
}

async fn was_used(ctx: Context<'_>, identity: &IdentityUuid) -> Result<bool> {
    let uuid = identity.clone();
    // An attempt before this one may have emptied its vault.
    let noted = ctx.ledger.run(move |l| l.is_noted_used(&uuid)).await?;
    let used = noted || used::keeps_from_pool(ctx, identity).await?;
    if used && !noted {
        let uuid = identity.clone();
        ctx.ledger.run(move |l| l.note_used(&uuid)).await?;
    }
    Ok(used)
}

/// What lies in the vault, such as a GitHub token, was the workspace's. The identity's next workspace is another agent.
async fn empty(ctx: Context<'_>, owed: &Owed) -> Result<()> {
    let secrets = ctx.account.secrets(&owed.identity);
    let all = match secrets.list().await {
        Err(ApiError::NotFound { .. }) => return Ok(()),
        all => all?,
    };
    for secret in all {
        match secrets.delete(&secret.uuid).await {
            Ok(()) | Err(ApiError::NotFound { .. }) => {}
            Err(e) => return Err(e.into()),
        }
    }
    take_logins(ctx, owed).await
}

/// Logins at websites leave the vault as well; where they are to be kept, each is in the host identity's vault before it
/// is deleted. Cut short anywhere, the next attempt goes on: what the host has already is not copied again.
async fn take_logins(ctx: Context<'_>, owed: &Owed) -> Result<()> {
    let vault = ctx.account.passwords(&owed.identity);
    let logins = vault.list().await?;
    let keep = ctx.config.keep_registrations.unwrap_or(false);
    if keep && !logins.is_empty() {
        keep_logins(ctx, &logins).await?;
    }
    let uuid = owed.identity.clone();
    let workspace = ctx.ledger.run(move |l| l.identity(&uuid)).await?.and_then(|row| row.workspace);
    let reason = if keep { "kept" } else { "released" };
    for login in &logins {
        // Before it happens: a process that is killed in between says it twice, and never not at all.
        let entry = Entry::done(Action::RegistrationDelete).object(&login.domain).because(reason);
        ctx.note(Entry { workspace: workspace.clone(), ..entry }).await?;
        match vault.delete(&login.uuid).await {
            Ok(()) | Err(ApiError::NotFound { .. }) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

async fn keep_logins(ctx: Context<'_>, logins: &[Password]) -> Result<()> {
    let host = ctx.host_search().find_in(ctx.account).await?.known()?;
    let vault = ctx.account.passwords(&host.uuid);
    let kept = vault.list().await?;
    for login in logins.iter().filter(|login| !kept.iter().any(|kept| kept.is_same_login(login))) {
        vault.create(&login.domain, &login.username, &login.password, &login.notes).await?;
    }
    Ok(())
}

async fn retire(ctx: Context<'_>, owed: &Owed) -> Result<()> {
    let uuid = owed.identity.clone();
    let Some(row) = ctx.ledger.run(move |l| l.identity(&uuid)).await? else { return Ok(()) };
    // One that the server does not know is as good as retired.
    identity::retire(ctx, &row.uuid, &row.name).await.map(drop)
}
