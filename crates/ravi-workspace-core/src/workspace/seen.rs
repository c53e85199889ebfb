//! What became of a workspace's identity at Ravi since it was bound. Somebody may have deleted or renamed it, or
//! revoked its key; and its address may arrive later than the identity itself.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::context::{Context, blocking};
use super::error::WorkspaceError;
use super::ravi_dir;
use crate::api::{ApiError, Identity, IdentityUuid};
use crate::error::{Explain as _, Kind, Result};
use crate::ledger::{Binding, IdentityRow};
use crate::machine::pauses::Pauses;

/// What Ravi says of an identity that the ledger knows.
enum Seen {
    /// It exists; `key` says whether the workspace's key is still good.
    There {
        identity: Identity,
        key: bool,
    },
    Gone,
    /// Ravi does not answer.
    Silent,
}

/// Checks whether the identity of a workspace still exists at Ravi and its key is still good; somebody may have removed
/// either. `None`: it is gone, and the workspace is without an identity again.
pub(super) async fn still_there(ctx: Context<'_>, binding: &Binding, row: IdentityRow) -> Result<Option<IdentityRow>> {
    match look(ctx, binding, &row.uuid).await? {
        Seen::Silent => Ok(Some(row)),
        Seen::There { identity, key } => {
            if !key {
                let id = binding.id.clone();
                ctx.ledger.run(move |l| l.drop_key(&id)).await?;
                ctx.warn(WorkspaceError::KeyReplaced { id: binding.id.clone() });
            }
            note_changes(ctx, binding, row, &identity).await.map(Some)
        }
        Seen::Gone => give_up(ctx, binding, row).await.map(|()| None),
    }
}

/// Makes one call if the workspace has a key that is good.
async fn look(ctx: Context<'_>, binding: &Binding, uuid: &IdentityUuid) -> Result<Seen> {
    let id = binding.id.clone();
    let kept = ctx.ledger.run(move |l| l.binding_key(&id)).await?;
    let has_key = kept.is_some();
    if let Some(key) = kept {
        match ctx.account.with_key(&key).identities().list().await {
            Ok(mut own) if own.len() == 1 && own[0].uuid == *uuid => {
                return Ok(Seen::There { identity: own.remove(0), key: true });
            }
            Err(e) if e.kind() == Kind::Unreachable => return Ok(Seen::Silent),
            // The account's key tells what that means.
            Ok(_) | Err(_) => {}
        }
    }
    match ctx.account.identities().get(uuid).await {
        Ok(identity) => Ok(Seen::There { identity, key: !has_key }),
        Err(ApiError::NotFound { .. }) => Ok(Seen::Gone),
        Err(e) if e.kind() == Kind::Unreachable && has_key => Ok(Seen::Silent),
        Err(e) => Err(e.into()),
    }
}

/// Records what was changed at Ravi: a late address, or another name.
async fn note_changes(
    ctx: Context<'_>,
    binding: &Binding,
    row: IdentityRow,
    identity: &Identity,
) -> Result<IdentityRow> {
    let now = IdentityRow {
        name: identity.name.clone(),
        email: identity.email.clone(),
        phone: identity.phone.clone(),
        ..row.clone()
    };
    if (&now.name, &now.email, &now.phone) == (&row.name, &row.email, &row.phone) {
        return Ok(row);
    }
    if now.name != row.name {
        let (id, former) = (binding.id.clone(), row.name);
        ctx.warn(WorkspaceError::IdentityRenamed { id, former, now: now.name.clone() });
    }
    let kept = now.clone();
    ctx.ledger.run(move |l| l.put_identity(&kept)).await?;
    Ok(now)
}

/// Gives up an identity that is gone. One of the workspace's own is replaced; one that a person named is theirs to
/// replace.
async fn give_up(ctx: Context<'_>, binding: &Binding, row: IdentityRow) -> Result<()> {
    if binding.request.borrows() {
        return Err(WorkspaceError::IdentityGone { id: binding.id.clone(), identity: row.name }.into());
    }
    let (known, uuid, state_dir) = (binding.clone(), row.uuid.clone(), ctx.ledger.dir().to_owned());
    let take = move || {
        ravi_dir::remove_home(&state_dir, &known.id)?;
        ravi_dir::remove(&known.path, uuid.as_str()).map(drop)
    };
    blocking(take).await?;
    let (id, uuid) = (binding.id.clone(), row.uuid.clone());
    ctx.ledger.run(move |l| l.drop_identity(&id, &uuid)).await?;
    ctx.warn(WorkspaceError::IdentityReplaced { id: binding.id.clone(), former: row.email });
    Ok(())
}

/// How long to wait for an address that Ravi gives after the identity.
const ADDRESS_PATIENCE: Duration = Duration::from_secs(10);

/// Waits for the identity's address, which Ravi may give a little later. Without one, it is no author and gets no mail.
pub(super) async fn await_address(ctx: Context<'_>, binding: &Binding, row: IdentityRow) -> Result<IdentityRow> {
    let begun = Instant::now();
    let mut pauses = Pauses::new(Duration::from_millis(100), Duration::from_secs(2));
    while row.email.is_empty() {
        let identity = ctx.account.identities().get(&row.uuid).await?;
        if !identity.email.is_empty() {
            return note_changes(ctx, binding, row, &identity).await;
        }
        if begun.elapsed() >= ADDRESS_PATIENCE {
            return Err(WorkspaceError::NoAddress { id: binding.id.clone(), waited: ADDRESS_PATIENCE }.into());
        }
        sleep(pauses.next()).await;
    }
    Ok(row)
}
