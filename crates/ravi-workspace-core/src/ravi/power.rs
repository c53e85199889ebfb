//! [`Power`]: whether an app uses Ravi at all.
//!
//! An app may be off until a person switches it on (`start` in the configuration). While it is off there is no ledger,
//! no folder and no thread. A file in the state folder says that it is on, for the app, its daemon and the command line
//! alike. This room must not know Tauri or the command line.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::audit;
use crate::config::{Config, Start};
use crate::error::{Error, ErrorBody, Result};
use crate::ledger::{self, LedgerError};
use crate::machine::files::{self, FileError, Mode};
use crate::ravi::Ravi;
use crate::workspace::WorkspaceError;

/// The file in the state folder that says that a person switched it on.
const FILE: &str = "on";

/// Whether an app uses Ravi, and its handle if it does.
#[derive(Debug)]
pub struct Power {
    config: Config,
    folder: PathBuf,
    open: Mutex<Option<Ravi>>,
}

/// The state of [`Power`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct PowerStatus {
    /// Whether the app uses Ravi.
    pub on: bool,
    /// Whether it is off until a person switches it on; `false`: it is always on.
    pub asked: bool,
    /// Why there is no handle although it is on, such as a ledger that cannot be read.
    pub error: Option<ErrorBody>,
}

/// What became of a ledger that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Renewed {
    /// The state now.
    #[serde(flatten)]
    pub power: PowerStatus,
    /// Where the old ledger is; `None`: it can be read, and stays.
    pub aside: Option<PathBuf>,
}

impl Power {
    /// Makes the switch, without looking at anything yet.
    ///
    /// # Errors
    /// The configuration is wrong (`config.…`).
    pub fn new(config: Config) -> Result<Power> {
        config.check()?;
        let folder = config.folder()?;
        Ok(Power { config, folder, open: Mutex::default() })
    }

    /// Whether the app uses Ravi now. Looks at the disk once.
    pub fn is_on(&self) -> bool {
        match self.config.start.unwrap_or_default() {
            Start::Always => true,
            Start::Asked => self.folder.join(FILE).is_file(),
        }
    }

    /// Whether it is off until a person switches it on.
    pub fn is_asked(&self) -> bool {
        self.config.start.unwrap_or_default() == Start::Asked
    }

    /// Returns the handle, opened on first use; `None` while it is off, or if it cannot be opened: then
    /// [`status`](Power::status) says why.
    pub fn ravi(&self) -> Option<Ravi> {
        self.is_on().then(|| self.open().ok()).flatten()
    }

    /// Returns the handle, or why there is none.
    ///
    /// # Errors
    /// The ledger cannot be opened.
    pub fn open(&self) -> Result<Ravi> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match &*open {
            Some(ravi) => Ok(ravi.clone()),
            None => Ok(open.insert(Ravi::open(self.config.clone())?).clone()),
        }
    }

    /// Returns the state; opens the ledger if it is on.
    pub fn status(&self) -> PowerStatus {
        let on = self.is_on();
        let error = on.then(|| self.open().err().map(|error| error.body())).flatten();
        PowerStatus { on, asked: self.is_asked(), error }
    }

    /// Switches Ravi on, for a person. Doing it again changes nothing.
    ///
    /// # Errors
    /// The state folder cannot be made or written.
    pub fn switch_on(&self) -> Result<PowerStatus> {
        ledger::make_private_dir(&self.folder)?;
        files::write_atomic(&self.folder.join(FILE), b"", Mode::Exact(0o600)).map_err(WorkspaceError::from)?;
        Ok(self.status())
    }

    /// Switches Ravi off, for a person.
    ///
    /// Workspaces that are set up stay so, and the ledger with them: release them first, or later with the command
    /// line.
    ///
    /// # Errors
    /// The state folder cannot be written.
    pub fn switch_off(&self) -> Result<PowerStatus> {
        let file = self.folder.join(FILE);
        match std::fs::remove_file(&file) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(WorkspaceError::from(FileError::from_io(&file, "remove", e)).into())
            }
            _ => Ok(self.status()),
        }
    }

    /// Puts a ledger that cannot be read aside, byte for byte, and begins a new one. A readable ledger stays.
    ///
    /// What only the old one knew (bindings, owed revocations) is lost; keys of its workspaces can be revoked at Ravi.
    ///
    /// # Errors
    /// The file cannot be moved; the new ledger cannot be opened either.
    pub fn renew(&self) -> Result<Renewed> {
        let aside = match self.open() {
            Err(error) if matches!(error.downcast_ref(), Some(LedgerError::Damaged { .. })) => {
                Some(put_aside(&self.folder)?)
            }
            Err(error) => return Err(error),
            Ok(_) => None,
        };
        self.open()?;
        Ok(Renewed { power: self.status(), aside })
    }
}

/// Moves the ledger, what SQLite keeps beside it, and the head of its audit trail, which to a new trail would mean a
/// cut.
fn put_aside(folder: &Path) -> Result<PathBuf> {
    let aside = tempfile::Builder::new().prefix("ledger-unreadable-").tempdir_in(folder);
    let fail = |path: &Path, action, e| Error::from(WorkspaceError::from(FileError::from_io(path, action, e)));
    let aside = aside.map_err(|e| fail(folder, "make a folder in", e))?.keep();
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm", audit::HEAD_FILE] {
        let from = folder.join(name);
        match std::fs::rename(&from, aside.join(name)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(fail(&from, "move", e));
            }
            _ => {}
        }
    }
    Ok(aside)
}
