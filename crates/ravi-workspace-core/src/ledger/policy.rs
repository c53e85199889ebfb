//! Which secrets each workspace's processes may be given, as chosen when it was provisioned. Kept here so that an app's
//! rule also applies to programs that do not know its configuration.

use rusqlite::{OptionalExtension as _, params};

use super::row::{self, json, parse};
use super::{Ledger, LedgerError};
use crate::config::SecretRule;

pub(super) const TABLES: &str = "
CREATE TABLE policy (
    binding TEXT PRIMARY KEY REFERENCES binding (id) ON DELETE CASCADE,
    rules   TEXT NOT NULL               -- list of policy::SecretRule, JSON
) STRICT;
";

impl Ledger {
    /// Keeps the rules that apply to workspace `id` from now on.
    pub(crate) fn keep_policy(&self, id: &str, rules: &[SecretRule]) -> Result<(), LedgerError> {
        self.change("ledger: policy", |t| {
            let put = "INSERT OR REPLACE INTO policy (binding, rules) VALUES (?1, ?2)";
            t.execute(put, params![id, json(&rules)?])
        })?;
        Ok(())
    }

    /// The rules that were chosen when workspace `id` was provisioned.
    ///
    /// A newer version's rule that contains something unknown is an error rather than read in part, which would allow
    /// what it forbids.
    pub(crate) fn policy(&self, id: &str) -> Result<Vec<SecretRule>, LedgerError> {
        let rules = self.read(|c| {
            c.prepare_cached("SELECT rules FROM policy WHERE binding = ?1")?
                .query_row([id], |row| parse(row, 0, &row::workspace(id)))
                .optional()
        })?;
        Ok(rules.unwrap_or_default())
    }
}
