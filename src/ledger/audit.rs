//! The table of the audit trail.

use rusqlite::params;

use super::{Ledger, LedgerError, now_ms};
use crate::audit::Entry;

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
    reason    TEXT
) STRICT;
";

impl Ledger {
    /// Notes what was done. It is on the disk when this returns.
    pub(crate) fn note(&self, entry: &Entry) -> Result<(), LedgerError> {
        self.change("ledger: audit entry", |t| {
            t.prepare_cached(
                "INSERT INTO audit (at_ms, program, pid, workspace, action, object, outcome, reason)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                now_ms(),
                program(),
                std::process::id(),
                entry.workspace,
                name(&entry.action),
                entry.object,
                name(&entry.outcome),
                entry.reason,
            ])
        })?;
        Ok(())
    }
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
