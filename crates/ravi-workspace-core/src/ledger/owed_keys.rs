//! Single keys whose revocation is still owed: those of workspaces that are gone and whose identity others go on using.

use rusqlite::{OptionalExtension as _, Row, params};

use super::{Ledger, LedgerError};
use crate::api::{IdentityUuid, KeyUuid};
use crate::machine::clock::now_ms;
use crate::model::workspace::OwedRevocation;

pub(super) const TABLES: &str = "
CREATE TABLE owed_key (
    workspace  TEXT NOT NULL,           -- the id it had
    identity   TEXT NOT NULL,
    server     TEXT NOT NULL,
    key_uuid   TEXT,                    -- NULL: known by its label only
    since_ms   INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_ms    INTEGER NOT NULL,
    last_error TEXT,
    PRIMARY KEY (identity, workspace)
) STRICT, WITHOUT ROWID;
";

/// One debt.
#[derive(Debug, Clone)]
pub(crate) struct OwedKey {
    pub(crate) workspace: String,
    pub(crate) identity: IdentityUuid,
    pub(crate) server: String,
    pub(crate) key_uuid: Option<KeyUuid>,
    pub(crate) since_ms: i64,
    pub(crate) attempts: u32,
    pub(crate) last_error: Option<String>,
}

impl From<OwedKey> for OwedRevocation {
    fn from(owed: OwedKey) -> Self {
        OwedRevocation {
            identity: owed.identity.to_string(),
            server: owed.server,
            since_ms: owed.since_ms,
            attempts: owed.attempts,
            last_error: owed.last_error,
        }
    }
}

const COLUMNS: &str = "workspace, identity, server, key_uuid, since_ms, attempts, last_error";

impl Ledger {
    /// All of them, oldest first; with `due_by_ms`, only those whose next attempt is due by then.
    pub(crate) fn owed_keys(&self, due_by_ms: Option<i64>) -> Result<Vec<OwedKey>, LedgerError> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM owed_key WHERE next_ms <= ?1 ORDER BY since_ms"))?
                .query_map([due_by_ms.unwrap_or(i64::MAX)], from_row)?
                .collect()
        })
    }

    /// The debt as it is now, if there still is one.
    pub(crate) fn owed_key(&self, owed: &OwedKey) -> Result<Option<OwedKey>, LedgerError> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM owed_key WHERE identity = ?1 AND workspace = ?2"))?
                .query_row(params![owed.identity.as_str(), owed.workspace], from_row)
                .optional()
        })
    }

    /// Notes a failed attempt. The next one is due after a pause that doubles each time.
    pub(crate) fn owed_key_failed(&self, owed: &OwedKey, error: &str) -> Result<(), LedgerError> {
        self.change("ledger: key revocation failed", |t| {
            t.execute(
                "UPDATE owed_key SET attempts = attempts + 1, next_ms = ?3, last_error = ?4
                 WHERE identity = ?1 AND workspace = ?2",
                params![owed.identity.as_str(), owed.workspace, now_ms() + super::owed::pause_ms(owed.attempts), error],
            )
        })?;
        Ok(())
    }

    /// Notes that the key is revoked.
    pub(crate) fn owed_key_paid(&self, identity: &IdentityUuid, workspace: &str) -> Result<(), LedgerError> {
        self.change("ledger: key revocation done", |t| {
            t.execute(
                "DELETE FROM owed_key WHERE identity = ?1 AND workspace = ?2",
                params![identity.as_str(), workspace],
            )
        })?;
        Ok(())
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<OwedKey> {
    Ok(OwedKey {
        workspace: row.get(0)?,
        identity: row.get::<_, String>(1)?.into(),
        server: row.get(2)?,
        key_uuid: row.get::<_, Option<String>>(3)?.map(Into::into),
        since_ms: row.get(4)?,
        attempts: row.get(5)?,
        last_error: row.get(6)?,
    })
}
