//! The account key that a login left here, sealed.

use rusqlite::{OptionalExtension as _, params};

use super::seal::SealError;
use super::{Ledger, LedgerError, now_ms};
use crate::api::AnyKey;

/// A key that an earlier login kept.
#[derive(Debug, Clone)]
pub(crate) struct StoredLogin {
    pub(crate) key: AnyKey,
}

impl Ledger {
    /// Keeps the account key for `server`, in place of an earlier one.
    pub(crate) fn store_login(&self, server: &str, key: &AnyKey) -> Result<(), LedgerError> {
        let sealed = self.key().seal(&label(server), key.expose())?;
        self.change("ledger: login", |t| {
            t.execute(
                "INSERT OR REPLACE INTO login (server, sealed, at_ms) VALUES (?1, ?2, ?3)",
                params![server, sealed, now_ms()],
            )
        })?;
        Ok(())
    }

    /// The key kept for `server`.
    pub(crate) fn login(&self, server: &str) -> Result<Option<StoredLogin>, LedgerError> {
        let sealed: Option<Vec<u8>> = self.read(|c| {
            c.query_row("SELECT sealed FROM login WHERE server = ?1", [server], |row| row.get(0)).optional()
        })?;
        sealed
            .map(|sealed| {
                let what = label(server);
                let text = self.key().open(&what, &sealed)?;
                let key = AnyKey::parse(text).map_err(|_| SealError::Broken { what })?;
                Ok(StoredLogin { key })
            })
            .transpose()
    }

    /// Forgets the key kept for `server`; `false` when there was none.
    pub(crate) fn forget_login(&self, server: &str) -> Result<bool, LedgerError> {
        let rows = self.change("ledger: logout", |t| {
            t.execute("DELETE FROM cache WHERE server = ?1", [server])?;
            t.execute("DELETE FROM login WHERE server = ?1", [server])
        })?;
        Ok(rows > 0)
    }
}

fn label(server: &str) -> String {
    format!("login/{server}")
}
