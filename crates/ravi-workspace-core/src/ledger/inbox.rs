//! What is remembered about inboxes: how far their events were seen, and which codes were handed out.

use rusqlite::{OptionalExtension as _, params};

use super::{Ledger, LedgerError};
use crate::api::IdentityUuid;
use crate::machine::clock::now_ms;

pub(super) const TABLES: &str = "
CREATE TABLE inbox_position (
    identity TEXT PRIMARY KEY,
    seq      INTEGER NOT NULL           -- an event that is known to be there; where looking for the last one begins
) STRICT;

-- Codes and links that a wait was given, so that no other one is.
CREATE TABLE inbox_given (
    identity TEXT NOT NULL,
    what     TEXT NOT NULL,             -- message and kind, such as email:12#code
    at_ms    INTEGER NOT NULL,
    PRIMARY KEY (identity, what)
) STRICT;
";

/// How long to remember that a code was handed out. No service accepts one for longer.
const REMEMBERED_MS: i64 = 30 * 24 * 3600 * 1000;

impl Ledger {
    /// An event of the identity that is known to exist; 0 if none is.
    pub(crate) fn inbox_position(&self, identity: &IdentityUuid) -> Result<i64, LedgerError> {
        let seq = self.read(|c| {
            c.prepare_cached("SELECT seq FROM inbox_position WHERE identity = ?1")?
                .query_row([identity.as_str()], |row| row.get(0))
                .optional()
        })?;
        Ok(seq.unwrap_or(0))
    }

    /// Notes that the event `seq` of the identity exists.
    pub(crate) fn set_inbox_position(&self, identity: &IdentityUuid, seq: i64) -> Result<(), LedgerError> {
        self.change("ledger: inbox position", |t| {
            t.prepare_cached(
                "INSERT INTO inbox_position (identity, seq) VALUES (?1, ?2)
                 ON CONFLICT (identity) DO UPDATE SET seq = max(seq, excluded.seq)",
            )?
            .execute(params![identity.as_str(), seq])
        })?;
        Ok(())
    }

    /// Hands out a code or link; `false` if that was done before.
    pub(crate) fn give_code(&self, identity: &IdentityUuid, what: &str) -> Result<bool, LedgerError> {
        let now = now_ms();
        let new = self.change("ledger: code given", |t| {
            t.prepare_cached("DELETE FROM inbox_given WHERE at_ms < ?1")?.execute([now - REMEMBERED_MS])?;
            t.prepare_cached("INSERT OR IGNORE INTO inbox_given (identity, what, at_ms) VALUES (?1, ?2, ?3)")?
                .execute(params![identity.as_str(), what, now])
        })?;
        Ok(new > 0)
    }
}
