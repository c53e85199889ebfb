//! End-to-end sealing: what is stored at Ravi is age text that only holders of the vault key can open.
//!
//! The format is age's (age-encryption.org/v1), so the `age` program opens it on any machine. The plaintext begins with
//! a line that names identity and secret, so that a value cannot be served in another's place. Anybody who knows a
//! recipient can encrypt to it, so the vault key's recipient is kept secret: that way, only a holder of the key can
//! have made a value that opens. This module handles only texts and keys; it must know neither the network nor the
//! ledger.

use crate::error::Explain;

#[cfg_attr(not(feature = "seal"), path = "not_built.rs")]
mod cipher;

pub(crate) use cipher::*;

/// Name of the secret that holds the vault keys, encrypted to the recovery passphrase.
pub const RECOVERY: &str = "RAVI_VAULT_RECOVERY";

/// The shortest recovery passphrase, in characters. Anybody who gets hold of Ravi's database can try out every
/// passphrase.
pub const SHORTEST_PASSPHRASE: usize = 12;

/// A value that cannot be sealed or opened.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
#[allow(missing_docs, reason = "fields are names of secrets")]
pub enum SealedError {
    /// It is sealed, and this machine has no vault key.
    #[error("{name} is sealed, and this machine does not have the vault key")]
    #[explain(
        code = "seal.locked",
        kind = Account,
        hint = "Run `ravi-workspace seal unlock` with the recovery passphrase."
    )]
    Locked { name: String },
    /// It is sealed with a vault key that this machine does not have.
    #[error("{name} is sealed with a vault key that this machine does not have")]
    #[explain(
        code = "seal.unknown_key",
        kind = Account,
        hint = "The key may have been rotated elsewhere: run `ravi-workspace seal unlock` again."
    )]
    UnknownKey { name: String },
    /// It was changed or cut off, or is not age text.
    #[error("the sealed value of {name} is damaged: it was changed or cut off")]
    #[explain(
        code = "seal.broken",
        hint("Do not use it. If you know the value, store it again: `ravi-workspace secret set {name}`.")
    )]
    Broken { name: String },
    /// It was sealed for another secret or identity.
    #[error("the sealed value that was served as {name} was made for another secret or identity")]
    #[explain(
        code = "seal.other_place",
        kind = Policy,
        hint("Do not use it. If you know the value, store it again: `ravi-workspace secret set {name}`.")
    )]
    OtherPlace { name: String },
    /// It is not sealed, though this vault is.
    #[error("{name} is not sealed, though the vault is: it was put there by somebody without the vault key")]
    #[explain(
        code = "seal.plain",
        kind = Policy,
        hint("Do not use it. If you know the value, store it again: `ravi-workspace secret set {name}`.")
    )]
    Plain { name: String },
    /// A name that is reserved for this program.
    #[error("{name} holds the recovery copy of the vault key and cannot be changed by hand")]
    #[explain(
        code = "seal.reserved",
        kind = Policy,
        hint = "Use `ravi-workspace seal rotate` to choose a new key or passphrase."
    )]
    Reserved { name: String },
    /// Sealing is already on, switched on elsewhere.
    #[error("sealing was switched on elsewhere: the vault holds a recovery copy")]
    #[explain(code = "seal.enabled_elsewhere", hint = "Run `ravi-workspace seal unlock` with the recovery passphrase.")]
    EnabledElsewhere,
    /// Sealing is not on.
    #[error("sealing is not switched on for this vault")]
    #[explain(code = "seal.not_enabled", kind = NotFound, hint = "Run `ravi-workspace seal enable`.")]
    NotEnabled,
    /// The passphrase does not open the recovery copy.
    #[error("the passphrase does not open the recovery copy of the vault key")]
    #[explain(
        code = "seal.passphrase",
        kind = Account,
        hint = "Check the passphrase; it is the one given to `seal enable` or `seal rotate`."
    )]
    Passphrase,
    /// The passphrase could be guessed.
    #[error("the passphrase has fewer than {SHORTEST_PASSPHRASE} characters")]
    #[explain(code = "seal.weak_passphrase", kind = Usage, hint = "Choose a longer one, such as six random words.")]
    WeakPassphrase,
    /// The recovery copy is damaged, or asks for an absurd amount of work.
    #[error("the recovery copy of the vault key is damaged")]
    #[explain(
        code = "seal.bad_recovery",
        hint = "On a machine that has the vault key, run `ravi-workspace seal rotate`; it writes a new copy."
    )]
    BadRecovery,
    /// It is sealed, and this program was built without the feature `seal`.
    #[error("{name} is sealed, and this program was built without support for sealing")]
    #[explain(
        code = "seal.not_built",
        hint = "Use a build with the feature `seal` of tauri-plugin-ravi; `ravi-workspace` has it."
    )]
    NotBuilt { name: String },
    /// The cipher failed, which happens only for lack of memory.
    #[error("a value could not be sealed: {reason}")]
    #[explain(code = "seal.cipher", hint = "Try again.")]
    Cipher { reason: String },
}
