//! The key of a workspace: taken from the ledger or minted, and revoked.
//!
//! An identity of the workspace's own has no keys but the workspace's. At an identity that others use too, only the
//! keys that were made for the workspace are touched.

use super::context::Context;
use crate::account::OWN_LABEL;
use crate::api::{ApiError, IdentityKey, IdentityUuid, KeyRecord, KeyUuid};
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::ledger::{Binding, Effect};

/// Returns the identity key of `binding`, from the ledger or minted. Its record's uuid is kept for revocation.
pub(crate) async fn key(ctx: Context<'_>, binding: &Binding, identity: &IdentityUuid) -> Result<IdentityKey> {
    let id = binding.id.clone();
    if let Some(key) = ctx.ledger.run(move |l| l.binding_key(&id)).await? {
        if binding.key_uuid.is_none() {
            find_record(ctx, &binding.id, identity).await?;
        }
        return Ok(key);
    }
    mint(ctx, binding, identity).await
}

/// Finds the record of a key from a create reply, which comes without the record's uuid. A new identity has one key, so
/// its only record is that key's; if there are more, release revokes them all.
async fn find_record(ctx: Context<'_>, id: &str, identity: &IdentityUuid) -> Result<()> {
    if let [only] = &keys_of(ctx, identity).await?[..] {
        let entry = Entry::done(Action::KeyMint).workspace(id).object(only.uuid.as_str()).because("came with identity");
        let (id, uuid) = (id.to_owned(), only.uuid.clone());
        ctx.ledger.run(move |l| l.set_key_uuid(&id, &uuid, entry)).await?;
    }
    Ok(())
}

async fn mint(ctx: Context<'_>, binding: &Binding, identity: &IdentityUuid) -> Result<IdentityKey> {
    // Any live key is one whose value was lost, or a former workspace's.
    revoke_keys(ctx, binding, identity).await?;
    let id = binding.id.clone();
    ctx.ledger.run(move |l| l.intend(&id, Effect::MintKey, &())).await?;
    let label = ctx.ledger.run(|l| l.ledger_id()).await.map(|ledger| key_label(&ledger, &binding.id))?;
    let created = match ctx.account.identity_keys().create(identity, &label).await {
        Err(e) if e.outcome_unknown() => {
            revoke_keys(ctx, binding, identity).await?;
            ctx.account.identity_keys().create(identity, &label).await?
        }
        other => other?,
    };
    let (id, key, uuid) = (binding.id.clone(), created.key.clone(), created.record.uuid);
    let entry = Entry::done(Action::KeyMint).workspace(&id).object(uuid.as_str());
    ctx.ledger.run(move |l| l.bind_key(&id, &key, &uuid)).await?;
    ctx.note(entry).await?;
    Ok(created.key)
}

/// Returns the label for keys that a ledger mints; it tells them from keys of other machines on the same account.
pub(crate) fn key_label(ledger: &str, id: &str) -> String {
    format!("{OWN_LABEL}{ledger} {id}")
}

/// Returns the live keys of one identity.
pub(crate) async fn keys_of(ctx: Context<'_>, identity: &IdentityUuid) -> Result<Vec<KeyRecord>> {
    let mut keys = ctx.account.identity_keys().list().await?;
    keys.retain(|key| key.is_active && key.identity.as_ref() == Some(identity));
    Ok(keys)
}

/// The keys of one workspace at an identity that others use too.
#[derive(Clone, Copy)]
pub(crate) struct OwnKeys<'a> {
    pub(crate) id: &'a str,
    pub(crate) uuid: &'a IdentityUuid,
    /// The record, if it is known.
    pub(crate) key: Option<&'a KeyUuid>,
}

/// Revokes every key that `binding` may have: all of an identity of its own, otherwise those that were made for it.
pub(crate) async fn revoke_keys(ctx: Context<'_>, binding: &Binding, identity: &IdentityUuid) -> Result<()> {
    let (id, uuid) = (binding.id.clone(), identity.clone());
    match ctx.ledger.run(move |l| l.sharing(&id, &uuid)).await? {
        None => revoke_all(ctx, identity).await,
        Some(_) => revoke_own(ctx, OwnKeys { id: &binding.id, uuid: identity, key: binding.key_uuid.as_ref() }).await,
    }
}

/// Revokes the keys that were made for one workspace, which carry its label. The key that came with an identity made by
/// this ledger carries none.
pub(crate) async fn revoke_own(ctx: Context<'_>, own: OwnKeys<'_>) -> Result<()> {
    let label = ctx.ledger.run(|l| l.ledger_id()).await.map(|ledger| key_label(&ledger, own.id))?;
    let known = own.uuid.clone();
    let row = ctx.ledger.run(move |l| l.identity(&known)).await?;
    let made_for_it = row.is_some_and(|row| !row.borrowed && row.workspace.as_deref() == Some(own.id));
    for key in keys_of(ctx, own.uuid).await? {
        let came_with_it = made_for_it && !key.label.starts_with(OWN_LABEL);
        if Some(&key.uuid) == own.key || key.label == label || came_with_it {
            revoke(ctx, &key.uuid, Some(own.id)).await?;
        }
    }
    Ok(())
}

/// Revokes every live key of one identity.
pub(crate) async fn revoke_all(ctx: Context<'_>, identity: &IdentityUuid) -> Result<()> {
    for key in keys_of(ctx, identity).await? {
        let known = identity.clone();
        let workspace = ctx.ledger.run(move |l| Ok(l.identity(&known)?.and_then(|row| row.workspace))).await?;
        revoke(ctx, &key.uuid, workspace.as_deref()).await?;
    }
    Ok(())
}

/// Revokes one key. That it is already gone is no error.
async fn revoke(ctx: Context<'_>, key: &KeyUuid, workspace: Option<&str>) -> Result<()> {
    match ctx.account.identity_keys().revoke(key).await {
        Ok(()) | Err(ApiError::NotFound { .. }) => {}
        Err(e) => return Err(e.into()),
    }
    ctx.note(Entry::done(Action::KeyRevoke).object(key.as_str()).workspace_if(workspace)).await
}
