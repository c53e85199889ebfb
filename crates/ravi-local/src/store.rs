//! The stand-in's database: one SQLite connection behind a lock, in memory or in a folder.
//!
//! This module knows how to open, create and lock the database, and nothing of what the tables mean. Values are stored
//! in the clear: this is a server for trying out and testing, not a vault.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::LocalError;
use super::problem::Problem;

/// What each version of the schema adds to the one before. A database's `PRAGMA user_version` says how many of them it
/// has.
const SCHEMA: [&str; 2] = [include_str!("schema_1.sql"), include_str!("schema_2.sql")];

/// The database. Every use holds the lock, so sections are short and never wait for anything else.
pub(super) struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the database in `dir`, made if need be, or one in memory.
    pub(super) fn open(dir: Option<&Path>) -> Result<Store, LocalError> {
        let connection = match dir {
            Some(dir) => open_file(dir)?,
            None => Connection::open_in_memory()?,
        };
        connection.set_prepared_statement_cache_capacity(128);
        connection.pragma_update(None, "foreign_keys", true)?;
        create_tables(&connection)?;
        Ok(Store { connection: Mutex::new(connection) })
    }

    /// Runs `work` in one transaction, which is kept only if it returns `Ok`.
    pub(super) fn write<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    /// Runs `work`, which only reads.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Problem>) -> Result<T, Problem> {
        work(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic inside a section rolls its transaction back, so the database behind a poisoned lock is sound.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open_file(dir: &Path) -> Result<Connection, LocalError> {
    let path = dir.join("ravi-local.sqlite3");
    super::folder::create_private_file(&path).map_err(|source| LocalError::DataDir { path: path.clone(), source })?;
    let connection = Connection::open(&path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}

fn create_tables(connection: &Connection) -> Result<(), LocalError> {
    let (found, known): (i64, i64) =
        (connection.pragma_query_value(None, "user_version", |row| row.get(0))?, SCHEMA.len() as i64);
    let missing = usize::try_from(found).ok().and_then(|found| SCHEMA.get(found..));
    let missing = missing.ok_or(LocalError::SchemaVersion { found, known })?.concat();
    if missing.is_empty() {
        return Ok(());
    }
    connection.execute_batch(&format!("BEGIN IMMEDIATE; {missing} PRAGMA user_version = {known}; COMMIT;"))?;
    Ok(())
}
