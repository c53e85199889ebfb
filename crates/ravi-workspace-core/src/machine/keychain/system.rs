//! The keychain behind `keyring-core`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

use super::{KeychainError, LIMIT};
use crate::machine::os::keychain_store;

/// The service name of all entries of this program; people see it in their keychain's window.
const SERVICE: &str = "ravi-workspace";

/// An open keychain.
pub(crate) struct Chest {
    store: Arc<CredentialStore>,
    given_up: Arc<AtomicBool>,
}

/// Opens the keychain and does `work` with it, on a thread of its own, for at most [`LIMIT`].
///
/// Abandoned work writes nothing more, even if the keychain wakes up later.
pub(crate) fn within_limit<T: Send + 'static>(
    work: impl FnOnce(&Chest) -> Result<T, KeychainError> + Send + 'static,
) -> Result<T, KeychainError> {
    let given_up = Arc::new(AtomicBool::new(false));
    let (done, result) = mpsc::channel();
    let theirs = Arc::clone(&given_up);
    let worker = std::thread::Builder::new().name("ravi-keychain".to_owned()).spawn(move || {
        let chest = open().map(|store| Chest { store, given_up: theirs });
        // If the work was given up, nobody is listening any more.
        let _ = done.send(chest.and_then(|chest| work(&chest)));
    });
    worker.map_err(|e| KeychainError::Unavailable(e.to_string()))?;
    match result.recv_timeout(LIMIT) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            given_up.store(true, Ordering::SeqCst);
            Err(KeychainError::Silent)
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(KeychainError::Unavailable("its library failed".to_owned())),
    }
}

fn open() -> Result<Arc<CredentialStore>, KeychainError> {
    let none = || KeychainError::Unavailable("none is supported on this system".to_owned());
    keychain_store().ok_or_else(none)?.map_err(explain)
}

impl Chest {
    /// Checks that the keychain keeps what it is given: writes something random, reads it back and deletes it.
    pub(crate) fn probe(&self) -> Result<(), KeychainError> {
        let random = uuid::Uuid::new_v4();
        let entry = format!("probe {random}");
        self.set(&entry, random.as_bytes())?;
        let kept = self.get(&entry);
        self.entry(&entry)?.delete_credential().map_err(explain)?;
        match kept? {
            Some(kept) if kept.as_slice() == random.as_bytes() && self.get(&entry)?.is_none() => Ok(()),
            _ => Err(KeychainError::Forgetful),
        }
    }

    /// Returns what `entry` holds; `None` if there is no such entry.
    pub(crate) fn get(&self, entry: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeychainError> {
        match self.entry(entry)?.get_secret() {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(Error::NoEntry) => Ok(None),
            Err(e) => Err(explain(e)),
        }
    }

    /// Creates or overwrites `entry`.
    pub(crate) fn set(&self, entry: &str, secret: &[u8]) -> Result<(), KeychainError> {
        if self.given_up.load(Ordering::SeqCst) {
            return Err(KeychainError::Silent);
        }
        self.entry(entry)?.set_secret(secret).map_err(explain)
    }

    /// Deletes `entry`. A missing entry is not an error.
    pub(crate) fn delete(&self, entry: &str) -> Result<(), KeychainError> {
        match self.entry(entry)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(e) => Err(explain(e)),
        }
    }

    fn entry(&self, entry: &str) -> Result<Entry, KeychainError> {
        self.store.build(SERVICE, entry, None).map_err(explain)
    }
}

/// Keeps only the cause, because some variants carry the secret itself.
fn explain(error: Error) -> KeychainError {
    match error {
        Error::NoStorageAccess(cause) => KeychainError::Locked(cause.to_string()),
        Error::PlatformFailure(cause) => KeychainError::Unavailable(cause.to_string()),
        Error::NoEntry => KeychainError::Forgetful,
        Error::BadEncoding(_) | Error::BadDataFormat(..) => KeychainError::Forgetful,
        Error::Ambiguous(_) => KeychainError::Unavailable("several entries have the same name".to_owned()),
        _ => KeychainError::Unavailable("it lacks a function that is needed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chest(store: Arc<CredentialStore>) -> Chest {
        Chest { store, given_up: Arc::new(AtomicBool::new(false)) }
    }

    #[test]
    fn a_keychain_that_keeps_things_passes_the_probe_and_is_left_empty() {
        let store = keyring_core::mock::Store::new().unwrap();
        let chest = chest(store);
        chest.set("mine", b"made-up").unwrap();
        chest.probe().unwrap();
        assert_eq!(chest.get("mine").unwrap().unwrap().as_slice(), b"made-up");
        chest.delete("mine").unwrap();
        chest.delete("mine").unwrap();
        assert!(chest.get("mine").unwrap().is_none());
    }

    #[test]
    fn work_that_was_given_up_writes_nothing_more() {
        let chest = chest(keyring_core::mock::Store::new().unwrap());
        chest.given_up.store(true, Ordering::SeqCst);
        assert!(matches!(chest.set("mine", b"made-up"), Err(KeychainError::Silent)));
        assert!(chest.get("mine").unwrap().is_none());
    }

    #[test]
    fn an_explanation_holds_nothing_of_the_secret() {
        for error in [
            Error::BadEncoding(b"canary".to_vec()),
            Error::BadDataFormat(b"canary".to_vec(), "odd".into()),
            Error::NoStorageAccess("locked".into()),
        ] {
            let explained = explain(error);
            assert!(!format!("{explained} {explained:?}").contains("canary"));
            assert!(!format!("{explained:?}").contains("99, 97, 110"));
        }
    }
}
