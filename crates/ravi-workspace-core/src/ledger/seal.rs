//! Sealing the ledger's secrets with the machine key.
//!
//! XChaCha20-Poly1305 with a random nonce. The associated data names the row, so that a sealed value cannot be moved to
//! another row. This module must not know where the key is kept.

use std::fmt;
use std::io;
use std::path::PathBuf;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::audit::ChainKey;
use crate::error::Explain;
use crate::machine::files::FileError;
use crate::machine::keychain::KeychainError;

/// Length of a key.
pub(super) const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// A failure concerning the machine key.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum SealError {
    /// The key file could not be read or made.
    #[error("the machine key {} could not be {doing}: {source}", path.display())]
    #[explain(code = "ledger.machine_key", hint = "Check the permissions of the folder and the file, then try again.")]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// `read` or `made`.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The key file is not one that this program wrote.
    #[error("the machine key {} is not usable: {reason}", path.display())]
    #[explain(
        code = "ledger.machine_key_form",
        hint = "If others may read it, run `chmod 600` on it. Otherwise restore it from a backup; the ledger does not open \
                without it."
    )]
    KeyForm {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// The note that says where the machine key is could not be read or written.
    #[error(transparent)]
    #[explain(code(_0.code()), kind = Failed, hint("{}", _0.hint()))]
    File(FileError),
    /// The machine key is in the system's keychain, or should go there, and the keychain does not work.
    #[error("the machine key is out of reach: {0}")]
    #[explain(transparent)]
    Keychain(KeychainError),
    /// The keychain works, but has no key for this ledger.
    #[error("the system's keychain has no machine key for this ledger")]
    #[explain(
        code = "ledger.keychain_empty",
        hint = "Run this as the user, and on the machine, that the ledger belongs to: a copied ledger does not open. \
                Otherwise move the state folder aside and sign in again."
    )]
    NotInKeychain,
    /// The system provides no random numbers.
    #[error("the system provided no random numbers: {0}")]
    #[explain(code = "ledger.random", hint = "Try again; if it persists, the system's random source is broken.")]
    Random(String),
    /// A sealed value does not open: it needs another machine key, or the file was changed.
    #[error("a sealed value of the ledger ({what}) does not open with this machine's key")]
    #[explain(code = "ledger.sealed", hint = "Restore the machine.key that belongs to this ledger, or sign in again.")]
    Broken {
        /// Which value.
        what: String,
    },
}

/// A key that seals and opens.
pub(crate) struct SealKey(Zeroizing<[u8; KEY_BYTES]>);

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(…)")
    }
}

impl From<Zeroizing<[u8; KEY_BYTES]>> for SealKey {
    fn from(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        SealKey(bytes)
    }
}

impl SealKey {
    /// Makes a new key.
    pub(super) fn random() -> Result<Self, SealError> {
        let mut key = Zeroizing::new([0u8; KEY_BYTES]);
        getrandom::fill(key.as_mut_slice()).map_err(|e| SealError::Random(e.to_string()))?;
        Ok(SealKey(key))
    }

    /// The key itself, to be kept somewhere.
    pub(super) fn bytes(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        self.0.clone()
    }

    /// The key of the audit trail, derived from this one.
    pub(crate) fn audit_key(&self) -> ChainKey {
        ChainKey::derive(self.0.as_slice())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.0))
    }

    /// Seals `secret` for the row named by `what`.
    pub(crate) fn seal(&self, what: &str, secret: &str) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|e| SealError::Random(e.to_string()))?;
        let payload = Payload { msg: secret.as_bytes(), aad: what.as_bytes() };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SealError::Broken { what: what.to_owned() })?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`SealKey::seal`] made for the same row.
    pub(crate) fn open(&self, what: &str, sealed: &[u8]) -> Result<SecretString, SealError> {
        let broken = || SealError::Broken { what: what.to_owned() };
        let (nonce, rest) = sealed.split_at_checked(NONCE_BYTES).ok_or_else(broken)?;
        let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).map_err(|_| broken())?;
        let plain = self
            .cipher()
            .decrypt(&XNonce::from(nonce), Payload { msg: rest, aad: what.as_bytes() })
            .map(Zeroizing::new)
            .map_err(|_| broken())?;
        let text = std::str::from_utf8(&plain).map_err(|_| broken())?;
        Ok(SecretString::from(text))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_sealed_value_opens_for_its_own_row_only() {
        let key = SealKey::random().unwrap();
        let sealed = key.seal("row/1", "made-up-value").unwrap();
        assert_eq!(key.open("row/1", &sealed).unwrap().expose_secret(), "made-up-value");
        assert!(key.open("row/2", &sealed).is_err());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(key.open("row/1", &changed).is_err());
        assert!(key.open("row/1", b"short").is_err());
        assert!(!sealed.windows(7).any(|w| w == b"made-up"));
    }
}
