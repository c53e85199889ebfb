//! The ledger: what this machine has done and still has to do, in one SQLite file.
//!
//! It holds bindings, the steps of each, identities, who holds what from a bundle, revocations still owed, secrets read
//! before, the audit trail, and the account key of a login. Secrets in it are sealed with the machine key ([`seal`]).
//! Several processes use it at once; SQLite's locking orders them, except while the file is being created. This room
//! must know neither the network nor git.

mod account;
mod audit;
mod audit_check;
mod audit_query;
mod bindings;
mod bundle;
mod cache;
mod chosen;
mod codex;
mod folder;
mod followed;
mod github;
mod holders;
mod host;
mod identities;
mod inbox;
mod intent;
mod key_identity;
mod lifetimes;
mod machine_key;
mod owed;
mod owed_keys;
mod policy;
mod polled;
mod row;
mod schema;
pub(crate) mod seal;
mod servers;
mod settings_backup;
mod sharing;
mod trail;
mod vault_key;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

pub(crate) use account::StoredLogin;
pub(crate) use audit_query::Tenure;
pub use bindings::Binding;
pub(crate) use bundle::{BundleRow, Holder, Origin, Wish, WishOrigin};
pub(crate) use cache::{CachedRow, SecretAt};
pub(crate) use chosen::Chosen;
pub(crate) use codex::{CodexAt, CodexRow};
pub use folder::home;
pub(crate) use followed::Due;
pub use github::{Plan, TokenAt};
pub(crate) use identities::{IdentityRow, IdentityState, Pooled};
pub(crate) use intent::Effect;
pub use lifetimes::Ending;
pub(crate) use lifetimes::Lifetime;
pub(crate) use machine_key::{MachineKey, Place};
pub(crate) use owed::Owed;
pub(crate) use owed_keys::OwedKey;
pub(crate) use polled::Sighting;
pub(crate) use sharing::Lent;
pub(crate) use trail::Trail;

use crate::config::Keychain;
use crate::error::Explain;
use crate::machine::blocking::blocking;
use crate::machine::crash::{When, point};
use crate::machine::files;
use crate::machine::os::{self, Facts, How, Links, access};
use crate::machine::places::{self, PlaceError};
use seal::SealError;

/// How long a call waits for another process that is writing.
const BUSY_LIMIT: Duration = Duration::from_secs(30);

/// A failure of the ledger.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum LedgerError {
    /// The folder could not be made, or it has the wrong owner or permissions.
    #[error("the ledger's folder {} is not usable: {source}", path.display())]
    #[explain(
        code = "ledger.folder",
        hint = "Make the folder your user's with mode 0700, or set RAVI_WORKSPACE_STATE to another one."
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder is not suitable for a ledger.
    #[error(transparent)]
    #[explain(transparent)]
    Place(#[from] PlaceError),
    /// The file is not what SQLite wrote.
    #[error("the ledger {} is damaged: {source}", path.display())]
    #[explain(
        code = "ledger.damaged",
        hint = "`ravi-workspace power renew` sets it aside and starts a new one. Keys of old workspaces can be revoked \
                in Ravi's dashboard."
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// SQLite could not read or write.
    #[error("the ledger {} could not be {doing}: {source}", path.display())]
    #[explain(
        if = source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
        code = "ledger.disk_full",
        hint = "Free some disk space, then run the same command again."
    )]
    #[explain(
        if = source.sqlite_error_code() == Some(rusqlite::ErrorCode::ReadOnly),
        code = "ledger.read_only",
        hint = "Make the folder of the ledger writable, then run the same command again."
    )]
    #[explain(
        if = source.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy),
        code = "ledger.busy",
        hint = "Another process is writing; try again."
    )]
    #[explain(code = "ledger.sqlite", hint = "Check the disk and the file's permissions, then try again.")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// `read`, `written`, `opened`.
        doing: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file was written by a newer version of this program.
    #[error("the ledger {} has format {found}; this program knows formats up to {known}", path.display())]
    #[explain(code = "ledger.newer", hint = "Update this program, or set RAVI_WORKSPACE_STATE to another folder.")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// A row was written by a newer version of this program and contains something unknown here. Other rows can still
    /// be read.
    #[error("{of} was set up by a newer version of this program: this version does not know {what}")]
    #[explain(
        code = "ledger.newer_row",
        hint = "Update this program. Meanwhile, other workspaces work, and the newer program works with this one."
    )]
    NewerRow {
        /// Whose row it is, such as `workspace w1`.
        of: String,
        /// What is unknown.
        what: String,
    },
    /// The machine key could not be read or made, or does not open what it should.
    #[error(transparent)]
    #[explain(transparent)]
    Seal(#[from] SealError),
    /// The record of the audit trail's newest entry could not be read or written.
    #[error("the audit trail's head {} could not be {doing}: {source}", path.display())]
    #[explain(code = "audit.head", hint = "Check the file's permissions and the space on the disk.")]
    AuditHead {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The audit trail is not what was written; removing its oldest part would hide that.
    #[error("the audit trail does not verify: {problem}")]
    #[explain(
        code = "audit.broken",
        hint = "Look at `ravi-workspace audit verify`, keep a copy of the trail, then prune with --even-if-broken."
    )]
    AuditBroken {
        /// The first problem found.
        problem: String,
    },
    /// The thread that did the work is gone; this happens only while the runtime shuts down.
    #[error("the ledger was asked while the program was shutting down")]
    #[explain(code = "ledger.stopped", hint = "Start the program again.")]
    Stopped,
}

