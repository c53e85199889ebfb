//! The ledger's tables, and how an older file becomes a newer one.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::LedgerError;

/// What turns format N into format N+1.
struct Migration {
    parts: &'static [&'static str],
    /// A program that does not know this format must not use the file, because it would do harm, such as emptying what
    /// is not its own. A migration that only adds tables, or columns with a default, leaves the file usable by older
    /// programs.
    breaks: bool,
}

/// One entry per format. Entries are only added and never edited once released. A program from before [`FORMAT`]
/// refuses every format that it does not know.
const MIGRATIONS: &[Migration] = &[
    Migration { parts: FIRST, breaks: true },
    Migration { parts: SECOND, breaks: true },
    Migration { parts: THIRD, breaks: true },
    Migration { parts: &[FORMAT], breaks: false },
    Migration { parts: &[super::settings_backup::SECRETS], breaks: false },
    Migration { parts: &[super::identities::SET_ASIDE], breaks: false },
    Migration { parts: &[super::chosen::TABLES], breaks: false },
];

/// The file's `user_version` is the format that a program must know at least; this table holds the one that the file
/// has.
const FORMAT: &str = "
CREATE TABLE format (
    number INTEGER NOT NULL
) STRICT;
INSERT INTO format (number) VALUES (0);
";

const FIRST: &[&str] = &[
    CORE,
    super::audit::TABLES,
    super::bundle::TABLES,
    super::cache::TABLES,
    super::codex::TABLES,
    super::followed::TABLES,
    super::github::TABLES,
    super::host::TABLES,
    super::inbox::TABLES,
    super::key_identity::TABLES,
    super::lifetimes::TABLES,
    super::policy::TABLES,
    super::settings_backup::TABLES,
    super::vault_key::TABLES,
];

const SECOND: &[&str] =
    &[BORROWED, super::account::OWN_KEY, super::host::CHOICE, super::owed_keys::TABLES, super::polled::TABLES];

const THIRD: &[&str] = &[super::holders::TABLES];

const BORROWED: &str = "
-- 1: it was there before, and workspaces use it: nothing of it is emptied, renamed or given to the pool.
ALTER TABLE identity ADD COLUMN borrowed INTEGER NOT NULL DEFAULT 0;
-- What this ledger called it last; NULL: as its name says.
ALTER TABLE identity ADD COLUMN given_name TEXT;
";

const CORE: &str = "
CREATE TABLE ledger (
    id TEXT PRIMARY KEY                 -- random; tells the keys that this ledger minted from those of others
) STRICT;
INSERT INTO ledger (id) VALUES (lower(hex(randomblob(8))));

CREATE TABLE login (
    server  TEXT PRIMARY KEY,           -- address of the Ravi that the key belongs to
    sealed  BLOB NOT NULL,              -- the account key, sealed
    at_ms   INTEGER NOT NULL
) STRICT;

CREATE TABLE identity (
    uuid      TEXT PRIMARY KEY,
    server    TEXT NOT NULL,
    name      TEXT NOT NULL,
    email     TEXT NOT NULL,
    phone     TEXT,
    state     TEXT NOT NULL CHECK (state IN ('host', 'bound', 'leaving', 'pooled', 'retired')),
    workspace TEXT,                     -- id of the workspace that has it, or had it last
    cursor    INTEGER NOT NULL DEFAULT 0, -- events up to here belong to earlier workspaces
    at_ms     INTEGER NOT NULL
) STRICT;

CREATE TABLE binding (
    id          TEXT PRIMARY KEY,       -- the app's id
    server      TEXT NOT NULL,
    name        TEXT NOT NULL,
    path        TEXT NOT NULL UNIQUE,   -- real path of the worktree or folder
    git_dir     TEXT,                   -- its private git dir
    common_dir  TEXT,                   -- the repository it belongs to
    device      INTEGER,                -- device that holds the folder's parent
    nonce       TEXT NOT NULL UNIQUE,          -- also in the private git dir
    state       TEXT NOT NULL CHECK (state IN ('provisioning', 'ready', 'suspended', 'releasing')),
    request     TEXT NOT NULL,          -- the ProvisionRequest, JSON
    retire      INTEGER NOT NULL DEFAULT 0,
    identity    TEXT REFERENCES identity (uuid),
    key_uuid    TEXT,
    key_sealed  BLOB,
    github      TEXT,                   -- GithubInfo, JSON
    last_error  TEXT,                   -- ErrorBody, JSON
    at_ms       INTEGER NOT NULL
) STRICT;

-- An outside effect that was begun. The row is written before the effect and taken away when its result is kept.
CREATE TABLE intent (
    binding TEXT NOT NULL REFERENCES binding (id) ON DELETE CASCADE,
    effect  TEXT NOT NULL,
    detail  TEXT NOT NULL,              -- JSON
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (binding, effect)
) STRICT;

