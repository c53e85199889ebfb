//! How this machine is known to Ravi: where its key comes from, what the key may do, which identity is the app's own.
//!
//! Sources, in this order: the program that opened `Ravi`, `RAVI_API_KEY`, the systemd credential, an earlier login.
//! What a login obtained is kept in the ledger, sealed with the machine key, which is kept in the system's keychain if
//! one works. This room must know neither workspaces nor the values of secrets.

mod client;
mod host;
mod login;
pub(crate) mod official;
mod own_key;
mod source;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::api::AnyKey;
use crate::error::{ErrorBody, Explain};
use crate::ledger::Place;
use crate::machine::files::FileError;
use crate::model::workspace::IdentityInfo;

pub(crate) use client::client_options;
pub(crate) use host::{Host, HostSearch, OWN_LABEL, OpenHost, RETIRED, make_host, other_hosts};
pub(crate) use login::Logins;
pub(crate) use own_key::OwnKey;
pub(crate) use source::Access;
pub use source::KeySource;

/// There is no usable key, or the key may not do what was asked.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum AccountError {
    /// No source has a key.
    #[error("this machine is not signed in to {server}")]
    #[explain(
        if = official.is_none(),
        code = "account.not_signed_in",
        kind = Account,
        hint = "Run `ravi-workspace login`, or set RAVI_API_KEY to a key from Ravi's dashboard."
    )]
    #[explain(
        code = "account.not_signed_in",
        kind = Account,
        hint(
            "Run `ravi-workspace login`; `ravi-workspace login --import` takes over the key in {}.",
            official.clone().unwrap_or_default().display()
        )
    )]
    NotSignedIn {
        /// The Ravi that was to be asked.
        server: String,
        /// The official command line's file, if there is one.
        official: Option<PathBuf>,
    },
    /// There is a systemd credential, but it cannot be read.
    #[error("the systemd credential cannot be used: {source}")]
    #[explain(
        code = "account.credential",
        kind = Account,
        hint = "Check LoadCredential= of the service; see `systemctl status` for what systemd says."
    )]
    Credential {
        /// What is wrong with its file.
        source: FileError,
    },
    /// The official command line's file is not one to take a key from.
    #[error("no key is taken from {}: {reason}", path.display())]
    #[explain(
        code = "account.import",
        kind = Policy,
        hint(
            "If nobody else has read the key: run `chmod 600 {0}` as its owner, then try again. Otherwise make a new \
             key: `ravi-workspace login`.",
            path.display()
        )
    )]
    Import {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The official command line has no key here.
    #[error("there is no key in {}", path.display())]
    #[explain(code = "account.nothing_to_import", kind = NotFound, hint = "Run `ravi-workspace login`.")]
    NothingToImport {
        /// Its file.
        path: PathBuf,
    },
    /// A source has something that is not a key.
    #[error("the key from {origin} is not a Ravi key")]
    #[explain(
        code = "account.bad_key",
        kind = Account,
        hint = "Keys begin with ravi_mgmt_ or ravi_id_; copy it again, without quotes."
    )]
    BadKey {
        /// Where it came from, in words.
        origin: &'static str,
    },
    /// Only a key for the whole account can do this.
    #[error("{what} needs a management key; the key from {origin} reaches one identity only")]
    #[explain(code = "account.needs_management", kind = Account, hint = "Sign in with a management key (ravi_mgmt_…).")]
    NeedsManagement {
        /// What was asked.
        what: &'static str,
        /// Where the key came from, in words.
        origin: &'static str,
    },
    /// The person refused the login.
    #[error("the login was refused")]
    #[explain(code = "account.login_refused", kind = Account, hint = "Start the login again.")]
    LoginRefused,
    /// Nobody approved the login in time, or its code was used before.
    #[error("the login code is no longer valid")]
    #[explain(code = "account.login_expired", kind = Account, hint = "Start the login again.")]
    LoginExpired,
    /// The login was ended from this side: cancelled, or replaced by another one.
    #[error("the login was cancelled, or another one was begun")]
    #[explain(code = "account.login_cancelled", kind = Account, hint = "Start the login again.")]
    LoginCancelled,
    /// The account has several identities, and nothing says which one holds the app's own secrets.
    #[error("the account has several identities, and none is chosen to hold the app's own secrets: {}", identities.join(", "))]
    #[explain(
        code = "account.choose_host",
        hint = "Choose one: `ravi-workspace account --host-identity NAME` (or a uuid or address); or set \
                RAVI_WORKSPACE_HOST_IDENTITY, or `hostIdentity` in the app's configuration."
    )]
    ChooseHost {
        /// The identities, each with its address.
        identities: Vec<String>,
    },
    /// The account has no identity that could hold the app's own secrets.
    #[error("the account has no identity to hold the app's own secrets")]
    #[explain(
        code = "account.no_identity",
        hint = "`ravi-workspace account --host-identity new` makes one; it uses one of the identities that your plan \
                allows."
    )]
    NoIdentity,
    /// The identity that is to hold the app's own secrets is not in the account, or no longer is.
    #[error(
        "{wanted}, which is to hold the app's own secrets, is not an identity that this key reaches{}",
        there(identities)
    )]
    #[explain(
        code = "account.host_unknown",
        kind = NotFound,
        hint = "Choose one: `ravi-workspace account --host-identity NAME` (or a uuid or address); or set \
                RAVI_WORKSPACE_HOST_IDENTITY, or `hostIdentity` in the app's configuration."
    )]
    HostUnknown {
        /// What was wanted: a name, uuid or address.
        wanted: String,
        /// The existing identities, each with its address.
        identities: Vec<String>,
    },
    /// The identity that is to hold the app's own secrets was made by this program for a workspace.
    #[error("{wanted} belongs to a workspace, so it cannot hold the app's own secrets")]
    #[explain(
        code = "account.host_is_workspace",
        kind = Policy,
        hint = "Choose one: `ravi-workspace account --host-identity NAME` (or a uuid or address); or set \
                RAVI_WORKSPACE_HOST_IDENTITY, or `hostIdentity` in the app's configuration."
    )]
    HostIsWorkspace {
        /// What was wanted.
        wanted: String,
    },
    /// A person chose a host identity other than the one that the configuration names.
    #[error("the configuration says that the host identity is {configured}")]
    #[explain(
        code = "account.host_configured",
        hint = "Change RAVI_WORKSPACE_HOST_IDENTITY, or `hostIdentity` in the app's configuration."
    )]
    HostConfigured {
        /// What the configuration says.
        configured: String,
    },
    /// Both identities have secrets of the same names, with different values.
    #[error("the two identities have different values for: {}; nothing was copied", names.join(", "))]
    #[explain(
        code = "account.merge_conflict",
        hint = "Delete the values that are no longer needed, in either vault, then run it again."
    )]
    MergeConflict {
        /// Names of the secrets.
        names: Vec<String>,
    },
    /// What was copied into the host identity's vault does not read back correctly.
    #[error("{name} does not read back from the host identity's vault as it was written")]
    #[explain(code = "account.merge_verify", hint = "Run it again; the other identity's vault still has everything.")]
    MergeVerify {
        /// Name of the secret, or domain of the login.
        name: String,
    },
    /// A key that this machine no longer needs stays valid. A warning.
    #[error("{which} stays valid")]
    #[explain(code = "account.key_stays", hint("If nothing else uses it, revoke it at {}.", own_key::DASHBOARD))]
    KeyStays {
        /// Which key, in words.
        which: String,
    },
    /// The account has another identity with the name that this program gives to a host. A warning.
    #[error(
        "the account has another identity called {name} ({uuid}), where an older version or another machine may have kept secrets"
    )]
    #[explain(
        code = "account.other_host",
        hint(
            "`ravi-workspace account merge-host {uuid}` copies its secrets; `ravi-workspace account --host-identity \
             {uuid}` uses that one instead."
        )
    )]
    OtherHost {
        /// Its name.
        name: String,
        /// Its uuid.
        uuid: String,
    },
    /// The identity that held the app's own secrets no longer exists at Ravi, and another one has taken its place. A
    /// warning.
    #[error("the host identity {former} no longer exists at Ravi; {name} has taken its place")]
    #[explain(
        code = "account.host_replaced",
        hint = "Store the secrets that were in its vault again; see `ravi-workspace secret list`."
    )]
    HostReplaced {
        /// The name of the one that is gone.
        former: String,
        /// The name of its replacement.
        name: String,
    },
    /// The new address serves another account, or none.
    #[error("{new} does not know the account that this ledger has used: {reason}")]
    #[explain(code = "account.move_server", hint = "Check the address, and that this machine is signed in.")]
    MoveServer {
        /// The new address.
        new: String,
        /// What shows this.
        reason: String,
    },
    /// An identity key reaches exactly one identity; the server returned something else.
    #[error("the server lists {found} identities for a key that reaches only one")]
    #[explain(
        code = "account.odd_identity",
        kind = Account,
        hint = "Check RAVI_API_URL; sign in again if it is right."
    )]
    OddIdentity {
        /// How many it listed.
        found: usize,
    },
}

