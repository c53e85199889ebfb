//! Secrets that were read a short while ago, in memory only. `SecretString` wipes a value when it is dropped.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::reference::SecretName;

/// How long a value is served without asking Ravi again.
const FRESH: Duration = Duration::from_secs(300);

/// The values that are at hand.
#[derive(Default)]
pub(crate) struct Memory {
    values: Mutex<HashMap<SecretName, (SecretString, Instant)>>,
}

impl Memory {
    fn values(&self) -> MutexGuard<'_, HashMap<SecretName, (SecretString, Instant)>> {
        // A map that a panicking thread left is whole: every change is one insert or remove.
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A value, while it is fresh.
    pub(crate) fn get(&self, name: &SecretName) -> Option<SecretString> {
        let values = self.values();
        let (value, read) = values.get(name)?;
        (read.elapsed() < FRESH).then(|| value.clone())
    }

    /// Keeps a value that was just read or written.
    pub(crate) fn put(&self, name: SecretName, value: SecretString) {
        self.values().insert(name, (value, Instant::now()));
    }

    /// Forgets one value.
    pub(crate) fn forget(&self, name: &SecretName) {
        self.values().remove(name);
    }

    /// Forgets everything; the account changed.
    pub(crate) fn clear(&self) {
        self.values().clear();
    }
}
