//! Suspended workspaces: their key is revoked and their identity kept until they are used again.
//!
//! The ledger forgets the key before Ravi is asked to revoke it, so a crash in between leaves a debt, not a key that
//! anybody could use. Waking is provisioning again: it makes whatever is missing, such as the key; and what an
//! interrupted run was making is cleaned up by whoever looks next.

use std::path::Path;

use super::context::{Context, blocking};
use super::error::WorkspaceError;
use super::inspect::folder_state;
use super::{keys, ravi_dir};
use crate::api::IdentityUuid;
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::ledger::{Binding, LedgerError};
use crate::machine::clock::now_ms;
use crate::machine::lock::Lock;
use crate::model::workspace::{FolderState, State, Suspended};

/// Pause between two attempts to revoke the key of a suspended workspace.
const PAUSE_MS: i64 = 60_000;

/// Suspends the workspace of `seen`. One that is not set up is left as it is.
pub(crate) async fn suspend(ctx: Context<'_>, seen: &Binding) -> Result<Suspended> {
    let id = &seen.id;
    let _lock = Lock::wait(ctx.ledger.dir(), &format!("workspace/{id}"), id).await?;
    let wanted = id.clone();
    // Another caller may have released it while this one waited.
    let Some(binding) = ctx.ledger.run(move |l| l.binding(&wanted)).await? else {
        return Err(WorkspaceError::Unbound { target: id.clone() }.into());
    };
    suspend_locked(ctx, Binding { path: seen.path.clone(), ..binding }).await
}

/// Like [`suspend`], for a caller that holds the workspace's lock.
pub(crate) async fn suspend_locked(ctx: Context<'_>, binding: Binding) -> Result<Suspended> {
    let begun = binding.clone();
    let answer = |state, owed| Suspended { id: binding.id.clone(), path: binding.path.clone(), state, owed };
    if !ctx.ledger.run(move |l| l.begin_suspend(&begun)).await? {
        return Ok(answer(binding.state, 0));
    }
    let entry = Entry::done(Action::WorkspaceSuspend).workspace(&binding.id);
    ctx.note(entry.object_if(binding.identity.as_ref().map(IdentityUuid::as_str))).await?;
    let paid = pay(ctx, &binding).await?;
    Ok(answer(State::Suspended, u32::from(!paid)))
}

/// Removes the key from the folder and revokes it; `false` if Ravi cannot accept that now.
async fn pay(ctx: Context<'_>, binding: &Binding) -> Result<bool> {
    let (known, state_dir) = (binding.clone(), ctx.ledger.dir().to_owned());
    let taken = blocking(move || take_key_away(&known, &state_dir)).await;
    let Some(uuid) = &binding.identity else { return taken.map(|()| true).map_err(Into::into) };
    // An obstacle to removing the file must not keep a key alive.
    match keys::revoke_keys(ctx, binding, uuid).await {
        Ok(()) => taken?,
        Err(error) if error.is::<LedgerError>() => return Err(error),
        Err(error) => {
            tracing::debug!(code = error.code(), workspace = binding.id, "a suspended workspace's key stays owed");
            return Ok(false);
        }
    }
    let id = binding.id.clone();
    ctx.ledger.run(move |l| l.end_suspend(&id)).await?;
    Ok(true)
}

fn take_key_away(binding: &Binding, state_dir: &Path) -> Result<(), WorkspaceError> {
    ravi_dir::remove_home(state_dir, &binding.id)?;
    match (&binding.identity, folder_state(&binding.path)) {
        (Some(uuid), FolderState::Present) => ravi_dir::remove(&binding.path, uuid.as_str()).map(drop),
        _ => Ok(()),
    }
}

/// Revokes keys that suspended workspaces still have; those that were tried a moment ago only with `all`. Failures stay
/// owed; they are not the caller's error.
pub(crate) async fn pay_suspended(ctx: Context<'_>, all: bool) -> Result<()> {
    let before = if all { i64::MAX } else { now_ms() - PAUSE_MS };
    let server = ctx.server.to_owned();
    for id in ctx.ledger.run(move |l| l.suspended_with_key(&server, before)).await? {
        // Whoever has the lock is waking it, or is doing this.
        let Some(_lock) = Lock::try_now(ctx.ledger.dir(), &format!("workspace/{id}"))? else { continue };
        let wanted = id.clone();
        let binding = ctx.ledger.run(move |l| l.binding(&wanted)).await?;
        let Some(binding) = binding.filter(|binding| binding.state == State::Suspended) else { continue };
        match suspend_locked(ctx, binding).await {
            Err(error) if error.is::<LedgerError>() => return Err(error),
            Err(error) => {
                tracing::debug!(code = error.code(), workspace = id, "a suspended workspace's key file stays")
            }
            Ok(_) => {}
        }
    }
    Ok(())
}
