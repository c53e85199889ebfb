//! Secrets of any identity, kept in the ledger for a limited time.
//!
//! A value younger than [`Limits::fresh`] is served without network access. An older one is read again, by one process
//! at a time while the others wait for the result. If Ravi cannot be reached, a value younger than [`Limits::stale`] is
//! served and marked as stale. If a secret is gone, or a key is refused, the value is dropped at once: a cache must not
//! outlive a revocation. What is kept is [`Opened`], never the text stored at Ravi. This module must not know what a
//! secret is for.

use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;

use crate::api::{ApiError, IdentityUuid};
use crate::config::Limits;
use crate::error::{Error, Kind, Result};
use crate::ledger::{CachedRow, Ledger, LedgerError, SecretAt};
use crate::machine::clock::now_ms;
use crate::machine::lock::Lock;
use crate::model::opened::Opened;
use crate::model::reference::SecretName;

/// How long Ravi may take to answer if there is an older value to serve.
const PATIENCE: Duration = Duration::from_secs(3);

/// If Ravi did not answer, an older value is served for this long without asking again.
const PAUSE: Duration = Duration::from_secs(15);

/// The longest wait for another process that is asking. It holds the lock for one call at most. After a longer wait a
/// process asks by itself, since the lock only saves work.
const WAIT_LIMIT: Duration = Duration::from_secs(35);

/// Which secret: at which Ravi, whose, and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CacheKey {
    pub(crate) server: String,
    pub(crate) identity: IdentityUuid,
    pub(crate) name: SecretName,
}

impl CacheKey {
    fn at(&self) -> SecretAt<'_> {
        SecretAt { server: &self.server, identity: &self.identity, name: self.name.as_str() }
    }
}

/// An answer, and how old it is.
#[derive(Debug, Clone)]
pub(crate) struct Cached {
    /// `None` if there is no such secret.
    pub(crate) value: Option<Opened>,
    /// Time since Ravi said so.
    pub(crate) age: Duration,
    /// Whether it is older than wanted, and served because Ravi cannot be reached.
    pub(crate) stale: bool,
}

/// Milliseconds since 1970.
type Clock = fn() -> i64;

/// The cache of one ledger.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cache<'a> {
    ledger: &'a Ledger,
    clock: Clock,
    patience: Duration,
}

impl<'a> Cache<'a> {
    /// The cache in `ledger`.
    pub(crate) fn new(ledger: &'a Ledger) -> Self {
        Cache { ledger, clock: now_ms, patience: PATIENCE }
    }

    /// What can be served without asking Ravi; `None` if Ravi must be asked. Blocks only on the ledger.
    pub(crate) fn peek(self, key: &CacheKey, limits: Limits) -> Result<Option<Cached>, LedgerError> {
        let row = self.ledger.cached(key.at())?;
        Ok(row.and_then(|row| self.without_asking(&row, limits)))
    }

    /// Serves what is fresh, otherwise asks Ravi through `fetch` (`None` means no such secret), once for all processes
    /// that want it now.
    ///
    /// # Errors
    /// Those of `fetch`, unless Ravi could not be reached and there is an answer that is not too old.
    pub(crate) async fn get(
        self,
        key: &CacheKey,
        limits: Limits,
        fetch: impl AsyncFnOnce() -> Result<Option<Opened>>,
    ) -> Result<Cached> {
        if let Some(cached) = self.look(key, limits).await? {
            return Ok(cached);
        }
        let began = (self.clock)();
        let _lock = wait_turn(self.ledger.dir(), key).await;
        // What another process has been told in the meantime counts as new, even for callers that accept no older
        // answer at all.
        if let Some(row) = self.row(key).await? {
            let meanwhile = (began..=(self.clock)()).contains(&row.read_ms);
            let told = meanwhile.then(|| self.at_most(&row, limits.stale)).flatten();
            let told = told.map(|cached| Cached { stale: false, ..cached });
            if let Some(cached) = told.or_else(|| self.without_asking(&row, limits)) {
                return Ok(cached);
            }
        }
        self.ask(key, limits, fetch).await
    }

    async fn look(self, key: &CacheKey, limits: Limits) -> Result<Option<Cached>> {
        Ok(self.row(key).await?.and_then(|row| self.without_asking(&row, limits)))
    }

    async fn row(self, key: &CacheKey) -> Result<Option<CachedRow>, LedgerError> {
        let key = key.clone();
        self.ledger.run(move |l| l.cached(key.at())).await
    }

