//! The identity of a workspace: found, taken from the pool, or made; never made twice.
//!
//! Ravi's API has no idempotency keys, so a lost reply leaves open whether the identity was made. That is settled by
//! looking, never by asking again: before the request, the wanted name and address are written down, and who already
//! had them. Addresses are unique at Ravi, and one ledger asks for an address for one workspace at a time. So an
//! identity that has both, was not there before, and whose key nobody has used is the one that was made.

use serde::{Deserialize, Serialize};

use super::context::Context;
use super::error::WorkspaceError;
use super::listing::Listed;
use super::{address, borrow, keys, seen, used};
use crate::account::RETIRED;
use crate::api::{ApiError, CreatedIdentity, Identity, IdentityUuid, NewIdentity};
use crate::config::PoolReuse;
use crate::error::Result;
use crate::ledger::{Binding, Effect, IdentityRow, Pooled};
use crate::messages;

/// What was asked for, and who had it before.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Wanted {
    name: String,
    identifier: String,
    /// Identities that already had the name or the address.
    before: Vec<IdentityUuid>,
}

/// The identity of a workspace.
pub(crate) struct Found {
    pub(crate) row: IdentityRow,
    /// It was made a moment ago, so its vault is empty.
    pub(crate) new: bool,
    /// The account was just searched for it, and what was found is noted.
    pub(crate) looked: bool,
}

/// Finds or makes the identity of `binding`, and waits until it has an address.
pub(crate) async fn find_or_make(ctx: Context<'_>, binding: &Binding) -> Result<Found> {
    let found = find(ctx, binding).await?;
    let row = seen::await_address(ctx, binding, found.row).await?;
    if let Some(asked) = &binding.request.email
        && !binding.request.borrows()
        && local_part(&row.email) != asked
    {
        let (id, given) = (binding.id.clone(), row.email.clone());
        ctx.warn(WorkspaceError::EmailNotGranted { id, asked: asked.clone(), given });
    }
    Ok(Found { row, ..found })
}

async fn find(ctx: Context<'_>, binding: &Binding) -> Result<Found> {
    let old = |row| Found { row, new: false, looked: false };
    if let Some(row) = known(ctx, binding).await?
        && let Some(row) = seen::still_there(ctx, binding, row).await?
    {
        let id = binding.id.clone();
        // An earlier run was cut short between the pool and here.
        let Some(_unfit) = ctx.ledger.run(move |l| l.intended::<bool>(&id, Effect::FitIdentity)).await? else {
            return rename_if_needed(ctx, row, binding).await.map(old);
        };
        if let Some(row) = Box::pin(fit(ctx, binding, row)).await? {
            return Ok(old(row));
        }
    }
    if binding.request.borrows() {
        return borrow::find(ctx, binding).await.map(old);
    }
    if let Some(row) = resolve(ctx, binding).await? {
        return Ok(old(row));
    }
    if let Some(row) = from_pool(ctx, binding, wished(binding)).await? {
        return Ok(old(row));
    }
    match make(ctx, binding).await {
        // Another workspace may have been released in the meantime, and one of the identities that were set aside may
        // do.
        Err(error) => {
            let message = match error.downcast_ref() {
                Some(ApiError::PlanNeeded { server, .. }) => server.to_string(),
                _ => return Err(error),
            };
            let full = || WorkspaceError::PlanFull { id: binding.id.clone(), message };
            let all = ctx.config.pool_reuse.unwrap_or_default() == PoolReuse::All;
            let any = if all { Pooled::OrSetAside } else { Pooled::Free };
            from_pool(ctx, binding, any).await?.map(old).ok_or_else(|| full().into())
        }
        made => made,
    }
}

async fn known(ctx: Context<'_>, binding: &Binding) -> Result<Option<IdentityRow>> {
    let Some(uuid) = binding.identity.clone() else { return Ok(None) };
    Ok(ctx.ledger.run(move |l| l.identity(&uuid)).await?)
}

