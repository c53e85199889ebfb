//! The table of the audit trail.

use rusqlite::{Transaction, params};

use super::{Ledger, LedgerError};
use crate::audit::{Entry, Stamped};

pub(super) const TABLES: &str = "
CREATE TABLE audit (
    seq       INTEGER PRIMARY KEY,
    at_ms     INTEGER NOT NULL,
    program   TEXT NOT NULL,            -- file name of the program that did it
    pid       INTEGER NOT NULL,
    workspace TEXT,                     -- id of the workspace that used it
    action    TEXT NOT NULL,
    object    TEXT,
    outcome   TEXT NOT NULL,
    reason    TEXT,
    times     INTEGER NOT NULL          -- how often, where equal entries were counted
) STRICT;
";

impl Ledger {
    /// Notes what was done now. It is on the disk when this returns.
    pub(crate) fn note(&self, entry: Entry) -> Result<(), LedgerError> {
        self.note_all(&[Stamped::now(entry)])
    }

    /// Notes several entries, all or none.
    pub(crate) fn note_all(&self, entries: &[Stamped]) -> Result<(), LedgerError> {
        self.change("ledger: audit entry", |t| write(t, entries))
    }
}

/// Notes what was done, as a part of the change that it is about.
pub(super) fn write(t: &Transaction<'_>, entries: &[Stamped]) -> rusqlite::Result<()> {
    let mut insert = t.prepare_cached(
        "INSERT INTO audit (at_ms, program, pid, workspace, action, object, outcome, reason, times)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for Stamped { at_ms, entry, times } in entries {
        insert.execute(params![
            at_ms,
            program(),
            std::process::id(),
            entry.workspace,
            name(&entry.action),
            entry.object,
            name(&entry.outcome),
            entry.reason,
            times,
        ])?;
    }
    Ok(())
}

/// The name that an enum without fields has in JSON.
fn name<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

fn program() -> String {
    let path = std::env::current_exe().ok();
    path.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned())).unwrap_or_default()
}
