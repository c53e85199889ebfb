//! End-to-end sealing: what lies at Ravi is age text that only holders of the vault key can open.
//!
//! The format is that of age (age-encryption.org/v1), so the `age` program opens it on any machine. The plaintext begins
//! with a line that names identity and secret, so that a value cannot be served in another's place. Anybody who knows a
//! recipient can encrypt to it, so the recipient of the vault key is told to nobody: then only a holder of the key can
//! have made a value that opens. This module knows texts and keys; it must not know the network or the ledger.

use secrecy::{ExposeSecret as _, SecretString};

use crate::error::{Explain, Kind};

#[cfg_attr(not(feature = "seal"), path = "seal/not_built.rs")]
mod cipher;

pub(crate) use cipher::*;

/// Name of the secret that holds the vault keys, encrypted to the recovery passphrase.
pub const RECOVERY: &str = "RAVI_VAULT_RECOVERY";

/// The least length of a recovery passphrase, in characters. Whoever gets hold of Ravi's database can try them all.
pub const SHORTEST_PASSPHRASE: usize = 12;

/// What every armored age file begins with.
const MARK: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// A value that cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "fields are names of secrets")]
pub enum SealedError {
    /// It is sealed, and this machine has no vault key.
    #[error("{name} is sealed, and this machine does not have the vault key")]
    Locked { name: String },
    /// It is sealed with another vault key than those of this machine.
    #[error("{name} is sealed with a vault key that this machine does not have")]
    UnknownKey { name: String },
    /// It was changed or cut off, or is no age text.
    #[error("the sealed value of {name} is damaged: it was changed or cut off")]
    Broken { name: String },
    /// It was sealed for another secret or identity.
    #[error("the sealed value that was served as {name} was made for another secret or identity")]
    OtherPlace { name: String },
    /// It is not sealed, though this vault is.
    #[error("{name} is not sealed, though the vault is: it was put there by somebody without the vault key")]
    Plain { name: String },
    /// A name that the tool uses itself.
    #[error("{name} holds the recovery copy of the vault key and cannot be changed by hand")]
    Reserved { name: String },
    /// Sealing is on already, switched on elsewhere.
    #[error("sealing was switched on elsewhere: the vault holds a recovery copy")]
    EnabledElsewhere,
    /// Sealing is not on.
    #[error("sealing is not switched on for this vault")]
    NotEnabled,
    /// The passphrase does not open the recovery copy.
    #[error("the passphrase does not open the recovery copy of the vault key")]
    Passphrase,
    /// The passphrase can be guessed.
    #[error("the passphrase has fewer than {SHORTEST_PASSPHRASE} characters")]
    WeakPassphrase,
    /// The recovery copy is damaged, or asks for absurd work.
    #[error("the recovery copy of the vault key is damaged")]
    BadRecovery,
    /// It is sealed, and this program was built without the feature `seal`.
    #[error("{name} is sealed, and this program was built without support for sealing")]
    NotBuilt { name: String },
    /// The cipher failed; it does so for lack of memory only.
    #[error("a value could not be sealed: {reason}")]
    Cipher { reason: String },
}

impl Explain for SealedError {
    fn code(&self) -> String {
        let case = match self {
            SealedError::Locked { .. } => "locked",
            SealedError::UnknownKey { .. } => "unknown_key",
            SealedError::Broken { .. } => "broken",
            SealedError::OtherPlace { .. } => "other_place",
            SealedError::Plain { .. } => "plain",
            SealedError::Reserved { .. } => "reserved",
            SealedError::EnabledElsewhere => "enabled_elsewhere",
            SealedError::NotEnabled => "not_enabled",
            SealedError::Passphrase => "passphrase",
            SealedError::WeakPassphrase => "weak_passphrase",
            SealedError::BadRecovery => "bad_recovery",
            SealedError::NotBuilt { .. } => "not_built",
            SealedError::Cipher { .. } => "cipher",
        };
        format!("seal.{case}")
    }

    fn hint(&self) -> String {
        match self {
            SealedError::Locked { .. } | SealedError::EnabledElsewhere => {
                "Run `ravi-workspace seal unlock` with the recovery passphrase.".into()
            }
            SealedError::UnknownKey { .. } => {
                "The key was rotated elsewhere, perhaps: run `ravi-workspace seal unlock` again.".into()
            }
            SealedError::Broken { name } | SealedError::OtherPlace { name } | SealedError::Plain { name } => {
                format!("Do not use it. If you know the value, store it again: `ravi-workspace secret set {name}`.")
            }
            SealedError::Reserved { .. } => {
                "Use `ravi-workspace seal rotate` to choose a new key or passphrase.".into()
            }
            SealedError::NotEnabled => "Run `ravi-workspace seal enable`.".into(),
            SealedError::Passphrase => {
                "Check the passphrase; it is the one given to `seal enable` or `seal rotate`.".into()
            }
            SealedError::WeakPassphrase => "Choose a longer one, such as six random words.".into(),
            SealedError::BadRecovery => {
                "On a machine that has the vault key, run `ravi-workspace seal rotate`; it writes a new copy.".into()
            }
            SealedError::NotBuilt { .. } => {
                "Use a build with the feature `seal` of tauri-plugin-ravi; `ravi-workspace` has it.".into()
            }
            SealedError::Cipher { .. } => "Try again.".into(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            SealedError::Locked { .. } | SealedError::UnknownKey { .. } | SealedError::Passphrase => Kind::Account,
            SealedError::OtherPlace { .. } | SealedError::Plain { .. } | SealedError::Reserved { .. } => Kind::Policy,
            SealedError::WeakPassphrase => Kind::Usage,
            SealedError::NotEnabled => Kind::NotFound,
            _ => Kind::Failed,
        }
    }
}

/// Whether a value is sealed, whoever sealed it.
pub(crate) fn is_sealed(value: &SecretString) -> bool {
    value.expose_secret().starts_with(MARK)
}
