//! Effects outside that were begun for a workspace and whose result is not recorded yet.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OptionalExtension as _, ToSql, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::row::{self, json, parse};
use super::{Ledger, LedgerError};
use crate::machine::clock::now_ms;

/// What was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// An identity is asked for.
    CreateIdentity,
    /// An identity from the pool is made fit for its next workspace.
    FitIdentity,
    /// A key is minted.
    MintKey,
    /// The keys of a suspended workspace are revoked.
    Suspend,
}

impl Effect {
    /// Its name in the ledger, which programs of other versions read too.
    fn as_str(self) -> &'static str {
        match self {
            Effect::CreateIdentity => "create_identity",
            Effect::FitIdentity => "fit_identity",
            Effect::MintKey => "mint_key",
            Effect::Suspend => "suspend",
        }
    }
}

impl ToSql for Effect {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl Ledger {
    /// Records that an effect is about to happen.
    pub(crate) fn intend<D: Serialize>(&self, id: &str, effect: Effect, detail: &D) -> Result<(), LedgerError> {
        self.change("ledger: intent", |t| note(t, id, effect, detail))?;
        Ok(())
    }

    /// An effect that was begun and whose result is not known here.
    pub(crate) fn intended<D: DeserializeOwned>(&self, id: &str, effect: Effect) -> Result<Option<D>, LedgerError> {
        self.read(|c| {
            c.prepare_cached("SELECT detail FROM intent WHERE binding = ?1 AND effect = ?2")?
                .query_row(params![id, effect], |row| parse(row, 0, &row::workspace(id)))
                .optional()
        })
    }

    /// Clears an intent: the effect is known not to have happened, or its result is recorded.
    pub(crate) fn settle(&self, id: &str, effect: Effect) -> Result<(), LedgerError> {
        self.change("ledger: intent settled", |t| forget(t, id, effect))?;
        Ok(())
    }
}

/// Notes an intent, as part of a larger change.
pub(super) fn note<D: Serialize>(
    connection: &Connection,
    id: &str,
    effect: Effect,
    detail: &D,
) -> rusqlite::Result<usize> {
    connection.execute(
        "INSERT OR REPLACE INTO intent (binding, effect, detail, at_ms) VALUES (?1, ?2, ?3, ?4)",
        params![id, effect, json(detail)?, now_ms()],
    )
}

/// Clears an intent, as part of a larger change.
pub(super) fn forget(connection: &Connection, id: &str, effect: Effect) -> rusqlite::Result<usize> {
    connection.execute("DELETE FROM intent WHERE binding = ?1 AND effect = ?2", params![id, effect])
}
