//! Moving the secrets of a settings file into a vault, in an order that never loses one.
//!
//! All values are stored and read back before the first one is removed from the file, and the file is replaced in one
//! step. If anything fails, the file stays as it was and the next run continues: a value that is already in the vault
//! is not written again.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::error::SettingsError;
use super::file::{Findings, PlainValue, Referenced, SettingsFile};
use super::{MigrateReport, Moved, Place};
use crate::machine::files::FileError;
use crate::model::reference::{Reference, SecretName};

/// How often a file is read again because another program, or another migration, replaced it meanwhile.
const ATTEMPTS: usize = 3;

/// Where secrets are kept: the vault of the host identity, or memory in a test.
pub trait SecretStore: Sync {
    /// Why a secret could not be read or written. Its text must not hold the value.
    type Error: std::error::Error + Send + 'static;

    /// The value kept under `name`, bypassing every cache; `None` if there is none.
    fn read(&self, name: &SecretName) -> impl Future<Output = Result<Option<SecretString>, Self::Error>> + Send;

    /// Creates or overwrites the value kept under `name`.
    fn write(&self, name: &SecretName, value: &SecretString) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Keeps the content of a file that is about to lose its plaintext values, so that it can be restored.
    fn back_up(&self, _backup: Backup<'_>) -> impl Future<Output = Result<(), Self::Error>> + Send {
        async { Ok(()) }
    }
}

/// A settings file before and after a migration.
#[derive(Clone, Copy)]
pub struct Backup<'a> {
    /// The file.
    pub file: &'a Path,
    /// Its text now, with the plaintext values.
    pub before: &'a str,
    /// Its bytes after the migration.
    pub after: &'a [u8],
    /// Whether no value in it was a reference before, so that this is the file as the app wrote it.
    pub original: bool,
    /// Names of the secrets that are removed from it.
    pub secrets: &'a [SecretName],
}

/// The text is left out: it holds secrets.
impl std::fmt::Debug for Backup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backup").field("file", &self.file).field("original", &self.original).finish_non_exhaustive()
    }
}

/// A migration that did not take place. The file is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError<E: std::error::Error + 'static> {
    /// The file is wrong, or its values conflict with what the vault holds.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The vault could not be read or written.
    #[error(transparent)]
    Store(E),
}

/// Moves the plaintext values at `places` into `store` and leaves references in the file.
///
/// A dry run only reads the file. References that are already there are reported as such, so a second run changes
/// nothing.
///
/// # Errors
/// Those of [`SettingsFile::read`], [`find`](SettingsFile::find) and [`write`](SettingsFile::write); the vault holds a
/// different value under one of the names, in which case nothing is stored; the store fails, or returns something other
/// than what was stored.
pub async fn migrate<S: SecretStore>(
    file: &Path,
    places: &[Place],
    store: &S,
    dry_run: bool,
) -> Result<MigrateReport, MigrateError<S::Error>> {
    let mut attempt = 1;
    loop {
        match migrate_once(file, places, store, dry_run).await {
            Err(MigrateError::Settings(SettingsError::File(FileError::Changed { .. }))) if attempt < ATTEMPTS => {
                attempt += 1;
            }
            done => return done,
        }
    }
}

async fn migrate_once<S: SecretStore>(
    path: &Path,
    places: &[Place],
    store: &S,
    dry_run: bool,
) -> Result<MigrateReport, MigrateError<S::Error>> {
    let (file, found) = read_and_find(path, places).await?;
    let report = report(path, dry_run, &found);
    if dry_run || found.plain.is_empty() {
        return Ok(report);
    }
    keep_all(path, &found.plain, store).await?;
    let secrets: Vec<SecretName> = found.plain.iter().map(|plain| plain.secret.clone()).collect();
    let replacements: Vec<_> =
        found.plain.into_iter().map(|plain| (plain.pointer, Reference::host(plain.secret))).collect();
    let bytes = file.replace(&replacements)?;
    let original = report.already.is_empty();
    let backup = Backup { file: path, before: file.text(), after: &bytes, original, secrets: &secrets };
    store.back_up(backup).await.map_err(MigrateError::Store)?;
    blocking(path, move || file.write(&bytes)).await?;
    Ok(report)
}

async fn read_and_find(path: &Path, places: &[Place]) -> Result<(SettingsFile, Findings), SettingsError> {
    let (owned_path, places) = (path.to_owned(), places.to_vec());
    blocking(path, move || {
        let file = SettingsFile::read(&owned_path)?;
        let found = file.find(&places)?;
        if !found.plain.is_empty() {
            file.check_links()?;
        }
        Ok((file, found))
    })
    .await
}

/// Checks all names before writing the first, so that a conflict leaves the vault unchanged too.
async fn keep_all<S: SecretStore>(path: &Path, values: &[PlainValue], store: &S) -> Result<(), MigrateError<S::Error>> {
    let mut missing = Vec::new();
    for plain in values {
        let kept = store.read(&plain.secret).await.map_err(MigrateError::Store)?;
        match kept {
            Some(kept) if same(&kept, &plain.value) => {}
            // A secret that was created without a value holds nothing that could be lost.
            Some(kept) if !kept.expose_secret().is_empty() => {
                let (pointer, secret) = (plain.pointer.to_string(), plain.secret.clone());
                return Err(SettingsError::Conflict { file: path.to_owned(), pointer, secret }.into());
            }
            _ => missing.push(plain),
        }
    }
    for plain in &missing {
        store.write(&plain.secret, &plain.value).await.map_err(MigrateError::Store)?;
    }
    for plain in &missing {
        let kept = store.read(&plain.secret).await.map_err(MigrateError::Store)?;
        if !kept.is_some_and(|kept| same(&kept, &plain.value)) {
            return Err(SettingsError::ReadBack { file: path.to_owned(), secret: plain.secret.clone() }.into());
        }
    }
    Ok(())
}

fn same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

fn report(path: &Path, dry_run: bool, found: &Findings) -> MigrateReport {
    let moved = |plain: &PlainValue| Moved {
        pointer: plain.pointer.to_string(),
        secret: plain.secret.to_string(),
        reference: Reference::host(plain.secret.clone()).to_string(),
    };
    let already = |there: &Referenced| Moved {
        pointer: there.pointer.to_string(),
        secret: there.reference.name().to_string(),
        reference: there.reference.to_string(),
    };
    MigrateReport {
        file: path.to_owned(),
        dry_run,
        moved: found.plain.iter().map(moved).collect(),
        already: found.references.iter().map(already).collect(),
    }
}

/// Runs work with files on a thread that may block, since it waits for disks.
async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, SettingsError> + Send + 'static,
) -> Result<T, SettingsError> {
    let interrupted = |_| SettingsError::Interrupted { file: path.to_owned() };
    crate::machine::blocking::blocking(work).await.map_err(interrupted)?
}
