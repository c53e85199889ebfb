//! The identity of a workspace and its key: found, taken from the pool, or made; never made twice.
//!
//! Ravi's API has no idempotency keys, so a reply that is lost leaves the question whether the identity was made. The
//! answer is found by looking, never by asking again: before the request the wanted name and address, and who had them
//! already, are written down. Addresses are unique at Ravi, and one ledger asks for an address for one workspace at a
//! time, so an identity that has both, was not there before and whose key nobody has used is the one that was made. A
//! key whose one-time value was lost with the reply is revoked and replaced.

use serde::{Deserialize, Serialize};

use super::address;
use super::context::Context;
use super::error::WorkspaceError;
use super::listing::Listed;
use crate::account;
use crate::api::{ApiError, CreatedIdentity, Identity, IdentityKey, IdentityUuid, KeyRecord, NewIdentity};
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::ledger::{Binding, IdentityRow};

/// Name of the intent to create an identity.
pub(crate) const CREATE: &str = "create_identity";
/// Name of the intent to mint a key.
const MINT: &str = "mint_key";

/// What was asked for, and who had it before.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Wanted {
    name: String,
    identifier: String,
    /// Identities that had the name or the address before.
    before: Vec<IdentityUuid>,
}

/// The identity of a workspace.
pub(crate) struct Found {
    pub(crate) row: IdentityRow,
    /// It was made a moment ago: there is nothing in its vault.
    pub(crate) new: bool,
    /// The account was looked through for it just now, and what is known of it noted.
    pub(crate) looked: bool,
}

/// Finds or makes the identity of `binding`.
pub(crate) async fn find_or_make(ctx: Context<'_>, binding: &Binding) -> Result<Found> {
    let old = |row| Found { row, new: false, looked: false };
    if let Some(row) = known(ctx, binding).await? {
        return rename_if_needed(ctx, row, binding).await.map(old);
    }
    if let Some(row) = resolve(ctx, binding).await? {
        return Ok(old(row));
    }
    if let Some(row) = from_pool(ctx, binding).await? {
        return Ok(old(row));
    }
    match make(ctx, binding).await {
        // Another workspace may have been released meanwhile.
        Err(crate::Error::Api(ApiError::PlanNeeded { server, .. })) => {
            let full = || WorkspaceError::PlanFull { id: binding.id.clone(), message: server.to_string() };
            from_pool(ctx, binding).await?.map(old).ok_or_else(|| full().into())
        }
        made => made,
    }
}

async fn known(ctx: Context<'_>, binding: &Binding) -> Result<Option<IdentityRow>> {
    let Some(uuid) = binding.identity.clone() else { return Ok(None) };
    Ok(ctx.ledger.run(move |l| l.identity(&uuid)).await?)
}

async fn rename_if_needed(ctx: Context<'_>, row: IdentityRow, binding: &Binding) -> Result<IdentityRow> {
    let name = ctx.config.identity_name(&binding.id, &binding.name);
    if row.name == name {
        return Ok(row);
    }
    let renamed = ctx.account.identities().rename(&row.uuid, &name).await?;
    let row = IdentityRow { name: renamed.name, ..row };
    let kept = row.clone();
    ctx.ledger.run(move |l| l.put_identity(&kept)).await?;
    Ok(row)
}

/// Settles a create whose result is not known: answers the identity that it made, where it made one.
pub(crate) async fn resolve(ctx: Context<'_>, binding: &Binding) -> Result<Option<IdentityRow>> {
    let id = binding.id.clone();
    let Some(wanted) = ctx.ledger.run(move |l| l.intended::<Wanted>(&id, CREATE)).await? else { return Ok(None) };
    let found = made_by_us(ctx, binding, &wanted).await?;
    let id = binding.id.clone();
    match found {
        None => ctx.ledger.run(move |l| l.settle(&id, CREATE)).await?,
        Some(ref row) => {
            let row = row.clone();
            ctx.ledger.run(move |l| l.bind_identity(&id, &row, None, CREATE)).await?;
        }
    }
    Ok(found)
}

