//! What was done, noted.

use super::Ravi;
use crate::audit::{Entry, Stamped};
use crate::error::Result;

impl Ravi {
    /// Notes what was done in the audit trail. It is on the disk when this returns.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub(crate) async fn note(&self, entry: Entry) -> Result<()> {
        Ok(self.inner.ledger.run(move |l| l.note(entry)).await?)
    }

    /// The same for several entries, all or none.
    pub(crate) async fn note_all(&self, entries: Vec<Entry>) -> Result<()> {
        let entries: Vec<Stamped> = entries.into_iter().map(Stamped::now).collect();
        Ok(self.inner.ledger.run(move |l| l.note_all(&entries)).await?)
    }

    /// Notes what was answered from memory, without waiting for the disk. Where the ledger cannot be written, that is an
    /// error here as well.
    pub(super) async fn note_soon(&self, entry: Entry) -> Result<()> {
        match self.inner.trail.note_soon(entry) {
            Ok(()) => Ok(()),
            Err(entry) => self.note(entry).await,
        }
    }

    /// Notes how `result` ended, and gives it back. What cannot be noted is not given out.
    pub(crate) async fn noted<T>(&self, entry: Entry, result: Result<T>) -> Result<T> {
        match result {
            Ok(value) => self.note(entry).await.map(|()| value),
            Err(error) => {
                self.note_failure(entry.ended(&error)).await;
                Err(error)
            }
        }
    }

    /// Notes what went wrong. The caller is told that, not that it could not be noted.
    pub(crate) async fn note_failure(&self, entry: Entry) {
        if let Err(unnoted) = self.note(entry).await {
            tracing::warn!(code = unnoted.code(), "a failure could not be noted");
        }
    }
}
