//! What can go wrong with secrets.

use super::seal::SealedError;
use super::settings::SettingsError;
use crate::error::{ErrorBody, Explain, Kind};
use crate::model::reference::{ReferenceError, SecretNameError};

/// A failure concerning secrets. Holds no value.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum VaultError {
    /// The vault has no secret of this name.
    #[error("the vault of {identity} has no secret {name}{}", there(elsewhere))]
    #[explain(
        if = elsewhere.is_empty(),
        code = "secret.not_found",
        kind = NotFound,
        hint("Store it: `ravi-workspace secret set {name}` reads the value from standard input.")
    )]
    #[explain(
        code = "secret.not_found",
        kind = NotFound,
        hint(
            "If the app's secrets belong there: `ravi-workspace account --host-identity {}`.",
            address(&elsewhere[0])
        )
    )]
    NoSecret {
        /// Name of the identity whose vault was searched.
        identity: String,
        /// Name of the secret.
        name: String,
        /// Other identities of the account that have a secret of this name, each with its address.
        elsewhere: Vec<String>,
    },
    /// What the server returned after a write is not what was written.
    #[error("the secret {name} reads back as something other than what was stored")]
    #[explain(code = "secret.read_back", hint = "Try again; another program may be writing the same secret.")]
    ReadBack {
        /// Name of the secret.
        name: String,
    },
    /// After a rotation, the new value does not read back. The old value is kept.
    #[error("the new value of {name} reads back as something else; the old one is kept as {side}")]
    #[explain(
        code = "secret.rotate_read_back",
        hint("Rotate again; if it fails again, something else writes the secret. The old value is in {side}.")
    )]
    RotateReadBack {
        /// Name of the secret.
        name: String,
        /// Name under which the old value is kept.
        side: String,
    },
    /// The value is larger than any secret should be.
    #[error("the value for {name} has {bytes} bytes; a secret may have at most {limit}")]
    #[explain(code = "secret.too_large", kind = Usage, hint = "Keep large data in a file, and only its key here.")]
    TooLarge {
        /// Name of the secret.
        name: String,
        /// Size of the value, in bytes.
        bytes: usize,
        /// The largest size, in bytes.
        limit: usize,
    },
    /// The length asked for a generated value is not offered.
    #[error("a generated value has {shortest} to {longest} characters, not {length}")]
    #[explain(code = "secret.length", kind = Usage, hint("Choose a length from {shortest} to {longest}."))]
    Length {
        /// What was asked for.
        length: usize,
        /// The shortest length.
        shortest: usize,
        /// The longest length.
        longest: usize,
    },
    /// The system provides no random numbers.
    #[error("the system provided no random numbers: {reason}")]
    #[explain(code = "secret.random", hint = "Try again; if it persists, the system's random source is broken.")]
    Random {
        /// What the system said.
        reason: String,
    },
    /// A name that no secret can have.
    #[error(transparent)]
    #[explain(transparent)]
    Name(#[from] SecretNameError),
    /// A malformed reference.
    #[error(transparent)]
    #[explain(transparent)]
    Reference(#[from] ReferenceError),
    /// A reference to another identity's vault.
    #[error("the reference {reference} names an identity other than the host")]
    #[explain(code = "reference.other_identity", kind = Policy, hint = "Use a reference of the form ravi://KEY.")]
    OtherIdentity {
        /// The reference.
        reference: String,
    },
    /// A value that is sealed end to end, or should be.
    #[error(transparent)]
    #[explain(transparent)]
    Sealed(#[from] SealedError),
    /// A problem with a settings file.
    #[error(transparent)]
    #[explain(transparent)]
    Settings(#[from] SettingsError),
    /// Ravi did not answer within the time that an app has for its start.
    #[error("Ravi did not answer within {after:?}, and no earlier value is known")]
    #[explain(
        code = "secret.slow",
        kind = Unreachable,
        hint = "Make sure that Ravi can be reached; the next read tries again."
    )]
    Slow {
        /// The time it had.
        after: std::time::Duration,
    },
    /// The app does not use Ravi at present.
    #[error("Ravi is switched off in this app")]
    #[explain(code = "power.off", kind = Policy, hint = "Switch it on in the app's settings.")]
    Off,
    /// A reference in a settings file that does not resolve. The code is that of the reason.
    #[error("the reference at {pointer:?} in {} does not resolve: {}", file.display(), reason.message)]
    #[explain(code(reason.code), kind(*kind), hint("{}", reason.hint))]
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
    /// The value at the place is neither text nor a reference.
    #[error("{} holds no value at {pointer}", file.display())]
    #[explain(
        code = "settings.no_value",
        kind = NotFound,
        hint = "Set the value in the app first, or check the pointer."
    )]
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

/// What a person types to refer to an identity: its address.
pub(crate) fn address(identity: &str) -> &str {
    identity.rsplit_once('<').map_or(identity, |(_, rest)| rest.trim_end_matches('>'))
}
