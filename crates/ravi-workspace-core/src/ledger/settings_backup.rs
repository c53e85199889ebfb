//! Settings files as they were before their secrets were moved into the vault, sealed with the machine key.

use rusqlite::{OptionalExtension as _, params};
use secrecy::SecretString;

use super::{Ledger, LedgerError};
use crate::machine::clock::now_ms;

pub(super) const TABLES: &str = "
-- A settings file before its migration.
CREATE TABLE settings_backup (
    file   TEXT PRIMARY KEY,            -- real path
    sealed BLOB NOT NULL,               -- its text, sealed
    digest BLOB NOT NULL,               -- SHA-256 of what the last migration left
    undone INTEGER NOT NULL DEFAULT 0,
    at_ms  INTEGER NOT NULL
) STRICT;
";

pub(super) const SECRETS: &str = "
-- Names of the secrets that a backup has in the clear.
CREATE TABLE settings_secret (
    file   TEXT NOT NULL,               -- as in settings_backup
    secret TEXT NOT NULL,
    PRIMARY KEY (file, secret)
) STRICT;
";

/// A file as it was before its migration.
pub(crate) struct SettingsBackup {
    pub(crate) original: SecretString,
    /// SHA-256 of what the last migration left.
    pub(crate) digest: Vec<u8>,
}

impl Ledger {
    /// Keeps the text of `file`, from which `secrets` were moved.
    ///
    /// What an earlier migration kept stays, unless it was undone or `original` says that the app has rewritten the
    /// file.
    pub(crate) fn keep_settings(
        &self,
        file: &str,
        text: &str,
        original: bool,
        digest: &[u8],
        secrets: &[String],
    ) -> Result<(), LedgerError> {
        let sealed = self.key().seal(&label(file), text)?;
        self.change("ledger: settings backup", |t| {
            t.execute(
                "DELETE FROM settings_secret WHERE file = ?1
                 AND (?2 OR EXISTS (SELECT 1 FROM settings_backup b WHERE b.file = ?1 AND b.undone))",
                params![file, original],
            )?;
            for secret in secrets {
                t.execute(
                    "INSERT OR IGNORE INTO settings_secret (file, secret) VALUES (?1, ?2)",
                    params![file, secret],
                )?;
            }
            t.execute(
                "INSERT INTO settings_backup (file, sealed, digest, at_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (file) DO UPDATE SET
                     sealed = CASE WHEN undone OR ?5 THEN excluded.sealed ELSE sealed END,
                     digest = excluded.digest, undone = 0, at_ms = excluded.at_ms",
                params![file, sealed, digest, now_ms(), original],
            )
        })?;
        Ok(())
    }

    /// What was kept of `file`.
    pub(crate) fn settings_backup(&self, file: &str) -> Result<Option<SettingsBackup>, LedgerError> {
        let found: Option<(Vec<u8>, Vec<u8>)> = self.read(|c| {
            let sql = "SELECT sealed, digest FROM settings_backup WHERE file = ?1";
            c.query_row(sql, [file], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })?;
        let Some((sealed, digest)) = found else { return Ok(None) };
        Ok(Some(SettingsBackup { original: self.key().open(&label(file), &sealed)?, digest }))
    }

    /// Names of the secrets that the kept text of `file` contains in plaintext; empty if an earlier version kept it,
    /// `None` if nothing was kept.
    pub(crate) fn settings_secrets(&self, file: &str) -> Result<Option<Vec<String>>, LedgerError> {
        self.read(|c| {
            if !c.prepare("SELECT 1 FROM settings_backup WHERE file = ?1")?.exists([file])? {
                return Ok(None);
            }
            let mut query = c.prepare("SELECT secret FROM settings_secret WHERE file = ?1 ORDER BY secret")?;
            let names = query.query_map([file], |row| row.get(0))?;
            names.collect::<rusqlite::Result<_>>().map(Some)
        })
    }

    /// Notes that the file has been restored.
    pub(crate) fn settings_undone(&self, file: &str) -> Result<(), LedgerError> {
        self.change("ledger: settings undone", |t| {
            t.execute("UPDATE settings_backup SET undone = 1 WHERE file = ?1", [file])
        })?;
        Ok(())
    }
}

fn label(file: &str) -> String {
    format!("settings/{file}")
}
