//! Identities that this machine has made or taken over, and what each of them is used for.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::intent::{self, Effect};
use super::row::unknown;
use super::{Ledger, LedgerError};
use crate::api::{Identity, IdentityUuid};
use crate::machine::clock::now_ms;
use crate::model::workspace::IdentityInfo;

pub(super) const SET_ASIDE: &str = "
-- 1: retired for having been used, and by nobody's wish: it may serve again where the configuration says so.
ALTER TABLE identity ADD COLUMN set_aside INTEGER NOT NULL DEFAULT 0;
";

/// What an identity is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdentityState {
    /// It holds the app's own secrets.
    Host,
    /// It belongs to a workspace.
    Bound,
    /// Its workspace is gone, and not all of its keys are revoked yet.
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

/// An identity as stored in the ledger.
#[derive(Debug, Clone)]
pub(crate) struct IdentityRow {
    pub(crate) uuid: IdentityUuid,
    pub(crate) server: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) phone: Option<String>,
    pub(crate) state: IdentityState,
    pub(crate) workspace: Option<String>,
    /// It existed before and is used by workspaces: it is never emptied, renamed or put into the pool.
    pub(crate) borrowed: bool,
    /// The name that this ledger last gave it. `name` is its name at Ravi, where others may have renamed it.
    pub(crate) given_name: Option<String>,
}

const COLUMNS: &str = "uuid, server, name, email, phone, state, workspace, borrowed, given_name";

impl IdentityRow {
    /// The row for an identity that now belongs to workspace `id`.
    pub(crate) fn bound(identity: &Identity, server: &str, id: &str) -> Self {
        IdentityRow {
            uuid: identity.uuid.clone(),
            server: server.to_owned(),
            name: identity.name.clone(),
            email: identity.email.clone(),
            phone: identity.phone.clone(),
            state: IdentityState::Bound,
            workspace: Some(id.to_owned()),
            borrowed: false,
            given_name: Some(identity.name.clone()),
        }
    }

    /// The row for an identity that existed before and is used by workspaces.
    pub(crate) fn borrowed(identity: &Identity, server: &str) -> Self {
        IdentityRow { workspace: None, borrowed: true, given_name: None, ..Self::bound(identity, server, "") }
    }

    /// The row for the identity that holds the app's own secrets.
    pub(crate) fn host(identity: &Identity, server: &str) -> Self {
        IdentityRow {
            state: IdentityState::Host,
            workspace: None,
            given_name: None,
            ..Self::bound(identity, server, "")
        }
    }

    /// The identity as people see it.
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
                "INSERT INTO identity (uuid, server, name, email, phone, state, workspace, borrowed, given_name, at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (uuid) DO UPDATE SET name = excluded.name, email = excluded.email,
                 phone = excluded.phone, state = excluded.state, workspace = excluded.workspace,
                 borrowed = excluded.borrowed, given_name = excluded.given_name, at_ms = excluded.at_ms",
            )?
            .execute(params![
                self.uuid.as_str(),
                self.server,
                self.name,
                self.email,
                self.phone,
                self.state.as_str(),
                self.workspace,
                self.borrowed,
                self.given_name,
                now_ms()
            ])
    }
}

/// Which identities of the pool will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pooled {
    /// Any that is free.
    Free,
    /// Any that is free; if none is, one that was set aside.
    OrSetAside,
    /// One that is free and whose address has this local part.
    WithAddress(String),
}

impl Ledger {
    /// Returns one identity.
    pub(crate) fn identity(&self, uuid: &IdentityUuid) -> Result<Option<IdentityRow>, LedgerError> {
        self.read(|c| one(c, uuid))
    }

