//! Sealing what is secret in the ledger with the machine key.
//!
//! XChaCha20-Poly1305 with a random nonce; the associated data names the row, so that a sealed value cannot be moved to
//! another row. The machine key is a file of 32 random bytes, mode 0600, beside the ledger.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use secrecy::SecretString;
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// A failure around the machine key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The key file could not be read or made.
    #[error("the machine key {} could not be {doing}: {source}", path.display())]
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
    KeyForm {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// The system has no random numbers to give.
    #[error("the system gave no random numbers: {0}")]
    Random(String),
    /// A sealed value does not open: another machine key, or the file was changed.
    #[error("a sealed value of the ledger ({what}) does not open with this machine's key")]
    Broken {
        /// Which value.
        what: String,
    },
}

impl SealError {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            SealError::KeyFile { .. } => "ledger.machine_key",
            SealError::KeyForm { .. } => "ledger.machine_key_form",
            SealError::Random(_) => "ledger.random",
            SealError::Broken { .. } => "ledger.sealed",
        }
    }

    pub(crate) fn hint(&self) -> &'static str {
        match self {
            SealError::KeyFile { .. } => "Check the rights of the folder and of the file, then try again.",
            SealError::KeyForm { .. } => "Restore the file from a backup, or move it and the ledger aside together.",
            SealError::Random(_) => "Try again; if it stays so, the system's random source is broken.",
            SealError::Broken { .. } => "Restore machine.key that belongs to this ledger, or sign in again.",
        }
    }
}

/// The key that seals this machine's ledger.
pub(crate) struct MachineKey(Zeroizing<[u8; KEY_BYTES]>);

impl fmt::Debug for MachineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MachineKey(…)")
    }
}

impl MachineKey {
    /// Reads the key file, or makes one. Two processes that make it at once end with the same key.
    pub(crate) fn load_or_make(path: &Path) -> Result<Self, SealError> {
        match Self::load(path) {
            Err(SealError::KeyFile { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Self::make(path)?;
                Self::load(path)
            }
            other => other,
        }
    }

    fn load(path: &Path) -> Result<Self, SealError> {
        let fail = |source| SealError::KeyFile { path: path.to_owned(), doing: "read", source };
        let bad = |reason| SealError::KeyForm { path: path.to_owned(), reason };
        let meta = path.symlink_metadata().map_err(fail)?;
        if !meta.is_file() {
            return Err(bad("it is no regular file"));
        }
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::mode(&meta) & 0o077 != 0 {
            return Err(bad("others may read it (mode must be 0600)"));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
        let file = std::fs::File::open(path).map_err(fail)?;
        file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(fail)?;
        let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| bad("it is not 32 bytes long"))?;
        Ok(MachineKey(Zeroizing::new(key)))
    }

    fn make(path: &Path) -> Result<(), SealError> {
        let fail = |source| SealError::KeyFile { path: path.to_owned(), doing: "made", source };
        let mut key = Zeroizing::new([0u8; KEY_BYTES]);
        getrandom::fill(key.as_mut_slice()).map_err(|e| SealError::Random(e.to_string()))?;
        let dir = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(dir).map_err(fail)?;
        file.write_all(key.as_slice()).and_then(|()| file.as_file().sync_all()).map_err(fail)?;
        match file.persist_noclobber(path) {
            Ok(_) => std::fs::File::open(dir).and_then(|d| d.sync_all()).map_err(fail),
            Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(e) => Err(fail(e.error)),
        }
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

    /// Opens what [`MachineKey::seal`] made for the same row.
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
        let dir = tempfile::tempdir().unwrap();
        let key = MachineKey::load_or_make(&dir.path().join("machine.key")).unwrap();
        let sealed = key.seal("row/1", "made-up-value").unwrap();
        assert_eq!(key.open("row/1", &sealed).unwrap().expose_secret(), "made-up-value");
        assert!(key.open("row/2", &sealed).is_err());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(key.open("row/1", &changed).is_err());
        assert!(key.open("row/1", b"short").is_err());
        assert!(!sealed.windows(7).any(|w| w == b"made-up"));
    }

    #[test]
    fn the_key_file_is_private_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("machine.key");
        let first = MachineKey::load_or_make(&path).unwrap();
        let second = MachineKey::load_or_make(&path).unwrap();
        assert_eq!(*first.0, *second.0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(MachineKey::load_or_make(&path), Err(SealError::KeyForm { .. })));
        }
    }
}
