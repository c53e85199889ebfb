//! Which identity a key is restricted to. That never changes, and is needed when Ravi cannot be asked.

use rusqlite::{OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use super::{IdentityRow, IdentityState, Ledger, LedgerError};
use crate::api::IdentityKey;
use crate::machine::clock::now_ms;

pub(super) const TABLES: &str = "
-- Identities of keys that this machine was given, by digest of the key.
CREATE TABLE key_identity (
    server TEXT NOT NULL,
    digest BLOB NOT NULL,               -- SHA-256
    uuid   TEXT NOT NULL,
    name   TEXT NOT NULL,
    email  TEXT NOT NULL,
    phone  TEXT,
    at_ms  INTEGER NOT NULL,
    PRIMARY KEY (server, digest)
) STRICT, WITHOUT ROWID;
";

impl Ledger {
    /// The identity that `key` reaches, if it has been used here before.
    pub(crate) fn identity_of(&self, server: &str, key: &IdentityKey) -> Result<Option<IdentityRow>, LedgerError> {
        self.read(|c| {
            let sql = "SELECT uuid, name, email, phone FROM key_identity WHERE server = ?1 AND digest = ?2";
            c.prepare_cached(sql)?
                .query_row(params![server, digest(key)], |row| {
                    Ok(IdentityRow {
                        uuid: row.get::<_, String>(0)?.into(),
                        server: server.to_owned(),
                        name: row.get(1)?,
                        email: row.get(2)?,
                        phone: row.get(3)?,
                        state: IdentityState::Host,
                        workspace: None,
                        borrowed: false,
                        given_name: None,
                    })
                })
                .optional()
        })
    }

    /// Keeps the identity that `key` reaches.
    pub(crate) fn keep_identity_of(&self, key: &IdentityKey, row: &IdentityRow) -> Result<(), LedgerError> {
        self.change("ledger: identity of a key", |t| {
            t.execute(
                "INSERT OR REPLACE INTO key_identity (server, digest, uuid, name, email, phone, at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![row.server, digest(key), row.uuid.as_str(), row.name, row.email, row.phone, now_ms()],
            )
        })?;
        Ok(())
    }
}

fn digest(key: &IdentityKey) -> Vec<u8> {
    Sha256::digest(key.expose()).to_vec()
}
