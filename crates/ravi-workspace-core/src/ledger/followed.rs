//! Workspaces of a followed app: which of its entries existed before, and what is still to be done.

use std::path::PathBuf;

use rusqlite::{OptionalExtension as _, Row, params};

use super::{Ledger, LedgerError};
use crate::codex_monitor::{Entry, EntrySettings};
use crate::machine::clock::now_ms;

pub(super) const TABLES: &str = "
-- Lists of workspaces that were read once.
CREATE TABLE followed_source (
    source TEXT PRIMARY KEY,
    at_ms  INTEGER NOT NULL
) STRICT;

CREATE TABLE followed (
    source  TEXT NOT NULL,
    id      TEXT NOT NULL,
    name    TEXT NOT NULL,
    path    TEXT NOT NULL,
    state   TEXT NOT NULL CHECK (state IN ('existing', 'wanted', 'ready')),
    gone_ms INTEGER,                    -- since when the list has it no more
    PRIMARY KEY (source, id)
) STRICT, WITHOUT ROWID;
";

/// What is to be done for an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Due {
    Provision(Entry),
    Release(Entry),
    /// It was never ours.
    Forget(Entry),
}

impl Due {
    pub(crate) fn entry(&self) -> &Entry {
        match self {
            Due::Provision(entry) | Due::Release(entry) | Due::Forget(entry) => entry,
        }
    }
}

impl Ledger {
    /// Takes in a whole list.
    ///
    /// On the first list of a source, everything in it counts as existing before. Returns the entries that are left
    /// alone for that reason, which happens only on that first list.
    pub(crate) fn follow(&self, source: &str, entries: &[Entry], take_over: bool) -> Result<Vec<Entry>, LedgerError> {
        let now = now_ms();
        self.change("ledger: followed", |t| {
            let known: Option<i64> = t
                .query_row("SELECT at_ms FROM followed_source WHERE source = ?1", [source], |row| row.get(0))
                .optional()?;
            let fresh = known.is_none() && !take_over;
            t.execute("INSERT OR IGNORE INTO followed_source (source, at_ms) VALUES (?1, ?2)", params![source, now])?;
            t.execute("UPDATE followed SET gone_ms = COALESCE(gone_ms, ?2) WHERE source = ?1", params![source, now])?;
            for entry in entries {
                let path = entry.path.to_string_lossy();
                // An entry whose folder has moved is set up again, under its id.
                t.prepare_cached(
                    "INSERT INTO followed (source, id, name, path, state) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (source, id) DO UPDATE SET gone_ms = NULL, name = excluded.name, path = excluded.path,
                     state = CASE WHEN state = 'existing' AND NOT ?6 THEN 'existing'
                                  WHEN state = 'ready' AND path = excluded.path THEN 'ready' ELSE 'wanted' END",
                )?
                .execute(params![
                    source,
                    entry.id,
                    entry.name,
                    path,
                    if fresh { "existing" } else { "wanted" },
                    take_over
                ])?;
            }
            Ok(if fresh { entries.to_vec() } else { Vec::new() })
        })
    }

    /// Notes a source that has no list yet: whatever comes is new.
    pub(crate) fn follow_from_nothing(&self, source: &str) -> Result<(), LedgerError> {
        let known = self.read(|c| {
            let sql = "SELECT EXISTS (SELECT 1 FROM followed_source WHERE source = ?1)";
            c.query_row(sql, [source], |row| row.get::<_, bool>(0))
        })?;
        if !known {
            self.change("ledger: followed from nothing", |t| {
                let sql = "INSERT OR IGNORE INTO followed_source (source, at_ms) VALUES (?1, ?2)";
                t.execute(sql, params![source, now_ms()])
            })?;
        }
        Ok(())
    }

    /// What is to be done for the entries of a source: the new ones, and those that have been gone since before
    /// `gone_before_ms`.
    pub(crate) fn follow_due(&self, source: &str, gone_before_ms: i64) -> Result<Vec<Due>, LedgerError> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT id, name, path, state, gone_ms FROM followed WHERE source = ?1
                 AND (gone_ms IS NULL AND state = 'wanted' OR gone_ms <= ?2) ORDER BY id",
            )?
            .query_map(params![source, gone_before_ms], due)?
            .collect()
        })
    }

    /// Notes that an entry is set up.
    pub(crate) fn follow_done(&self, source: &str, entry: &Entry) -> Result<(), LedgerError> {
        self.change("ledger: followed entry set up", |t| {
            // Unless it has moved on in the meantime.
            t.execute(
                "UPDATE followed SET state = 'ready' WHERE source = ?1 AND id = ?2 AND path = ?3",
                params![source, entry.id, entry.path.to_string_lossy()],
            )
        })?;
        Ok(())
    }

    /// Notes that an entry turned out to be one to leave alone.
    pub(crate) fn follow_leave(&self, source: &str, id: &str) -> Result<(), LedgerError> {
        self.change("ledger: followed entry left alone", |t| {
            t.execute("UPDATE followed SET state = 'existing' WHERE source = ?1 AND id = ?2", params![source, id])
        })?;
        Ok(())
    }

    /// Forgets an entry that is gone and has been dealt with.
    pub(crate) fn follow_forget(&self, source: &str, id: &str) -> Result<(), LedgerError> {
        self.change("ledger: followed entry gone", |t| {
            let sql = "DELETE FROM followed WHERE source = ?1 AND id = ?2 AND gone_ms IS NOT NULL";
            t.execute(sql, params![source, id])
        })?;
        Ok(())
    }
}

fn due(row: &Row<'_>) -> rusqlite::Result<Due> {
    let path = PathBuf::from(row.get::<_, String>(2)?);
    let entry = Entry { id: row.get(0)?, name: row.get(1)?, path, settings: EntrySettings::default() };
    let (state, gone): (String, Option<i64>) = (row.get(3)?, row.get(4)?);
    Ok(match (gone, state.as_str()) {
        (None, _) => Due::Provision(entry),
        (Some(_), "existing") => Due::Forget(entry),
        (Some(_), _) => Due::Release(entry),
    })
}
