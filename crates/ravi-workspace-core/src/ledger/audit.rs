//! The table of the audit trail: appending entries, each tied to the one before.
//!
//! How they are tied is up to [`crate::audit`] (its chain and head). Here it becomes one transaction, so that any
//! number of processes may append at once. The order is: take the write lock, read the last entry, record in the head
//! what is begun, commit, record in the head that it is done.

use std::borrow::Cow;
use std::sync::OnceLock;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};

use super::{Ledger, LedgerError};
use crate::audit::{
    Action, BEGINNING, ChainKey, Entry, Field, Head, HeadFile, HeadState, MAC_BYTES, MacBytes, Place, Stamped,
};
use crate::machine::crash::{When, point};

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
    times     INTEGER NOT NULL,         -- how often, where equal entries were counted
    mac       BLOB NOT NULL             -- ties it to the entry before
) STRICT;
CREATE INDEX audit_time ON audit (at_ms);
CREATE INDEX audit_object ON audit (object, at_ms) WHERE object IS NOT NULL;
CREATE INDEX audit_workspace ON audit (workspace, at_ms) WHERE workspace IS NOT NULL;
CREATE INDEX audit_action ON audit (action, at_ms);

-- Where the trail begins, once its oldest entries were removed.
CREATE TABLE audit_checkpoint (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    seq     INTEGER NOT NULL,           -- the last entry that was removed
    mac     BLOB NOT NULL,              -- its MAC, which the first entry that is left follows
    removed INTEGER NOT NULL,           -- how many were removed, all in all
    at_ms   INTEGER NOT NULL,
    seal    BLOB NOT NULL               -- MAC over all this
) STRICT;
";

/// Tells the MAC of an entry from other MACs.
const ENTRY: u8 = b'e';

/// The columns covered by a MAC, in that order.
pub(super) const COLUMNS: &str = "seq, at_ms, program, pid, workspace, action, object, outcome, reason, times";

/// How many columns these are; the MAC comes after them.
pub(super) const COVERED: usize = 10;

impl Ledger {
    /// Notes something done just now. The entry is on disk when this returns.
    pub fn note(&self, entry: Entry) -> Result<(), LedgerError> {
        self.note_all(&[Stamped::now(entry)])
    }

    /// Notes several entries, all or none.
    pub(crate) fn note_all(&self, entries: &[Stamped]) -> Result<(), LedgerError> {
        self.change_noted("ledger: audit entry", |_| Ok(((), Cow::Borrowed(entries))))
    }

    /// Makes one durable change, with the entries it returns noted in the same transaction. `what` names it for crash
    /// tests.
    pub(super) fn change_noted<'a, T>(
        &self,
        what: &str,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<(T, Cow<'a, [Stamped]>)>,
    ) -> Result<T, LedgerError> {
        let (key, file) = (self.audit_key()?, self.audit_head());
        let head_failed = |source| LedgerError::AuditHead { path: file.path().to_owned(), doing: "written", source };
        let failed = || self.error("written");
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed())?;
        let (value, entries) = change(&transaction).map_err(failed())?;
        let mut begun = None;
        if !entries.is_empty() {
            let head = file.read(&key).map_err(head_failed)?;
            let head = insert_all(&transaction, &key, head, &entries).map_err(failed())?;
            begun = Some(file.begin(&key, &head).map_err(head_failed)?);
        }
        point(When::Before, what);
        transaction.commit().map_err(failed())?;
        point(When::After, what);
        // The entries are written. If this writer cannot say so in the head, the next one does.
        if let Some(Err(error)) = begun.map(|begun| begun.end(&key)) {
            tracing::debug!(%error, "the audit trail's head is behind");
        }
        Ok(value)
    }

    pub(super) fn audit_key(&self) -> Result<ChainKey, LedgerError> {
        Ok(self.key().ready()?.audit_key())
    }

    pub(super) fn audit_head(&self) -> HeadFile {
        HeadFile::in_folder(self.dir())
    }
}

/// Inserts the entries and returns what the head must say before they are committed.
fn insert_all(t: &Transaction<'_>, key: &ChainKey, head: HeadState, entries: &[Stamped]) -> rusqlite::Result<Head> {
    let (written, mut at, lost) = follow(t, key, head)?;
    let lost = lost.then(|| Stamped::now(Entry::done(Action::AuditHeadLost)));
    for entry in lost.iter().chain(entries) {
        at = insert(t, key, at, entry)?;
    }
    Ok(Head { written, begun: at })
}

/// Where the next entry goes: what is in the table by now, the number and MAC that it follows, and whether the head was
/// lost.
fn follow(connection: &Connection, key: &ChainKey, head: HeadState) -> rusqlite::Result<(Place, Place, bool)> {
    let tail = tail(connection, key)?;
    Ok(match head {
        HeadState::Read(head) if tail.seq < head.written.seq => {
            // Entries were cut off. The next one follows what is gone, so that the gap stays visible.
            let at = Place { seq: head.written.seq.max(head.begun.seq), mac: head.written.mac };
            (head.written, at, false)
        }
        // A write was interrupted if the table is behind what was begun: its number is not used again.
        HeadState::Read(head) => (tail, Place { seq: tail.seq.max(head.begun.seq), mac: tail.mac }, false),
        HeadState::Missing if tail.seq == 0 => (tail, tail, false),
        HeadState::Missing | HeadState::Damaged => (tail, tail, true),
    })
}

