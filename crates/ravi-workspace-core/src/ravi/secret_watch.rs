//! Secrets that are replaced while a program runs: [`SecretWatch`], and [`TokenSet`], against which a daemon checks its
//! clients.
//!
//! Ravi's events report messages and calls but not secrets. So a secret is read again now and then, at once if this
//! process has changed it, and whenever somebody has reason to believe that there is a newer one.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::Ravi;
use crate::error::{ErrorBody, Kind, Result};

/// Requested looks are no more frequent than this: a stranger who guesses must not keep Ravi busy.
const WISHED: Duration = Duration::from_secs(1);

/// A secret as it was last seen.
#[derive(Clone)]
struct Sight {
    /// `None`: it was deleted, or Ravi refuses the key.
    value: Option<SecretString>,
    since: Instant,
    /// Counts looks.
    looks: u64,
    error: Option<ErrorBody>,
}

/// A secret of the host identity that is followed; see [`ravi.secrets().watch`](crate::handle::Secrets::watch). Ends
/// when the last clone is dropped.
#[derive(Clone)]
pub struct SecretWatch {
    sight: watch::Receiver<Sight>,
    shared: Arc<Shared>,
}

struct Shared {
    wish: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for SecretWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretWatch").field("looks", &self.sight.borrow().looks).finish_non_exhaustive()
    }
}

impl super::handle::Secrets<'_> {
    /// Reads a secret and follows it.
    ///
    /// It is read again at least every `every`, and at once if this process changes it or [`look`](SecretWatch::look)
    /// asks for it. While Ravi does not answer, the value stays as long as [`get`](crate::handle::Secrets::get) serves
    /// it. Needs a runtime that keeps running.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::time::Duration;
    ///
    /// let mut token = ravi.secrets().watch("DAEMON_TOKEN", Duration::from_secs(60)).await?;
    /// while let Some(new) = token.changed().await {
    ///     // Use it from now on.
    ///     # drop(new);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`get`](crate::handle::Secrets::get), for the first read.
    pub async fn watch(self, key: &str, every: Duration) -> Result<SecretWatch> {
        let read = self.read(key).await?;
        let first = Sight { value: Some(read.value), since: Instant::now(), looks: 0, error: None };
        let (tell, sight) = watch::channel(first);
        let wish = Arc::<Notify>::default();
        let (ravi, key, wished) = (self.ravi.clone(), key.to_owned(), Arc::clone(&wish));
        let task = tokio::spawn(async move { ravi.keep_looking(&key, every, &wished, &tell).await });
        Ok(SecretWatch { sight, shared: Arc::new(Shared { wish, task }) })
    }
}

impl Ravi {
    async fn keep_looking(&self, key: &str, every: Duration, wish: &Notify, tell: &watch::Sender<Sight>) {
        let mut changes = self.secrets().on_change();
        loop {
            let changed = async {
                // A watch that lagged behind may have missed it.
                while changes.recv().await.is_ok_and(|name| name.as_str() != key) {}
            };
            tokio::select! {
                () = sleep(every) => {}
                () = wish.notified() => {}
                () = changed => {}
            }
            let (value, error) = self.look_again(key).await;
            tell.send_modify(|sight| {
                if !is_same(sight.value.as_ref(), value.as_ref()) {
                    (sight.value, sight.since) = (value, Instant::now());
                }
                (sight.looks, sight.error) = (sight.looks + 1, error);
            });
            sleep(WISHED.min(every)).await;
        }
    }

    async fn look_again(&self, key: &str) -> (Option<SecretString>, Option<ErrorBody>) {
        match self.secrets().refresh(key).await {
            Ok(value) => (Some(value), None),
            // What was read before counts while it is not too old.
            Err(error) if error.kind() == Kind::Unreachable => (self.secrets().get(key).await.ok(), Some(error.body())),
            Err(error) => {
                tracing::warn!(code = error.code(), key, "a secret that is followed cannot be read any more");
                (None, Some(error.body()))
            }
        }
    }
}

fn is_same(one: Option<&SecretString>, other: Option<&SecretString>) -> bool {
    one.map(SecretString::expose_secret) == other.map(SecretString::expose_secret)
}

impl SecretWatch {
    /// Returns the value; `None`: it was deleted, or Ravi refuses the key.
    pub fn value(&self) -> Option<SecretString> {
        self.sight.borrow().value.clone()
    }

