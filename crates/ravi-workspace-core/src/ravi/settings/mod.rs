//! Settings files of an app, with references in place of secrets.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Ravi;
use crate::audit::{Action, Entry};
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::machine::files::{self, FileError, Mode};
use crate::machine::lock::Lock;
use crate::vault::VaultError;
use crate::vault::settings::{
    self, MAX_SIZE, MigrateError, MigrateReport, Place, Pointer, SettingsError, SettingsFile, Value, real_path,
};

mod referred;
mod typed;

pub use typed::Settings;

/// What an undo did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct UndoReport {
    /// The file.
    pub file: PathBuf,
    /// `false`: it was already as before the migration.
    pub restored: bool,
    /// Where the changes made since the migration were put.
    pub aside: Option<PathBuf>,
}

impl super::handle::SettingsFiles<'_> {
    /// Moves plaintext values of a settings file into the vault and leaves references.
    ///
    /// All values are stored, read back and compared before the file is changed, once and atomically; on any error it
    /// stays as it was.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// use ravi_workspace_core::vault::settings::Place;
    ///
    /// let places = [Place::from_text("/remoteBackendToken=DAEMON_TOKEN")];
    /// let plan = ravi.settings().migrate(Path::new("settings.json"), &places, true).await?;
    /// println!("{plan:?}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The file is not a settings file or lacks the places (`settings.…`); the vault already has a different value.
    pub async fn migrate(self, file: &Path, places: &[Place], dry_run: bool) -> Result<MigrateReport> {
        let files = [file.to_owned()];
        let mut reports = self.migrate_files(&files, places, dry_run).await?;
        Ok(reports.remove(0))
    }

    /// Like [`migrate`](crate::handle::SettingsFiles::migrate), for several files: all are read before the first is
    /// changed.
    ///
    /// Returns one report for each, in the order given.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::vault::settings::Place;
    ///
    /// let places = [Place::from_text("/token=DAEMON_TOKEN")];
    /// ravi.settings().migrate_files(&["one.json".into(), "two.json".into()], &places, false).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of `migrate`. Files before the one that failed are migrated; the same call continues from there.
    pub async fn migrate_files(self, files: &[PathBuf], places: &[Place], dry_run: bool) -> Result<Vec<MigrateReport>> {
        // A wrong file is an error even if nobody is signed in.
        for file in files {
            SettingsFile::read(file).and_then(|read| read.find(places)).map_err(VaultError::from)?;
        }
        self.ravi
            .with_vault(async |vault| {
                let mut reports = Vec::with_capacity(files.len());
                for file in files {
                    let _lock = self.ravi.lock_settings(file).await?;
                    let done = settings::migrate(file, places, &vault, dry_run).await.map_err(|e| match e {
                        MigrateError::Settings(e) => VaultError::from(e).into(),
                        MigrateError::Store(e) => e,
                    });
                    reports.push(if dry_run { done? } else { self.ravi.note_migration(file, done).await? });
                }
                Ok(reports)
            })
            .await
    }

    /// Restores a settings file as it was before it was migrated, byte for byte, plaintext values included.
    ///
    /// If the file has changed since, its present content is kept beside it as `NAME.before-undo`. The secrets stay in
    /// the vault. Asks Ravi nothing.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// ravi.settings().undo(Path::new("settings.json")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// No migration of the file is known on this machine (`settings.no_backup`); the file cannot be written.
    pub async fn undo(self, file: &Path) -> Result<UndoReport> {
        self.undo_if(file, |_| Ok(())).await
    }

    /// Like [`undo`](crate::handle::SettingsFiles::undo), provided that `check` allows the secrets it would put back,
    /// by name. A migration by a version that did not record the names has none.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// use ravi_workspace_core::Error;
    ///
    /// let allow = |secrets: &[String]| -> Result<(), Error> {
    ///     println!("puts back {secrets:?}");
    ///     Ok(())
    /// };
    /// ravi.settings().undo_if(Path::new("settings.json"), allow).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn undo_if<E: From<Error>>(
        self,
        file: &Path,
        check: impl FnOnce(&[String]) -> Result<(), E>,
    ) -> Result<UndoReport, E> {
        let _lock = self.ravi.lock_settings(file).await?;
        let real = real_path(file).map_err(VaultError::from).map_err(Error::from)?;
        if let Some(secrets) =
            self.ravi.inner.ledger.run(move |l| l.settings_secrets(&real)).await.map_err(Error::from)?
        {
            check(&secrets)?;
        }
        Ok(self.ravi.undo_now(file).await?)
    }

    /// Reads the value at one JSON pointer of a settings file, through its reference if there is one.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// let token = ravi.settings().value(Path::new("settings.json"), "/remoteBackendToken").await?;
    /// # drop(token);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The file or the value cannot be read; the reference does not resolve.
    pub async fn value(self, file: &Path, pointer: &str) -> Result<SecretString> {
        let place = Pointer::parse(pointer)
            .map_err(|source| VaultError::from(SettingsError::Pointer { pointer: pointer.to_owned(), source }))?;
        let read = SettingsFile::read(file).map_err(VaultError::from)?;
        match read.value(&place).map_err(VaultError::from)? {
            Value::Plain(value) => Ok(value),
            Value::Reference(reference) => self.ravi.resolve(&reference).await,
            _ => Err(VaultError::NoValue { file: file.to_owned(), pointer: pointer.to_owned() }.into()),
        }
    }
}

