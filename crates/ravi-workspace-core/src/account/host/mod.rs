//! The host identity: the one whose vault holds the app's own secrets.
//!
//! It is one of the account's identities. Which one is decided by the configuration, by a person, or by what exists
//! ([`rules`]); it is looked up once and then known from the ledger. Nothing that only reads, and no login, makes an
//! identity, since most plans have room for just one. Making one is a separate step ([`make`]). This room must know
//! nothing of secrets.

mod make;
mod rules;

use super::{Access, AccountError};
use crate::api::{AnyKey, Client, Identity, IdentityUuid, ManagementKey, Session};
use crate::config::DEFAULT_HOST_IDENTITY;
use crate::error::Result;
use crate::ledger::{IdentityRow, Ledger};

pub(crate) use make::{OWN_LABEL, make_host};
pub(crate) use rules::RETIRED;
use rules::{Verdict, Wish, choose, is_meant};

/// Where to look for the host identity.
#[derive(Clone, Copy)]
pub(crate) struct HostSearch<'a> {
    pub(crate) ledger: &'a Ledger,
    /// The Ravi in question, by its name in the ledger.
    pub(crate) server: &'a str,
    /// What the configuration says: a name, uuid or address.
    pub(crate) wanted: Option<&'a str>,
}

/// What is known about the host identity.
#[derive(Debug, Clone)]
pub(crate) enum Host {
    /// It is this one.
    Known(IdentityRow),
    /// It is undecided which one it is, and why.
    Open(OpenHost),
}

/// Why it is undecided which identity is the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OpenHost {
    /// There are several, and nothing says which.
    Choose(Vec<Identity>),
    /// The account has no identity that could be it.
    Nobody,
    /// The chosen one does not exist, or no longer does.
    Missing { wanted: String, there: Vec<Identity> },
    /// The one named belongs to a workspace.
    Workspace { wanted: String },
}

impl Host {
    /// The identity, or why there is none.
    pub(crate) fn known(self) -> Result<IdentityRow, AccountError> {
        match self {
            Host::Known(row) => Ok(row),
            Host::Open(open) => Err(open.into()),
        }
    }

    /// The identity, if it is known.
    pub(crate) fn row(&self) -> Option<&IdentityRow> {
        match self {
            Host::Known(row) => Some(row),
            Host::Open(_) => None,
        }
    }
}

impl OpenHost {
    /// The identities to choose from.
    pub(crate) fn choices(&self) -> &[Identity] {
        match self {
            OpenHost::Choose(there) | OpenHost::Missing { there, .. } => there,
            OpenHost::Nobody | OpenHost::Workspace { .. } => &[],
        }
    }
}

impl From<OpenHost> for AccountError {
    fn from(open: OpenHost) -> Self {
        let told = |there: &[Identity]| there.iter().map(|i| format!("{} <{}>", i.name, i.email)).collect();
        match open {
            OpenHost::Choose(there) => AccountError::ChooseHost { identities: told(&there) },
            OpenHost::Nobody => AccountError::NoIdentity,
            OpenHost::Missing { wanted, there } => AccountError::HostUnknown { wanted, identities: told(&there) },
            OpenHost::Workspace { wanted } => AccountError::HostIsWorkspace { wanted },
        }
    }
}

impl<'a> HostSearch<'a> {
    /// Finds the host identity with any kind of key; without network access if the ledger knows it.
    pub(crate) async fn find(self, client: &Client, access: &Access) -> Result<Host> {
        if let AnyKey::Identity(key) = &access.key {
            return self.of_key(client.with(key).identities().list().await?);
        }
        let account = client.with(access.management("finding the host identity")?);
        self.find_in(&account).await
    }

    /// The same with a management key.
    pub(crate) async fn find_in(self, account: &Session<ManagementKey>) -> Result<Host> {
        if let Some(known) = self.known().await? {
            return Ok(Host::Known(known));
        }
        if let Some(made) = make::resume(self, account).await? {
            return Ok(Host::Known(made));
        }
        self.settle(&account.identities().list().await?).await
    }

