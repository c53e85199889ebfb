//! Where this machine's key comes from: the first source that has one, in a fixed order.
//!
//! A source with something unusable ends the search with an error: going on to the next one might use another account
//! than the person meant.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{AccountError, KeyKind};
use crate::api::{AnyKey, ManagementKey};
use crate::config::Config;
use crate::ledger::{Ledger, LedgerError};
use crate::machine::files::{self, FileError};

/// Name of the systemd credential.
const CREDENTIAL: &str = "ravi-api-key";

/// More than any key needs.
const LIMIT: usize = 4096;

/// A key and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) key: AnyKey,
    pub(crate) source: KeySource,
}

/// Where this machine's key came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum KeySource {
    /// Handed over by the program that opened `Ravi`.
    Builder,
    /// `RAVI_API_KEY`.
    Environment,
    /// The systemd credential `ravi-api-key`.
    Systemd,
    /// Kept by an earlier login.
    Login,
}

impl KeySource {
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            KeySource::Builder => "the program",
            KeySource::Environment => "RAVI_API_KEY",
            KeySource::Systemd => "the systemd credential ravi-api-key",
            KeySource::Login => "the last login",
        }
    }
}

impl Access {
    /// Finds this machine's key for `server`. May read files and the system's keychain.
    pub(crate) fn find(config: &Config, ledger: &Ledger, server: &str) -> Result<Access, FindError> {
        if let Some(given) = &config.api_key {
            return Ok(Self::parse(given.clone(), KeySource::Builder)?);
        }
        if let Some(given) = config.key_from_env() {
            return Ok(Self::parse(given, KeySource::Environment)?);
        }
        if let Some(given) = credentials_folder().map(|folder| credential(&folder)).transpose()?.flatten() {
            return Ok(Self::parse(given, KeySource::Systemd)?);
        }
        match ledger.login(server)? {
            Some(login) => Ok(Access { key: login.key, source: KeySource::Login }),
            None => {
                Err(AccountError::NotSignedIn { server: server.to_owned(), official: super::official::path() }.into())
            }
        }
    }

    fn parse(given: SecretString, source: KeySource) -> Result<Access, AccountError> {
        let key = AnyKey::parse(given).map_err(|_| AccountError::BadKey { origin: source.in_words() })?;
        Ok(Access { key, source })
    }

    /// The key, if it is one for the whole account. `what` says what needs it.
    pub(crate) fn management(&self, what: &'static str) -> Result<&ManagementKey, AccountError> {
        match &self.key {
            AnyKey::Management(key) => Ok(key),
            AnyKey::Identity(_) => Err(AccountError::NeedsManagement { what, origin: self.source.in_words() }),
        }
    }

    /// What the key reaches.
    pub(crate) fn kind(&self) -> KeyKind {
        KeyKind::of(&self.key)
    }
}

/// Where systemd puts a service's credentials (systemd.exec(5)).
fn credentials_folder() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// Reads the key from the credential. Its mode is up to systemd: the folder belongs to the service alone.
fn credential(folder: &Path) -> Result<Option<SecretString>, AccountError> {
    let bytes = match files::read_bounded_following(&folder.join(CREDENTIAL), LIMIT).map(Zeroizing::new) {
        Ok(bytes) => bytes,
        Err(FileError::NotFound { .. }) => return Ok(None),
        Err(source) => return Err(AccountError::Credential { source }),
    };
    let text = std::str::from_utf8(&bytes).unwrap_or_default().trim();
    match text {
        "" => Err(AccountError::BadKey { origin: KeySource::Systemd.in_words() }),
        text => Ok(Some(SecretString::from(text))),
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