impl Ravi {
    async fn note_migration(&self, file: &Path, done: Result<MigrateReport>) -> Result<MigrateReport> {
        let entry = Entry::done(Action::SettingsMigrate).object(file.to_string_lossy());
        if let Ok(report) = &done {
            let stored = |moved: &settings::Moved| Entry::done(Action::SecretSet).object(&moved.secret);
            self.note_all(report.moved.iter().map(|moved| stored(moved).because("settings.migrate")).collect()).await?;
        }
        self.noted(entry, done).await
    }

    async fn undo_now(&self, file: &Path) -> Result<UndoReport> {
        let path = file.to_owned();
        let undo = move |ledger: &Ledger| Ok(undo(ledger, &path));
        let done = self.inner.ledger.run(undo).await?;
        self.noted(Entry::done(Action::SettingsUndo).object(file.to_string_lossy()), done).await
    }

    /// Makes sure that only one process of this machine at a time writes a settings file.
    async fn lock_settings(&self, file: &Path) -> Result<Lock> {
        let real = real_path(file).map_err(VaultError::from)?;
        Ok(Lock::wait(self.inner.ledger.dir(), &format!("settings/{real}"), &real).await?)
    }
}

fn undo(ledger: &Ledger, file: &Path) -> Result<UndoReport> {
    let settings = |e: FileError| VaultError::from(SettingsError::from(e));
    let real = real_path(file).map_err(VaultError::from)?;
    let Some(backup) = ledger.settings_backup(&real)? else {
        return Err(VaultError::from(SettingsError::NoBackup { file: file.to_owned() }).into());
    };
    let original = backup.original.expose_secret().as_bytes();
    let now = match files::read_bounded_following(file, MAX_SIZE).map(zeroize::Zeroizing::new) {
        Ok(now) => Some(now),
        Err(FileError::NotFound { .. }) => None,
        Err(e) => return Err(settings(e).into()),
    };
    let restored = now.as_ref().is_none_or(|now| now.as_slice() != original);
    let mut aside = None;
    if let Some(now) = now.filter(|now| restored && Sha256::digest(now).as_slice() != backup.digest) {
        let beside = beside(Path::new(&real));
        files::write_atomic(&beside, &now, Mode::Exact(0o600)).map_err(settings)?;
        aside = Some(beside);
    }
    if restored {
        files::write_atomic_following(file, original, Mode::Exact(0o600)).map_err(settings)?;
    }
    ledger.settings_undone(&real)?;
    Ok(UndoReport { file: file.to_owned(), restored, aside })
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".before-undo");
    file.with_file_name(name)
}