    async fn ask(
        self,
        key: &CacheKey,
        limits: Limits,
        fetch: impl AsyncFnOnce() -> Result<Option<Opened>>,
    ) -> Result<Cached> {
        let older = self.row(key).await?.and_then(|row| self.at_most(&row, limits.stale));
        let Some(older) = older else { return self.keep(key, fetch().await).await };
        match timeout(self.patience, fetch()).await {
            Ok(Err(error)) if may_pass(&error) => self.serve(key, older).await,
            Ok(answer) => self.keep(key, answer).await,
            Err(_) => self.serve(key, older).await,
        }
    }

    async fn keep(self, key: &CacheKey, answer: Result<Option<Opened>>) -> Result<Cached> {
        match answer {
            Ok(value) => {
                self.put(key, value.as_ref()).await?;
                Ok(Cached { value, age: Duration::ZERO, stale: false })
            }
            Err(error) => {
                if matches!(error.kind(), Kind::Account | Kind::NotFound) {
                    self.drop_value(key).await?;
                }
                Err(error)
            }
        }
    }

    async fn serve(self, key: &CacheKey, older: Cached) -> Result<Cached> {
        let (key, now) = (key.clone(), (self.clock)());
        self.ledger.run(move |l| l.cache_tried(key.at(), now)).await?;
        Ok(older)
    }

    /// Keeps what Ravi just said: a value that was read or written, or that there is none.
    pub(crate) async fn put(self, key: &CacheKey, value: Option<&Opened>) -> Result<(), LedgerError> {
        let (key, value, now) = (key.clone(), value.cloned(), (self.clock)());
        self.ledger.run(move |l| l.cache(key.at(), value.as_ref(), now)).await
    }

    /// Forgets one secret, whether a value or its absence.
    pub(crate) async fn drop_value(self, key: &CacheKey) -> Result<(), LedgerError> {
        let key = key.clone();
        self.ledger.run(move |l| l.uncache(key.at())).await
    }

    /// Notes that whoever the value is for refused it, so that the next read asks Ravi. Does nothing if a value other
    /// than `value` is kept by now. Blocks only on the ledger.
    pub(crate) fn mark_rejected(self, key: &CacheKey, value: &SecretString) -> Result<(), LedgerError> {
        let kept = self.ledger.cached(key.at())?.and_then(|row| row.value);
        if kept.is_some_and(|kept| kept.value().expose_secret() == value.expose_secret()) {
            self.ledger.cache_rejected(key.at())
        } else {
            Ok(())
        }
    }

    /// The answer, if Ravi need not be asked, or had better not be.
    fn without_asking(self, row: &CachedRow, limits: Limits) -> Option<Cached> {
        let (now, limit) = ((self.clock)(), if row.value.is_some() { limits.fresh } else { limits.absent });
        // A timestamp in the future means the clock was set back: it makes nothing fresh.
        let fresh = row.read_ms <= now && distance(now, row.read_ms) < limit;
        let asked_in_vain = row.tried_ms.is_some_and(|tried| distance(now, tried) < PAUSE);
        let cached = self.at_most(row, if asked_in_vain { limits.stale } else { limit })?;
        (fresh || asked_in_vain).then_some(Cached { stale: !fresh, ..cached })
    }

    /// The answer, if it is younger than `limit` and was not rejected.
    fn at_most(self, row: &CachedRow, limit: Duration) -> Option<Cached> {
        let age = distance((self.clock)(), row.read_ms);
        (!row.rejected && age < limit).then(|| Cached { value: row.value.clone(), age, stale: true })
    }
}

/// The time between two moments, whichever came first: even if the clock was set back, no answer is served for ever.
fn distance(now: i64, then: i64) -> Duration {
    Duration::from_millis(now.abs_diff(then))
}

/// Whether the failure concerns the way to Ravi, and so may be over soon, rather than the secret or the key. If
/// something other than Ravi now answers at an address where Ravi once did, that counts too.
pub(super) fn may_pass(error: &Error) -> bool {
    error.kind() == Kind::Unreachable || matches!(error.downcast_ref(), Some(ApiError::NotRavi { .. }))
}

/// Waits until nobody else is asking for the same secret. `None` if there can be no lock, or the wait was too long.
async fn wait_turn(state_dir: &Path, key: &CacheKey) -> Option<Lock> {
    let what = format!("secret/{}/{}/{}", key.name, key.identity, key.server);
    Lock::wait_within(state_dir, &what, WAIT_LIMIT).await.ok().flatten()
}

#[cfg(test)]
mod tests;
