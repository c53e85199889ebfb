//! What was done, noted.

use super::Ravi;
use crate::audit::{Entry, Outcome};
use crate::error::Result;

impl Ravi {
    /// Notes what was done in the audit trail. It is on the disk when this returns.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub(crate) async fn note(&self, entry: Entry) -> Result<()> {
        Ok(self.inner.ledger.run(move |l| l.note(&entry)).await?)
    }

    /// Notes how `result` ended, and gives it back. What cannot be noted is not given out.
    pub(crate) async fn noted<T>(&self, entry: Entry, result: Result<T>) -> Result<T> {
        match result {
            Ok(value) => self.note(entry).await.map(|()| value),
            Err(error) => {
                let failed = Entry { outcome: Outcome::Failed, reason: Some(error.code()), ..entry };
                if let Err(unnoted) = self.note(failed).await {
                    tracing::warn!(code = unnoted.code(), "a failure could not be noted");
                }
                Err(error)
            }
        }
    }
}
