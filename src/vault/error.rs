//! What can go wrong around secrets.

use super::reference::{ReferenceError, SecretNameError};
use super::seal::SealedError;
use super::settings::SettingsError;
use crate::error::{ErrorBody, Explain, Kind};

/// A failure around secrets. Holds no value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The vault has no secret of this name.
    #[error("the vault of {identity} has no secret {name}{}", there(elsewhere))]
    NoSecret {
        /// Name of the identity whose vault was asked.
        identity: String,
        /// Name of the secret.
        name: String,
        /// Other identities of the account that have a secret of this name, each with its address.
        elsewhere: Vec<String>,
    },
    /// What the server gave back after a write is not what was written.
    #[error("the secret {name} reads back as something else than what was stored")]
    ReadBack {
        /// Name of the secret.
        name: String,
    },
    /// A rotation whose new value does not read back. The old value is kept.
    #[error("the new value of {name} reads back as something else; the old one is kept as {side}")]
    RotateReadBack {
        /// Name of the secret.
        name: String,
        /// Name that the old value has.
        side: String,
    },
    /// A value that is larger than any secret should be.
    #[error("the value for {name} has {bytes} bytes; a secret may have {limit}")]
    TooLarge {
        /// Name of the secret.
        name: String,
        /// Size of the value, in bytes.
        bytes: usize,
        /// The largest size, in bytes.
        limit: usize,
    },
    /// A generated value of a length that is not offered.
    #[error("a generated value has {shortest} to {longest} characters, not {length}")]
    Length {
        /// What was asked for.
        length: usize,
        /// The least.
        shortest: usize,
        /// The most.
        longest: usize,
    },
    /// The system has no random numbers to give.
    #[error("the system gave no random numbers: {reason}")]
    Random {
        /// What the system said.
        reason: String,
    },
    /// A name that no secret can have.
    #[error(transparent)]
    Name(#[from] SecretNameError),
    /// A reference that is none.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A reference to another identity's vault.
    #[error("the reference {reference} names another identity than the host's")]
    OtherIdentity {
        /// The reference.
        reference: String,
    },
    /// A value that is sealed end to end, or should be.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// A settings file.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Ravi did not answer in the time that an app's start has for it.
    #[error("Ravi did not answer within {after:?}, and no value is remembered")]
    Slow {
        /// The time it had.
        after: std::time::Duration,
    },
    /// The app uses no Ravi now.
    #[error("Ravi is switched off in this app")]
    Off,
    /// A reference in a settings file that does not resolve. Its code is that of the reason.
    #[error("the reference at {pointer:?} in {} does not resolve: {}", file.display(), reason.message)]
    Unresolved {
        /// The settings file.
        file: std::path::PathBuf,
        /// The place.
        pointer: String,
        /// Why not.
        reason: Box<ErrorBody>,
        /// What that means for the caller.
        kind: Kind,
    },
    /// The value at the place is neither a text nor a reference.
    #[error("{} holds no value at {pointer}", file.display())]
    NoValue {
        /// The settings file.
        file: std::path::PathBuf,
        /// The place.
        pointer: String,
    },
}

fn there(elsewhere: &[String]) -> String {
    match elsewhere {
        [] => String::new(),
        some => format!("; there is one of this name in the vault of {}", some.join(", ")),
    }
}

/// What a person types to mean an identity: its address.
fn address(identity: &str) -> &str {
    identity.rsplit_once('<').map_or(identity, |(_, rest)| rest.trim_end_matches('>'))
}

impl Explain for VaultError {
    fn code(&self) -> String {
        match self {
            VaultError::NoSecret { .. } => "secret.not_found".into(),
            VaultError::ReadBack { .. } => "secret.read_back".into(),
            VaultError::RotateReadBack { .. } => "secret.rotate_read_back".into(),
            VaultError::TooLarge { .. } => "secret.too_large".into(),
            VaultError::Length { .. } => "secret.length".into(),
            VaultError::Random { .. } => "secret.random".into(),
            VaultError::Name(e) => e.code(),
            VaultError::Reference(e) => e.code(),
            VaultError::OtherIdentity { .. } => "reference.other_identity".into(),
            VaultError::Sealed(e) => e.code(),
            VaultError::Settings(e) => e.code(),
            VaultError::Slow { .. } => "secret.slow".into(),
            VaultError::Off => "power.off".into(),
            VaultError::Unresolved { reason, .. } => reason.code.clone(),
            VaultError::NoValue { .. } => "settings.no_value".into(),
        }
    }

    fn hint(&self) -> String {
        match self {
            VaultError::NoSecret { elsewhere, .. } if !elsewhere.is_empty() => format!(
                "If the app's secrets are to be there: `ravi-workspace account --host-identity {}`.",
                address(&elsewhere[0])
            ),
            VaultError::NoSecret { name, .. } => {
                format!("Store it: `ravi-workspace secret set {name}` reads the value from standard input.")
            }
            VaultError::ReadBack { .. } => "Try again; another program may be writing the same secret.".into(),
            VaultError::RotateReadBack { side, .. } => {
                format!(
                    "Rotate again; if it fails again, something else writes the secret. The old value is in {side}."
                )
            }
            VaultError::TooLarge { .. } => "Keep large data in a file, and its key here.".into(),
            VaultError::Length { shortest, longest, .. } => format!("Choose a length from {shortest} to {longest}."),
            VaultError::Random { .. } => "Try again; if it stays so, the system's random source is broken.".into(),
            VaultError::Name(e) => e.hint(),
            VaultError::Reference(e) => e.hint(),
            VaultError::OtherIdentity { .. } => "Use a reference of the form ravi://KEY.".into(),
            VaultError::Sealed(e) => e.hint(),
            VaultError::Settings(e) => e.hint(),
            VaultError::Slow { .. } => "See that Ravi can be reached; the next read tries again.".into(),
            VaultError::Off => "Switch it on in the app's settings.".into(),
            VaultError::Unresolved { reason, .. } => reason.hint.clone(),
            VaultError::NoValue { .. } => "Set the value in the app first, or check the pointer.".into(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            VaultError::NoSecret { .. } | VaultError::NoValue { .. } => Kind::NotFound,
            VaultError::ReadBack { .. } | VaultError::RotateReadBack { .. } | VaultError::Random { .. } => Kind::Failed,
            VaultError::TooLarge { .. } | VaultError::Length { .. } => Kind::Usage,
            VaultError::Name(e) => e.kind(),
            VaultError::Reference(e) => e.kind(),
            VaultError::OtherIdentity { .. } => Kind::Policy,
            VaultError::Unresolved { kind, .. } => *kind,
            VaultError::Slow { .. } => Kind::Unreachable,
            VaultError::Off => Kind::Policy,
            VaultError::Sealed(e) => e.kind(),
            VaultError::Settings(e) => e.kind(),
        }
    }
}
