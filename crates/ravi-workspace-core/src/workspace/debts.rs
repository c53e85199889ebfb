//! What is owed to Ravi: keys to revoke, identities to empty and to put away. It is written down before it is tried,
//! and tried again until it is done.

use super::context::Context;
use super::suspend::pay_suspended;
use super::{identity, keys, used};
use crate::api::{ApiError, IdentityUuid, Password};
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::ledger::{IdentityState, LedgerError, Owed, OwedKey};
use crate::machine::clock::now_ms;
use crate::machine::lock::Lock;
use crate::model::workspace::Step;

/// What became of the keys of a workspace that is being released.
pub(super) enum Keys {
    /// Nobody has tried yet.
    Alive,
    Revoked,
    /// Ravi cannot accept it now.
    Owed(crate::Error),
}

/// Tries every debt to this server that is due. Failures stay owed; they are not the caller's error.
pub(crate) async fn pay_due(ctx: Context<'_>) -> Result<()> {
    let server = ctx.server.to_owned();
    for owed in ctx.ledger.run(move |l| l.owed_due(&server)).await? {
        let id = owed.identity.to_string();
        pay(ctx, owed, &id, Keys::Alive).await?;
    }
    pay_keys(ctx, Some(now_ms())).await?;
    pay_suspended(ctx, false).await
}

/// Tries every debt to this server, due or not, because somebody asked for it.
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
        // A workspace with the same id may be minting its key.
        let Some(_lock) = Lock::try_now(ctx.ledger.dir(), &format!("workspace/{}", owed.workspace))? else { continue };
        let seen = owed.clone();
        if let Some(owed) = ctx.ledger.run(move |l| l.owed_key(&seen)).await? {
            pay_key_locked(ctx, owed, Keys::Alive).await?;
        }
    }
    Ok(())
}

/// Pays one of these keys; the caller holds its workspace's lock.
pub(super) async fn pay_key_locked(ctx: Context<'_>, owed: OwedKey, keys: Keys) -> Result<bool> {
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
        Err(error) if error.is::<LedgerError>() => Err(error),
        Err(e) => {
            let message = e.to_string();
            ctx.ledger.run(move |l| l.owed_key_failed(&owed, &message)).await?;
            Ok(false)
        }
    }
}

/// Revokes the keys of one identity and parks or retires it; `false` if Ravi cannot accept it now.
pub(super) async fn pay(ctx: Context<'_>, owed: Owed, id: &str, keys: Keys) -> Result<bool> {
    // One payer at a time: a second one could revoke the key of the identity's next workspace.
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
        Err(error) if error.is::<LedgerError>() => Err(error),
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
    // An earlier attempt may have emptied its vault.
    let noted = ctx.ledger.run(move |l| l.is_noted_used(&uuid)).await?;
    let used = noted || used::keeps_from_pool(ctx, identity).await?;
    if used && !noted {
        let uuid = identity.clone();
        ctx.ledger.run(move |l| l.note_used(&uuid)).await?;
    }
    Ok(used)
}

/// Empties the vault: what is in it, such as a GitHub token, was the workspace's, and the next workspace is another
/// agent's.
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

/// Moves logins at websites out of the vault.
///
/// If they are to be kept, each is in the host identity's vault before it is deleted. After an interruption, the next
/// attempt continues: what the host already has is not copied again.
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
        // Noted before it happens: a process that is killed in between notes it twice rather than never.
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
    // An identity that the server does not know is as good as retired.
    identity::retire(ctx, &row.uuid, &row.name).await.map(drop)
}
