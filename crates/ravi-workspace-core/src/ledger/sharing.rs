//! Identities that several workspaces use, or that existed before any workspace.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::identities::{IdentityRow, IdentityState};
use super::{Ledger, LedgerError};
use crate::api::IdentityUuid;
use crate::model::workspace::Sharing;

/// The result of asking for an existing identity.
#[derive(Debug)]
pub(crate) enum Lent {
    /// The workspace has it now.
    Given(IdentityRow),
    /// Somebody else has it, and it was not to be shared.
    Taken {
        /// Who, in words.
        by: String,
    },
}

impl Ledger {
    /// Gives workspace `id` the existing identity `wanted`; with `share`, even if others use it.
    ///
    /// It is one change, so that two workspaces cannot take the same identity without sharing it.
    pub(crate) fn lend_identity(&self, id: &str, wanted: &IdentityRow, share: bool) -> Result<Lent, LedgerError> {
        self.change("ledger: identity lent", |t| {
            let known = super::identities::one(t, &wanted.uuid)?;
            let state = known.as_ref().map_or(wanted.state, |row| row.state);
            let taken = |by: &str| Ok(Lent::Taken { by: by.to_owned() });
            if matches!(state, IdentityState::Leaving | IdentityState::Retired) {
                return taken("a workspace that was released, and whose keys are not all revoked yet");
            }
            if !share && state == IdentityState::Host {
                return taken("the app's own secrets");
            }
            if !share && let Some(other) = others(t, &wanted.uuid, id)?.first() {
                return taken(&format!("workspace {other}"));
            }
            let row = match known {
                // A free identity that this ledger made becomes the workspace's own.
                Some(row) if row.state == IdentityState::Pooled => {
                    IdentityRow { state: IdentityState::Bound, workspace: Some(id.to_owned()), ..row }
                }
                Some(row) => IdentityRow {
                    name: wanted.name.clone(),
                    email: wanted.email.clone(),
                    phone: wanted.phone.clone(),
                    ..row
                },
                None => wanted.clone(),
            };
            row.write(t)?;
            t.execute("UPDATE binding SET identity = ?2 WHERE id = ?1", params![id, row.uuid.as_str()])?;
            Ok(Lent::Given(row))
        })
    }

    /// With whom workspace `id` shares its identity; `None` if it has one of its own.
    pub(crate) fn sharing(&self, id: &str, uuid: &IdentityUuid) -> Result<Option<Sharing>, LedgerError> {
        self.read(|c| sharing(c, id, uuid))
    }

    /// Workspaces that have the identity and a key to it.
    pub(crate) fn key_holders(&self, uuid: &IdentityUuid) -> Result<Vec<String>, LedgerError> {
        let all = self.every_binding()?.into_iter();
        Ok(all.filter(|b| b.identity.as_ref() == Some(uuid) && !b.request.no_key).map(|b| b.id).collect())
    }
}

pub(super) fn sharing(c: &Connection, id: &str, uuid: &IdentityUuid) -> rusqlite::Result<Option<Sharing>> {
    let with = others(c, uuid, id)?;
    let row: Option<(bool, bool)> = c
        .prepare_cached("SELECT state = 'host', borrowed FROM identity WHERE uuid = ?1")?
        .query_row([uuid.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (host, borrowed) = row.unwrap_or_default();
    let borrowed = borrowed || host;
    Ok((borrowed || !with.is_empty()).then_some(Sharing { with, host, borrowed }))
}

fn others(c: &Connection, uuid: &IdentityUuid, id: &str) -> rusqlite::Result<Vec<String>> {
    c.prepare_cached("SELECT id FROM binding WHERE identity = ?1 AND id <> ?2 ORDER BY at_ms, id")?
        .query_map(params![uuid.as_str(), id], |row| row.get(0))?
        .collect()
}
