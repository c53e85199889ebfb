//! Queries of the audit trail, each served by an index.

use rusqlite::types::{ToSql, Type};
use rusqlite::{Row, params_from_iter};

use super::audit::COLUMNS;
use super::{Ledger, LedgerError};
use crate::audit::{AuditFilter, AuditRow, AuditSource, Outcome, time_text};

/// The moment at which a workspace was set up with an identity, or taken down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tenure {
    pub(crate) at_ms: i64,
    pub(crate) workspace: String,
    /// Whether it was taken down then.
    pub(crate) ended: bool,
}

impl Ledger {
    /// The entries that match, oldest first.
    pub(crate) fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, LedgerError> {
        let (wheres, values) = conditions(filter);
        // With conditions, an index finds few entries, which are then sorted. The plus keeps SQLite from going through
        // all of them in order instead (sqlite.org/optoverview.html, "disqualifying WHERE-clause terms").
        let order = if wheres.is_empty() { "seq" } else { "+seq" };
        let wheres = if wheres.is_empty() { String::new() } else { format!("WHERE {}", wheres.join(" AND ")) };
        let limit = filter.limit.map_or(-1, i64::from);
        let sql = format!("SELECT {COLUMNS} FROM audit {wheres} ORDER BY {order} DESC LIMIT {limit}");
        let mut rows: Vec<AuditRow> = self.read(|c| {
            let mut query = c.prepare_cached(&sql)?;
            let rows = query.query_map(params_from_iter(values), row)?;
            rows.collect()
        })?;
        rows.reverse();
        Ok(rows)
    }

    /// Which workspaces have had an identity, in order.
    pub(crate) fn tenures(&self, identity: &str) -> Result<Vec<Tenure>, LedgerError> {
        let sql = "SELECT at_ms, workspace, action = 'workspace.release' FROM audit
                   WHERE object = ?1 AND action IN ('workspace.provision', 'workspace.release') AND outcome = 'done'
                   AND workspace IS NOT NULL ORDER BY seq";
        self.read(|c| {
            let mut query = c.prepare_cached(sql)?;
            let rows = query.query_map([identity], |row| {
                Ok(Tenure { at_ms: row.get(0)?, workspace: row.get(1)?, ended: row.get(2)? })
            })?;
            rows.collect()
        })
    }
}

type Conditions<'a> = (Vec<&'static str>, Vec<Box<dyn ToSql + 'a>>);

fn conditions(filter: &AuditFilter) -> Conditions<'_> {
    let (mut wheres, mut values): Conditions<'_> = (Vec::new(), Vec::new());
    let mut add = |condition, value: Box<dyn ToSql>| {
        wheres.push(condition);
        values.push(value);
    };
    if let Some(workspace) = &filter.workspace {
        add("workspace = ?", Box::new(workspace.clone()));
    }
    if let Some(secret) = &filter.secret {
        add("object = ?", Box::new(secret.clone()));
    }
    if let Some(action) = &filter.action {
        if action.contains('.') {
            add("action = ?", Box::new(action.clone()));
        } else {
            // All that begin with `action.`: `/` is the character after `.`.
            add("action >= ?", Box::new(format!("{action}.")));
            add("action < ?", Box::new(format!("{action}/")));
        }
    }
    if let Some(since) = filter.since_ms {
        add("at_ms >= ?", Box::new(since));
    }
    if let Some(until) = filter.until_ms {
        add("at_ms <= ?", Box::new(until));
    }
    (wheres, values)
}

fn row(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    let at_ms: i64 = row.get(1)?;
    let outcome: String = row.get(7)?;
    Ok(AuditRow {
        source: AuditSource::Ledger,
        seq: row.get(0)?,
        at_ms: Some(at_ms),
        at: time_text(at_ms),
        program: row.get(2)?,
        pid: row.get(3)?,
        workspace: row.get(4)?,
        action: row.get(5)?,
        object: row.get(6)?,
        outcome: parse_outcome(&outcome)?,
        reason: row.get(8)?,
        times: row.get(9)?,
        identity: None,
        from: None,
        to: None,
    })
}

fn parse_outcome(text: &str) -> rusqlite::Result<Outcome> {
    serde_json::from_value(text.into())
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(7, Type::Text, Box::new(e)))
}
