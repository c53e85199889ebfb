//! The host identity's own intent: it belongs to no binding.

use rusqlite::params;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{IdentityRow, Ledger, LedgerError, now_ms};

pub(super) const TABLES: &str = "
-- A host identity that was asked for. The row is written before the request and taken away when its result is kept.
CREATE TABLE host_intent (
    server  TEXT PRIMARY KEY,
    detail  TEXT NOT NULL,              -- JSON
    at_ms   INTEGER NOT NULL
) STRICT;
";

impl Ledger {
    /// A host identity is about to be asked for.
    pub(crate) fn intend_host<D: Serialize>(&self, server: &str, detail: &D) -> Result<(), LedgerError> {
        let detail = serde_json::to_string(detail).unwrap_or_default(); // cannot fail: text only
        self.change("ledger: host intent", |t| {
            t.execute(
                "INSERT OR REPLACE INTO host_intent (server, detail, at_ms) VALUES (?1, ?2, ?3)",
                params![server, detail, now_ms()],
            )
        })?;
        Ok(())
    }

    /// The host identity that was asked for and whose result is not kept yet.
    pub(crate) fn intended_host<D: DeserializeOwned>(&self, server: &str) -> Result<Option<D>, LedgerError> {
        use rusqlite::OptionalExtension as _;
        let detail: Option<String> = self.read(|c| {
            c.query_row("SELECT detail FROM host_intent WHERE server = ?1", [server], |row| row.get(0)).optional()
        })?;
        Ok(detail.and_then(|detail| serde_json::from_str(&detail).ok()))
    }

    /// Writes the host identity, in place of an earlier one of the same server; nothing is asked for any more.
    /// `spare` is another one that was made for nothing; it goes to the pool.
    pub(crate) fn put_host(&self, row: &IdentityRow, spare: Option<&IdentityRow>) -> Result<(), LedgerError> {
        self.change("ledger: host identity", |t| {
            t.execute("DELETE FROM identity WHERE server = ?1 AND state = 'host'", [&row.server])?;
            t.execute("DELETE FROM host_intent WHERE server = ?1", [&row.server])?;
            if let Some(spare) = spare {
                spare.write(t)?;
            }
            row.write(t)
        })?;
        Ok(())
    }

    /// Nothing is asked for any more.
    pub(crate) fn settle_host(&self, server: &str) -> Result<(), LedgerError> {
        self.change("ledger: host intent settled", |t| {
            t.execute("DELETE FROM host_intent WHERE server = ?1", [server])
        })?;
        Ok(())
    }
}