fn there(identities: &[String]) -> String {
    match identities {
        [] => String::new(),
        some => format!("; there are {}", some.join(", ")),
    }
}

/// Who this machine is to Ravi.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Account {
    /// Address of the Ravi in use.
    pub server: String,
    /// Where the key came from.
    pub source: KeySource,
    /// What the key reaches.
    pub key: KeyKind,
    /// The identity that holds the app's own secrets, if it is known which one does.
    pub host: Option<IdentityInfo>,
    /// The identities to choose it from, if it is not.
    #[serde(default)]
    pub choices: Vec<IdentityInfo>,
    /// Where a key that a login obtained is kept; `None` for other sources.
    pub kept: Option<KeyPlace>,
    /// The official command line's file, if it holds a key for the whole account in plaintext.
    pub official: Option<PathBuf>,
    /// What a person should know, such as that there is a second host identity, or that a key stays valid.
    #[serde(default)]
    pub warnings: Vec<ErrorBody>,
}

/// What happened to the key when this machine was signed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct SignedOut {
    /// Always `false`.
    pub signed_in: bool,
    /// Whether the key is revoked; also `true` if there was none.
    pub revoked: bool,
    /// Which keys stay valid, and where to revoke them.
    pub warnings: Vec<ErrorBody>,
}

/// What protects a key kept on this machine: it is sealed in the ledger, and this is where the machine key that opens
/// it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct KeyPlace {
    /// The system's keychain, or a file of mode 0600.
    pub keychain: crate::config::Keychain,
    /// Why it is a file, if the keychain was tried and did not work.
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
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Merged {
    /// Secrets that are now in the host identity's vault, and read back correctly.
    pub copied: Vec<String>,
    /// Secrets that were already there with the same value.
    pub same: Vec<String>,
    /// Websites whose logins were copied.
    pub logins: Vec<String>,
}

/// What a key reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
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
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct DevicePrompt {
    /// The code to compare or type.
    pub user_code: String,
    /// The page to open.
    pub url: String,
    /// The page as the server named it, in case the first one does not work.
    pub fallback_url: String,
    /// Seconds until the code expires.
    pub expires_in_s: u64,
}
