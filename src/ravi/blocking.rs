//! For threads that may wait, such as the one that runs Tauri's `setup`, whether or not they belong to a runtime.
//!
//! A blocking call brings a thread, a runtime and an HTTP client of its own. A connection of the handle's own client is
//! driven by a task of the runtime that opened it; where the caller blocks that very runtime (a daemon on one thread), the
//! task would never run again, and the call would wait for it until its deadline.

use std::sync::Arc;
use std::thread;

use secrecy::SecretString;
use tokio::sync::Mutex;

use super::{Inner, Ravi};
use crate::account::Logins;
use crate::api::Client;
use crate::error::{Error, Result};
use crate::workspace::{Listing, WorkspaceError};

impl Ravi {
    /// [`secret`](Ravi::secret), blocking. A value that is not at hand costs a round trip to Ravi; what the app can do
    /// without at its start it should read later.
    ///
    /// # Errors
    /// Those of `secret`.
    pub fn secret_blocking(&self, key: &str) -> Result<SecretString> {
        self.wait_for(async |ravi| ravi.secret(key).await)
    }

    /// [`secrets`](Ravi::secrets), blocking: several with one round trip.
    ///
    /// # Errors
    /// Those of `secrets`.
    pub fn secrets_blocking(&self, keys: &[&str]) -> Result<Vec<SecretString>> {
        self.wait_for(async |ravi| ravi.secrets(keys).await)
    }

    /// Runs `work` to its end, with a handle that waits for nothing that this thread's runtime would have to do.
    pub(super) fn wait_for<V: Send>(&self, work: impl AsyncFnOnce(&Ravi) -> Result<V> + Send) -> Result<V> {
        wait_for(Some(self), async |apart| match apart {
            Some(apart) => work(apart).await,
            None => Err(WorkspaceError::Stopped.into()),
        })
    }

    /// A handle on the same ledger, caches and trail that shares no connection and no lock of a task with this one.
    fn apart(&self) -> Result<Ravi> {
        let Inner {
            config, server, address, client, ledger, memory, warnings, github, trail, told, asked_program, ..
        } = &*self.inner;
        let inner = Inner {
            config: config.clone(),
            server: server.clone(),
            address: address.clone(),
            client: Client::new(client.options().clone())?,
            ledger: ledger.clone(),
            memory: Arc::clone(memory),
            host: Mutex::default(),
            warnings: Arc::clone(warnings),
            logins: Logins::default(),
            github: github.clone(),
            trail: Arc::clone(trail),
            listing: Listing::default(),
            #[cfg(feature = "inbox")]
            feeds: Arc::default(),
            told: Arc::clone(told),
            asked_program: Arc::clone(asked_program),
        };
        Ok(Ravi { inner: Arc::new(inner) })
    }
}

/// [`Ravi::wait_for`], also for work that may go without a handle.
pub(super) fn wait_for<V: Send>(
    ravi: Option<&Ravi>,
    work: impl AsyncFnOnce(Option<&Ravi>) -> Result<V> + Send,
) -> Result<V> {
    let apart = ravi.map(Ravi::apart).transpose()?;
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|_| Error::from(WorkspaceError::Stopped))?.block_on(work(apart.as_ref()))
    };
    thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
