//! Secrets that were read a short while ago, in memory only, and who is told when one changes. `SecretString` wipes a
//! value when it is dropped.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::broadcast;

use super::reference::SecretName;

/// How long a value is served without asking Ravi again.
const FRESH: Duration = Duration::from_secs(300);

/// Changes that a listener may be behind before it has to read again what it holds.
const BACKLOG: usize = 256;

/// The values that are at hand.
pub(crate) struct Memory {
    values: Mutex<HashMap<SecretName, Kept>>,
    changes: broadcast::Sender<SecretName>,
}

struct Kept {
    value: SecretString,
    /// When it was read; `None` when it must not be served any more, and is only compared with what comes next.
    read: Option<Instant>,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory { values: Mutex::default(), changes: broadcast::Sender::new(BACKLOG) }
    }
}

impl Memory {
    fn values(&self) -> MutexGuard<'_, HashMap<SecretName, Kept>> {
        // A map that a panicking thread left is whole: every change is one insert or remove.
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A value, while it is fresh.
    pub(crate) fn get(&self, name: &SecretName) -> Option<SecretString> {
        let values = self.values();
        let kept = values.get(name)?;
        (kept.read?.elapsed() < FRESH).then(|| kept.value.clone())
    }

    /// Keeps a value that was just read. Listeners are told if it is another one than before.
    pub(crate) fn put(&self, name: SecretName, value: SecretString) {
        let mut values = self.values();
        let other = values.get(&name).is_some_and(|kept| kept.value.expose_secret() != value.expose_secret());
        values.insert(name.clone(), Kept { value, read: Some(Instant::now()) });
        drop(values);
        if other {
            self.tell(name);
        }
    }

    /// Keeps a value that was just stored. Listeners are told unless it is known to be the one from before.
    pub(crate) fn stored(&self, name: SecretName, value: SecretString) {
        let unknown = !self.values().contains_key(&name);
        self.put(name.clone(), value);
        if unknown {
            self.tell(name);
        }
    }

    /// Serves a value no longer: it is about to change, perhaps.
    pub(crate) fn expire(&self, name: &SecretName) {
        if let Some(kept) = self.values().get_mut(name) {
            kept.read = None;
        }
    }

    /// Forgets a value that is gone at Ravi.
    pub(crate) fn gone(&self, name: &SecretName) {
        if self.values().remove(name).is_some() {
            self.tell(name.clone());
        }
    }

    /// Forgets everything; the account changed.
    pub(crate) fn clear(&self) {
        self.values().clear();
    }

    /// A listener for changes from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<SecretName> {
        self.changes.subscribe()
    }

    fn tell(&self, name: SecretName) {
        // That nobody listens is fine.
        let _ = self.changes.send(name);
    }
}
