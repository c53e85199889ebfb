//! The host identity: the one whose vault holds the app's own secrets.
//!
//! It is one that the account has. Which one is said by the configuration, by a person, or by what there is
//! ([`rules`]); it is looked up once and then known from the ledger. Nothing that reads, and no login, makes an identity:
//! on most plans there is room for one. Making one is a step of its own ([`make`]). It must not know secrets.

mod make;
mod rules;

use super::{Access, AccountError};
use crate::api::{AnyKey, Client, Identity, IdentityUuid, ManagementKey, Session};
use crate::config::DEFAULT_HOST_IDENTITY;
use crate::error::Result;
use crate::ledger::{IdentityRow, Ledger};

pub(crate) use make::make_host;
use rules::{Verdict, Wish, choose, is_meant};

/// Where the host identity is looked for.
#[derive(Clone, Copy)]
pub(crate) struct HostSearch<'a> {
    pub(crate) ledger: &'a Ledger,
    /// The Ravi that is asked, as the ledger names it.
    pub(crate) server: &'a str,
    /// What the configuration says: a name, uuid or address.
    pub(crate) wanted: Option<&'a str>,
}

/// What is known of the host identity.
#[derive(Debug, Clone)]
pub(crate) enum Host {
    /// It is this one.
    Known(IdentityRow),
    /// It cannot be told which one it is, and why.
    Open(OpenHost),
}

/// Why it cannot be told which identity is the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OpenHost {
    /// There are several, and nothing says which.
    Choose(Vec<Identity>),
    /// The account has no identity that could be it.
    Nobody,
    /// The one that was chosen is not there, or not any more.
    Missing { wanted: String, there: Vec<Identity> },
    /// The one that was named is a workspace's.
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

    /// The identity, where it is known.
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
    /// The host identity for one who may have any kind of key. Without network when the ledger knows it.
    pub(crate) async fn find(self, client: &Client, access: &Access) -> Result<Host> {
        if let AnyKey::Identity(key) = &access.key {
            return self.of_key(client.with(key).identities().list().await?);
        }
        let account = client.with(access.management("finding the host identity")?);
        self.find_in(&account).await
    }

    /// The same for one who may do everything.
    pub(crate) async fn find_in(self, account: &Session<ManagementKey>) -> Result<Host> {
        if let Some(known) = self.known().await? {
            return Ok(Host::Known(known));
        }
        if let Some(made) = make::resume(self, account).await? {
            return Ok(Host::Known(made));
        }
        self.settle(&account.identities().list().await?).await
    }

    /// Looks for it among `all` of the account, and writes down what is found.
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

    /// The same for one who may have any kind of key and has listed `all` that it reaches.
    pub(crate) async fn settle_for(self, access: &Access, all: &[Identity]) -> Result<Host> {
        match &access.key {
            AnyKey::Identity(_) => self.of_key(all.to_vec()),
            AnyKey::Management(_) => self.settle(all).await,
        }
    }

    /// Which of `all` it is, by what there is now; what was found earlier does not count, and nothing is written down.
    pub(crate) async fn judge(self, all: &[Identity]) -> Result<Host> {
        let server = self.server.to_owned();
        let (ours, chosen) = self.ledger.run(move |l| Ok((l.identities(&server)?, l.host_choice(&server)?))).await?;
        let wish = Wish { configured: self.wanted, chosen: chosen.as_ref() };
        Ok(match choose(all, &ours, wish) {
            Verdict::Is(identity) => Host::Known(IdentityRow::host(identity, self.server)),
            Verdict::Open(open) => Host::Open(open),
        })
    }

    /// A person chooses it among `all`: by name, uuid or address.
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

    /// An identity of the account, by name, uuid or address; a workspace's too. Of several the oldest.
    pub(crate) fn named<'i>(all: &'i [Identity], wanted: &str) -> Option<&'i Identity> {
        rules::oldest(all.iter().filter(|identity| is_meant(identity, wanted)))
    }

    /// The one that the ledger knows, where it still is the one that is wanted.
    pub(crate) async fn known(self) -> Result<Option<IdentityRow>> {
        let server = self.server.to_owned();
        let (host, chosen) = self.ledger.run(move |l| Ok((l.host(&server)?, l.host_choice(&server)?))).await?;
        Ok(host.filter(|host| match self.wanted {
            Some(wanted) => rules::row_is_meant(host, wanted),
            None => chosen.is_none_or(|chosen| chosen == host.uuid),
        }))
    }

    /// An identity key reaches exactly one.
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

    /// The name of one that is to be made.
    fn name(self) -> &'a str {
        self.wanted.unwrap_or(DEFAULT_HOST_IDENTITY)
    }
}

/// Other identities of the account that look like a host: they have the name that this program gives to one. An older
/// ledger, or another machine, may have kept secrets there.
pub(crate) fn other_hosts<'a>(all: &'a [Identity], host: &IdentityUuid) -> Vec<&'a Identity> {
    all.iter().filter(|identity| identity.name == DEFAULT_HOST_IDENTITY && identity.uuid != *host).collect()
}
