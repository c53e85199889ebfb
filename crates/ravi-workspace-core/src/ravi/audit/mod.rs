//! Noting what was done, and querying the trail.

use std::sync::Arc;

use super::Ravi;
use crate::api::AnyKey;
use crate::audit::{AuditFilter, AuditReport, AuditRow, Entry, Pruned, Stamped};
use crate::error::Result;
use crate::ledger::LedgerError;
use crate::machine::blocking::blocking;

mod events;

impl super::handle::Audit<'_> {
    /// Returns what was done on this machine, oldest first.
    ///
    /// Asks Ravi only for its events ([`with_events`](AuditFilter::with_events)), which are merged in by time.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::audit::AuditFilter;
    ///
    /// for row in ravi.audit().query(&AuditFilter::default()).await? {
    ///     println!("{row:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The ledger cannot be read. With events also: nobody is signed in; Ravi does not answer.
    pub async fn query(self, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
        self.ravi.write_waiting().await?;
        let wanted = filter.clone();
        let mut rows = self.ravi.inner.ledger.run(move |l| l.audit(&wanted)).await?;
        if filter.with_events && filter.secret.is_none() {
            rows.extend(self.ravi.events(filter).await?);
            // Stable: entries without a time, or with the same one, stay in their order.
            rows.sort_by_key(|row| row.at_ms);
            if let Some(limit) = filter.limit {
                rows.drain(..rows.len().saturating_sub(limit as usize));
            }
        }
        Ok(rows)
    }

    /// Verifies that the trail is what was written: each entry (integrity), and the newest ones (completeness).
    ///
    /// Reads every entry; a million take seconds. Asks Ravi nothing. A flaw in the trail is not an error: it is in the
    /// report.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let report = ravi.audit().verify().await?;
    /// println!("{report:?}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The ledger or its key cannot be read.
    pub async fn verify(self) -> Result<AuditReport> {
        self.ravi.write_waiting().await?;
        Ok(self.ravi.inner.ledger.run(|l| l.verify_audit()).await?)
    }

    /// Removes the oldest entries, up to the first that is not older than `before_ms` (milliseconds since 1970).
    ///
    /// Seals where the trail now begins, so that nobody else can do the same unnoticed. The trail is verified first.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let before_ms = 1_780_000_000_000;
    /// ravi.audit().prune(before_ms, false).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The trail does not verify (`audit.broken`), unless `even_if_broken`; the ledger cannot be written.
    pub async fn prune(self, before_ms: i64, even_if_broken: bool) -> Result<Pruned> {
        self.ravi.write_waiting().await?;
        Ok(self.ravi.inner.ledger.run(move |l| l.prune_audit(before_ms, even_if_broken)).await?)
    }
}

impl Ravi {
    /// Writes entries that are still waiting, about reads that were served from memory.
    async fn write_waiting(&self) -> Result<()> {
        let inner = Arc::clone(&self.inner);
        let done = blocking(move || inner.trail.flush()).await;
        Ok(done.map_err(|_| LedgerError::Stopped)?)
    }

    async fn events(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
        let access = self.access().await?;
        let identities = match &access.key {
            AnyKey::Management(_) => {
                let server = self.inner.server.clone();
                self.inner.ledger.run(move |l| l.identities(&server)).await?
            }
            // It reaches no other identity.
            AnyKey::Identity(_) => vec![self.host(&access).await?],
        };
        let session = self.inner.client.with(&access.key);
        let mut rows = Vec::new();
        for identity in identities {
            let uuid = identity.uuid.clone();
            let tenures = self.inner.ledger.run(move |l| l.tenures(uuid.as_str())).await?;
            let had_it = |wanted: &String| tenures.iter().any(|tenure| tenure.workspace == *wanted);
            if filter.workspace.as_ref().is_none_or(had_it) {
                let lines = events::of_identity(&session, &identity, &tenures).await?;
                rows.extend(lines.into_iter().filter(|row| filter.wants(row)));
            }
        }
        Ok(rows)
    }

    /// Notes in the audit trail what was done. The entry is on the disk when this returns.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn note(&self, entry: Entry) -> Result<()> {
        Ok(self.inner.ledger.run(move |l| l.note(entry)).await?)
    }

    /// Like [`note`](Ravi::note), for several entries: all or none.
    pub(crate) async fn note_all(&self, entries: Vec<Entry>) -> Result<()> {
        let entries: Vec<Stamped> = entries.into_iter().map(Stamped::now).collect();
        Ok(self.inner.ledger.run(move |l| l.note_all(&entries)).await?)
    }

    /// Notes what was served from memory, without waiting for the disk. It is still an error if the ledger cannot be
    /// written.
    pub(super) async fn note_soon(&self, entry: Entry) -> Result<()> {
        match self.inner.trail.note_soon(entry) {
            Ok(()) => Ok(()),
            Err(entry) => self.note(entry).await,
        }
    }

    /// Notes how `result` ended, and returns it. What cannot be noted is not handed out.
    pub async fn noted<T>(&self, entry: Entry, result: Result<T>) -> Result<T> {
        match result {
            Ok(value) => self.note(entry).await.map(|()| value),
            Err(error) => {
                self.note_failure(entry.ended(&error)).await;
                Err(error)
            }
        }
    }

    /// Notes what went wrong. The caller is told of that failure, not that it could not be noted.
    pub(crate) async fn note_failure(&self, entry: Entry) {
        if let Err(unnoted) = self.note(entry).await {
            tracing::warn!(code = unnoted.code(), "a failure could not be noted");
        }
    }
}
