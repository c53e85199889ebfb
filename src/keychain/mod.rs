//! The system's keychain: Secret Service on Linux, the login keychain on macOS.
//!
//! A keychain may be locked and show a window that nobody answers, so each use runs on a thread of its own and is given
//! up after [`LIMIT`]. It is no thread of the runtime: one that hangs would keep the program from ending. A keychain is
//! trusted only after [`Chest::probe`] has written, read and deleted something. It must not know what is kept there.

#[cfg(feature = "keychain")]
mod system;

#[cfg(feature = "keychain")]
pub(crate) use system::within_limit;

use std::time::Duration;

/// How long one use of the keychain may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(3);

/// The keychain did not do what it was asked. Holds nothing of what it keeps.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum KeychainError {
    /// There is one and it is locked, or refuses this program.
    #[error("the system's keychain is locked or refuses this program: {0}")]
    Locked(String),
    /// It did not answer in time; mostly it shows a window and waits for a person.
    #[error("the system's keychain did not answer within {} s", LIMIT.as_secs())]
    Silent,
    /// There is none here.
    #[error("there is no working keychain here: {0}")]
    Unavailable(String),
    /// It answered something else than what was stored.
    #[error("the system's keychain does not keep what it is given")]
    Forgetful,
    /// This program was built without the feature `keychain`.
    #[error("this program was built without support for the system's keychain")]
    NotBuilt,
}

impl KeychainError {
    /// The case as the second half of a stable code.
    pub(crate) fn case(&self) -> &'static str {
        match self {
            KeychainError::Locked(_) => "keychain_locked",
            KeychainError::Silent => "keychain_silent",
            KeychainError::Unavailable(_) => "keychain_unavailable",
            KeychainError::Forgetful => "keychain_forgetful",
            KeychainError::NotBuilt => "keychain_not_built",
        }
    }
}

#[cfg(not(feature = "keychain"))]
pub(crate) use without::within_limit;

/// A build without the feature: the same doors, all closed.
#[cfg(not(feature = "keychain"))]
mod without {
    use super::KeychainError;
    use zeroize::Zeroizing;

    pub(crate) enum Chest {}

    impl Chest {
        pub(crate) fn probe(&self) -> Result<(), KeychainError> {
            match *self {}
        }

        pub(crate) fn get(&self, _entry: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeychainError> {
            match *self {}
        }

        pub(crate) fn set(&self, _entry: &str, _secret: &[u8]) -> Result<(), KeychainError> {
            match *self {}
        }

        pub(crate) fn delete(&self, _entry: &str) -> Result<(), KeychainError> {
            match *self {}
        }
    }

    pub(crate) fn within_limit<T: Send + 'static>(
        _work: impl FnOnce(&Chest) -> Result<T, KeychainError> + Send + 'static,
    ) -> Result<T, KeychainError> {
        Err(KeychainError::NotBuilt)
    }
}