/// Renames an identity of the workspace's own after the workspace. One that was renamed at Ravi keeps that name.
async fn rename_if_needed(ctx: Context<'_>, row: IdentityRow, binding: &Binding) -> Result<IdentityRow> {
    let name = ctx.config.identity_name(&binding.id, &binding.name);
    let given = row.given_name.as_deref().unwrap_or(&row.name);
    if binding.request.borrows() || given == name || given == with_id(&name, &binding.id) {
        return Ok(row);
    }
    let renamed = match ctx.account.identities().rename(&row.uuid, &name).await {
        Err(e) if e.about_name() => ctx.account.identities().rename(&row.uuid, &with_id(&name, &binding.id)).await?,
        renamed => renamed?,
    };
    let row = IdentityRow { given_name: Some(renamed.name.clone()), name: renamed.name, ..row };
    let kept = row.clone();
    ctx.ledger.run(move |l| l.put_identity(&kept)).await?;
    Ok(row)
}

/// Returns the name to try if the server wants names to be unique.
fn with_id(name: &str, id: &str) -> String {
    format!("{name} ({id})")
}

/// Settles a create request whose outcome is unknown: returns the identity that it made, if it made one.
pub(crate) async fn resolve(ctx: Context<'_>, binding: &Binding) -> Result<Option<IdentityRow>> {
    let id = binding.id.clone();
    let Some(wanted) = ctx.ledger.run(move |l| l.intended::<Wanted>(&id, Effect::CreateIdentity)).await? else {
        return Ok(None);
    };
    let found = made_by_us(ctx, binding, &wanted).await?;
    let id = binding.id.clone();
    match found {
        None => ctx.ledger.run(move |l| l.settle(&id, Effect::CreateIdentity)).await?,
        Some(ref row) => {
            let row = row.clone();
            ctx.ledger.run(move |l| l.bind_identity(&id, &row, None, Effect::CreateIdentity)).await?;
        }
    }
    Ok(found)
}

async fn made_by_us(ctx: Context<'_>, binding: &Binding, wanted: &Wanted) -> Result<Option<IdentityRow>> {
    let server = ctx.server.to_owned();
    let ours = ctx.ledger.run(move |l| l.identities(&server)).await?;
    let all = ctx.account.identities().list().await?;
    let candidate = all.iter().find(|identity| {
        // The address may come later than the identity.
        let address = identity.email.is_empty() || local_part(&identity.email) == wanted.identifier;
        identity.name == wanted.name
            && address
            && !wanted.before.contains(&identity.uuid)
            && ours.iter().all(|row| row.uuid != identity.uuid)
    });
    let Some(identity) = candidate else { return Ok(None) };
    let used = keys::keys_of(ctx, &identity.uuid).await?.iter().any(|key| key.last_used_at.is_some());
    Ok((!used).then(|| IdentityRow::bound(identity, ctx.server, &binding.id)))
}

/// Whoever asks for an address gets one with that address, even if others are free: an identity keeps its address.
fn wished(binding: &Binding) -> Pooled {
    match &binding.request.email {
        Some(address) => Pooled::WithAddress(address.clone()),
        None => Pooled::Free,
    }
}

/// Takes a free identity, the workspace's former one first. Passes over any that the server no longer knows or that was
/// used.
async fn from_pool(ctx: Context<'_>, binding: &Binding, which: Pooled) -> Result<Option<IdentityRow>> {
    loop {
        let (server, id, which) = (ctx.server.to_owned(), binding.id.clone(), which.clone());
        let taken = ctx.ledger.run(move |l| l.take_pooled(&server, &id, &which)).await?;
        let Some(row) = taken else { return Ok(None) };
        if let Some(row) = Box::pin(fit(ctx, binding, row)).await? {
            return Ok(Some(row));
        }
    }
}