    /// Looks for it among `all` of the account's identities, and records what is found.
    pub(crate) async fn settle(self, all: &[Identity]) -> Result<Host> {
        if let Some(known) = self.known().await? {
            return Ok(Host::Known(known));
        }
        let verdict = self.judge(all).await?;
        if let Host::Known(row) = &verdict {
            let row = row.clone();
            self.ledger.run(move |l| l.put_host(&row, None)).await?;
        }
        Ok(verdict)
    }

    /// The same with any kind of key, where `all` is everything that the key reaches.
    pub(crate) async fn settle_for(self, access: &Access, all: &[Identity]) -> Result<Host> {
        match &access.key {
            AnyKey::Identity(_) => self.of_key(all.to_vec()),
            AnyKey::Management(_) => self.settle(all).await,
        }
    }

    /// Which of `all` it is, judging only by what exists now: what was found earlier does not count, and nothing is
    /// recorded.
    pub(crate) async fn judge(self, all: &[Identity]) -> Result<Host> {
        let server = self.server.to_owned();
        let (ours, chosen) = self.ledger.run(move |l| Ok((l.identities(&server)?, l.host_choice(&server)?))).await?;
        let wish = Wish { configured: self.wanted, chosen: chosen.as_ref() };
        Ok(match choose(all, &ours, wish) {
            Verdict::Is(identity) => Host::Known(IdentityRow::host(identity, self.server)),
            Verdict::Open(open) => Host::Open(open),
        })
    }

    /// Makes a person's choice among `all`, by name, uuid or address.
    pub(crate) async fn choose(self, all: &[Identity], wanted: &str) -> Result<Host> {
        if let Some(configured) = self.wanted
            && !all.iter().any(|identity| is_meant(identity, configured) && is_meant(identity, wanted))
        {
            return Err(AccountError::HostConfigured { configured: configured.to_owned() }.into());
        }
        let server = self.server.to_owned();
        let ours = self.ledger.run(move |l| l.identities(&server)).await?;
        let found = match choose(all, &ours, Wish { configured: Some(wanted), chosen: None }) {
            Verdict::Is(identity) => identity,
            Verdict::Open(open) => return Ok(Host::Open(open)),
        };
        let row = IdentityRow::host(found, self.server);
        let kept = row.clone();
        self.ledger.run(move |l| l.choose_host(&kept)).await?;
        Ok(Host::Known(row))
    }

    /// An identity of the account, by name, uuid or address, even if it belongs to a workspace; the oldest if several
    /// match.
    pub(crate) fn named<'i>(all: &'i [Identity], wanted: &str) -> Option<&'i Identity> {
        rules::oldest(all.iter().filter(|identity| is_meant(identity, wanted)))
    }

    /// The one that the ledger knows, if it is still the one that is wanted.
    pub(crate) async fn known(self) -> Result<Option<IdentityRow>> {
        let server = self.server.to_owned();
        let (host, chosen) = self.ledger.run(move |l| Ok((l.host(&server)?, l.host_choice(&server)?))).await?;
        Ok(host.filter(|host| match self.wanted {
            Some(wanted) => rules::row_is_meant(host, wanted),
            None => chosen.is_none_or(|chosen| chosen == host.uuid),
        }))
    }

    /// An identity key reaches exactly one identity.
    fn of_key(self, mut all: Vec<Identity>) -> Result<Host> {
        let found = all.len();
        let (Some(only), 1) = (all.pop(), found) else { return Err(AccountError::OddIdentity { found }.into()) };
        match self.wanted {
            Some(wanted) if !is_meant(&only, wanted) => {
                Ok(Host::Open(OpenHost::Missing { wanted: wanted.to_owned(), there: vec![only] }))
            }
            _ => Ok(Host::Known(IdentityRow::host(&only, self.server))),
        }
    }

    /// The name for a new one.
    fn name(self) -> &'a str {
        self.wanted.unwrap_or(DEFAULT_HOST_IDENTITY)
    }
}

/// Other identities of the account that look like a host, because they have the name that this program gives to one. An
/// older ledger, or another machine, may have kept secrets there.
pub(crate) fn other_hosts<'a>(all: &'a [Identity], host: &IdentityUuid) -> Vec<&'a Identity> {
    all.iter().filter(|identity| identity.name == DEFAULT_HOST_IDENTITY && identity.uuid != *host).collect()
}
