//! The host identity: the one whose vault holds the app's own secrets.
//!
//! With an identity key it is the identity that the key reaches. With a management key it is the oldest one with the
//! configured name; several apps and machines share it by using the same name. An identity that this machine's ledger
//! knows as a workspace's is never it, whatever it is called.
//!
//! A reply that is lost leaves the question whether the identity was made; it is answered by looking for the name, never
//! by asking again. Before the request it is written down who had the name already. The key that comes with a new
//! identity is not needed here, and a lost one could not be used: it is revoked.

use std::fs::File;

use serde::{Deserialize, Serialize};

use super::{Access, AccountError};
use crate::api::{AnyKey, ApiError, Client, Identity, IdentityUuid, ManagementKey, NewIdentity, Session};
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::files::FileError;
use crate::ledger::{IdentityRow, IdentityState, Ledger};
use crate::workspace::WorkspaceError;

/// Labels of keys that this program minted begin so; the key that comes with an identity has another one.
const OWN_LABEL: &str = "ravi-workspace ";

/// What was asked for, and who had the name before.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Wanted {
    name: String,
    before: Vec<IdentityUuid>,
}

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
    if let Some(known) = known(ledger, server, name).await? {
        return Ok(known);
    }
    let account = client.with(access.management("finding the host identity")?);
    host_of_account(ledger, &account, server, name).await
}

/// The same for one who may do everything.
pub(crate) async fn host_of_account(
    ledger: &Ledger,
    account: &Session<ManagementKey>,
    server: &str,
    name: &str,
) -> Result<IdentityRow> {
    if let Some(known) = known(ledger, server, name).await? {
        return Ok(known);
    }
    let _lock = lock(ledger).await?;
    // Another process may have found it while this one waited.
    if let Some(known) = known(ledger, server, name).await? {
        return Ok(known);
    }
    let search = Search { ledger, account, server, name };
    search.find_or_make().await
}

async fn known(ledger: &Ledger, server: &str, name: &str) -> Result<Option<IdentityRow>> {
    let (server, name) = (server.to_owned(), name.to_owned());
    Ok(ledger.run(move |l| Ok(l.host(&server)?.filter(|host| host.name == name))).await?)
}

struct Search<'a> {
    ledger: &'a Ledger,
    account: &'a Session<ManagementKey>,
    server: &'a str,
    name: &'a str,
}

