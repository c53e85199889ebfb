//! [`Power`]: whether an app uses Ravi at all.
//!
//! An app may be off until a person switches it on (`start` in the configuration). While it is off there is no ledger, no
//! folder and no thread; what says that it is on is a file in the state folder, which an app, its daemon and the command
//! line see alike. It must not know Tauri or the command line.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::audit;
use crate::config::{Config, Start};
use crate::error::{Error, ErrorBody, Result};
use crate::files::{self, FileError, Mode};
use crate::ledger::{self, LedgerError};
use crate::ravi::Ravi;
use crate::workspace::WorkspaceError;

/// Says in the state folder that a person switched it on.
const FILE: &str = "on";

/// Whether an app uses Ravi, and its handle where it does.
#[derive(Debug)]
pub struct Power {
    config: Config,
    folder: PathBuf,
    open: Mutex<Option<Ravi>>,
}

/// How it stands with [`Power`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct PowerStatus {
    /// The app uses Ravi.
    pub on: bool,
    /// It is off until a person switches it on; `false`: it is always on.
    pub asked: bool,
    /// Why there is no handle although it is on, such as a ledger that cannot be read.
    pub error: Option<ErrorBody>,
}

/// What became of a ledger that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Renewed {
    /// How it stands now.
    #[serde(flatten)]
    pub power: PowerStatus,
    /// Where the old one lies; `None`: it can be read, and stays.
    pub aside: Option<PathBuf>,
}

impl Power {
    /// Looks at nothing yet.
    ///
    /// # Errors
    /// The configuration is wrong (`config.…`).
    pub fn new(config: Config) -> Result<Power> {
        config.check()?;
        let folder = config.folder()?;
        Ok(Power { config, folder, open: Mutex::default() })
    }

    /// Whether the app uses Ravi now. One look at the disk.
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

    /// The handle, opened on first use; `None` while it is off, or where it cannot be opened: then
    /// [`status`](Power::status) says why.
    pub fn ravi(&self) -> Option<Ravi> {
        self.is_on().then(|| self.open().ok()).flatten()
    }

    /// The handle, or why there is none.
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

    /// How it stands; opens the ledger where it is on.
    pub fn status(&self) -> PowerStatus {
        let on = self.is_on();
        let error = on.then(|| self.open().err().map(|error| error.body())).flatten();
        PowerStatus { on, asked: self.is_asked(), error }
    }

    /// A person switches it on. Done again it changes nothing.
    ///
    /// # Errors
    /// The state folder cannot be made or written.
    pub fn switch_on(&self) -> Result<PowerStatus> {
        ledger::make_private_dir(&self.folder)?;
        files::write_atomic(&self.folder.join(FILE), b"", Mode::Exact(0o600)).map_err(WorkspaceError::from)?;
        Ok(self.status())
    }

    /// A person switches it off. Workspaces that are set up stay so, and the ledger with them: release them first, or with
    /// the command line.
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

    /// Puts a ledger that cannot be read aside, byte for byte, and begins a new one. One that can be read stays. What only
    /// the old one knew (bindings, revocations owed) is not known any more; keys of its workspaces can be revoked at Ravi.
    ///
    /// # Errors
    /// The file cannot be moved; the new ledger cannot be opened either.
    pub fn renew(&self) -> Result<Renewed> {
        let aside = match self.open() {
            Err(Error::Ledger(LedgerError::Damaged { .. })) => Some(put_aside(&self.folder)?),
            Err(error) => return Err(error),
            Ok(_) => None,
        };
        self.open()?;
        Ok(Renewed { power: self.status(), aside })
    }
}

/// Moves the ledger, what SQLite keeps beside it, and the head of its audit trail: to a new trail that would be a cut.
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
