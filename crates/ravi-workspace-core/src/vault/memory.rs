//! Secrets read a short while ago, in memory only, and who is told when one changes. `SecretString` wipes a value when
//! it is dropped.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::broadcast;

use crate::machine::clock::now_ms;
use crate::model::opened::Opened;
use crate::model::reference::SecretName;

/// How many changes a listener may fall behind before it has to read again what it holds.
const BACKLOG: usize = 256;

/// The values in memory.
pub(crate) struct Memory {
    values: Mutex<HashMap<SecretName, Kept>>,
    changes: broadcast::Sender<SecretName>,
    refreshing: Mutex<HashSet<SecretName>>,
}

struct Kept {
    value: Opened,
    /// When Ravi said so, in milliseconds since 1970. `None` if the value must not be served any more, and is only
    /// compared with the next one.
    read_ms: Option<i64>,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory { values: Mutex::default(), changes: broadcast::Sender::new(BACKLOG), refreshing: Mutex::default() }
    }
}

impl Memory {
    fn values(&self) -> MutexGuard<'_, HashMap<SecretName, Kept>> {
        // A panicking thread leaves the map whole: every change is a single insert or remove.
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A value younger than `limit`, and its age.
    ///
    /// Wall-clock time is used because it goes on while the machine sleeps. A timestamp in the future means the clock
    /// was set back; taking the distance makes sure that nothing is served for ever.
    pub(crate) fn get(&self, name: &SecretName, limit: Duration) -> Option<(SecretString, Duration)> {
        let values = self.values();
        let kept = values.get(name)?;
        let age = Duration::from_millis(now_ms().abs_diff(kept.read_ms?));
        (age < limit).then(|| (kept.value.value().clone(), age))
    }

    /// Keeps a value that Ravi returned `age` ago. Listeners are told if it differs from the previous one.
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

    /// Keeps a value that was just stored. Listeners are told unless it is known to be the same as before.
    pub(crate) fn stored(&self, name: SecretName, value: Opened) {
        let unknown = !self.values().contains_key(&name);
        self.put(name.clone(), value, Duration::ZERO);
        if unknown {
            self.tell(name);
        }
    }

    /// Stops serving a value, because it may be about to change.
    pub(crate) fn expire(&self, name: &SecretName) {
        if let Some(kept) = self.values().get_mut(name) {
            kept.read_ms = None;
        }
    }

    /// Forgets a value that no longer exists at Ravi.
    pub(crate) fn gone(&self, name: &SecretName) {
        if self.values().remove(name).is_some() {
            self.tell(name.clone());
        }
    }

    /// Forgets everything, because the account changed.
    pub(crate) fn clear(&self) {
        self.values().clear();
    }

    /// A listener for changes from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<SecretName> {
        self.changes.subscribe()
    }

    /// Starts reading a value again, unless somebody is already doing so. Dropping the guard ends it.
    pub(crate) fn begin_refresh<'a>(&'a self, name: &'a SecretName) -> Option<Refresh<'a>> {
        let mut refreshing = self.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        refreshing.insert(name.clone()).then(|| Refresh { memory: self, name })
    }

    fn tell(&self, name: SecretName) {
        // It does not matter if nobody is listening.
        let _ = self.changes.send(name);
    }
}

/// As long as it exists, nobody else in this process reads the same value again.
pub(crate) struct Refresh<'a> {
    memory: &'a Memory,
    name: &'a SecretName,
}

impl Drop for Refresh<'_> {
    fn drop(&mut self) {
        self.memory.refreshing.lock().unwrap_or_else(PoisonError::into_inner).remove(self.name);
    }
}