/// Makes an identity from the pool fit for its next workspace.
///
/// `None`: it is no longer at Ravi, or was used before or after it came into the pool, and the workspace is without an
/// identity again.
async fn fit(ctx: Context<'_>, binding: &Binding, row: IdentityRow) -> Result<Option<IdentityRow>> {
    let there = async { Ok::<_, crate::Error>(ctx.account.identities().get(&row.uuid).await?) };
    let used = used::keeps_from_pool(ctx, &row.uuid);
    let id = binding.id.clone();
    let (identity, (), used) = match tokio::try_join!(there, fence(ctx, &row), used) {
        Err(error) if matches!(error.downcast_ref(), Some(ApiError::NotFound { .. })) => {
            ctx.ledger.run(move |l| l.drop_identity(&id, &row.uuid)).await?;
            return Ok(None);
        }
        looked => looked?,
    };
    if used {
        retire(ctx, &row.uuid, &identity.name).await?;
        ctx.ledger.run(move |l| l.set_aside(&id, &row.uuid)).await?;
        return Ok(None);
    }
    let row = IdentityRow { name: identity.name, email: identity.email, phone: identity.phone, ..row };
    let row = rename_if_needed(ctx, row, binding).await?;
    ctx.ledger.run(move |l| l.settle(&id, Effect::FitIdentity)).await?;
    Ok(Some(row))
}

