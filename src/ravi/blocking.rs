//! For threads that may wait, such as the one that runs Tauri's `setup`. Inside a runtime use the async forms.

use std::thread;

use secrecy::SecretString;

use super::Ravi;
use crate::error::{Error, Result};
use crate::workspace::WorkspaceError;

impl Ravi {
    /// [`secret`](Ravi::secret), blocking. A value that is not at hand costs a round trip to Ravi; what the app can do
    /// without at its start it should read later.
    ///
    /// # Errors
    /// Those of `secret`.
    pub fn secret_blocking(&self, key: &str) -> Result<SecretString> {
        wait_for(|| self.secret(key))
    }

    /// [`secrets`](Ravi::secrets), blocking: several with one round trip.
    ///
    /// # Errors
    /// Those of `secrets`.
    pub fn secrets_blocking(&self, keys: &[&str]) -> Result<Vec<SecretString>> {
        wait_for(|| self.secrets(keys))
    }
}

/// Runs a future to its end on a thread of its own, so that it does not matter whether this one belongs to a runtime.
pub(super) fn wait_for<V: Send, F: Future<Output = Result<V>>>(work: impl FnOnce() -> F + Send) -> Result<V> {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|_| Error::from(WorkspaceError::Stopped))?.block_on(work())
    };
    thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
