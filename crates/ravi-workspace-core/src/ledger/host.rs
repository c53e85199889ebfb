//! The host identity: which one was chosen, and the intent to make one, which belongs to no binding.

use rusqlite::{Connection, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{IdentityRow, Ledger, LedgerError};
use crate::api::IdentityUuid;
use crate::machine::clock::now_ms;

pub(super) const TABLES: &str = "
-- A host identity that was asked for. The row is written before the request and taken away when its result is kept.
CREATE TABLE host_intent (
    server  TEXT PRIMARY KEY,
    detail  TEXT NOT NULL,              -- JSON
    at_ms   INTEGER NOT NULL
) STRICT;
";

pub(super) const CHOICE: &str = "
-- The identity that a person chose to be the host; stays when another key is used for the same account.
CREATE TABLE host_choice (
    server  TEXT PRIMARY KEY,
    uuid    TEXT NOT NULL,
    at_ms   INTEGER NOT NULL
) STRICT;
";

impl Ledger {
    /// Records that a host identity is about to be asked for.
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

    /// The host identity that was asked for and whose result has not been recorded yet.
    pub(crate) fn intended_host<D: DeserializeOwned>(&self, server: &str) -> Result<Option<D>, LedgerError> {
        use rusqlite::OptionalExtension as _;
        let detail: Option<String> = self.read(|c| {
            c.query_row("SELECT detail FROM host_intent WHERE server = ?1", [server], |row| row.get(0)).optional()
        })?;
        Ok(detail.and_then(|detail| serde_json::from_str(&detail).ok()))
    }

    /// The identity that a person chose as the host.
    pub(crate) fn host_choice(&self, server: &str) -> Result<Option<IdentityUuid>, LedgerError> {
        use rusqlite::OptionalExtension as _;
        let uuid: Option<String> = self.read(|c| {
            c.prepare_cached("SELECT uuid FROM host_choice WHERE server = ?1")?
                .query_row([server], |row| row.get(0))
                .optional()
        })?;
        Ok(uuid.map(Into::into))
    }

    /// Makes an identity the host from now on, because a person chose it.
    pub(crate) fn choose_host(&self, row: &IdentityRow) -> Result<(), LedgerError> {
        self.change("ledger: host chosen", |t| {
            t.execute(
                "INSERT OR REPLACE INTO host_choice (server, uuid, at_ms) VALUES (?1, ?2, ?3)",
                params![row.server, row.uuid.as_str(), now_ms()],
            )?;
            replace_host(t, row)
        })?;
        Ok(())
    }

    /// Records the host identity, in place of an earlier one of the same server, and clears the intent.
    ///
    /// `spare` is another identity that turned out not to be needed; it goes to the pool.
    pub(crate) fn put_host(&self, row: &IdentityRow, spare: Option<&IdentityRow>) -> Result<(), LedgerError> {
        self.change("ledger: host identity", |t| {
            if let Some(spare) = spare {
                spare.write(t)?;
            }
            replace_host(t, row)
        })?;
        Ok(())
    }

    /// Forgets the host identity. Which one was chosen is kept.
    pub(crate) fn forget_host(&self, server: &str) -> Result<(), LedgerError> {
        self.change("ledger: host forgotten", |t| drop_host(t, server))?;
        Ok(())
    }

    /// Clears the intent.
    pub(crate) fn settle_host(&self, server: &str) -> Result<(), LedgerError> {
        self.change("ledger: host intent settled", |t| {
            t.execute("DELETE FROM host_intent WHERE server = ?1", [server])
        })?;
        Ok(())
    }
}

fn replace_host(t: &Connection, row: &IdentityRow) -> rusqlite::Result<usize> {
    drop_host(t, &row.server)?;
    row.write(t)
}

/// Keeps the identity if workspaces use it, but it is no longer the host.
pub(super) fn drop_host(t: &Connection, server: &str) -> rusqlite::Result<usize> {
    t.execute("DELETE FROM host_intent WHERE server = ?1", [server])?;
    t.execute(
        "UPDATE identity SET state = 'bound', borrowed = 1 WHERE server = ?1 AND state = 'host'
         AND EXISTS (SELECT 1 FROM binding AS b WHERE b.identity = identity.uuid)",
        [server],
    )?;
    t.execute("DELETE FROM identity WHERE server = ?1 AND state = 'host'", [server])
}
