//! How this machine is known to Ravi: where its key comes from, what the key may do, which identity is the app's own.
//!
//! Sources, in this order: the program that opened `Ravi`, `RAVI_API_KEY`, the systemd credential, an earlier login.
//! What a login obtained is kept in the ledger, sealed with the machine key, which lies in the system's keychain where
//! one works. It must not know workspaces or the values of secrets.

mod host;
mod login;
pub(crate) mod official;
mod source;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::api::AnyKey;
use crate::error::{Explain, Kind};
use crate::files::FileError;
use crate::ledger::Place;
use crate::workspace::IdentityInfo;

pub(crate) use host::{host_identity, host_of_account, known_host, note_host, oldest_host};
pub(crate) use login::Logins;
pub(crate) use source::Access;
pub use source::KeySource;

/// No usable key, or one that may not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// No source has a key.
    #[error("this machine is not signed in to {server}")]
    NotSignedIn {
        /// The Ravi that was to be asked.
        server: String,
        /// The official command line's file, where there is one.
        official: Option<PathBuf>,
    },
    /// The systemd credential is there and cannot be read.
    #[error("the systemd credential cannot be used: {source}")]
    Credential {
        /// What is wrong with its file.
        source: FileError,
    },
    /// The official command line's file is not one to take a key from.
    #[error("no key is taken from {}: {reason}", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The official command line has no key here.
    #[error("there is no key in {}", path.display())]
    NothingToImport {
        /// Its file.
        path: PathBuf,
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
    /// The login was ended from this side: cancelled, or another one was begun.
    #[error("the login was cancelled, or another one was begun")]
    LoginCancelled,
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
            AccountError::LoginCancelled => "account.login_cancelled",
            AccountError::Credential { .. } => "account.credential",
            AccountError::Import { .. } => "account.import",
            AccountError::NothingToImport { .. } => "account.nothing_to_import",
            AccountError::OddIdentity { .. } => "account.odd_identity",
        }
        .into()
    }

    fn hint(&self) -> String {
        match self {
            AccountError::NotSignedIn { official: Some(path), .. } => format!(
                "Run `ravi-workspace login`; `ravi-workspace login --import` takes over the key in {}.",
                path.display()
            ),
            AccountError::NotSignedIn { official: None, .. } => {
                "Run `ravi-workspace login`, or set RAVI_API_KEY to a key from Ravi's dashboard.".into()
            }
            AccountError::BadKey { .. } => {
                "Keys begin with ravi_mgmt_ or ravi_id_; copy it again, without quotes.".into()
            }
            AccountError::NeedsManagement { .. } => "Sign in with a management key (ravi_mgmt_…).".into(),
            AccountError::LoginRefused | AccountError::LoginExpired | AccountError::LoginCancelled => {
                "Start the login again.".into()
            }
            AccountError::Credential { .. } => {
                "Check LoadCredential= of the service; see `systemctl status` for what systemd says.".into()
            }
            AccountError::Import { path, .. } => format!(
                "If nobody else has read the key: `chmod 600 {0}` as its owner, then again. Else make a new key: \
                 `ravi-workspace login`.",
                path.display()
            ),
            AccountError::NothingToImport { .. } => "Run `ravi-workspace login`.".into(),
            AccountError::OddIdentity { .. } => "Check RAVI_API_URL; sign in again if it is right.".into(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            AccountError::Import { .. } => Kind::Policy,
            AccountError::NothingToImport { .. } => Kind::NotFound,
            _ => Kind::Account,
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
    /// Where a key that a login obtained is kept; `None` for other sources.
    pub kept: Option<KeyPlace>,
    /// The official command line's file, where it holds a key for the whole account in plaintext.
    pub official: Option<PathBuf>,
}

/// What protects a key that is kept on this machine: it is sealed in the ledger, and this is where the machine key is
/// that opens it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct KeyPlace {
    /// The system's keychain, or a file of mode 0600.
    pub keychain: crate::config::Keychain,
    /// Why it is a file, where the keychain was tried and did not serve.
    pub fallback: Option<String>,
}

impl From<Place> for KeyPlace {
    fn from(place: Place) -> Self {
        match place {
            Place::System { .. } => KeyPlace { keychain: crate::config::Keychain::System, fallback: None },
            Place::File { fallback } => KeyPlace { keychain: crate::config::Keychain::File, fallback },
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

impl KeyKind {
    fn of(key: &AnyKey) -> Self {
        match key {
            AnyKey::Management(_) => KeyKind::Management,
            AnyKey::Identity(_) => KeyKind::Identity,
        }
    }
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
