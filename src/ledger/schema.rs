//! The ledger's tables and how an older file becomes a newer one.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::LedgerError;

/// One entry per format, each a list of parts; entry N makes format N+1 out of format N. Entries are never edited once
/// they are released, only added.
const MIGRATIONS: &[&[&str]] = &[FIRST, SECOND, THIRD];

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

/// Whether the file has the newest format already. The format is written last, after the switch to WAL.
pub(super) fn is_current(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(format(connection)? == MIGRATIONS.len() as i64)
}

/// Brings the file to the newest format.
pub(super) fn migrate(mut connection: Connection, file: &Path) -> Result<Connection, LedgerError> {
    let fail = |source| LedgerError::sqlite(file.to_owned(), "opened", source);
    let known = MIGRATIONS.len() as i64;
    // Another process may have done it while this one waited: the format is read under the write lock.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
    let found = format(&transaction).map_err(fail)?;
    if found > known {
        return Err(LedgerError::Newer { path: file.to_owned(), found, known });
    }
    for (index, parts) in MIGRATIONS.iter().enumerate().skip(found.max(0) as usize) {
        for sql in *parts {
            transaction.execute_batch(sql).map_err(fail)?;
        }
        transaction.pragma_update(None, "user_version", index as i64 + 1).map_err(fail)?;
    }
    transaction.commit().map_err(fail)?;
    Ok(connection)
}

fn format(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
