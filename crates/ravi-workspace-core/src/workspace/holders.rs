//! Which workspace an app's id means, and whether the app keeps it. Apps list a folder twice, and may die between
//! having a workspace made and storing it.

use std::path::Path;

use super::context::{Context, blocking};
use super::find;
use super::inspect::inspect;
use super::release;
use crate::error::Result;
use crate::ledger::{Binding, Ledger};
use crate::machine::lock::Lock;
use crate::model::workspace::{IdentityFate, ProvisionRequest, Released, State, Terms};

/// Returns the request for the workspace that its id means: one that was joined before, or that has the folder and may
/// be joined.
///
/// A joined workspace stays as it was set up. One that nobody works on and whose app never kept it is released: nobody
/// knows its id, so nobody else could.
pub(super) async fn meant(ctx: Context<'_>, request: ProvisionRequest, terms: Terms) -> Result<ProvisionRequest> {
    let id = request.id.clone();
    let bound = ctx.ledger.run(move |l| l.binding(&id)).await?;
    if bound.is_some() {
        return Ok(request);
    }
    let id = request.id.clone();
    let held = ctx.ledger.run(move |l| l.held(&id)?.map(|own| l.binding(&own)).transpose()).await?;
    if let Some(own) = held.flatten() {
        return Ok(ProvisionRequest { path: request.path, ..own.request });
    }
    let other = if terms.join { at(ctx.ledger, &request.path).await? } else { None };
    let Some(other) = other.filter(|other| other.state != State::Releasing) else { return Ok(request) };
    // Boxed: rare and large, it would otherwise inflate every provision.
    if !other.confirmed && Box::pin(give_up(ctx, &other)).await? {
        Ok(request)
    } else {
        Ok(ProvisionRequest { path: request.path, ..other.request })
    }
}

/// Returns the ledger's binding for the folder that `path` lies in.
async fn at(ledger: &Ledger, path: &Path) -> Result<Option<Binding>> {
    let path = path.to_owned();
    let place = blocking(move || inspect(&path)).await?;
    let in_git = place.git.is_some();
    if let Some(noted) = find::by_note(ledger, &place).await? {
        return Ok(Some(noted));
    }
    let there = ledger.run(move |l| l.binding_at(&place.root)).await?;
    // A workspace that is only being set up has no note yet; a binding without a note otherwise belongs to an earlier
    // worktree.
    Ok(there.filter(|there| !in_git || there.state == State::Provisioning))
}

/// Returns the id of the workspace that the folder at `path` belongs to.
pub(crate) async fn id_at(ledger: &Ledger, path: &Path) -> Result<Option<String>> {
    Ok(at(ledger, path).await?.map(|binding| binding.id))
}

/// Records what a provision means for the ids of `own`, and whether the app keeps the workspace.
pub(super) async fn note(ctx: Context<'_>, asked: &str, own: &str, terms: Terms) -> Result<()> {
    let (asked, own) = (asked.to_owned(), own.to_owned());
    let note = move |l: &Ledger| {
        if asked == own {
            l.hold_again(&own)?
        } else {
            l.hold(&asked, &own)?
        }
        if terms.unconfirmed || l.binding(&own)?.is_none_or(|binding| binding.confirmed) {
            Ok(())
        } else {
            l.confirm(&own)
        }
    };
    Ok(ctx.ledger.run(note).await?)
}

/// Releases a workspace whose app never confirmed that it keeps it; `false` if somebody is working on it.
pub(super) async fn give_up(ctx: Context<'_>, other: &Binding) -> Result<bool> {
    let Some(_lock) = Lock::try_now(ctx.ledger.dir(), &format!("workspace/{}", other.id))? else { return Ok(false) };
    let id = other.id.clone();
    match ctx.ledger.run(move |l| l.binding(&id)).await? {
        Some(now) if now.confirmed => Ok(false),
        Some(now) => release::finish(ctx, now).await.map(|_| true),
        None => Ok(true),
    }
}

/// Lets go of one of several ids, if `target` is one. The workspace stays; returns what was done.
pub(crate) async fn let_go(ledger: &Ledger, target: &str, binding: &Binding) -> Result<Option<Released>> {
    let (id, own) = (target.to_owned(), binding.id.clone());
    let is_id = target == binding.id || ledger.run(move |l| l.held(&id)).await?.is_some();
    if !is_id {
        return Ok(None);
    }
    let (id, own) = (target.to_owned(), own);
    let others = ledger.run(move |l| l.let_go(&id, &own)).await?;
    if others.is_empty() {
        return Ok(None);
    }
    Ok(Some(Released {
        id: target.to_owned(),
        path: binding.path.clone(),
        identity: binding.identity.as_ref().map(|_| IdentityFate::Kept),
        owed: 0,
        left: vec![format!("the folder is still workspace {}", others.join(", "))],
    }))
}
