//! Identities that this machine has made or taken over, and what each is doing.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Ledger, LedgerError, now_ms};
use crate::api::{Identity, IdentityUuid};
use crate::workspace::IdentityInfo;

/// What an identity is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdentityState {
    /// Holds the app's own secrets.
    Host,
    /// Belongs to a workspace.
    Bound,
    /// Its workspace is gone and its keys are not yet all revoked.
    Leaving,
    /// Free for the next workspace.
    Pooled,
    /// Emptied and renamed; not used again.
    Retired,
}

impl IdentityState {
    fn as_str(self) -> &'static str {
        match self {
            IdentityState::Host => "host",
            IdentityState::Bound => "bound",
            IdentityState::Leaving => "leaving",
            IdentityState::Pooled => "pooled",
            IdentityState::Retired => "retired",
        }
    }
}

/// An identity as the ledger knows it.
#[derive(Debug, Clone)]
pub(crate) struct IdentityRow {
    pub(crate) uuid: IdentityUuid,
    pub(crate) server: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) phone: Option<String>,
    pub(crate) state: IdentityState,
    pub(crate) workspace: Option<String>,
}

const COLUMNS: &str = "uuid, server, name, email, phone, state, workspace";

impl IdentityRow {
    /// The row for an identity that workspace `id` has now.
    pub(crate) fn bound(identity: &Identity, server: &str, id: &str) -> Self {
        IdentityRow {
            uuid: identity.uuid.clone(),
            server: server.to_owned(),
            name: identity.name.clone(),
            email: identity.email.clone(),
            phone: identity.phone.clone(),
            state: IdentityState::Bound,
            workspace: Some(id.to_owned()),
        }
    }

    /// The row for the identity that holds the app's own secrets.
    pub(crate) fn host(identity: &Identity, server: &str) -> Self {
        IdentityRow { state: IdentityState::Host, workspace: None, ..Self::bound(identity, server, "") }
    }

    /// As people see it.
    pub(crate) fn info(&self) -> IdentityInfo {
        IdentityInfo {
            uuid: self.uuid.to_string(),
            name: self.name.clone(),
            email: self.email.clone(),
            phone: self.phone.clone(),
        }
    }

    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<usize> {
        connection
            .prepare_cached(
                "INSERT INTO identity (uuid, server, name, email, phone, state, workspace, at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (uuid) DO UPDATE SET name = excluded.name, email = excluded.email,
                 phone = excluded.phone, state = excluded.state, workspace = excluded.workspace, at_ms = excluded.at_ms",
            )?
            .execute(params![
                self.uuid.as_str(),
                self.server,
                self.name,
                self.email,
                self.phone,
                self.state.as_str(),
                self.workspace,
                now_ms()
            ])
    }
}

impl Ledger {
    /// One identity.
    pub(crate) fn identity(&self, uuid: &IdentityUuid) -> Result<Option<IdentityRow>, LedgerError> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM identity WHERE uuid = ?1"))?
                .query_row([uuid.as_str()], from_row)
                .optional()
        })
    }

    /// Every identity of `server` that this ledger knows.
    pub(crate) fn identities(&self, server: &str) -> Result<Vec<IdentityRow>, LedgerError> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM identity WHERE server = ?1 ORDER BY at_ms"))?
                .query_map([server], from_row)?
                .collect()
        })
    }

    /// The identity that holds the app's own secrets, where it is known.
    pub(crate) fn host(&self, server: &str) -> Result<Option<IdentityRow>, LedgerError> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM identity WHERE server = ?1 AND state = 'host'"))?
                .query_row([server], from_row)
                .optional()
        })
    }

    /// Writes one identity.
    pub(crate) fn put_identity(&self, row: &IdentityRow) -> Result<(), LedgerError> {
        self.change("ledger: identity", |t| row.write(t))?;
        Ok(())
    }

    /// The last event of the identity that belongs to a former workspace; 0 where there is none.
    pub(crate) fn cursor(&self, uuid: &IdentityUuid) -> Result<i64, LedgerError> {
        let cursor = self.read(|c| {
            c.query_row("SELECT cursor FROM identity WHERE uuid = ?1", [uuid.as_str()], |row| row.get(0)).optional()
        })?;
        Ok(cursor.unwrap_or(0))
    }

    /// Events up to `cursor` belong to former workspaces.
    pub(crate) fn set_cursor(&self, uuid: &IdentityUuid, cursor: i64) -> Result<(), LedgerError> {
        self.change("ledger: inbox cursor", |t| {
            t.execute("UPDATE identity SET cursor = ?2 WHERE uuid = ?1", params![uuid.as_str(), cursor])
        })?;
        Ok(())
    }

    /// How many identities of `server` are free.
    pub(crate) fn pool_count(&self, server: &str) -> Result<u32, LedgerError> {
        self.read(|c| {
            c.query_row("SELECT count(*) FROM identity WHERE server = ?1 AND state = 'pooled'", [server], |row| {
                row.get(0)
            })
        })
    }

    /// The server does not know the identity any more: workspace `id` is without one again.
    pub(crate) fn drop_identity(&self, id: &str, uuid: &IdentityUuid) -> Result<(), LedgerError> {
        self.change("ledger: identity dropped", |t| {
            t.execute("UPDATE binding SET identity = NULL WHERE id = ?1", [id])?;
            t.execute("DELETE FROM identity WHERE uuid = ?1", [uuid.as_str()])
        })?;
        Ok(())
    }

    /// Takes a free identity out of the pool for workspace `id`: the one it had before, else the one longest free.
    /// In one change, so that no two workspaces take the same.
    pub(crate) fn take_pooled(&self, server: &str, id: &str) -> Result<Option<IdentityRow>, LedgerError> {
        self.change("ledger: identity taken from the pool", |t| {
            let row = t
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM identity WHERE server = ?1 AND state = 'pooled'
                     ORDER BY workspace IS NOT ?2, at_ms LIMIT 1"
                ))?
                .query_row(params![server, id], from_row)
                .optional()?;
            let Some(row) = row else { return Ok(None) };
            let row = IdentityRow { state: IdentityState::Bound, workspace: Some(id.to_owned()), ..row };
            row.write(t)?;
            t.execute("UPDATE binding SET identity = ?2 WHERE id = ?1", params![id, row.uuid.as_str()])?;
            Ok(Some(row))
        })
    }
}

pub(super) fn set_state(connection: &Connection, uuid: &IdentityUuid, state: IdentityState) -> rusqlite::Result<usize> {
    connection.execute(
        "UPDATE identity SET state = ?2, at_ms = ?3 WHERE uuid = ?1",
        params![uuid.as_str(), state.as_str(), now_ms()],
    )
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<IdentityRow> {
    Ok(IdentityRow {
        uuid: row.get::<_, String>(0)?.into(),
        server: row.get(1)?,
        name: row.get(2)?,
        email: row.get(3)?,
        phone: row.get(4)?,
        state: match row.get_ref(5)?.as_str()? {
            "host" => IdentityState::Host,
            "pooled" => IdentityState::Pooled,
            "retired" => IdentityState::Retired,
            "leaving" => IdentityState::Leaving,
            _ => IdentityState::Bound,
        },
        workspace: row.get(6)?,
    })
}
