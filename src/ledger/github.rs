//! Whose GitHub login each workspace uses, for helpers that know nothing but the ledger.

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::row::{self, json, parse};
use super::{Ledger, LedgerError};
use crate::github::Plan;

pub(super) const TABLES: &str = "
CREATE TABLE github (
    binding TEXT PRIMARY KEY REFERENCES binding (id) ON DELETE CASCADE,
    plan    TEXT NOT NULL               -- github::Plan, JSON
) STRICT;
";

impl Ledger {
    /// What was decided for workspace `id`.
    pub(crate) fn github_plan(&self, id: &str) -> Result<Option<Plan>, LedgerError> {
        self.read(|c| {
            c.prepare_cached("SELECT plan FROM github WHERE binding = ?1")?
                .query_row([id], |row| parse(row, 0, &row::workspace(id)))
                .optional()
        })
    }
}

pub(super) fn put(transaction: &Transaction<'_>, id: &str, plan: &Plan) -> rusqlite::Result<usize> {
    let put = "INSERT OR REPLACE INTO github (binding, plan) VALUES (?1, ?2)";
    transaction.execute(put, params![id, json(plan)?])
}
