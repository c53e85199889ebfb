//! Workspaces that use an identity which already exists: because the plan has no room, or because a person wants it
//! that way.
//!
//! Such an identity is not the workspace's to rename, empty or hand on. The one that holds the app's own secrets is
//! lent only if a key to it opens none of them.

use super::context::Context;
use super::error::WorkspaceError;
use crate::account::{Host, HostSearch};
use crate::api::{Identity, IdentityUuid};
use crate::error::Result;
use crate::ledger::{Binding, IdentityRow, Lent};
use crate::vault::KeyRing;

/// Returns the identity that the request of `binding` means.
pub(super) async fn find(ctx: Context<'_>, binding: &Binding) -> Result<IdentityRow> {
    let all = ctx.listing.of(ctx.account).await?.all;
    let host = ctx.host_search().settle(&all).await?;
    let identity = match &binding.request.identity {
        Some(wanted) => {
            let unknown = || WorkspaceError::NoIdentity { wanted: wanted.clone() };
            HostSearch::named(&all, wanted).ok_or_else(unknown)?.clone()
        }
        None => host_among(&all, &host)?,
    };
    refuse_another(binding, &identity)?;
    let is_host = host.row().is_some_and(|row| row.uuid == identity.uuid);
    if is_host && !binding.request.no_key {
        refuse_open_host(ctx, &binding.id, &identity.uuid).await?;
    }
    let row = match host {
        Host::Known(row) if is_host => row,
        _ => IdentityRow::borrowed(&identity, ctx.server),
    };
    lend(ctx, binding, row).await
}

fn host_among(all: &[Identity], host: &Host) -> Result<Identity> {
    let row = host.clone().known()?;
    let gone = || WorkspaceError::NoIdentity { wanted: row.name.clone() };
    Ok(all.iter().find(|identity| identity.uuid == row.uuid).cloned().ok_or_else(gone)?)
}

/// Refuses to change a workspace's identity: what it has done so far was done as the one it has.
fn refuse_another(binding: &Binding, wanted: &Identity) -> Result<(), WorkspaceError> {
    match &binding.identity {
        Some(has) if *has != wanted.uuid => Err(WorkspaceError::Request {
            field: "identity",
            reason: "the workspace already has another one; release it first".into(),
        }),
        _ => Ok(()),
    }
}

/// Refuses a key to the host identity unless everything in its vault is sealed: such a key reaches all of it.
pub(crate) async fn refuse_open_host(ctx: Context<'_>, id: &str, host: &IdentityUuid) -> Result<()> {
    let open = |reason: &str| WorkspaceError::SharesHost { id: id.to_owned(), reason: reason.to_owned() };
    let uuid = host.clone();
    let keys = ctx.ledger.run(move |l| KeyRing::read(l, &uuid)).await?;
    let stored = ctx.account.secrets(host).list().await?;
    if keys.sealing().is_none() {
        return Err(open("its vault is not sealed end to end, or this machine does not have the key").into());
    }
    let plain: Vec<&str> =
        stored.iter().filter(|s| KeyRing::is_plain(&s.key, &s.value)).map(|s| s.key.as_str()).collect();
    if plain.is_empty() {
        Ok(())
    } else {
        Err(open(&format!("these secrets in its vault are not sealed: {}", plain.join(", "))).into())
    }
}

async fn lend(ctx: Context<'_>, binding: &Binding, row: IdentityRow) -> Result<IdentityRow> {
    let (id, share, wanted) = (binding.id.clone(), binding.request.share, row.name.clone());
    match ctx.ledger.run(move |l| l.lend_identity(&id, &row, share)).await? {
        Lent::Given(row) => Ok(row),
        Lent::Taken { by } => Err(WorkspaceError::IdentityTaken { wanted, by }.into()),
    }
}
