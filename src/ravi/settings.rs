//! Settings files of an app, with references in place of secrets.

use std::path::Path;

use secrecy::SecretString;

use super::Ravi;
use crate::error::Result;
use crate::vault::VaultError;
use crate::vault::settings::{self, MigrateError, MigrateReport, Place, Pointer, SettingsError, SettingsFile, Value};

impl Ravi {
    /// Moves plaintext values of a settings file into the vault and leaves references. All values are stored, read back
    /// and compared before the file is changed, once and atomically; on any error it is as it was.
    ///
    /// # Errors
    /// The file is no settings file or lacks the places (`settings.…`); a different value is in the vault already.
    pub async fn migrate_settings(&self, file: &Path, places: &[Place], dry_run: bool) -> Result<MigrateReport> {
        // The file is read first: a wrong file is an error also where nobody is signed in.
        SettingsFile::read(file).and_then(|read| read.find(places)).map_err(VaultError::from)?;
        self.with_vault(async |vault| {
            settings::migrate(file, places, &vault, dry_run).await.map_err(|e| match e {
                MigrateError::Settings(e) => VaultError::from(e).into(),
                MigrateError::Store(e) => e,
            })
        })
        .await
    }

    /// Reads the value at one JSON pointer of a settings file, through its reference where there is one.
    ///
    /// # Errors
    /// The file or the value cannot be read; the reference does not resolve.
    pub async fn settings_value(&self, file: &Path, pointer: &str) -> Result<SecretString> {
        let place = Pointer::parse(pointer)
            .map_err(|source| VaultError::from(SettingsError::Pointer { pointer: pointer.to_owned(), source }))?;
        let read = SettingsFile::read(file).map_err(VaultError::from)?;
        match read.value(&place).map_err(VaultError::from)? {
            Value::Plain(value) => Ok(value),
            Value::Reference(reference) => self.resolve(&reference).await,
            _ => Err(VaultError::NoValue { file: file.to_owned(), pointer: pointer.to_owned() }.into()),
        }
    }
}