/// Renames an identity to retire it, because Ravi may not be able to delete it. `false`: the server does not know it.
pub(super) async fn retire(ctx: Context<'_>, uuid: &IdentityUuid, name: &str) -> Result<bool> {
    // An interrupted run renamed it; what it is, is for the ledger to say.
    if name.starts_with(RETIRED) {
        return Ok(true);
    }
    match ctx.account.identities().rename(uuid, &format!("{RETIRED}{name}")).await {
        Ok(_) => Ok(true),
        Err(ApiError::NotFound { .. }) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// Records the last place in the inbox of an identity from the pool: earlier messages belong to a former workspace and
/// are not shown to the next one.
///
/// This is done now and not at release because mail also arrives while an identity is free.
async fn fence(ctx: Context<'_>, row: &IdentityRow) -> Result<()> {
    let place = messages::last_place(ctx.ledger, ctx.account, row).await?;
    let known = row.uuid.clone();
    let former = ctx.ledger.run(move |l| l.cursor(&known)).await?;
    let known = row.uuid.clone();
    Ok(ctx.ledger.run(move |l| l.set_cursor(&known, place.max(former))).await?)
}

async fn make(ctx: Context<'_>, binding: &Binding) -> Result<Found> {
    let identifiers = match &binding.request.email {
        Some(chosen) => vec![chosen.clone()],
        None => address::candidates(&binding.name, &binding.nonce),
    };
    let Listed { all, new: looked } = ctx.listing.of(ctx.account).await?;
    // The list is at hand, so the next caller that needs the host identity need not ask Ravi.
    ctx.host_search().settle(&all).await?;
    let names = Names::of(ctx, binding);
    for identifier in &identifiers {
        let (server, wish, id) = (ctx.server.to_owned(), identifier.clone(), binding.id.clone());
        let taken = all.iter().any(|identity| local_part(&identity.email) == *identifier);
        if taken || !ctx.ledger.run(move |l| l.claim(&server, &wish, &id)).await? {
            continue;
        }
        if let Some(row) = ask_by_names(ctx, binding, &all, &names, identifier).await? {
            return Ok(Found { row, new: true, looked });
        }
    }
    let identifier = identifiers.last().cloned().unwrap_or_default();
    Err(WorkspaceError::AddressTaken { id: binding.id.clone(), identifier }.into())
}

/// The names to try, since it is not known whether Ravi wants them to be unique.
struct Names {
    plain: String,
    with_id: String,
}

impl Names {
    fn of(ctx: Context<'_>, binding: &Binding) -> Names {
        let plain = ctx.config.identity_name(&binding.id, &binding.name);
        Names { with_id: with_id(&plain, &binding.id), plain }
    }
}

/// Asks for one address, under either name; `None` if the address is taken.
async fn ask_by_names(
    ctx: Context<'_>,
    binding: &Binding,
    all: &[Identity],
    names: &Names,
    identifier: &str,
) -> Result<Option<IdentityRow>> {
    let wanted = |name: &str| Wanted {
        name: name.to_owned(),
        identifier: identifier.to_owned(),
        before: had(all, name, identifier),
    };
    // If the server does not say what is wrong, it may be the name, provided that somebody has it.
    let shared_name = all.iter().any(|identity| identity.name == names.plain);
    match ask_for(ctx, binding, wanted(&names.plain)).await? {
        Asked::Made(row) => return Ok(Some(row)),
        Asked::Refused(Refused::Address, _) => return Ok(None),
        Asked::Refused(Refused::Unclear, _) if !shared_name => return Ok(None),
        Asked::Refused(Refused::Name | Refused::Unclear, _) => {}
    }
    match ask_for(ctx, binding, wanted(&names.with_id)).await? {
        Asked::Made(row) => Ok(Some(row)),
        Asked::Refused(Refused::Address | Refused::Unclear, _) => Ok(None),
        Asked::Refused(Refused::Name, e) => {
            let message = e.server().map(ToString::to_string).unwrap_or_default();
            Err(WorkspaceError::NameTaken { name: names.plain.clone(), message }.into())
        }
    }
}

fn had(all: &[Identity], name: &str, identifier: &str) -> Vec<IdentityUuid> {
    let same = |i: &&Identity| i.name == name || local_part(&i.email) == identifier;
    all.iter().filter(same).map(|identity| identity.uuid.clone()).collect()
}

/// The outcome of asking for an identity.
enum Asked {
    Made(IdentityRow),
    Refused(Refused, ApiError),
}

/// What was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    Name,
    Address,
    Unclear,
}

impl Refused {
    /// `None`: the refusal is about neither the name nor the address.
    fn of(error: &ApiError) -> Option<Refused> {
        match error {
            e if e.about_name() => Some(Refused::Name),
            e if e.about_address() => Some(Refused::Address),
            ApiError::Conflict { .. } => Some(Refused::Unclear),
            _ => None,
        }
    }
}

async fn ask_for(ctx: Context<'_>, binding: &Binding, wanted: Wanted) -> Result<Asked> {
    let new = NewIdentity {
        name: Some(wanted.name.clone()),
        email_identifier: Some(wanted.identifier.clone()),
        domain: binding.request.domain.clone(),
        ..NewIdentity::default()
    };
    let id = binding.id.clone();
    ctx.ledger.run(move |l| l.intend(&id, Effect::CreateIdentity, &wanted)).await?;
    match ctx.account.identities().create(&new).await {
        Ok(created) => Ok(Asked::Made(keep(ctx, binding, created).await?)),
        Err(e) if e.outcome_unknown() => match resolve(ctx, binding).await {
            Ok(Some(row)) => Ok(Asked::Made(row)),
            _ => Err(e.into()),
        },
        Err(e) => {
            let id = binding.id.clone();
            ctx.ledger.run(move |l| l.settle(&id, Effect::CreateIdentity)).await?;
            match Refused::of(&e) {
                Some(refused) => Ok(Asked::Refused(refused, e)),
                None => Err(e.into()),
            }
        }
    }
}

async fn keep(ctx: Context<'_>, binding: &Binding, created: CreatedIdentity) -> Result<IdentityRow> {
    let row = IdentityRow::bound(&created.identity, ctx.server, &binding.id);
    let (id, kept) = (binding.id.clone(), row.clone());
    ctx.ledger.run(move |l| l.bind_identity(&id, &kept, created.api_key.as_ref(), Effect::CreateIdentity)).await?;
    Ok(row)
}

/// Gets a phone number, if one was asked for and there is none.
///
/// The number is never requested twice: after a lost reply, or if the server says that there is one, the identity is
/// read.
pub(crate) async fn phone(ctx: Context<'_>, row: IdentityRow) -> Result<IdentityRow> {
    if row.phone.is_some() {
        return Ok(row);
    }
    let identity = match ctx.account.identities().provision_phone(&row.uuid, None).await {
        Ok(identity) => identity,
        Err(e) if e.outcome_unknown() || matches!(e, ApiError::Conflict { .. }) => {
            let identity = ctx.account.identities().get(&row.uuid).await?;
            if identity.phone.is_none() {
                return Err(e.into());
            }
            identity
        }
        Err(e) => return Err(e.into()),
    };
    let row = IdentityRow { phone: identity.phone, ..row };
    let kept = row.clone();
    ctx.ledger.run(move |l| l.put_identity(&kept)).await?;
    Ok(row)
}

fn local_part(email: &str) -> &str {
    email.split('@').next().unwrap_or_default()
}
