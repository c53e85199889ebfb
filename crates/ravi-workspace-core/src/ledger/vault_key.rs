//! The vault keys that this machine has, sealed with the machine key.

use rusqlite::{OptionalExtension as _, params};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Ledger, LedgerError};
use crate::machine::clock::now_ms;

pub(super) const TABLES: &str = "
-- Keys that open what is sealed end to end in a vault.
CREATE TABLE vault_key (
    identity TEXT PRIMARY KEY,          -- whose vault
    sealed   BLOB NOT NULL,             -- all keys and what each is for, sealed
    at_ms    INTEGER NOT NULL
) STRICT;
";

impl Ledger {
    /// The keys kept for the vault of `identity`, as given to [`Ledger::keep_vault_keys`].
    pub(crate) fn vault_keys(&self, identity: &str) -> Result<Option<SecretString>, LedgerError> {
        let sealed: Option<Vec<u8>> = self.read(|c| {
            let sql = "SELECT sealed FROM vault_key WHERE identity = ?1";
            c.query_row(sql, [identity], |row| row.get(0)).optional()
        })?;
        Ok(sealed.map(|sealed| self.key().open(&label(identity), &sealed)).transpose()?)
    }

    /// Keeps `keys`, replacing what was kept.
    pub(crate) fn keep_vault_keys(&self, identity: &str, keys: &SecretString) -> Result<(), LedgerError> {
        let sealed = self.key().seal(&label(identity), keys.expose_secret())?;
        self.change("ledger: vault keys", |t| {
            t.execute(
                "INSERT OR REPLACE INTO vault_key (identity, sealed, at_ms) VALUES (?1, ?2, ?3)",
                params![identity, sealed, now_ms()],
            )
        })?;
        Ok(())
    }
}

fn label(identity: &str) -> String {
    format!("vault/{identity}")
}
