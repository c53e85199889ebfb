//! Checking that the audit trail is what was written, and removing its oldest part.

use std::borrow::Cow;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::audit::{COLUMNS, COVERED, checkpoint, fits, mac_in, set_checkpoint, tail};
use super::{Ledger, LedgerError};
use crate::audit::{
    Action, AuditProblemKind, AuditReport, BEGINNING, ChainKey, Completeness, Entry, HeadState, MacBytes, Place,
    Pruned, Stamped,
};
use crate::machine::clock::now_ms;

impl Ledger {
    /// Checks the whole trail. Other processes may write meanwhile; their new entries are not checked.
    pub(crate) fn verify_audit(&self) -> Result<AuditReport, LedgerError> {
        let key = self.audit_key()?;
        let (head, end) = self.audit_end(&key)?;
        let mut report = AuditReport::new();
        // A separate connection: reading a million entries must not block the rest of this process.
        let connection = super::connect(&self.inner.file)?;
        // A snapshot, so that pruning in the meantime does not matter.
        let look = connection.unchecked_transaction().map_err(self.error("read"))?;
        check_file(&look, &mut report).map_err(self.error("read"))?;
        check_entries(&look, &key, end, &mut report).map_err(self.error("read"))?;
        check_end(head, end, &mut report);
        Ok(report)
    }

    /// Reads the head and the last entry at the same moment: under the write lock nobody can come between the two.
    fn audit_end(&self, key: &ChainKey) -> Result<(HeadState, Place), LedgerError> {
        let file = self.audit_head();
        let mut connection = self.connection();
        let lock = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(self.error("read"))?;
        let head = file.read(key);
        let end = tail(&lock, key).map_err(self.error("read"))?;
        let fail = |source| LedgerError::AuditHead { path: file.path().to_owned(), doing: "read", source };
        Ok((head.map_err(fail)?, end))
    }

    /// Removes the entries before the first one that is not older than `before_ms`, and seals the place where the trail
    /// now begins. The newest entry records that this was done.
    pub(crate) fn prune_audit(&self, before_ms: i64, even_if_broken: bool) -> Result<Pruned, LedgerError> {
        let report = self.verify_audit()?;
        if let Some(problem) = report.problems.first().filter(|_| !even_if_broken) {
            return Err(LedgerError::AuditBroken { problem: problem.message.clone() });
        }
        let key = self.audit_key()?;
        let removed = self.change_noted("ledger: audit pruned", |t| {
            let Some((last, removed)) = last_before(t, before_ms)? else { return Ok((0, Cow::Borrowed(&[]))) };
            remove(t, &key, &last, removed)?;
            let entry = Entry::done(Action::AuditPrune).object(format!("{removed} entries up to {}", last.seq));
            let entry = if report.ok { entry } else { entry.because("audit.broken") };
            Ok((removed, Cow::Owned(vec![Stamped::now(entry)])))
        })?;
        let first = self.read(|c| c.query_row("SELECT min(seq) FROM audit", [], |row| row.get(0)))?;
        Ok(Pruned { removed: removed.unsigned_abs(), first })
    }
}

/// The last of the oldest entries that are all older than a given time, and how many they are.
///
/// They are counted by number rather than by time alone: a clock that was set back must not leave holes.
fn last_before(connection: &Connection, before_ms: i64) -> rusqlite::Result<Option<(Place, i64)>> {
    let kept = "SELECT ifnull((SELECT min(seq) FROM audit WHERE at_ms >= ?1), 1 << 62)";
    let kept: i64 = connection.query_row(kept, [before_ms], |row| row.get(0))?;
    let sql = "SELECT seq, mac, (SELECT count(*) FROM audit WHERE seq < ?1) FROM audit WHERE seq < ?1
               ORDER BY seq DESC LIMIT 1";
    let mut query = connection.prepare(sql)?;
    let mut rows = query.query([kept])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((Place { seq: row.get(0)?, mac: mac_in(row, 1)?.unwrap_or(BEGINNING) }, row.get(2)?)))
}

fn remove(transaction: &Transaction<'_>, key: &ChainKey, last: &Place, removed: i64) -> rusqlite::Result<()> {
    let before = checkpoint(transaction, key)?.map_or(0, |checkpoint| checkpoint.removed);
    transaction.execute("DELETE FROM audit WHERE seq <= ?1", [last.seq])?;
    set_checkpoint(transaction, key, last, before + removed, now_ms())
}