    /// Returns why the last look failed; there may still be a value.
    pub fn error(&self) -> Option<ErrorBody> {
        self.sight.borrow().error.clone()
    }

    /// Waits until the value differs from when this was called or last returned.
    pub async fn changed(&mut self) -> Option<SecretString> {
        let before = self.sight.borrow_and_update().value.clone();
        while self.sight.changed().await.is_ok() {
            let now = self.sight.borrow_and_update().value.clone();
            if !is_same(before.as_ref(), now.as_ref()) {
                return now;
            }
        }
        // The task that reports lives as long as this.
        std::future::pending().await
    }

    /// Looks at once, but no more often than once a second, and returns when it has.
    pub async fn look(&self) {
        let mut sight = self.sight.clone();
        let before = sight.borrow_and_update().looks;
        self.shared.wish.notify_one();
        while sight.changed().await.is_ok() && sight.borrow_and_update().looks == before {}
    }
}

/// Compared instead of tokens, so that the time taken does not reveal how much of a token was right.
type Digest = [u8; 32];

/// The tokens that a daemon admits clients with: the current value of a secret of the host identity, and for a while
/// the one before. Cheap to clone.
///
/// A new token is accepted at once. The former one is accepted for a grace period that the operator chooses, so that
/// clients can be told one by one. Deleting or emptying the secret, or a refused key, ends both: nobody gets in.
#[derive(Debug, Clone)]
pub struct TokenSet {
    watch: Option<SecretWatch>,
    grace: Duration,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    now: Option<Digest>,
    /// The token before, and until when it counts.
    before: Option<(Digest, Instant)>,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("now", &self.now.is_some()).field("before", &self.before.is_some()).finish()
    }
}

impl TokenSet {
    /// Follows the secret `key` as the token; see [`ravi.secrets().watch`](crate::handle::Secrets::watch).
    ///
    /// # Errors
    /// Those of `watch`.
    pub async fn follow(ravi: &Ravi, key: &str, every: Duration, grace: Duration) -> Result<TokenSet> {
        let watch = ravi.secrets().watch(key, every).await?;
        let tokens = TokenSet { watch: Some(watch), grace, known: Arc::default() };
        tokens.catch_up();
        Ok(tokens)
    }

    /// Makes a set of one fixed token, as given by a person or an environment.
    pub fn fixed(token: &str) -> TokenSet {
        let known = Known { now: digest(token), before: None };
        TokenSet { watch: None, grace: Duration::ZERO, known: Arc::new(Mutex::new(known)) }
    }

    /// Whether anybody can get in.
    pub fn has_one(&self) -> bool {
        self.catch_up();
        self.known().now.is_some()
    }

    /// Whether a client that shows this token gets in. A wrong one may be newer than the token known here, so the
    /// secret is read again, at most once a second.
    pub async fn accepts(&self, shown: &str) -> bool {
        if self.accepts_now(shown) {
            return true;
        }
        match &self.watch {
            Some(watch) => {
                watch.look().await;
                self.accepts_now(shown)
            }
            None => false,
        }
    }

    /// Like [`accepts`](TokenSet::accepts), with what is known now, for callers that cannot wait.
    pub fn accepts_now(&self, shown: &str) -> bool {
        self.catch_up();
        let Some(shown) = digest(shown) else { return false };
        let known = self.known();
        let now = known.now == Some(shown);
        let before = known.before.is_some_and(|(before, until)| before == shown && Instant::now() < until);
        now | before
    }

    /// Waits until the token differs from when this was called.
    pub async fn changed(&self) {
        match self.watch.clone() {
            Some(mut watch) => drop(watch.changed().await),
            None => std::future::pending().await,
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        // Both fields are set at once.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn catch_up(&self) {
        let Some(watch) = &self.watch else { return };
        let sight = watch.sight.borrow().clone();
        let now = sight.value.as_ref().and_then(|value| digest(value.expose_secret()));
        let mut known = self.known();
        if known.now == now {
            return;
        }
        let until = sight.since + self.grace;
        known.before = known.now.filter(|_| now.is_some()).map(|before| (before, until));
        known.now = now;
    }
}

/// Returns the digest of a token; an empty one does not count.
fn digest(token: &str) -> Option<Digest> {
    let token = token.trim();
    (!token.is_empty()).then(|| Sha256::digest(token).into())
}
