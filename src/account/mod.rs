//! How this machine is known to Ravi: where its key comes from, what the key may do, which identity is the app's own.
//!
//! Sources, in this order: the program that opened `Ravi`, `RAVI_API_KEY`, an earlier login. It must not know
//! workspaces or the values of secrets.

mod host;
mod login;

use serde::{Deserialize, Serialize};

use crate::api::{AnyKey, ManagementKey};
use crate::config::Config;
use crate::error::{Explain, Kind};
use crate::ledger::{Ledger, LedgerError};
use crate::workspace::IdentityInfo;

pub(crate) use host::{host_identity, known_host, note_host};
pub(crate) use login::device_login;

/// No usable key, or one that may not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// No source has a key.
    #[error("this machine is not signed in to {server}")]
    NotSignedIn {
        /// The Ravi that was to be asked.
        server: String,
    },
    /// A source has something that is no key.
    #[error("the key from {origin} is not a Ravi key")]
    BadKey {
        /// Where it came from, in words.
        origin: &'static str,
    },
    /// Only a key for the whole account may do it.
    #[error("{what} needs a management key; the key from {origin} reaches one identity only")]
    NeedsManagement {
        /// What was asked.
        what: &'static str,
        /// Where the key came from, in words.
        origin: &'static str,
    },
    /// The person refused the login.
    #[error("the login was refused")]
    LoginRefused,
    /// Nobody approved the login in time, or its code was used before.
    #[error("the login code is no longer valid")]
    LoginExpired,
    /// An identity key reaches exactly one identity; the server answered something else.
    #[error("the server names {found} identities for a key that reaches one")]
    OddIdentity {
        /// How many it named.
        found: usize,
    },
}

impl Explain for AccountError {
    fn code(&self) -> String {
        match self {
            AccountError::NotSignedIn { .. } => "account.not_signed_in",
            AccountError::BadKey { .. } => "account.bad_key",
            AccountError::NeedsManagement { .. } => "account.needs_management",
            AccountError::LoginRefused => "account.login_refused",
            AccountError::LoginExpired => "account.login_expired",
            AccountError::OddIdentity { .. } => "account.odd_identity",
        }
        .into()
    }

    fn hint(&self) -> String {
        match self {
            AccountError::NotSignedIn { .. } => {
                "Run `ravi-workspace login`, or set RAVI_API_KEY to a key from Ravi's dashboard.".into()
            }
            AccountError::BadKey { .. } => {
                "Keys begin with ravi_mgmt_ or ravi_id_; copy it again, without quotes.".into()
            }
            AccountError::NeedsManagement { .. } => "Sign in with a management key (ravi_mgmt_…).".into(),
            AccountError::LoginRefused | AccountError::LoginExpired => "Start the login again.".into(),
            AccountError::OddIdentity { .. } => "Check RAVI_API_URL; sign in again if it is right.".into(),
        }
    }

    fn kind(&self) -> Kind {
        Kind::Account
    }
}

/// A key and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) key: AnyKey,
    pub(crate) source: KeySource,
}

impl Access {
    /// Finds this machine's key for `server`.
    pub(crate) fn find(config: &Config, ledger: &Ledger, server: &str) -> Result<Access, FindError> {
        if let Some(given) = &config.api_key {
            let key = AnyKey::parse(given.clone()).map_err(|_| AccountError::BadKey { origin: "the program" })?;
            return Ok(Access { key, source: KeySource::Builder });
        }
        if let Some(given) = config.key_from_env() {
            let key = AnyKey::parse(given).map_err(|_| AccountError::BadKey { origin: "RAVI_API_KEY" })?;
            return Ok(Access { key, source: KeySource::Environment });
        }
        match ledger.login(server)? {
            Some(login) => Ok(Access { key: login.key, source: KeySource::Login }),
            None => Err(AccountError::NotSignedIn { server: server.to_owned() }.into()),
        }
    }

    /// The key, where it is one for the whole account. `what` says what needs it.
    pub(crate) fn management(&self, what: &'static str) -> Result<&ManagementKey, AccountError> {
        match &self.key {
            AnyKey::Management(key) => Ok(key),
            AnyKey::Identity(_) => Err(AccountError::NeedsManagement { what, origin: self.source.in_words() }),
        }
    }

    /// What the key reaches.
    pub(crate) fn kind(&self) -> KeyKind {
        match &self.key {
            AnyKey::Management(_) => KeyKind::Management,
            AnyKey::Identity(_) => KeyKind::Identity,
        }
    }
}

/// Looking for a key failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindError {
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<FindError> for crate::Error {
    fn from(e: FindError) -> Self {
        match e {
            FindError::Account(e) => e.into(),
            FindError::Ledger(e) => e.into(),
        }
    }
}

/// Who this machine is to Ravi.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Account {
    /// Address of the Ravi that is asked.
    pub server: String,
    /// Where the key came from.
    pub source: KeySource,
    /// What the key reaches.
    pub key: KeyKind,
    /// The identity that holds the app's own secrets, where it is known already.
    pub host: Option<IdentityInfo>,
}

/// Where this machine's key came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum KeySource {
    /// Handed over by the program that opened `Ravi`.
    Builder,
    /// `RAVI_API_KEY`.
    Environment,
    /// Kept by an earlier login.
    Login,
}

impl KeySource {
    fn in_words(self) -> &'static str {
        match self {
            KeySource::Builder => "the program",
            KeySource::Environment => "RAVI_API_KEY",
            KeySource::Login => "the last login",
        }
    }
}

/// What a key reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// The whole account.
    Management,
    /// One identity.
    Identity,
}

/// What a person has to see to approve a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct DevicePrompt {
    /// The code to compare or type.
    pub user_code: String,
    /// The page to open.
    pub url: String,
    /// The page as the server named it, should the first not work.
    pub fallback_url: String,
    /// Seconds until the code is too old.
    pub expires_in_s: u64,
}
