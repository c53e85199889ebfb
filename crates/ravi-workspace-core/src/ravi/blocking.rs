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
use crate::error::Result;
use crate::machine::runtime::block_on;
use crate::workspace::{Listing, WorkspaceError};

impl super::handle::Secrets<'_> {
    /// [`get`](crate::handle::Secrets::get), blocking.
    ///
    /// A value that is not at hand costs a round trip to Ravi. An app should read later what it does not need at its
    /// start.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let token = ravi.secrets().get_blocking("DAEMON_TOKEN")?;
    /// # drop(token);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of `secret`.
    pub fn get_blocking(self, key: &str) -> Result<SecretString> {
        self.ravi.wait_for(async |ravi| ravi.secrets().get(key).await)
    }

    /// [`get_all`](crate::handle::Secrets::get_all), blocking: several secrets with one round trip.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let both = ravi.secrets().get_all_blocking(&["DAEMON_TOKEN", "SMTP_PASSWORD"])?;
    /// # drop(both);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of `get_all`.
    pub fn get_all_blocking(self, keys: &[&str]) -> Result<Vec<SecretString>> {
        self.ravi.wait_for(async |ravi| ravi.secrets().get_all(keys).await)
    }
}

impl Ravi {
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
    let run = || block_on(work(apart.as_ref()));
    thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