-- Addresses that a workspace is asking for, so that no two of this ledger ask for the same one.
CREATE TABLE claim (
    server     TEXT NOT NULL,
    identifier TEXT NOT NULL,
    binding    TEXT NOT NULL REFERENCES binding (id) ON DELETE CASCADE,
    PRIMARY KEY (server, identifier)
) STRICT;

-- Identities whose keys must still be revoked.
CREATE TABLE owed (
    identity   TEXT PRIMARY KEY REFERENCES identity (uuid),
    server     TEXT NOT NULL,
    retire     INTEGER NOT NULL,
    since_ms   INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_ms    INTEGER NOT NULL,
    last_error TEXT
) STRICT;

-- What a finished release answered, so that a repeated one answers the same.
CREATE TABLE tombstone (
    id     TEXT PRIMARY KEY,
    path   TEXT NOT NULL,
    answer TEXT NOT NULL,               -- Released, JSON
    at_ms  INTEGER NOT NULL
) STRICT;
";

/// Whether the file needs no migration: it has the newest format, or a newer one that can be read here.
///
/// The format is written last, after the switch to WAL.
pub(super) fn is_current(connection: &Connection) -> rusqlite::Result<bool> {
    let found = Formats::of(connection)?;
    Ok(found.has >= known() && found.readable_by <= known())
}

/// Migrates the file to the newest format.
pub(super) fn migrate(mut connection: Connection, file: &Path) -> Result<Connection, LedgerError> {
    let fail = |source| LedgerError::sqlite(file.to_owned(), "opened", source);
    // Another process may have done it while this one waited, so the format is read under the write lock.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
    let found = Formats::of(&transaction).map_err(fail)?;
    if found.readable_by > known() {
        return Err(LedgerError::Newer { path: file.to_owned(), found: found.readable_by, known: known() });
    }
    migrate_from(found, &transaction).map_err(fail)?;
    transaction.commit().map_err(fail)?;
    Ok(connection)
}

fn migrate_from(found: Formats, transaction: &Connection) -> rusqlite::Result<()> {
    let mut readable_by = found.readable_by;
    let missing = MIGRATIONS.iter().zip(1..).skip(usize::try_from(found.has).unwrap_or_default());
    for (migration, number) in missing {
        for sql in migration.parts {
            transaction.execute_batch(sql)?;
        }
        if migration.breaks {
            readable_by = number;
        }
    }
    transaction.execute("UPDATE format SET number = max(number, ?1)", [known()])?;
    transaction.pragma_update(None, "user_version", readable_by)
}

/// The newest format known here.
fn known() -> i64 {
    MIGRATIONS.len() as i64
}

/// What a file says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Formats {
    has: i64,
    /// The oldest format whose programs may use it.
    readable_by: i64,
}

impl Formats {
    fn of(connection: &Connection) -> rusqlite::Result<Formats> {
        let readable_by: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        // A query of the file itself: SQLite's cached schema may be from before another process made the table.
        let there = "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = 'format'";
        let has = if connection.query_row(there, [], |row| row.get(0))? {
            connection.query_row("SELECT max(number) FROM format", [], |row| row.get(0))?
        } else {
            readable_by
        };
        Ok(Formats { has, readable_by })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(file: &Path) -> Result<Formats, LedgerError> {
        let connection = migrate(Connection::open(file).unwrap(), file)?;
        assert!(is_current(&connection).unwrap());
        Ok(Formats::of(&connection).unwrap())
    }

    #[test]
    fn what_a_newer_version_adds_leaves_the_file_to_this_one_and_what_breaks_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ledger.db");
        let now = open(&file).unwrap();
        assert_eq!(now, Formats { has: known(), readable_by: 3 });
        let newer = |sql: &str| Connection::open(&file).unwrap().execute_batch(sql).unwrap();
        newer("CREATE TABLE more (x TEXT) STRICT; UPDATE format SET number = 99;");
        assert_eq!(open(&file).unwrap(), Formats { has: 99, ..now }, "read, and left as it is");
        newer("PRAGMA user_version = 99;");
        let refused = open(&file).unwrap_err();
        assert!(matches!(refused, LedgerError::Newer { found: 99, .. }), "{refused}");
    }

    #[test]
    fn a_file_of_an_earlier_format_gets_what_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ledger.db");
        let first = Connection::open(&file).unwrap();
        for (migration, number) in MIGRATIONS.iter().zip(1..).take(2) {
            migration.parts.iter().for_each(|sql| first.execute_batch(sql).unwrap());
            first.pragma_update(None, "user_version", number).unwrap();
        }
        drop(first);
        assert_eq!(open(&file).unwrap(), Formats { has: known(), readable_by: 3 });
    }
}
