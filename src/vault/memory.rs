//! Secrets that were read a short while ago, in memory only, and who is told when one changes. `SecretString` wipes a
//! value when it is dropped.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::broadcast;

use super::key_ring::Opened;
use super::reference::SecretName;
use crate::ledger::now_ms;

/// Changes that a listener may be behind before it has to read again what it holds.
const BACKLOG: usize = 256;

/// The values that are at hand.
pub(crate) struct Memory {
    values: Mutex<HashMap<SecretName, Kept>>,
    changes: broadcast::Sender<SecretName>,
    refreshing: Mutex<HashSet<SecretName>>,
}

struct Kept {
    value: Opened,
    /// When Ravi said so, in ms since 1970; `None` when it must not be served any more, and is only compared with what
    /// comes next.
    read_ms: Option<i64>,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory { values: Mutex::default(), changes: broadcast::Sender::new(BACKLOG), refreshing: Mutex::default() }
    }
}

impl Memory {
    fn values(&self) -> MutexGuard<'_, HashMap<SecretName, Kept>> {
        // A map that a panicking thread left is whole: every change is one insert or remove.
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A value that is younger than `limit`, and its age. Wall-clock time: it goes on while the machine sleeps. A time that
    /// is still to come says that the clock was moved; by its distance nothing is served for ever.
    pub(crate) fn get(&self, name: &SecretName, limit: Duration) -> Option<(SecretString, Duration)> {
        let values = self.values();
        let kept = values.get(name)?;
        let age = Duration::from_millis(now_ms().abs_diff(kept.read_ms?));
        (age < limit).then(|| (kept.value.value().clone(), age))
    }

    /// Keeps a value that Ravi told `age` ago. Listeners are told if it is another one than before.
    pub(crate) fn put(&self, name: SecretName, value: Opened, age: Duration) {
        let read_ms = now_ms().saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        let mut values = self.values();
        let other =
            values.get(&name).is_some_and(|kept| kept.value.value().expose_secret() != value.value().expose_secret());
        values.insert(name.clone(), Kept { value, read_ms: Some(read_ms) });
        drop(values);
        if other {
            self.tell(name);
        }
    }

    /// Keeps a value that was just stored. Listeners are told unless it is known to be the one from before.
    pub(crate) fn stored(&self, name: SecretName, value: Opened) {
        let unknown = !self.values().contains_key(&name);
        self.put(name.clone(), value, Duration::ZERO);
        if unknown {
            self.tell(name);
        }
    }

    /// Serves a value no longer: it is about to change, perhaps.
    pub(crate) fn expire(&self, name: &SecretName) {
        if let Some(kept) = self.values().get_mut(name) {
            kept.read_ms = None;
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

    /// Begins to read a value anew, unless somebody does already. It ends with the guard.
    pub(crate) fn begin_refresh<'a>(&'a self, name: &'a SecretName) -> Option<Refresh<'a>> {
        let mut refreshing = self.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        refreshing.insert(name.clone()).then(|| Refresh { memory: self, name })
    }

    fn tell(&self, name: SecretName) {
        // That nobody listens is fine.
        let _ = self.changes.send(name);
    }
}

/// While it lives, nobody else of this process reads the same value anew.
pub(crate) struct Refresh<'a> {
    memory: &'a Memory,
    name: &'a SecretName,
}

impl Drop for Refresh<'_> {
    fn drop(&mut self) {
        self.memory.refreshing.lock().unwrap_or_else(PoisonError::into_inner).remove(self.name);
    }
}
