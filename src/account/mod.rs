//! How this machine is known to Ravi: where its key comes from, what the key may do, which identity is the app's own.
//!
//! Sources, in this order: the program that opened `Ravi`, `RAVI_API_KEY`, the systemd credential, an earlier login.
//! What a login obtained is kept in the ledger, sealed with the machine key, which lies in the system's keychain where
//! one works. It must not know workspaces or the values of secrets.

mod host;
mod login;
pub(crate) mod official;
mod own_key;
mod source;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::api::AnyKey;
use crate::error::{ErrorBody, Explain, Kind};
use crate::files::FileError;
use crate::ledger::Place;
use crate::workspace::IdentityInfo;

pub(crate) use host::{Host, HostSearch, OpenHost, make_host, other_hosts};
pub(crate) use login::Logins;
pub(crate) use own_key::OwnKey;
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
    /// The account has several identities, and nothing says which one holds the app's own secrets.
    #[error("the account has several identities, and none is chosen to hold the app's own secrets: {}", identities.join(", "))]
    ChooseHost {
        /// The identities, each with its address.
        identities: Vec<String>,
    },
    /// The account has no identity that could hold the app's own secrets.
    #[error("the account has no identity to hold the app's own secrets")]
    NoIdentity,
    /// The identity that is to hold the app's own secrets is not in the account, or not any more.
    #[error(
        "{wanted}, which is to hold the app's own secrets, is no identity that this key reaches{}",
        there(identities)
    )]
    HostUnknown {
        /// What was wanted: a name, uuid or address.
        wanted: String,
        /// The identities that there are, each with its address.
        identities: Vec<String>,
    },
    /// The identity that is to hold the app's own secrets is one that this program made for a workspace.
    #[error("{wanted} belongs to a workspace, so it cannot hold the app's own secrets")]
    HostIsWorkspace {
        /// What was wanted.
        wanted: String,
    },
    /// A person chose another host identity than the configuration names.
    #[error("the configuration says that the host identity is {configured}")]
    HostConfigured {
        /// What the configuration says.
        configured: String,
    },
    /// Another identity has secrets of the same names with other values.
    #[error("both identities have other values for: {}; nothing was copied", names.join(", "))]
    MergeConflict {
        /// Names of the secrets.
        names: Vec<String>,
    },
    /// What was copied into the host identity's vault is not there as it should be.
    #[error("{name} does not read back from the host identity's vault as it was copied")]
    MergeVerify {
        /// Name of the secret, or domain of the login.
        name: String,
    },
    /// A key goes on being valid that this machine does not need any more. A warning.
    #[error("{which} stays valid")]
    KeyStays {
        /// Which key, in words.
        which: String,
    },
    /// The account has another identity of the name that this program gives to a host. A warning.
    #[error(
        "the account has another identity called {name} ({uuid}), where an older version or another machine may have kept secrets"
    )]
    OtherHost {
        /// Its name.
        name: String,
        /// Its uuid.
        uuid: String,
    },
    /// The identity that held the app's own secrets is gone at Ravi, and another one has its place. A warning.
    #[error("the host identity {former} is not at Ravi any more; {name} has its place")]
    HostReplaced {
        /// The name of the one that is gone.
        former: String,
        /// The name of the other one.
        name: String,
    },
    /// The new address answers for another account, or for none.
    #[error("{new} does not know the account that this ledger has used: {reason}")]
    MoveServer {
        /// The new address.
        new: String,
        /// How that shows.
        reason: String,
    },
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
            AccountError::ChooseHost { .. } => "account.choose_host",
            AccountError::NoIdentity => "account.no_identity",
            AccountError::HostUnknown { .. } => "account.host_unknown",
            AccountError::HostIsWorkspace { .. } => "account.host_is_workspace",
            AccountError::HostConfigured { .. } => "account.host_configured",
            AccountError::MergeConflict { .. } => "account.merge_conflict",
            AccountError::MergeVerify { .. } => "account.merge_verify",
            AccountError::MoveServer { .. } => "account.move_server",
            AccountError::KeyStays { .. } => "account.key_stays",
            AccountError::OtherHost { .. } => "account.other_host",
            AccountError::HostReplaced { .. } => "account.host_replaced",
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
            AccountError::ChooseHost { .. }
            | AccountError::HostUnknown { .. }
            | AccountError::HostIsWorkspace { .. } => {
                "Choose one: `ravi-workspace account --host-identity NAME` (or a uuid or address); or set \
                 RAVI_WORKSPACE_HOST_IDENTITY, or `hostIdentity` in the app's configuration."
                    .into()
            }
            AccountError::NoIdentity => {
                "`ravi-workspace account --host-identity new` makes one; it uses one of the identities that your plan \
                 allows."
                    .into()
            }
            AccountError::HostConfigured { .. } => {
                "Change RAVI_WORKSPACE_HOST_IDENTITY, or `hostIdentity` in the app's configuration.".into()
            }
            AccountError::MergeConflict { .. } => {
                "Delete the values that are not needed any more, in either vault, then run it again.".into()
            }
            AccountError::MergeVerify { .. } => "Run it again; the other identity's vault still has everything.".into(),
            AccountError::KeyStays { .. } => {
                format!("If nothing else uses it, revoke it at {}.", own_key::DASHBOARD)
            }
            AccountError::OtherHost { uuid, .. } => format!(
                "`ravi-workspace account merge-host {uuid}` copies its secrets; `ravi-workspace account --host-identity \
                 {uuid}` uses that one instead."
            ),
            AccountError::HostReplaced { .. } => {
                "Secrets that were in its vault have to be stored again; see `ravi-workspace secret list`.".into()
            }
            AccountError::MoveServer { .. } => "Check the address, and that this machine is signed in.".into(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            AccountError::Import { .. } => Kind::Policy,
            AccountError::NothingToImport { .. } | AccountError::HostUnknown { .. } => Kind::NotFound,
            AccountError::HostIsWorkspace { .. } => Kind::Policy,
            AccountError::ChooseHost { .. }
            | AccountError::NoIdentity
            | AccountError::HostConfigured { .. }
            | AccountError::MergeConflict { .. }
            | AccountError::MergeVerify { .. }
            | AccountError::KeyStays { .. }
            | AccountError::OtherHost { .. }
            | AccountError::HostReplaced { .. }
            | AccountError::MoveServer { .. } => Kind::Failed,
            _ => Kind::Account,
        }
    }
}

