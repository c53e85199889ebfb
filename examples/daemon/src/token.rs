//! The token that clients must show, as it is in the vault now.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tauri_plugin_ravi::error::Kind;
use tauri_plugin_ravi::{ExposeSecret as _, Ravi, Result, SecretString};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// A wrong token makes the daemon look into the vault, but no more often than this.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A digest: two of them are compared without telling by the time it takes how much of a token was right.
type Digest = [u8; 32];

/// What clients are measured by. Cheap to clone.
#[derive(Clone)]
pub struct Tokens {
    ravi: Ravi,
    secret: String,
    /// `None`: nobody gets in.
    now: watch::Sender<Option<Digest>>,
    looked: std::sync::Arc<Mutex<Instant>>,
}

impl Tokens {
    /// Reads the token: from Ravi, or while it is away what was read before.
    pub async fn read(ravi: Ravi, secret: String) -> Result<Tokens> {
        let read = ravi.read_secret(&secret).await?;
        if read.stale {
            eprintln!("note: Ravi does not answer; the token is {} s old", read.age.as_secs());
        }
        let now = watch::Sender::new(digest(&read.value));
        Ok(Tokens { ravi, secret, now, looked: std::sync::Arc::new(Mutex::new(Instant::now())) })
    }

    pub fn has_one(&self) -> bool {
        self.now.borrow().is_some()
    }

    /// Changes when the token does.
    pub fn watch(&self) -> watch::Receiver<Option<Digest>> {
        self.now.subscribe()
    }

    /// Whether `shown` is the token. One that is not might be a newer one than is known here.
    pub async fn accepts(&self, shown: &SecretString) -> bool {
        if self.is_now(shown) {
            return true;
        }
        let mut looked = self.looked.lock().await;
        if looked.elapsed() >= LOOK_AGAIN {
            self.look().await;
            *looked = Instant::now();
        }
        self.is_now(shown)
    }

    fn is_now(&self, shown: &SecretString) -> bool {
        let shown = digest(shown);
        shown.is_some() && shown == *self.now.borrow()
    }

    /// Looks for a rotation now and then, for ever.
    pub async fn follow(self, every: Duration) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look().await;
        }
    }

    async fn look(&self) {
        let read = match self.ravi.refresh_secret(&self.secret).await {
            Ok(value) => Some(value),
            // What was read before counts while it is not too old.
            Err(e) if e.kind() == Kind::Unreachable => self.ravi.secret(&self.secret).await.ok(),
            Err(e) => {
                // Deleted, or the key was refused: nobody gets in.
                eprintln!("the token cannot be read: {e}\n  hint: {}", e.hint());
                None
            }
        };
        let read = read.as_ref().and_then(digest);
        self.now.send_if_modified(|now| std::mem::replace(now, read) != read);
    }
}

/// An empty token is none.
fn digest(token: &SecretString) -> Option<Digest> {
    let token = token.expose_secret();
    (!token.is_empty()).then(|| Sha256::digest(token).into())
}
