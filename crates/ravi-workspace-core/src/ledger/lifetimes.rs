//! How long workspaces live, and which of them have their key revoked while they are suspended.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};

use super::intent::{self, Effect};
use super::row::unknown;
use super::{Binding, Ledger, LedgerError};
use crate::machine::clock::now_ms;

pub(super) const TABLES: &str = "
CREATE TABLE lifetime (
    binding TEXT PRIMARY KEY REFERENCES binding (id) ON DELETE CASCADE,
    ends_ms INTEGER,                    -- NULL: no end
    ending  TEXT NOT NULL CHECK (ending IN ('suspend', 'release')),
    used_ms INTEGER NOT NULL            -- when it was last set up or woken
) STRICT;
";

/// What happens to a workspace at the end of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// Its key is revoked and its identity kept; the next use wakes it.
    Suspend,
    /// It is taken down.
    Release,
}

/// How long a workspace lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// Unix time in milliseconds; `None` if it has no end.
    pub(crate) ends_ms: Option<i64>,
    pub(crate) ending: Ending,
    /// When it was last set up or woken.
    pub(crate) used_ms: i64,
}

impl Lifetime {
    /// What is due now.
    pub(crate) fn due(&self) -> Option<Ending> {
        self.ends_ms.filter(|ends| *ends <= now_ms()).map(|_| self.ending)
    }
}

impl Ledger {
    /// How long workspace `id` lives.
    pub(crate) fn lifetime(&self, id: &str) -> Result<Option<Lifetime>, LedgerError> {
        self.read(|c| {
            c.prepare_cached("SELECT ends_ms, ending, used_ms FROM lifetime WHERE binding = ?1")?
                .query_row([id], from_row)
                .optional()
        })
    }

    /// Sets the end of the workspace's life to `ends_ms`. With `soonest`, an end that is sooner, or one that releases,
    /// is kept.
    pub(crate) fn set_lifetime(
        &self,
        id: &str,
        ends_ms: Option<i64>,
        ending: Ending,
        soonest: bool,
    ) -> Result<(), LedgerError> {
        self.change("ledger: lifetime", |t| {
            let known = t.execute(
                "UPDATE lifetime SET ends_ms = ?2, ending = ?3 WHERE binding = ?1
                 AND NOT (?4 AND ends_ms IS NOT NULL AND (ends_ms <= ?2 OR ending = 'release'))",
                params![id, ends_ms, name(ending), soonest],
            )?;
            Ok(known)
        })?;
        Ok(())
    }

    /// Takes the workspace's key away and owes its revocation. `false` if the workspace is not ready.
    pub(crate) fn begin_suspend(&self, binding: &Binding) -> Result<bool, LedgerError> {
        self.change("ledger: suspended", |t| {
            let done = t.execute(
                "UPDATE binding SET state = 'suspended', key_sealed = NULL, key_uuid = NULL
                 WHERE id = ?1 AND state IN ('ready', 'suspended')",
                [&binding.id],
            )?;
            if done == 0 {
                return Ok(false);
            }
            // What was read for it is read again when it wakes.
            if let Some(uuid) = &binding.identity {
                t.execute("DELETE FROM cache WHERE identity = ?1", [uuid.as_str()])?;
            }
            t.execute("UPDATE lifetime SET ends_ms = NULL WHERE binding = ?1 AND ending = 'suspend'", [&binding.id])?;
            intent::note(t, &binding.id, Effect::Suspend, &())?;
            Ok(true)
        })
    }

    /// Notes that every key of the suspended workspace is revoked.
    pub(crate) fn end_suspend(&self, id: &str) -> Result<(), LedgerError> {
        self.settle(id, Effect::Suspend)
    }

    /// Suspended workspaces that may still have a live key: its revocation has not been accepted yet and was last tried
    /// before `tried_before_ms`, or a wake was cut short.
    pub(crate) fn suspended_with_key(&self, server: &str, tried_before_ms: i64) -> Result<Vec<String>, LedgerError> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT id FROM binding AS b WHERE server = ?1 AND state = 'suspended' AND (key_sealed IS NOT NULL
                 OR EXISTS (SELECT 1 FROM intent AS i WHERE i.binding = b.id
                 AND (i.effect = ?4 OR i.effect = ?2 AND i.at_ms <= ?3))) ORDER BY at_ms, id",
            )?
            .query_map(params![server, Effect::Suspend, tried_before_ms, Effect::MintKey], |row| row.get(0))?
            .collect()
        })
    }
}

/// Starts the lifetime of a workspace that was set up: it lives for `ttl_s`. With `keep`, only an end that would
/// suspend it is removed.
pub(super) fn renew(connection: &Connection, id: &str, ttl_s: Option<u64>, keep: bool) -> rusqlite::Result<usize> {
    let now = now_ms();
    if keep {
        let sql = "UPDATE lifetime SET ends_ms = NULL WHERE binding = ?1 AND ending = 'suspend'";
        return connection.execute(sql, [id]);
    }
    let ends = ttl_s.map(|s| now.saturating_add(i64::try_from(s).unwrap_or(i64::MAX).saturating_mul(1000)));
    connection.execute(
        "INSERT INTO lifetime (binding, ends_ms, ending, used_ms) VALUES (?1, ?2, 'release', ?3)
         ON CONFLICT (binding) DO UPDATE SET ends_ms = excluded.ends_ms, ending = excluded.ending, used_ms = excluded.used_ms",
        params![id, ends, now],
    )
}

/// Notes that the workspace is being set up, or used, now.
pub(super) fn used(connection: &Connection, id: &str) -> rusqlite::Result<usize> {
    connection.execute("UPDATE lifetime SET used_ms = ?2 WHERE binding = ?1", params![id, now_ms()])
}

fn name(ending: Ending) -> &'static str {
    match ending {
        Ending::Suspend => "suspend",
        Ending::Release => "release",
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Lifetime> {
    let ending = match row.get_ref(1)?.as_str()? {
        "suspend" => Ending::Suspend,
        "release" => Ending::Release,
        _ => return Err(unknown(row, 1, "a workspace's lifetime".to_owned())),
    };
    Ok(Lifetime { ends_ms: row.get(0)?, ending, used_ms: row.get(2)? })
}