    /// Every identity of `server` that this ledger knows.
    pub(crate) fn identities(&self, server: &str) -> Result<Vec<IdentityRow>, LedgerError> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM identity WHERE server = ?1 ORDER BY at_ms"))?
                .query_map([server], from_row)?
                .collect()
        })
    }

    /// The identity that holds the app's own secrets, if it is known.
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

    /// The last event of the identity that belongs to a former workspace; 0 if there is none.
    pub(crate) fn cursor(&self, uuid: &IdentityUuid) -> Result<i64, LedgerError> {
        let cursor = self.read(|c| {
            c.query_row("SELECT cursor FROM identity WHERE uuid = ?1", [uuid.as_str()], |row| row.get(0)).optional()
        })?;
        Ok(cursor.unwrap_or(0))
    }

    /// Notes that events up to `cursor` belong to former workspaces.
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

    /// Removes an identity that the server no longer knows.
    ///
    /// Workspace `id` is back without identity and key, and nothing its bundle gave it counts as held.
    pub(crate) fn drop_identity(&self, id: &str, uuid: &IdentityUuid) -> Result<(), LedgerError> {
        self.change_noted("ledger: identity dropped", |t| {
            t.execute("UPDATE binding SET identity = NULL, key_sealed = NULL, key_uuid = NULL WHERE id = ?1", [id])?;
            let taken = super::bundle::take_back(t, uuid)?;
            t.execute("DELETE FROM owed WHERE identity = ?1", [uuid.as_str()])?;
            t.execute("DELETE FROM cache WHERE identity = ?1", [uuid.as_str()])?;
            // Others may have used it too; each of them will notice by itself.
            t.execute(
                "DELETE FROM identity WHERE uuid = ?1 AND NOT EXISTS (SELECT 1 FROM binding WHERE identity = ?1)",
                [uuid.as_str()],
            )?;
            Ok(((), taken.into()))
        })
    }

    /// Takes an identity from the pool for workspace `id`: the one it had before, otherwise the one that has been free
    /// the longest.
    ///
    /// It is one change, so that no two workspaces take the same identity, and it includes the intent to make it fit
    /// ([`Effect::FitIdentity`]).
    pub(crate) fn take_pooled(
        &self,
        server: &str,
        id: &str,
        which: &Pooled,
    ) -> Result<Option<IdentityRow>, LedgerError> {
        let set_aside = *which == Pooled::OrSetAside;
        let address = if let Pooled::WithAddress(local) = which { Some(format!("{local}@")) } else { None };
        self.change("ledger: identity taken from the pool", |t| {
            let row = t
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM identity
                     WHERE server = ?1 AND (state = 'pooled' OR ?3 AND state = 'retired' AND set_aside = 1)
                       AND (?4 IS NULL OR substr(email, 1, length(?4)) = ?4)
                     ORDER BY state, workspace IS NOT ?2, at_ms LIMIT 1"
                ))?
                .query_row(params![server, id, set_aside, address], from_row)
                .optional()?;
            let Some(row) = row else { return Ok(None) };
            // Its name was removed when it was set aside.
            let given_name = row.given_name.filter(|_| row.state == IdentityState::Pooled);
            let row = IdentityRow { state: IdentityState::Bound, workspace: Some(id.to_owned()), given_name, ..row };
            row.write(t)?;
            t.execute("UPDATE identity SET set_aside = 0 WHERE uuid = ?1", [row.uuid.as_str()])?;
            t.execute("UPDATE binding SET identity = ?2 WHERE id = ?1", params![id, row.uuid.as_str()])?;
            intent::note(t, id, Effect::FitIdentity, &true)?;
            Ok(Some(row))
        })
    }

    /// Sets aside the identity that workspace `id` took from the pool: it was used, and not by this workspace. For now,
    /// it serves nobody.
    pub(crate) fn set_aside(&self, id: &str, uuid: &IdentityUuid) -> Result<(), LedgerError> {
        self.change("ledger: identity set aside", |t| {
            t.execute("UPDATE binding SET identity = NULL, key_sealed = NULL, key_uuid = NULL WHERE id = ?1", [id])?;
            intent::forget(t, id, Effect::FitIdentity)?;
            t.execute("UPDATE identity SET set_aside = 1 WHERE uuid = ?1", [uuid.as_str()])?;
            set_state(t, uuid, IdentityState::Retired)
        })?;
        Ok(())
    }

    /// Notes that the identity of a workspace being released was used and will be set aside. Its vault, which shows
    /// part of that use, is emptied only afterwards.
    pub(crate) fn note_used(&self, uuid: &IdentityUuid) -> Result<(), LedgerError> {
        self.change("ledger: identity used", |t| {
            t.execute("UPDATE identity SET set_aside = 1 WHERE uuid = ?1", [uuid.as_str()])
        })?;
        Ok(())
    }

    /// Whether the identity was noted as used.
    pub(crate) fn is_noted_used(&self, uuid: &IdentityUuid) -> Result<bool, LedgerError> {
        let noted = self.read(|c| {
            let query = "SELECT set_aside = 1 FROM identity WHERE uuid = ?1";
            c.query_row(query, [uuid.as_str()], |row| row.get(0)).optional()
        })?;
        Ok(noted.unwrap_or(false))
    }
}

pub(super) fn one(connection: &Connection, uuid: &IdentityUuid) -> rusqlite::Result<Option<IdentityRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM identity WHERE uuid = ?1"))?
        .query_row([uuid.as_str()], from_row)
        .optional()
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
            "bound" => IdentityState::Bound,
            _ => return Err(unknown(row, 5, format!("identity {}", row.get::<_, String>(0)?))),
        },
        workspace: row.get(6)?,
        borrowed: row.get(7)?,
        given_name: row.get(8)?,
    })
}
