//! Secrets that were read from Ravi, sealed with the machine key.
//!
//! A row is Ravi's last answer about one secret: its value, or that there is none. Whether that is still good enough is
//! decided by [`crate::vault::Cache`].

use rusqlite::{OptionalExtension as _, params};
use secrecy::ExposeSecret as _;

use super::{Ledger, LedgerError};
use crate::api::IdentityUuid;
use crate::model::opened::Opened;

pub(super) const TABLES: &str = "
-- What Ravi said last about a secret.
CREATE TABLE cache (
    server   TEXT NOT NULL,
    identity TEXT NOT NULL,
    name     TEXT NOT NULL,
    sealed   BLOB,                      -- the value, sealed; NULL: there is no such secret
    read_ms  INTEGER NOT NULL,          -- when Ravi said so
    tried_ms INTEGER,                   -- when it was asked in vain since
    rejected INTEGER NOT NULL DEFAULT 0, -- whoever the value is for did not take it
    PRIMARY KEY (server, identity, name)
) STRICT, WITHOUT ROWID;
";

/// Which secret: at which Ravi, whose, and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SecretAt<'a> {
    pub(crate) server: &'a str,
    pub(crate) identity: &'a IdentityUuid,
    pub(crate) name: &'a str,
}

/// Ravi's last answer about one secret.
#[derive(Debug)]
pub(crate) struct CachedRow {
    /// `None` if there was no such secret.
    pub(crate) value: Option<Opened>,
    /// When Ravi said so.
    pub(crate) read_ms: i64,
    /// When Ravi was last asked since without answering.
    pub(crate) tried_ms: Option<i64>,
    /// Whoever the value is for refused it.
    pub(crate) rejected: bool,
}

impl SecretAt<'_> {
    /// Names the row for the seal, so that no value can be opened in another row.
    fn label(&self) -> String {
        format!("cache/{}/{}/{}", self.name, self.identity, self.server)
    }
}

impl Ledger {
    /// Ravi's last answer. A value that this machine's key cannot open counts as none, and so does one that was kept in
    /// the form stored at Ravi: both can be read again.
    pub(crate) fn cached(&self, at: SecretAt<'_>) -> Result<Option<CachedRow>, LedgerError> {
        type Raw = (Option<Vec<u8>>, i64, Option<i64>, bool);
        let raw: Option<Raw> = self.read(|c| {
            c.prepare_cached(
                "SELECT sealed, read_ms, tried_ms, rejected FROM cache WHERE server = ?1 AND identity = ?2 AND name = ?3",
            )?
            .query_row(params![at.server, at.identity.as_str(), at.name], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()
        })?;
        let Some((sealed, read_ms, tried_ms, rejected)) = raw else { return Ok(None) };
        let value = match sealed {
            None => None,
            Some(sealed) => match self.key().open(&at.label(), &sealed) {
                Ok(value) => match Opened::kept(value) {
                    Some(value) => Some(value),
                    None => return Ok(None),
                },
                Err(_) => return Ok(None),
            },
        };
        Ok(Some(CachedRow { value, read_ms, tried_ms, rejected }))
    }

    /// Keeps what Ravi just said.
    pub(crate) fn cache(&self, at: SecretAt<'_>, value: Option<&Opened>, read_ms: i64) -> Result<(), LedgerError> {
        let sealed = value.map(|value| self.key().seal(&at.label(), value.value().expose_secret())).transpose()?;
        self.change("ledger: secret cached", |t| {
            t.prepare_cached(
                "INSERT OR REPLACE INTO cache (server, identity, name, sealed, read_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![at.server, at.identity.as_str(), at.name, sealed, read_ms])
        })?;
        Ok(())
    }

    /// Notes that Ravi was asked again and did not answer.
    pub(crate) fn cache_tried(&self, at: SecretAt<'_>, tried_ms: i64) -> Result<(), LedgerError> {
        self.change("ledger: cached secret tried", |t| {
            t.execute(
                "UPDATE cache SET tried_ms = ?4 WHERE server = ?1 AND identity = ?2 AND name = ?3",
                params![at.server, at.identity.as_str(), at.name, tried_ms],
            )
        })?;
        Ok(())
    }

    /// Makes sure that the value is read again before it is next used.
    pub(crate) fn cache_rejected(&self, at: SecretAt<'_>) -> Result<(), LedgerError> {
        self.change("ledger: cached secret rejected", |t| {
            t.execute(
                "UPDATE cache SET rejected = 1 WHERE server = ?1 AND identity = ?2 AND name = ?3",
                params![at.server, at.identity.as_str(), at.name],
            )
        })?;
        Ok(())
    }

    /// Forgets one secret.
    pub(crate) fn uncache(&self, at: SecretAt<'_>) -> Result<(), LedgerError> {
        self.change("ledger: cached secret dropped", |t| {
            t.execute(
                "DELETE FROM cache WHERE server = ?1 AND identity = ?2 AND name = ?3",
                params![at.server, at.identity.as_str(), at.name],
            )
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    #[test]
    fn sealed_text_that_an_earlier_version_kept_is_not_served() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), Some(crate::config::Keychain::File)).unwrap();
        let identity = IdentityUuid::from("made-up-uuid");
        let at = SecretAt { server: "http://127.0.0.1:1", identity: &identity, name: "GH_TOKEN" };
        ledger.cache(at, Opened::kept(SecretString::from("made-up-token-4711")).as_ref(), 1).unwrap();
        assert!(ledger.cached(at).unwrap().unwrap().value.is_some());
        let armour = "-----BEGIN AGE ENCRYPTED FILE-----\nmade-up\n-----END AGE ENCRYPTED FILE-----\n";
        let kept = ledger.key().seal(&at.label(), armour).unwrap();
        ledger.change("test", |t| t.execute("UPDATE cache SET sealed = ?1", params![kept])).unwrap();
        assert!(ledger.cached(at).unwrap().is_none(), "it is read again");
    }
}