async fn made_by_us(ctx: Context<'_>, binding: &Binding, wanted: &Wanted) -> Result<Option<IdentityRow>> {
    let server = ctx.server.to_owned();
    let ours = ctx.ledger.run(move |l| l.identities(&server)).await?;
    let all = ctx.account.identities().list().await?;
    let candidate = all.iter().find(|identity| {
        identity.name == wanted.name
            && local_part(&identity.email) == wanted.identifier
            && !wanted.before.contains(&identity.uuid)
            && ours.iter().all(|row| row.uuid != identity.uuid)
    });
    let Some(identity) = candidate else { return Ok(None) };
    let used = keys_of(ctx, &identity.uuid).await?.iter().any(|key| key.last_used_at.is_some());
    Ok((!used).then(|| IdentityRow::bound(identity, ctx.server, &binding.id)))
}

/// Takes a free identity, the workspace's former one first. One that the server does not know any more is passed over.
async fn from_pool(ctx: Context<'_>, binding: &Binding) -> Result<Option<IdentityRow>> {
    loop {
        let (server, id) = (ctx.server.to_owned(), binding.id.clone());
        let Some(row) = ctx.ledger.run(move |l| l.take_pooled(&server, &id)).await? else { return Ok(None) };
        match tokio::try_join!(rename_if_needed(ctx, row.clone(), binding), fence(ctx, &row.uuid)) {
            Err(crate::Error::Api(ApiError::NotFound { .. })) => {
                let id = binding.id.clone();
                ctx.ledger.run(move |l| l.drop_identity(&id, &row.uuid)).await?;
            }
            other => return other.map(|(row, ())| Some(row)),
        }
    }
}

/// Most events that one call answers.
const EVENT_PAGE: u32 = 1000;

/// Writes down the last event of an identity that comes from the pool: what came before is a former workspace's and is
/// not shown to the next one. Taken now and not at release, because mail also comes while an identity is free.
async fn fence(ctx: Context<'_>, uuid: &IdentityUuid) -> Result<()> {
    let known = uuid.clone();
    let mut cursor = ctx.ledger.run(move |l| l.cursor(&known)).await?;
    loop {
        let page = ctx.account.events(Some(uuid)).after(cursor, EVENT_PAGE, &[]).await?;
        cursor = page.iter().map(|event| event.seq).max().unwrap_or(cursor).max(cursor);
        if page.len() < EVENT_PAGE as usize {
            break;
        }
    }
    let known = uuid.clone();
    Ok(ctx.ledger.run(move |l| l.set_cursor(&known, cursor)).await?)
}

async fn make(ctx: Context<'_>, binding: &Binding) -> Result<Found> {
    let identifiers = match &binding.request.email {
        Some(chosen) => vec![chosen.clone()],
        None => address::candidates(&binding.name, &binding.nonce),
    };
    let Listed { all, new: looked } = ctx.listing.of(ctx.account).await?;
    // The list is at hand now; whoever asks for the host identity next need not ask Ravi.
    account::note_host(ctx.ledger, &all, ctx.server, ctx.config.host_name()).await?;
    for identifier in &identifiers {
        let (server, wish, id) = (ctx.server.to_owned(), identifier.clone(), binding.id.clone());
        let taken = all.iter().any(|identity| local_part(&identity.email) == *identifier);
        if taken || !ctx.ledger.run(move |l| l.claim(&server, &wish, &id)).await? {
            continue;
        }
        let name = ctx.config.identity_name(&binding.id, &binding.name);
        let before = had(&all, &name, identifier);
        let wanted = Wanted { name, identifier: identifier.clone(), before };
        if let Some(row) = ask_for(ctx, binding, wanted).await? {
            return Ok(Found { row, new: true, looked });
        }
    }
    let identifier = identifiers.last().cloned().unwrap_or_default();
    Err(WorkspaceError::AddressTaken { id: binding.id.clone(), identifier }.into())
}

fn had(all: &[Identity], name: &str, identifier: &str) -> Vec<IdentityUuid> {
    let same = |i: &&Identity| i.name == name || local_part(&i.email) == identifier;
    all.iter().filter(same).map(|identity| identity.uuid.clone()).collect()
}