impl LedgerError {
    /// Whether the row conflicts with one that another caller wrote first.
    pub(crate) fn is_conflict(&self) -> bool {
        use rusqlite::ErrorCode::ConstraintViolation;
        matches!(self, LedgerError::Sqlite { source, .. } if source.sqlite_error_code() == Some(ConstraintViolation))
    }

    fn sqlite(path: PathBuf, doing: &'static str, source: rusqlite::Error) -> LedgerError {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let source = match source {
            rusqlite::Error::FromSqlConversionFailure(column, kind, inner) => match inner.downcast::<row::Unknown>() {
                Ok(unknown) => return LedgerError::NewerRow { of: unknown.of, what: unknown.what },
                Err(inner) => rusqlite::Error::FromSqlConversionFailure(column, kind, inner),
            },
            source => source,
        };
        match source.sqlite_error_code() {
            Some(NotADatabase | DatabaseCorrupt) => LedgerError::Damaged { path, source },
            _ => LedgerError::Sqlite { path, doing, source },
        }
    }
}

/// The ledger of one state folder. Cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    file: PathBuf,
    connection: Mutex<Connection>,
    key: MachineKey,
    /// Counts this process's changes.
    changes: tokio::sync::watch::Sender<u64>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("dir", &self.inner.dir).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the ledger in `dir`, creating the folder (0700) and the file if they are missing.
    ///
    /// `keychain` says where to keep a new machine key; the key is looked for when first needed.
    pub fn open(dir: &Path, keychain: Option<Keychain>) -> Result<Self, LedgerError> {
        let dir = make_private_dir(dir)?;
        let key = MachineKey::new(&dir, keychain);
        let file = dir.join("ledger.db");
        let connection = connect(&file)?;
        Ok(Ledger {
            inner: Arc::new(Inner { dir, file, connection: Mutex::new(connection), key, changes: Default::default() }),
        })
    }

    /// The state folder, as a real path.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// This ledger's own random id.
    pub(crate) fn ledger_id(&self) -> Result<String, LedgerError> {
        self.read(|c| c.query_row("SELECT id FROM ledger", [], |row| row.get(0)))
    }

    /// Runs `work` with the ledger on a thread that may block.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Ledger) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let ledger = self.clone();
        blocking(move || work(&ledger)).await.unwrap_or(Err(LedgerError::Stopped))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic while the lock was held cannot leave half a change: SQLite rolls back an unfinished transaction.
        self.inner.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, doing: &'static str) -> impl FnOnce(rusqlite::Error) -> LedgerError {
        let path = self.inner.file.clone();
        move |source| LedgerError::sqlite(path, doing, source)
    }

    fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, LedgerError> {
        query(&self.connection()).map_err(self.error("read"))
    }

    /// Makes one durable change. `what` names it for crash tests.
    fn change<T>(
        &self,
        what: &str,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        let mut connection = self.connection();
        point(When::Before, what);
        let done = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let value = change(&transaction)?;
                transaction.commit()?;
                Ok(value)
            })
            .map_err(self.error("written"))?;
        point(When::After, what);
        drop(connection);
        self.inner.changes.send_modify(|count| *count += 1);
        Ok(done)
    }

    /// Signals every change made by this process, through whichever handle on this ledger.
    pub(crate) fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// A number that changes whenever another process has changed something
    /// (sqlite.org/pragma.html#pragma_data_version).
    pub(crate) fn foreign_version(&self) -> Result<i64, LedgerError> {
        self.read(|c| c.pragma_query_value(None, "data_version", |row| row.get(0)))
    }

    /// The key that seals the secrets in here.
    pub(crate) fn key(&self) -> &MachineKey {
        &self.inner.key
    }
}

