//! The account key left by a login, sealed.

use rusqlite::{OptionalExtension as _, params};

use super::seal::SealError;
use super::{Ledger, LedgerError};
use crate::api::{AnyKey, KeyUuid};
use crate::machine::clock::now_ms;

pub(super) const OWN_KEY: &str = "
-- The record of a key that this ledger minted for itself at login; NULL where the person gave the key.
ALTER TABLE login ADD COLUMN key_uuid TEXT;

-- Keys for the account that nobody needs any more and that are still to be revoked.
CREATE TABLE owed_account_key (
    key_uuid TEXT PRIMARY KEY,
    server   TEXT NOT NULL
) STRICT;
";

/// A key that an earlier login kept.
#[derive(Debug, Clone)]
pub(crate) struct StoredLogin {
    pub(crate) key: AnyKey,
    /// The key's record, if the login minted it: then it may be revoked once nobody is signed in any more.
    pub(crate) own: Option<KeyUuid>,
}

impl Ledger {
    /// Keeps the account key for `server`, in place of an earlier one.
    ///
    /// It may belong to another account, so the host identity has to be found again. `own` is the key's record, if the
    /// login minted it. `former` are the keys that it replaces, whose revocation is owed from here on.
    pub(crate) fn store_login(
        &self,
        server: &str,
        key: &AnyKey,
        own: Option<&KeyUuid>,
        former: &[KeyUuid],
    ) -> Result<(), LedgerError> {
        let sealed = self.key().seal(&label(server), key.expose())?;
        self.change("ledger: login", |t| {
            super::host::drop_host(t, server)?;
            for key in former {
                t.execute(
                    "INSERT OR IGNORE INTO owed_account_key (key_uuid, server) VALUES (?1, ?2)",
                    params![key.as_str(), server],
                )?;
            }
            t.execute(
                "INSERT OR REPLACE INTO login (server, sealed, key_uuid, at_ms) VALUES (?1, ?2, ?3, ?4)",
                params![server, sealed, own.map(KeyUuid::as_str), now_ms()],
            )
        })?;
        Ok(())
    }

    /// Keeps the same login under another name of the same Ravi.
    pub(super) fn reseal_login(&self, server: &str, login: &StoredLogin) -> Result<(), LedgerError> {
        let sealed = self.key().seal(&label(server), login.key.expose())?;
        self.change("ledger: login moved", |t| {
            t.execute(
                "INSERT OR REPLACE INTO login (server, sealed, key_uuid, at_ms) VALUES (?1, ?2, ?3, ?4)",
                params![server, sealed, login.own.as_ref().map(KeyUuid::as_str), now_ms()],
            )
        })?;
        Ok(())
    }

    /// Records of account keys of `server` that have yet to be revoked.
    pub(crate) fn owed_account_keys(&self, server: &str) -> Result<Vec<KeyUuid>, LedgerError> {
        self.read(|c| {
            c.prepare_cached("SELECT key_uuid FROM owed_account_key WHERE server = ?1")?
                .query_map([server], |row| row.get::<_, String>(0).map(Into::into))?
                .collect()
        })
    }

    /// Notes that the key is revoked.
    pub(crate) fn account_key_paid(&self, key: &KeyUuid) -> Result<(), LedgerError> {
        self.change("ledger: account key revoked", |t| {
            t.execute("DELETE FROM owed_account_key WHERE key_uuid = ?1", [key.as_str()])
        })?;
        Ok(())
    }

    /// The key kept for `server`.
    pub(crate) fn login(&self, server: &str) -> Result<Option<StoredLogin>, LedgerError> {
        let kept: Option<(Vec<u8>, Option<String>)> = self.read(|c| {
            c.query_row("SELECT sealed, key_uuid FROM login WHERE server = ?1", [server], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
        })?;
        kept.map(|(sealed, own)| {
            let what = label(server);
            let text = self.key().open(&what, &sealed)?;
            let key = AnyKey::parse(text).map_err(|_| SealError::Broken { what })?;
            Ok(StoredLogin { key, own: own.map(Into::into) })
        })
        .transpose()
    }

    /// Forgets the key kept for `server`; `false` if there was none.
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
