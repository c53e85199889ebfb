//! Revocations that are still owed: the keys of an identity whose workspace is gone.

use rusqlite::{Row, params};

use super::identities::{IdentityState, set_state};
use super::{Ledger, LedgerError};
use crate::api::IdentityUuid;
use crate::machine::clock::now_ms;
use crate::model::workspace::OwedRevocation;

/// First pause between two attempts; it doubles each time up to [`LONGEST_PAUSE_MS`].
const FIRST_PAUSE_MS: i64 = 2_000;
const LONGEST_PAUSE_MS: i64 = 15 * 60 * 1000;

/// One debt.
#[derive(Debug, Clone)]
pub(crate) struct Owed {
    pub(crate) identity: IdentityUuid,
    pub(crate) server: String,
    pub(crate) retire: bool,
    pub(crate) since_ms: i64,
    pub(crate) attempts: u32,
    pub(crate) last_error: Option<String>,
}

impl From<Owed> for OwedRevocation {
    fn from(owed: Owed) -> Self {
        OwedRevocation {
            identity: owed.identity.to_string(),
            server: owed.server,
            since_ms: owed.since_ms,
            attempts: owed.attempts,
            last_error: owed.last_error,
        }
    }
}

const COLUMNS: &str = "identity, server, retire, since_ms, attempts, last_error";

impl Ledger {
    /// All debts, oldest first.
    pub(crate) fn owed(&self) -> Result<Vec<Owed>, LedgerError> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM owed ORDER BY since_ms"))?
                .query_map([], from_row)?
                .collect()
        })
    }

    /// Whether the revocation of the identity's keys is still owed.
    pub(crate) fn is_owed(&self, identity: &IdentityUuid) -> Result<bool, LedgerError> {
        self.read(|c| {
            c.prepare_cached("SELECT EXISTS (SELECT 1 FROM owed WHERE identity = ?1)")?
                .query_row([identity.as_str()], |row| row.get(0))
        })
    }

    /// Debts to `server` whose next attempt is due.
    pub(crate) fn owed_due(&self, server: &str) -> Result<Vec<Owed>, LedgerError> {
        self.read(|c| {
            c.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM owed WHERE server = ?1 AND next_ms <= ?2 ORDER BY since_ms"
            ))?
            .query_map(params![server, now_ms()], from_row)?
            .collect()
        })
    }

    /// Notes a failed attempt. The next one is due after a pause that doubles each time.
    pub(crate) fn owed_failed(&self, owed: &Owed, error: &str) -> Result<(), LedgerError> {
        let pause = pause_ms(owed.attempts);
        self.change("ledger: revocation failed", |t| {
            t.execute(
                "UPDATE owed SET attempts = attempts + 1, next_ms = ?2, last_error = ?3 WHERE identity = ?1",
                params![owed.identity.as_str(), now_ms() + pause, error],
            )
        })?;
        Ok(())
    }

    /// Records that all keys of the identity are revoked and its vault is empty: it is free again, or retired.
    pub(crate) fn owed_paid(&self, identity: &IdentityUuid, state: IdentityState) -> Result<(), LedgerError> {
        self.change_noted("ledger: revocation done", |t| {
            t.execute("DELETE FROM owed WHERE identity = ?1", [identity.as_str()])?;
            let taken = super::bundle::take_back(t, identity)?;
            set_state(t, identity, state)?;
            Ok(((), taken.into()))
        })
    }
}

/// The pause after this many failed attempts.
pub(super) fn pause_ms(attempts: u32) -> i64 {
    FIRST_PAUSE_MS.saturating_mul(1 << attempts.min(20)).min(LONGEST_PAUSE_MS)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Owed> {
    Ok(Owed {
        identity: row.get::<_, String>(0)?.into(),
        server: row.get(1)?,
        retire: row.get(2)?,
        since_ms: row.get(3)?,
        attempts: row.get(4)?,
        last_error: row.get(5)?,
    })
}
