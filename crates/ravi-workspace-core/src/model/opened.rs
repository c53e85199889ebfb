//! The value of a secret, no longer sealed.

use secrecy::{ExposeSecret as _, SecretString};

/// A value as the app sees it, never as it is stored at Ravi.
#[derive(Debug, Clone)]
pub(crate) struct Opened(SecretString);

impl Opened {
    /// A value that was opened before and kept on this machine. `None` if it is sealed text: earlier versions kept some
    /// unopened.
    pub(crate) fn kept(value: SecretString) -> Option<Opened> {
        (!is_sealed(&value)).then_some(Opened(value))
    }

    /// A value that is stored unsealed.
    pub(crate) fn as_stored(value: &SecretString) -> Opened {
        Opened(value.clone())
    }

    /// The value.
    pub(crate) fn value(&self) -> &SecretString {
        &self.0
    }

    /// The value.
    pub(crate) fn into_value(self) -> SecretString {
        self.0
    }
}

/// How text made by age begins (its armour, age-encryption.org/v1).
pub(crate) const SEALED_MARK: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// Whether a value is sealed, whoever sealed it.
pub(crate) fn is_sealed(value: &SecretString) -> bool {
    value.expose_secret().starts_with(SEALED_MARK)
}
