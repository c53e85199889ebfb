//! Calls for threads that may wait, such as the one that runs Tauri's `setup`, whether or not they belong to a runtime.
//!
//! A blocking call brings a thread, a runtime and an HTTP client of its own. Connections of the handle's own client are
//! driven by a task of the runtime that opened them. If the caller blocks that very runtime (a daemon on one thread),
//! the task would never run again, and the call would wait until its deadline.

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
    /// [`secret`](Ravi::secret), blocking.
    ///
    /// A value that is not at hand costs a round trip to Ravi. An app should read later what it does not need at its
    /// start.
    ///
    /// # Errors
    /// Those of `secret`.
    pub fn secret_blocking(&self, key: &str) -> Result<SecretString> {
        self.wait_for(async |ravi| ravi.secret(key).await)
    }

    /// [`secrets`](Ravi::secrets), blocking: several secrets with one round trip.
    ///
    /// # Errors
    /// Those of `secrets`.
    pub fn secrets_blocking(&self, keys: &[&str]) -> Result<Vec<SecretString>> {
        self.wait_for(async |ravi| ravi.secrets(keys).await)
    }

    /// Runs `work` to its end, with a handle that never waits for this thread's runtime.
    pub(super) fn wait_for<V: Send>(&self, work: impl AsyncFnOnce(&Ravi) -> Result<V> + Send) -> Result<V> {
        wait_for(Some(self), async |apart| match apart {
            Some(apart) => work(apart).await,
            None => Err(WorkspaceError::Stopped.into()),
        })
    }

    /// Returns a handle on the same ledger, caches and trail that shares neither a connection nor a task's lock with
    /// this one.
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

/// Like [`Ravi::wait_for`], also for work that may do without a handle.
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
