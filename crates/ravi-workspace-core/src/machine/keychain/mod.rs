//! The system's keychain: Secret Service on Linux, the login keychain on macOS.
//!
//! A keychain may be locked and show a window that nobody answers, so each use runs on a thread of its own and is
//! abandoned after [`LIMIT`]. It is not a thread of the runtime, because one that hangs would keep the program from
//! ending. A keychain is trusted only after [`Chest::probe`] has written, read and deleted something. This module must
//! not know what is kept there.

#[cfg(feature = "keychain")]
mod system;

#[cfg(feature = "keychain")]
pub(crate) use system::within_limit;

use std::time::Duration;

use crate::error::Explain;

/// How long one use of the keychain may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(3);

/// The keychain did not do what was asked. Holds none of what the keychain stores.
#[derive(Debug, Clone, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum KeychainError {
    /// There is a keychain, but it is locked or refuses this program.
    #[error("the system's keychain is locked or refuses this program: {0}")]
    #[explain(
        code = "ledger.keychain_locked",
        hint = "Unlock the keychain (log in to the desktop, or answer its prompt), then try again."
    )]
    Locked(String),
    /// It did not answer in time; usually it is showing a window and waiting for a person.
    #[error("the system's keychain did not answer within {} s", LIMIT.as_secs())]
    #[explain(
        code = "ledger.keychain_silent",
        hint = "Unlock the keychain (log in to the desktop, or answer its prompt), then try again."
    )]
    Silent,
    /// There is no keychain here.
    #[error("there is no working keychain here: {0}")]
    #[explain(
        code = "ledger.keychain_unavailable",
        hint = "Run this inside the session that has the keychain; for a machine without one, move the key there with \
                `ravi-workspace account --keychain file`, or set RAVI_WORKSPACE_KEYCHAIN=file for a new state folder."
    )]
    Unavailable(String),
    /// It returned something other than what was stored.
    #[error("the system's keychain does not return what was stored in it")]
    #[explain(
        code = "ledger.keychain_forgetful",
        hint = "Run this inside the session that has the keychain; for a machine without one, move the key there with \
                `ravi-workspace account --keychain file`, or set RAVI_WORKSPACE_KEYCHAIN=file for a new state folder."
    )]
    Forgetful,
    /// This program was built without the feature `keychain`.
    #[error("this program was built without support for the system's keychain")]
    #[explain(
        code = "ledger.keychain_not_built",
        hint = "Use a build with the feature `keychain`, or move the key with `ravi-workspace account --keychain file`."
    )]
    NotBuilt,
}

#[cfg(not(feature = "keychain"))]
pub(crate) use without::within_limit;

/// A build without the feature: the same functions, none of which works.
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
