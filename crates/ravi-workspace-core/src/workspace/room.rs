//! Whether a folder can be bound: whose it is already, and whether the request means it.
//!
//! Nothing has been made for the workspace at this point, and a request that is refused takes nothing from another
//! workspace.

use super::context::{Context, blocking};
use super::error::WorkspaceError;
use super::inspect::Inspected;
use super::{find, holders, release};
use crate::error::{Error, Result};
use crate::ledger::{Binding, LedgerError};
use crate::machine::lock::Lock;
use crate::model::workspace::ProvisionRequest;

/// Makes sure that the folder can be bound as requested: nobody else has it, and it was really meant. A workspace is
/// named by its id, whichever of its folders the request gives.
pub(super) async fn make(ctx: Context<'_>, request: &ProvisionRequest, place: &Inspected) -> Result<()> {
    let other = holder(ctx, place).await?;
    if let Err(refusal) = may_be_bound(request, place) {
        return Err(match other {
            Some(other) if stands(ctx, place, &other).await? => path_taken(other).into(),
            _ => refusal.into(),
        });
    }
    match other {
        Some(other) => clear(ctx, place, other).await,
        None => Ok(()),
    }
}

/// Refuses a folder that may not have been meant. Whoever names a folder in a checkout may not know that the whole
/// checkout would become the agent's, including the person's commits; and a main checkout is the person's unless it is
/// asked for.
fn may_be_bound(request: &ProvisionRequest, place: &Inspected) -> Result<(), WorkspaceError> {
    match request.path.canonicalize() {
        Ok(real) if real != place.root => Err(WorkspaceError::SubFolder { path: real, top: place.root.clone() }),
        _ if place.is_main() && !request.main => Err(WorkspaceError::MainCheckout { path: place.root.clone() }),
        _ => Ok(()),
    }
}

/// Returns the error for a folder that somebody bound since it was inspected.
pub(super) async fn taken(ctx: Context<'_>, place: &Inspected, error: LedgerError) -> Result<Error> {
    let root = place.root.clone();
    let other = ctx.ledger.run(move |l| l.binding_at(&root)).await?;
    Ok(other.map_or_else(|| error.into(), |other| path_taken(other).into()))
}

fn path_taken(other: Binding) -> WorkspaceError {
    WorkspaceError::PathTaken { path: other.path, id: other.id }
}

/// Returns the binding of the folder, or the one that a note in its git dir names.
async fn holder(ctx: Context<'_>, place: &Inspected) -> Result<Option<Binding>> {
    let root = place.root.clone();
    match (ctx.ledger.run(move |l| l.binding_at(&root)).await?, &place.git) {
        // For whichever folder: what is noted in the git dir stays.
        (None, Some(git)) => find::noted(ctx.ledger, git.git_dir.clone()).await,
        (other, _) => Ok(other),
    }
}

/// Whether a binding belongs to the worktree that exists now, rather than to one that was removed and replaced.
async fn stands(ctx: Context<'_>, place: &Inspected, other: &Binding) -> Result<bool> {
    let (git_dir, nonce) = (place.git.as_ref().map(|g| g.git_dir.clone()), other.nonce.clone());
    let lives = blocking(move || git_dir.map_or(Ok(true), |dir| find::has_note(&dir, &nonce))).await?;
    Ok(lives || other.server != ctx.server)
}

/// Refuses a folder that another workspace has. A binding of a worktree that was removed is released first, as is one
/// whose app never confirmed it: nobody else would release them.
async fn clear(ctx: Context<'_>, place: &Inspected, other: Binding) -> Result<()> {
    if !other.confirmed && holders::give_up(ctx, &other).await? {
        return Ok(());
    }
    if stands(ctx, place, &other).await? || is_being_made(ctx, place, &other).await? {
        Err(path_taken(other).into())
    } else {
        release::release(ctx, &other, false).await.map(drop)
    }
}

/// Whether somebody was just setting `other` up here: its binding is recorded a moment before its note is in the git
/// dir. Waits until they have done it.
async fn is_being_made(ctx: Context<'_>, place: &Inspected, other: &Binding) -> Result<bool> {
    let lock = Lock::wait(ctx.ledger.dir(), &format!("workspace/{}", other.id), &other.id).await?;
    let stands = stands(ctx, place, other).await?;
    drop(lock);
    Ok(stands)
}
