//! Making the host identity: a separate step that a person asks for, since it uses one of the plan's identities.
//!
//! An existing identity of the same name is taken as it. If a reply is lost, it is unknown whether the identity was
//! made; the answer is found by looking for the name, never by asking again. Before the request, it is written down
//! which identities already had the name. The key that comes with a new identity is not needed here, and a lost one
//! could not be used, so it is revoked.

use std::fs::File;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{AccountError, HostSearch, rules};
use crate::api::{ApiError, Identity, IdentityUuid, ManagementKey, NewIdentity, Session};
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::ledger::{IdentityRow, IdentityState, Ledger, LedgerError};
use crate::machine::blocking::blocking;
use crate::machine::files::{self, FileError};

/// How the labels of keys minted by this program begin. The key that comes with an identity has another label.
pub(crate) const OWN_LABEL: &str = "ravi-workspace ";

/// What was asked for, and who had the name before.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Wanted {
    name: String,
    before: Vec<IdentityUuid>,
}

/// Makes the host identity, unless the account has one of its name, and chooses it.
pub(crate) async fn make_host(search: HostSearch<'_>, account: &Session<ManagementKey>) -> Result<IdentityRow> {
    let HostSearch { ledger, server, .. } = search;
    let name = search.name();
    // What can only refer to an existing identity cannot be the name of a new one.
    if name.contains('@') || uuid::Uuid::parse_str(name).is_ok() {
        return Err(AccountError::HostConfigured { configured: name.to_owned() }.into());
    }
    let _lock = lock(ledger).await?;
    let row = Search { ledger, account, server, name }.find_or_make().await?;
    let chosen = row.clone();
    ledger.run(move |l| l.choose_host(&chosen)).await?;
    Ok(row)
}

/// Settles a request whose result is unknown: what it made is the host. `None` if nothing was begun, or nothing came of
/// it.
pub(super) async fn resume(search: HostSearch<'_>, account: &Session<ManagementKey>) -> Result<Option<IdentityRow>> {
    let HostSearch { ledger, server, .. } = search;
    let known = server.to_owned();
    if ledger.run(move |l| l.intended_host::<Wanted>(&known)).await?.is_none() {
        return Ok(None);
    }
    let _lock = lock(ledger).await?;
    let known = server.to_owned();
    // Whoever asked for it may only just have finished.
    let Some(wanted) = ledger.run(move |l| l.intended_host::<Wanted>(&known)).await? else { return Ok(None) };
    let row = Search { ledger, account, server, name: &wanted.name }.look_for(&wanted).await?;
    match &row {
        Some(row) => {
            let chosen = row.clone();
            ledger.run(move |l| l.choose_host(&chosen)).await?;
        }
        None => {
            let server = server.to_owned();
            ledger.run(move |l| l.settle_host(&server)).await?;
        }
    }
    Ok(row)
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

    /// Another machine may have made one at the same time; then both machines use the older one.
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

    /// Keeps `host`. If this machine made an identity, its unused key is revoked; if it is not the host, because
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

/// The host identity among `all`: the oldest one of that name that belongs to no workspace. So machines that made one
/// at the same time agree.
async fn oldest_host<'a>(
    ledger: &Ledger,
    server: &str,
    all: &'a [Identity],
    name: &str,
) -> Result<Option<&'a Identity>> {
    let server = server.to_owned();
    let ours = ledger.run(move |l| l.identities(&server)).await?;
    let named = all.iter().filter(|identity| identity.name == name && !rules::is_workspaces(identity, &ours));
    Ok(rules::oldest(named))
}

/// The identity made by a request whose reply was lost: the only one of the name that did not exist before.
///
/// If there are several, another machine made one as well, and there is no telling which is whose.
fn only_new<'a>(all: &'a [Identity], wanted: &Wanted) -> Option<&'a Identity> {
    let mut new = all.iter().filter(|i| i.name == wanted.name && !wanted.before.contains(&i.uuid));
    new.next().filter(|_| new.next().is_none())
}

/// How long another process may take to make it, including retried calls.
const MAKING: Duration = Duration::from_secs(120);

/// Makes processes of this machine take turns in making the host identity.
async fn lock(ledger: &Ledger) -> Result<File> {
    let path = ledger.dir().join("host.lock");
    let open = move || {
        let locked = files::lock_file(&path).and_then(|file| files::lock_within(&file, MAKING).map(|_| file));
        locked.map_err(|e| FileError::from_io(&path, "lock", e))
    };
    let locked = blocking(open).await.map_err(|_| LedgerError::Stopped)?;
    Ok(locked?)
}