/// Runs the database's own check of the table and its indexes. A damaged index would hide entries from queries.
fn check_file(connection: &Connection, report: &mut AuditReport) -> rusqlite::Result<()> {
    for table in ["audit", "audit_checkpoint"] {
        let sql = format!("PRAGMA integrity_check({table})");
        let found: String = connection.query_row(&sql, [], |row| row.get(0))?;
        if found != "ok" {
            report.add(AuditProblemKind::Database, (0, 0), format!("the database is damaged: {found}"));
        }
    }
    Ok(())
}

fn check_entries(
    connection: &Connection,
    key: &ChainKey,
    end: Place,
    report: &mut AuditReport,
) -> rusqlite::Result<()> {
    let mut before = start(connection, key, report)?;
    let mut query = connection.prepare(&format!("SELECT {COLUMNS}, mac FROM audit WHERE seq <= ?1 ORDER BY seq"))?;
    let mut rows = query.query([end.seq])?;
    let mut predecessor_is_sure = true;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        let fitting = fits(row, key, &before.mac)?;
        let gap = (before.seq.saturating_add(1), seq.saturating_sub(1));
        match fitting {
            true => report.interrupted += gap.1.saturating_sub(gap.0).saturating_add(1).max(0).unsigned_abs(),
            false if gap.0 <= gap.1 => {
                report.add(AuditProblemKind::Missing, gap, format!("entries {} to {} are missing", gap.0, gap.1));
            }
            // Perhaps only the MAC of its predecessor was changed, which has been reported already.
            false => {
                let words = if predecessor_is_sure { "is not what was written" } else { "may not be what was written" };
                report.add(AuditProblemKind::Changed, (seq, seq), format!("entry {seq} {words}"));
            }
        }
        predecessor_is_sure = fitting;
        if row.get_ref(5)?.as_str().is_ok_and(|action| action == "audit.head_lost") {
            let message =
                format!("the record of the newest entry was lost before entry {seq}; an earlier cut is undetectable");
            report.add(AuditProblemKind::Head, (seq, seq), message);
        }
        report.entries += 1;
        report.first = report.first.or(Some(seq));
        report.last = Some(seq);
        before = Place { seq, mac: mac_in(row, COVERED)?.unwrap_or(BEGINNING) };
    }
    Ok(())
}

/// What the first entry follows.
fn start(connection: &Connection, key: &ChainKey, report: &mut AuditReport) -> rusqlite::Result<Place> {
    let beginning = Place { seq: 0, mac: BEGINNING as MacBytes };
    let Some(checkpoint) = checkpoint(connection, key)? else { return Ok(beginning) };
    report.pruned = checkpoint.removed.max(0).unsigned_abs();
    if !checkpoint.sealed {
        let message = "the seal on the entries that were removed by retention is broken";
        report.add(AuditProblemKind::Checkpoint, (0, checkpoint.place.seq), message);
    }
    Ok(checkpoint.place)
}

fn check_end(head: HeadState, end: Place, report: &mut AuditReport) {
    match head {
        HeadState::Read(head) if end.seq < head.written.seq => {
            let cut = (end.seq.saturating_add(1), head.written.seq);
            let message = format!("the newest entries, {} to {}, were cut off", cut.0, cut.1);
            report.add(AuditProblemKind::Cut, cut, message);
        }
        HeadState::Read(head) if end.seq == head.written.seq && end.mac != head.written.mac => {
            report.add(AuditProblemKind::Changed, (end.seq, end.seq), format!("entry {} was replaced", end.seq));
        }
        HeadState::Read(head) if end.seq < head.begun.seq => {
            report.interrupted += head.begun.seq.saturating_sub(end.seq).unsigned_abs();
            if report.completeness == Completeness::Whole {
                report.completeness = Completeness::Interrupted;
            }
        }
        HeadState::Read(_) => {}
        HeadState::Missing if end.seq == 0 => {}
        HeadState::Missing | HeadState::Damaged => {
            let message =
                "the record of the newest entry is gone or damaged; it is unknown whether entries were cut off";
            report.add(AuditProblemKind::Head, (end.seq, end.seq), message);
        }
    }
}