/// FULL: an intent must be on disk before its effect is on the server, even if the power fails. On macOS, fsync leaves
/// the data in the disk's own memory, and only `F_FULLFSYNC` reaches the disk (sqlite.org/pragma.html#pragma_fullfsync);
/// elsewhere `fullfsync` means nothing. Files need no such setting: Rust's `sync_all` does it by itself.
const SETTINGS: &str = "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
                        PRAGMA foreign_keys = ON;";

fn connect(file: &Path) -> Result<Connection, LedgerError> {
    let fail = |doing| move |source| LedgerError::sqlite(file.to_owned(), doing, source);
    private_file(file)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(fail("opened"))?;
    connection.busy_timeout(BUSY_LIMIT).map_err(fail("opened"))?;
    connection.execute_batch(SETTINGS).map_err(fail("opened"))?;
    if schema::is_current(&connection).map_err(fail("opened"))? {
        return Ok(connection);
    }
    let _alone = set_up_lock(file)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(fail("opened"))?;
    schema::migrate(connection, file)
}

/// How long another process may take to migrate a large ledger to this version's format.
const SET_UP_LIMIT: Duration = Duration::from_secs(120);

/// Lets one process at a time create or migrate the ledger file. SQLite's own locks are not enough: a switch to WAL
/// that meets another connection fails at once, without the busy handler (sqlite.org/c3ref/busy_handler.html).
fn set_up_lock(file: &Path) -> Result<std::fs::File, LedgerError> {
    let path = file.with_extension("lock");
    let locked = files::lock_file(&path).and_then(|lock| files::lock_within(&lock, SET_UP_LIMIT).map(|_| lock));
    locked.map_err(|source| LedgerError::Folder { path, source })
}

/// Creates the database file for this user alone before SQLite can create it with the default permissions. Its `-wal`
/// and `-shm` files take theirs from it (sqlite.org/wal.html, `robust_open` copies the mode).
fn private_file(file: &Path) -> Result<(), LedgerError> {
    let irregular = || std::io::Error::other("it is not a regular file");
    for beside in ["-journal", "-wal", "-shm"] {
        let mut path = file.as_os_str().to_owned();
        path.push(beside);
        let path = PathBuf::from(path);
        if path.symlink_metadata().is_ok_and(|meta| !meta.is_file()) {
            return Err(LedgerError::Folder { path, source: irregular() });
        }
    }
    match os::open(file, How::append(Links::Follow).make(0o600)).and_then(|opened| opened.metadata()) {
        Ok(meta) if !meta.is_file() => Err(LedgerError::Folder { path: file.to_owned(), source: irregular() }),
        Ok(_) => Ok(()),
        // SQLite itself reports a read-only ledger, as soon as something is written.
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied && file.exists() => Ok(()),
        Err(e) if e.kind() == std::io::ErrorKind::ReadOnlyFilesystem && file.exists() => Ok(()),
        Err(source) => Err(LedgerError::Folder { path: file.to_owned(), source }),
    }
}

/// Makes `dir` accessible only to this user and returns its real path.
pub(crate) fn make_private_dir(dir: &Path) -> Result<PathBuf, LedgerError> {
    let fail = |source| LedgerError::Folder { path: dir.to_owned(), source };
    places::check_state_dir(dir)?;
    access::make_folder(dir, 0o700).map_err(fail)?;
    let real = dir.canonicalize().map_err(fail)?;
    let facts = Facts::of(&real).map_err(fail)?;
    if !facts.is_mine() {
        return Err(fail(std::io::Error::other("it belongs to another user")));
    }
    if !facts.is_closed() {
        access::close_folder(&real).map_err(fail)?;
    }
    Ok(real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_is_on_the_disk_whatever_the_system() {
        let dir = tempfile::tempdir().unwrap();
        // Opened twice: the settings belong to the connection, not to the file.
        for _ in 0..2 {
            let connection = connect(&dir.path().join("ledger.db")).unwrap();
            for (setting, wanted) in [("synchronous", 2), ("fullfsync", 1), ("checkpoint_fullfsync", 1)] {
                let value: i64 = connection.pragma_query_value(None, setting, |row| row.get(0)).unwrap();
                assert_eq!(value, wanted, "{setting}");
            }
        }
    }
}
