//! The host identity: the one whose vault holds the app's own secrets.
//!
//! With an identity key it is the identity that the key reaches. With a management key it is the one with the
//! configured name; several apps and machines share it by using the same name.

use std::fs::File;

use super::{Access, AccountError};
use crate::api::{AnyKey, Client, Identity, ManagementKey, NewIdentity, Session};
use crate::error::Result;
use crate::files::FileError;
use crate::ledger::{IdentityRow, Ledger};
use crate::workspace::WorkspaceError;

/// Finds the host identity, or makes it. Without network when the ledger knows it.
pub(crate) async fn host_identity(
    ledger: &Ledger,
    client: &Client,
    access: &Access,
    server: &str,
    name: &str,
) -> Result<IdentityRow> {
    if let AnyKey::Identity(key) = &access.key {
        let mut all = client.with(key).identities().list().await?;
        let found = all.len();
        let (Some(only), 1) = (all.pop(), found) else { return Err(AccountError::OddIdentity { found }.into()) };
        return Ok(IdentityRow::host(&only, server));
    }
    if let Some(known) = in_ledger(ledger, server, name).await? {
        return Ok(known);
    }
    let _lock = lock(ledger).await?;
    let account = client.with(access.management("finding the host identity")?);
    let found = oldest_named(account.identities().list().await?, name);
    let identity = match found {
        Some(identity) => identity,
        None => {
            let new = NewIdentity { name: Some(name.to_owned()), ..NewIdentity::default() };
            account.identities().create(&new).await?.identity
        }
    };
    let row = IdentityRow::host(&identity, server);
    let kept = row.clone();
    ledger.run(move |l| l.put_host(&kept)).await?;
    Ok(row)
}

/// The host identity, where there is one; never made. Asks Ravi only where the ledger does not know it, and not when
/// the account has just been `looked` through.
pub(crate) async fn known_host(
    ledger: &Ledger,
    account: &Session<ManagementKey>,
    server: &str,
    name: &str,
    looked: bool,
) -> Result<Option<IdentityRow>> {
    let known = in_ledger(ledger, server, name).await?;
    if known.is_some() || looked {
        return Ok(known);
    }
    note_host(ledger, &account.identities().list().await?, server, name).await
}

/// Finds the host identity among `all` of the account and writes it down, unless it is known.
pub(crate) async fn note_host(
    ledger: &Ledger,
    all: &[Identity],
    server: &str,
    name: &str,
) -> Result<Option<IdentityRow>> {
    if let Some(known) = in_ledger(ledger, server, name).await? {
        return Ok(Some(known));
    }
    let Some(identity) = oldest_named(all.to_vec(), name) else { return Ok(None) };
    let row = IdentityRow::host(&identity, server);
    let kept = row.clone();
    ledger.run(move |l| l.put_host(&kept)).await?;
    Ok(Some(row))
}

async fn in_ledger(ledger: &Ledger, server: &str, name: &str) -> Result<Option<IdentityRow>> {
    let (server, name) = (server.to_owned(), name.to_owned());
    Ok(ledger.run(move |l| l.host(&server)).await?.filter(|host| host.name == name))
}

/// Two machines that made it at once both end with the older one.
fn oldest_named(all: Vec<Identity>, name: &str) -> Option<Identity> {
    all.into_iter()
        .filter(|identity| identity.name == name)
        .min_by(|a, b| (&a.created_dt, a.uuid.as_str()).cmp(&(&b.created_dt, b.uuid.as_str())))
}

/// Processes of this machine make the host identity one after the other.
async fn lock(ledger: &Ledger) -> Result<File> {
    let path = ledger.dir().join("host.lock");
    let open = move || {
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        file.and_then(|file| file.lock().map(|()| file)).map_err(|e| FileError::from_io(&path, "lock", e))
    };
    let locked = tokio::task::spawn_blocking(open).await.map_err(|_| WorkspaceError::Stopped)?;
    Ok(locked.map_err(WorkspaceError::from)?)
}
