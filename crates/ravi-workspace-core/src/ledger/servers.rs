//! The name under which a ledger knows a Ravi.
//!
//! One Ravi is reachable at several addresses, and has moved between them before. Rows carry the name used when the
//! ledger first met it, and keep it whichever of the addresses is used.

use rusqlite::{Connection, params};
use secrecy::ExposeSecret as _;

use super::codex::CodexAt;
use super::{Ledger, LedgerError};

/// Tables whose rows mean the same under another name.
const KEPT: [&str; 7] = ["identity", "binding", "owed", "owed_key", "owed_account_key", "bundle", "host_choice"];

/// Tables whose rows can be found again by asking Ravi.
const FOUND_AGAIN: [&str; 4] = ["claim", "host_intent", "key_identity", "cache"];

impl Ledger {
    /// The name that this ledger uses for a Ravi that has all of `names`, or the first if it knows none of them.
    ///
    /// What it has under the others is moved to that name, except what is sealed under its own.
    pub(crate) fn settle_server_name(&self, names: &[String]) -> Result<String, LedgerError> {
        let Some(first) = names.first() else { return Ok(String::new()) };
        if names.len() == 1 {
            return Ok(first.clone());
        }
        let mut used =
            self.read(|c| names.iter().map(|name| Ok((weight(c, name)?, name))).collect::<Result<Vec<_>, _>>())?;
        used.retain(|(weight, _)| *weight != Weight::default());
        // The sort is stable, so that among equals the first of `names` wins.
        used.sort_by(|(one, _), (other, _)| other.cmp(one));
        let Some(((_, name), others)) = used.split_first() else { return Ok(first.clone()) };
        if others.iter().any(|(weight, _)| weight.rows > 0) {
            self.change("ledger: names of one Ravi", |t| {
                others.iter().try_for_each(|(_, other)| rename(t, other, name).map(drop))
            })?;
        }
        Ok((*name).clone())
    }

    /// Every name of a Ravi that this ledger has anything about, most used first.
    pub(crate) fn server_names(&self) -> Result<Vec<String>, LedgerError> {
        self.read(|c| {
            c.prepare(
                "SELECT server FROM (SELECT server FROM binding UNION ALL SELECT server FROM login
                 UNION ALL SELECT server FROM identity) GROUP BY server ORDER BY count(*) DESC, server",
            )?
            .query_map([], |row| row.get(0))?
            .collect()
        })
    }

    /// Moves everything that the ledger has under `from` to `to`.
    pub(crate) fn move_server(&self, from: &str, to: &str) -> Result<(), LedgerError> {
        let login = self.login(from)?;
        let codex = self.codex_pending_of(from)?;
        let resealed = codex.iter().map(|(at, text)| {
            let moved = CodexAt { server: to.to_owned(), ..at.clone() };
            Ok((moved.clone(), self.key().seal(&moved.label(), text.expose_secret())?))
        });
        let resealed = resealed.collect::<Result<Vec<_>, LedgerError>>()?;
        if let Some(login) = &login {
            self.reseal_login(to, login)?;
        }
        self.change("ledger: moved to another address", |t| {
            rename(t, from, to)?;
            t.execute("UPDATE OR REPLACE codex_login SET server = ?2 WHERE server = ?1", [from, to])?;
            for (at, sealed) in &resealed {
                t.execute(
                    "UPDATE codex_login SET pending = ?4 WHERE server = ?1 AND name = ?2 AND home = ?3",
                    params![at.server, at.name, at.home, sealed],
                )?;
            }
            t.execute("DELETE FROM login WHERE server = ?1", [from])
        })?;
        Ok(())
    }
}

/// How much a ledger has under a name; what cannot be moved weighs most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Weight {
    codex: i64,
    logins: i64,
    rows: i64,
}

fn weight(c: &Connection, name: &str) -> rusqlite::Result<Weight> {
    c.prepare_cached(
        "SELECT (SELECT count(*) FROM codex_login WHERE server = ?1 AND pending IS NOT NULL),
         (SELECT count(*) FROM login WHERE server = ?1),
         (SELECT count(*) FROM binding WHERE server = ?1) + (SELECT count(*) FROM identity WHERE server = ?1)",
    )?
    .query_row([name], |row| Ok(Weight { codex: row.get(0)?, logins: row.get(1)?, rows: row.get(2)? }))
}

fn rename(t: &Connection, from: &str, to: &str) -> rusqlite::Result<usize> {
    // One Ravi has one host identity; the one known under the name that stays is kept.
    let known: bool =
        t.query_row("SELECT EXISTS (SELECT 1 FROM identity WHERE server = ?1 AND state = 'host')", [to], |row| {
            row.get(0)
        })?;
    if known {
        super::host::drop_host(t, from)?;
    }
    for table in KEPT {
        t.execute(&format!("UPDATE OR IGNORE {table} SET server = ?2 WHERE server = ?1"), [from, to])?;
        t.execute(&format!("DELETE FROM {table} WHERE server = ?1"), [from])?;
    }
    for table in FOUND_AGAIN {
        t.execute(&format!("DELETE FROM {table} WHERE server = ?1"), [from])?;
    }
    t.execute("UPDATE OR IGNORE codex_login SET server = ?2 WHERE server = ?1 AND pending IS NULL", [from, to])
}