fn there(identities: &[String]) -> String {
    match identities {
        [] => String::new(),
        some => format!("; there are {}", some.join(", ")),
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
    /// The identity that holds the app's own secrets, where it is known which one does.
    pub host: Option<IdentityInfo>,
    /// The identities to choose it from, where it is not.
    #[serde(default)]
    pub choices: Vec<IdentityInfo>,
    /// Where a key that a login obtained is kept; `None` for other sources.
    pub kept: Option<KeyPlace>,
    /// The official command line's file, where it holds a key for the whole account in plaintext.
    pub official: Option<PathBuf>,
    /// What a person should know of it, such as that there is a second host identity, or a key that stays valid.
    #[serde(default)]
    pub warnings: Vec<ErrorBody>,
}

/// What became of the key when this machine was signed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct SignedOut {
    /// Always `false`.
    pub signed_in: bool,
    /// The key is revoked, or there was none.
    pub revoked: bool,
    /// Which key goes on being valid, and where to revoke it.
    pub warnings: Vec<ErrorBody>,
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

/// What a merge of two host identities did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Merged {
    /// Secrets that are in the host identity's vault now, and read back as they should.
    pub copied: Vec<String>,
    /// Secrets that were there already with the same value.
    pub same: Vec<String>,
    /// Websites whose logins were copied.
    pub logins: Vec<String>,
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
