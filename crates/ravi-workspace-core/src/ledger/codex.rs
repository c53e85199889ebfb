//! Codex logins: what vault and disk last agreed on, and what could not be stored yet, sealed with the machine key.

use rusqlite::{OptionalExtension as _, params};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Ledger, LedgerError};
use crate::machine::clock::now_ms;

pub(super) const TABLES: &str = "
CREATE TABLE codex_login (
    server     TEXT NOT NULL,
    name       TEXT NOT NULL,           -- the secret that holds it
    home       TEXT NOT NULL,           -- real path of CODEX_HOME
    generation INTEGER,                 -- of what vault and disk last agreed on
    digest     TEXT,                    -- SHA-256 of it
    pushed_ms  INTEGER,                 -- when this machine last stored another content
    pending    BLOB,                    -- a newer content that is not stored yet, sealed
    PRIMARY KEY (server, name, home)
) STRICT;
";

/// Which login, and where on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodexAt {
    pub(crate) server: String,
    pub(crate) name: String,
    pub(crate) home: String,
}

/// What is known about a login.
#[derive(Debug, Clone, Default)]
pub(crate) struct CodexRow {
    pub(crate) generation: Option<i64>,
    pub(crate) digest: Option<String>,
    pub(crate) pushed_ms: Option<i64>,
    /// Text of the file that has not been stored yet.
    pub(crate) pending: Option<SecretString>,
}

impl CodexAt {
    pub(super) fn label(&self) -> String {
        format!("codex/{}/{}/{}", self.server, self.name, self.home)
    }
}

impl Ledger {
    /// What is known about a login; empty if nothing is.
    pub(crate) fn codex(&self, at: &CodexAt) -> Result<CodexRow, LedgerError> {
        type Found = (Option<i64>, Option<String>, Option<i64>, Option<Vec<u8>>);
        let found: Option<Found> = self.read(|c| {
            let sql = "SELECT generation, digest, pushed_ms, pending FROM codex_login
                       WHERE server = ?1 AND name = ?2 AND home = ?3";
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
            c.query_row(sql, [&at.server, &at.name, &at.home], row).optional()
        })?;
        let Some((generation, digest, pushed_ms, pending)) = found else { return Ok(CodexRow::default()) };
        let pending = pending.map(|sealed| self.key().open(&at.label(), &sealed)).transpose()?;
        Ok(CodexRow { generation, digest, pushed_ms, pending })
    }

    /// Keeps the text of a file until it is stored.
    pub(crate) fn codex_pend(&self, at: &CodexAt, text: &SecretString) -> Result<(), LedgerError> {
        let sealed = self.key().seal(&at.label(), text.expose_secret())?;
        self.change("ledger: Codex login pending", |t| {
            t.execute(
                "INSERT INTO codex_login (server, name, home, pending) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (server, name, home) DO UPDATE SET pending = excluded.pending",
                params![at.server, at.name, at.home, sealed],
            )
        })?;
        Ok(())
    }

    /// What is waiting to be stored at one Ravi.
    pub(super) fn codex_pending_of(&self, server: &str) -> Result<Vec<(CodexAt, SecretString)>, LedgerError> {
        let rows: Vec<(String, String, Vec<u8>)> = self.read(|c| {
            c.prepare("SELECT name, home, pending FROM codex_login WHERE server = ?1 AND pending IS NOT NULL")?
                .query_map([server], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })?;
        let opened = rows.into_iter().map(|(name, home, sealed)| {
            let at = CodexAt { server: server.to_owned(), name, home };
            let text = self.key().open(&at.label(), &sealed)?;
            Ok((at, text))
        });
        opened.collect()
    }

    /// Notes that nothing is waiting to be stored any more.
    pub(crate) fn codex_unpend(&self, at: &CodexAt) -> Result<(), LedgerError> {
        self.change("ledger: Codex login not pending", |t| {
            t.execute(
                "UPDATE codex_login SET pending = NULL WHERE server = ?1 AND name = ?2 AND home = ?3",
                params![at.server, at.name, at.home],
            )
        })?;
        Ok(())
    }

    /// Notes that vault and disk agree; `pushed` means that this machine has just stored it.
    pub(crate) fn codex_agree(
        &self,
        at: &CodexAt,
        generation: i64,
        digest: &str,
        pushed: bool,
    ) -> Result<(), LedgerError> {
        let pushed_ms = pushed.then(now_ms);
        self.change("ledger: Codex login stored", |t| {
            t.execute(
                "INSERT INTO codex_login (server, name, home, generation, digest, pushed_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (server, name, home) DO UPDATE SET generation = excluded.generation,
                     digest = excluded.digest, pushed_ms = coalesce(excluded.pushed_ms, pushed_ms), pending = NULL",
                params![at.server, at.name, at.home, generation, digest, pushed_ms],
            )
        })?;
        Ok(())
    }
}