impl Search<'_> {
    async fn find_or_make(&self) -> Result<IdentityRow> {
        let server = self.server.to_owned();
        let wanted = self.ledger.run(move |l| l.intended_host::<Wanted>(&server)).await?;
        let all = self.account.identities().list().await?;
        match oldest_host(self.ledger, self.server, &all, self.name).await? {
            Some(host) => {
                let lost = wanted.as_ref().and_then(|wanted| only_new(&all, wanted));
                self.keep(host, lost.filter(|lost| lost.uuid == host.uuid)).await
            }
            None => self.make(&all).await,
        }
    }

    async fn make(&self, all: &[Identity]) -> Result<IdentityRow> {
        let before = all.iter().filter(|i| i.name == self.name).map(|i| i.uuid.clone()).collect();
        let wanted = Wanted { name: self.name.to_owned(), before };
        let (server, intent) = (self.server.to_owned(), wanted.clone());
        self.ledger.run(move |l| l.intend_host(&server, &intent)).await?;
        let new = NewIdentity { name: Some(self.name.to_owned()), ..NewIdentity::default() };
        match self.account.identities().create(&new).await {
            Ok(created) => self.settle(created.identity).await,
            Err(e) if e.outcome_unknown() => self.look_for(&wanted).await?.ok_or_else(|| e.into()),
            Err(e) => {
                let server = self.server.to_owned();
                self.ledger.run(move |l| l.settle_host(&server)).await?;
                Err(e.into())
            }
        }
    }

    /// Another machine may have made one at the same time; then the older one counts, for both.
    async fn settle(&self, made: Identity) -> Result<IdentityRow> {
        let all = self.account.identities().list().await?;
        let host = oldest_host(self.ledger, self.server, &all, self.name).await?;
        self.keep(host.unwrap_or(&made), Some(&made)).await
    }

    async fn look_for(&self, wanted: &Wanted) -> Result<Option<IdentityRow>> {
        let all = self.account.identities().list().await?;
        match oldest_host(self.ledger, self.server, &all, self.name).await? {
            Some(host) => {
                let lost = only_new(&all, wanted).filter(|lost| lost.uuid == host.uuid);
                self.keep(host, lost).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// Keeps `host`. Of an identity that this machine made, the unused key is revoked; where it is not the host because
    /// another machine was faster, it is renamed and goes to the pool.
    async fn keep(&self, host: &Identity, made: Option<&Identity>) -> Result<IdentityRow> {
        let mut spare = None;
        if let Some(made) = made {
            self.revoke_unused_keys(&made.uuid).await?;
            if made.uuid != host.uuid {
                let renamed = self.account.identities().rename(&made.uuid, &format!("{} (spare)", self.name)).await?;
                let row = IdentityRow::host(&renamed, self.server);
                spare = Some(IdentityRow { state: IdentityState::Pooled, ..row });
            }
        }
        let row = IdentityRow::host(host, self.server);
        let kept = row.clone();
        self.ledger.run(move |l| l.put_host(&kept, spare.as_ref())).await?;
        Ok(row)
    }

    async fn revoke_unused_keys(&self, identity: &IdentityUuid) -> Result<()> {
        let keys = self.account.identity_keys().list().await?.into_iter().filter(|key| {
            let unused = key.is_active && key.last_used_at.is_none() && !key.label.starts_with(OWN_LABEL);
            unused && key.identity.as_ref() == Some(identity)
        });
        for key in keys {
            match self.account.identity_keys().revoke(&key.uuid).await {
                Ok(()) | Err(ApiError::NotFound { .. }) => {}
                Err(e) => return Err(e.into()),
            }
            let entry = Entry::done(Action::KeyRevoke).object(key.uuid.as_str()).because("nobody needs it");
            self.ledger.run(move |l| l.note(entry)).await?;
        }
        Ok(())
    }
}

/// The host identity among `all`: the oldest of that name that is no workspace's. Machines that made one at the same
/// time thus agree.
pub(crate) async fn oldest_host<'a>(
    ledger: &Ledger,
    server: &str,
    all: &'a [Identity],
    name: &str,
) -> Result<Option<&'a Identity>> {
    let server = server.to_owned();
    let ours = ledger.run(move |l| l.identities(&server)).await?;
    let is_other =
        |identity: &Identity| ours.iter().any(|row| row.uuid == identity.uuid && row.state != IdentityState::Host);
    let named = all.iter().filter(|identity| identity.name == name && !is_other(identity));
    Ok(named.min_by_key(|identity| (identity.created_dt.as_deref(), identity.uuid.as_str())))
}

/// The identity that a request made whose reply was lost: the only one of the name that was not there before. Where
/// there are several, another machine made one as well, and which is whose cannot be told.
fn only_new<'a>(all: &'a [Identity], wanted: &Wanted) -> Option<&'a Identity> {
    let mut new = all.iter().filter(|i| i.name == wanted.name && !wanted.before.contains(&i.uuid));
    new.next().filter(|_| new.next().is_none())
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
    let known = known(ledger, server, name).await?;
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
    if let Some(known) = known(ledger, server, name).await? {
        return Ok(Some(known));
    }
    let Some(identity) = oldest_host(ledger, server, all, name).await? else { return Ok(None) };
    let row = IdentityRow::host(identity, server);
    let kept = row.clone();
    ledger.run(move |l| l.put_host(&kept, None)).await?;
    Ok(Some(row))
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
