//! Several ids of an app that mean the same workspace, and whether the app keeps it.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Ledger, LedgerError};
use crate::machine::clock::now_ms;

pub(super) const TABLES: &str = "
-- 0: the app has not said yet that it keeps it.
ALTER TABLE binding ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 1;

-- Every id of a workspace that has more than its own. It is released with the last one.
CREATE TABLE holder (
    id      TEXT PRIMARY KEY,
    binding TEXT NOT NULL REFERENCES binding (id) ON DELETE CASCADE,
    at_ms   INTEGER NOT NULL
) STRICT;
";

impl Ledger {
    /// Notes that the app keeps the workspace.
    pub(crate) fn confirm(&self, id: &str) -> Result<(), LedgerError> {
        self.change("ledger: confirmed", |t| {
            t.execute("UPDATE binding SET confirmed = 1 WHERE id = ?1 AND confirmed = 0", [id])
        })?;
        Ok(())
    }

    /// The own id of the workspace that `id` means as well.
    pub(crate) fn held(&self, id: &str) -> Result<Option<String>, LedgerError> {
        self.read(|c| c.query_row("SELECT binding FROM holder WHERE id = ?1", [id], |row| row.get(0)).optional())
    }

    /// Makes `id` mean the workspace `binding` too.
    pub(crate) fn hold(&self, id: &str, binding: &str) -> Result<(), LedgerError> {
        self.change("ledger: held", |t| {
            let mut insert =
                t.prepare_cached("INSERT OR REPLACE INTO holder (id, binding, at_ms) VALUES (?1, ?2, ?3)")?;
            insert.execute(params![binding, binding, now_ms()])?;
            insert.execute(params![id, binding, now_ms()])
        })?;
        Ok(())
    }

    /// Takes an id back into use that was let go, if the workspace has several.
    pub(crate) fn hold_again(&self, binding: &str) -> Result<(), LedgerError> {
        match self.read(|c| holders(c, binding))?.as_slice() {
            [] => Ok(()),
            some if some.iter().any(|id| id == binding) => Ok(()),
            _ => self.hold(binding, binding),
        }
    }

    /// Lets `id` go and returns the ids that still mean the workspace. If there are none, it was the last one, and
    /// stays.
    pub(crate) fn let_go(&self, id: &str, binding: &str) -> Result<Vec<String>, LedgerError> {
        self.change("ledger: let go", |t| {
            let mut others = holders(t, binding)?;
            others.retain(|other| other != id);
            if !others.is_empty() {
                t.execute("DELETE FROM holder WHERE id = ?1", [id])?;
            }
            Ok(others)
        })
    }

    /// The ids besides its own that mean the workspace.
    pub(crate) fn also(&self, binding: &str) -> Result<Vec<String>, LedgerError> {
        let mut all = self.read(|c| holders(c, binding))?;
        all.retain(|id| id != binding);
        Ok(all)
    }
}

fn holders(connection: &Connection, binding: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached("SELECT id FROM holder WHERE binding = ?1 ORDER BY at_ms, id")?;
    statement.query_map([binding], |row| row.get(0))?.collect()
}