/// The last entry, or what the first one follows.
pub(super) fn tail(connection: &Connection, key: &ChainKey) -> rusqlite::Result<Place> {
    let last = connection
        .prepare_cached("SELECT seq, mac FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok(Place { seq: row.get(0)?, mac: mac_in(row, 1)?.unwrap_or(BEGINNING) }))
        .optional()?;
    Ok(match last {
        Some(last) => last,
        None => checkpoint(connection, key)?.map_or(Place { seq: 0, mac: BEGINNING }, |checkpoint| checkpoint.place),
    })
}

/// A MAC from the table; `None` if the column does not hold one.
pub(super) fn mac_in(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<MacBytes>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Blob(bytes) => <[u8; MAC_BYTES]>::try_from(bytes).ok(),
        _ => None,
    })
}

fn insert(transaction: &Transaction<'_>, key: &ChainKey, after: Place, stamped: &Stamped) -> rusqlite::Result<Place> {
    let Stamped { at_ms, entry, times } = stamped;
    // Only tampering can have written the highest possible number.
    let seq = after.seq.checked_add(1).ok_or(rusqlite::Error::IntegralValueOutOfRange(0, after.seq))?;
    let pid = i64::from(std::process::id());
    let (action, outcome) = (name(&entry.action), name(&entry.outcome));
    let Entry { workspace, object, reason, .. } = entry;
    let mac = key.mac(
        ENTRY,
        &[
            Field::Bytes(&after.mac),
            Field::Number(seq),
            Field::Number(*at_ms),
            Field::Bytes(program().as_bytes()),
            Field::Number(pid),
            optional(workspace),
            Field::Bytes(action.as_bytes()),
            optional(object),
            Field::Bytes(outcome.as_bytes()),
            optional(reason),
            Field::Number(i64::from(*times)),
        ],
    );
    transaction
        .prepare_cached(
            "INSERT INTO audit (seq, at_ms, program, pid, workspace, action, object, outcome, reason, times, mac)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![seq, at_ms, program(), pid, workspace, action, object, outcome, reason, times, mac])?;
    Ok(Place { seq, mac })
}

fn optional(text: &Option<String>) -> Field<'_> {
    text.as_ref().map_or(Field::Nothing, |text| Field::Bytes(text.as_bytes()))
}

/// Whether a row of [`COLUMNS`] and a MAC is what was written after `before`.
pub(super) fn fits(row: &Row<'_>, key: &ChainKey, before: &MacBytes) -> rusqlite::Result<bool> {
    let mut fields = [Field::Nothing; COVERED + 1];
    fields[0] = Field::Bytes(before);
    for index in 0..COVERED {
        fields[index + 1] = match row.get_ref(index)? {
            ValueRef::Null => Field::Nothing,
            ValueRef::Integer(number) => Field::Number(number),
            ValueRef::Text(bytes) => Field::Bytes(bytes),
            // No column has this type.
            ValueRef::Real(_) | ValueRef::Blob(_) => return Ok(false),
        };
    }
    Ok(matches!(row.get_ref(COVERED)?, ValueRef::Blob(mac) if key.fits(ENTRY, &fields, mac)))
}

/// Where the trail begins after its oldest entries were removed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checkpoint {
    pub(super) place: Place,
    pub(super) removed: i64,
    /// Its seal is intact.
    pub(super) sealed: bool,
}

pub(super) fn checkpoint(connection: &Connection, key: &ChainKey) -> rusqlite::Result<Option<Checkpoint>> {
    let sql = "SELECT seq, removed, at_ms, mac, seal FROM audit_checkpoint";
    let read = |row: &Row<'_>| {
        let (seq, removed, at_ms) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let place = Place { seq, mac: mac_in(row, 3)?.unwrap_or(BEGINNING) };
        let fields = seal_fields(&place, removed, at_ms);
        let sealed = matches!(row.get_ref(4)?, ValueRef::Blob(seal) if key.fits(CHECKPOINT, &fields, seal));
        // If the column does not hold a MAC, it is not what was sealed.
        let sealed = sealed && mac_in(row, 3)?.is_some();
        Ok(Checkpoint { place, removed, sealed })
    };
    connection.prepare_cached(sql)?.query_row([], read).optional()
}

/// Tells the seal of a checkpoint from other MACs.
const CHECKPOINT: u8 = b'c';

fn seal_fields(place: &Place, removed: i64, at_ms: i64) -> [Field<'_>; 4] {
    [Field::Number(place.seq), Field::Bytes(&place.mac), Field::Number(removed), Field::Number(at_ms)]
}

/// Writes a checkpoint in place of an earlier one.
pub(super) fn set_checkpoint(
    transaction: &Transaction<'_>,
    key: &ChainKey,
    place: &Place,
    removed: i64,
    at_ms: i64,
) -> rusqlite::Result<()> {
    let seal = key.mac(CHECKPOINT, &seal_fields(place, removed, at_ms));
    transaction.execute(
        "INSERT OR REPLACE INTO audit_checkpoint (one, seq, mac, removed, at_ms, seal) VALUES (1, ?1, ?2, ?3, ?4, ?5)",
        params![place.seq, place.mac, removed, at_ms, seal],
    )?;
    Ok(())
}

/// The name of a fieldless enum variant in JSON.
pub(super) fn name<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

fn program() -> &'static str {
    static PROGRAM: OnceLock<String> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let path = std::env::current_exe().ok();
        path.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned())).unwrap_or_default()
    })
}