/// Asks for one address; `None` when it is taken.
async fn ask_for(ctx: Context<'_>, binding: &Binding, wanted: Wanted) -> Result<Option<IdentityRow>> {
    let new = NewIdentity {
        name: Some(wanted.name.clone()),
        email_identifier: Some(wanted.identifier.clone()),
        ..NewIdentity::default()
    };
    let id = binding.id.clone();
    ctx.ledger.run(move |l| l.intend(&id, CREATE, &wanted)).await?;
    match ctx.account.identities().create(&new).await {
        Ok(created) => Ok(Some(keep(ctx, binding, created).await?)),
        Err(e) if e.outcome_unknown() => match resolve(ctx, binding).await {
            Ok(Some(row)) => Ok(Some(row)),
            _ => Err(e.into()),
        },
        Err(e) => {
            let id = binding.id.clone();
            ctx.ledger.run(move |l| l.settle(&id, CREATE)).await?;
            match e {
                ApiError::Conflict { .. } => Ok(None),
                e => Err(e.into()),
            }
        }
    }
}

async fn keep(ctx: Context<'_>, binding: &Binding, created: CreatedIdentity) -> Result<IdentityRow> {
    let row = IdentityRow::bound(&created.identity, ctx.server, &binding.id);
    let (id, kept) = (binding.id.clone(), row.clone());
    ctx.ledger.run(move |l| l.bind_identity(&id, &kept, created.api_key.as_ref(), CREATE)).await?;
    Ok(row)
}

/// The identity key of `binding`: from the ledger, else minted. Its record's uuid is kept for revocation.
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

/// A key from a create reply comes without its record's uuid. A new identity has one key, so its only record is it;
/// where there are more, release revokes them all.
async fn find_record(ctx: Context<'_>, id: &str, identity: &IdentityUuid) -> Result<()> {
    if let [only] = &keys_of(ctx, identity).await?[..] {
        let entry = Entry::done(Action::KeyMint).workspace(id).object(only.uuid.as_str()).because("came with identity");
        let (id, uuid) = (id.to_owned(), only.uuid.clone());
        ctx.ledger.run(move |l| l.set_key_uuid(&id, &uuid, entry)).await?;
    }
    Ok(())
}

async fn mint(ctx: Context<'_>, binding: &Binding, identity: &IdentityUuid) -> Result<IdentityKey> {
    // Whatever key lives now is one whose value was lost, or a former workspace's.
    revoke_all(ctx, identity).await?;
    let id = binding.id.clone();
    ctx.ledger.run(move |l| l.intend(&id, MINT, &())).await?;
    let label = ctx.ledger.run(|l| l.ledger_id()).await.map(|ledger| key_label(&ledger, &binding.id))?;
    let created = match ctx.account.identity_keys().create(identity, &label).await {
        Err(e) if e.outcome_unknown() => {
            revoke_all(ctx, identity).await?;
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

/// Label of the keys that a ledger mints: it tells them from the keys of other machines of the same account.
pub(crate) fn key_label(ledger: &str, id: &str) -> String {
    format!("ravi-workspace {ledger} {id}")
}

/// Live keys of one identity.
pub(crate) async fn keys_of(ctx: Context<'_>, identity: &IdentityUuid) -> Result<Vec<KeyRecord>> {
    let mut keys = ctx.account.identity_keys().list().await?;
    keys.retain(|key| key.is_active && key.identity.as_ref() == Some(identity));
    Ok(keys)
}

/// Revokes every live key of one identity. A key that is gone already is what was wanted.
pub(crate) async fn revoke_all(ctx: Context<'_>, identity: &IdentityUuid) -> Result<()> {
    for key in keys_of(ctx, identity).await? {
        match ctx.account.identity_keys().revoke(&key.uuid).await {
            Ok(()) | Err(ApiError::NotFound { .. }) => {}
            Err(e) => return Err(e.into()),
        }
        let (known, entry) = (identity.clone(), Entry::done(Action::KeyRevoke).object(key.uuid.as_str()));
        let workspace = ctx.ledger.run(move |l| Ok(l.identity(&known)?.and_then(|row| row.workspace))).await?;
        ctx.note(workspace.iter().fold(entry, |entry, id| entry.workspace(id))).await?;
    }
    Ok(())
}

/// A phone number, where one was asked for and there is none. Never asked for twice: after a lost reply, and when the
/// server says that there is one, the identity is looked at.
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
