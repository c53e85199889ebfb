//! Bindings: which workspace has which identity, and what was begun for it.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};

use super::Plan;
use super::identities::{IdentityRow, IdentityState, set_state};
use super::intent::{Effect, forget};
use super::row::{self, json, json_over, parse, parse_optional, unknown};
use super::{Ledger, LedgerError};
use crate::api::{IdentityKey, IdentityUuid, KeyUuid};
use crate::audit::{Entry, Stamped};
use crate::error::ErrorBody;
use crate::machine::clock::now_ms;
use crate::model::workspace::{GitInfo, GithubInfo, ProvisionRequest, Released, StoredRequest};

/// A binding as stored in the ledger.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The id that the app gave it.
    pub id: String,
    /// The ledger's name for its Ravi.
    pub server: String,
    pub(crate) name: String,
    /// The folder.
    pub path: PathBuf,
    /// The worktree's own git dir, if it is a checkout.
    pub git_dir: Option<PathBuf>,
    /// The git dir that all worktrees of the repository share.
    pub common_dir: Option<PathBuf>,
    /// Device of the folder's parent.
    pub(crate) device: Option<i64>,
    pub(crate) nonce: String,
    /// How far it has been set up or taken down.
    pub state: BindingState,
    pub(crate) request: ProvisionRequest,
    pub(crate) retire: bool,
    pub(crate) identity: Option<IdentityUuid>,
    pub(crate) key_uuid: Option<KeyUuid>,
    pub(crate) github: Option<GithubInfo>,
    pub(crate) last_error: Option<ErrorBody>,
    pub(crate) at_ms: i64,
    /// Whether the app has confirmed that it keeps it.
    pub(crate) confirmed: bool,
}

impl Binding {
    /// Returns the author and committer of the workspace: its name, and its identity's address.
    pub(crate) fn author(&self, identity: &IdentityRow) -> GitInfo {
        GitInfo { user_name: self.name.clone(), user_email: identity.email.clone() }
    }
}

/// Where a binding is in its life cycle, as stored.
pub(crate) type BindingState = crate::model::workspace::State;

/// What is left of a released workspace.
#[derive(Debug, Clone)]
pub(crate) struct Tombstone {
    pub(crate) answer: Released,
}

const COLUMNS: &str = "id, server, name, path, git_dir, common_dir, device, nonce, state, request, retire, identity, key_uuid, \
                       github, last_error, at_ms, confirmed";

impl Ledger {
    /// The binding of workspace `id`.
    pub fn binding(&self, id: &str) -> Result<Option<Binding>, LedgerError> {
        self.read(|c| one(c, "id = ?1", id))
    }

    /// The binding of exactly this real path.
    pub fn binding_at(&self, path: &Path) -> Result<Option<Binding>, LedgerError> {
        self.read(|c| one(c, "path = ?1", &path.to_string_lossy()))
    }

    /// The binding with this nonce.
    pub fn binding_of_nonce(&self, nonce: &str) -> Result<Option<Binding>, LedgerError> {
        self.read(|c| one(c, "nonce = ?1", nonce))
    }

    /// All bindings that this version can read, oldest first. One written by a newer version does not keep the others
    /// from being returned.
    pub(crate) fn bindings(&self) -> Result<Vec<Binding>, LedgerError> {
        let (all, _) = self.each_binding()?;
        Ok(all)
    }

    /// All bindings, or why one of them cannot be read: for questions whose answer depends on every single one.
    pub(crate) fn every_binding(&self) -> Result<Vec<Binding>, LedgerError> {
        let (all, unreadable) = self.each_binding()?;
        unreadable.into_iter().next().map_or(Ok(all), Err)
    }

    /// Why bindings written by newer versions cannot be read.
    pub(crate) fn unreadable_bindings(&self) -> Result<Vec<LedgerError>, LedgerError> {
        Ok(self.each_binding()?.1)
    }

    fn each_binding(&self) -> Result<(Vec<Binding>, Vec<LedgerError>), LedgerError> {
        let rows: Vec<rusqlite::Result<Binding>> = self.read(|c| {
            let mut statement = c.prepare_cached(&format!("SELECT {COLUMNS} FROM binding ORDER BY at_ms, id"))?;
            Ok(statement.query_map([], from_row)?.collect())
        })?;
        let (mut all, mut unreadable) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            match row.map_err(self.error("read")) {
                Ok(binding) => all.push(binding),
                Err(error @ LedgerError::NewerRow { .. }) => unreadable.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok((all, unreadable))
    }

    /// Writes a new binding in state `provisioning`.
    pub(crate) fn add_binding(&self, binding: &Binding) -> Result<(), LedgerError> {
        self.change("ledger: new binding", |t| {
            t.execute("DELETE FROM tombstone WHERE id = ?1", [&binding.id])?;
            t.prepare_cached(
                "INSERT INTO binding (id, server, name, path, git_dir, common_dir, device, nonce, state, request, at_ms,
                   confirmed)
                 VALUES (:id, :server, :name, :path, :git_dir, :common_dir, :device, :nonce, 'provisioning', :request,
                   :at_ms, :confirmed)",
            )?
            .execute(named_params! {
                ":id": binding.id,
                ":server": binding.server,
                ":name": binding.name,
                ":path": text(&binding.path),
                ":git_dir": binding.git_dir.as_deref().map(text),
                ":common_dir": binding.common_dir.as_deref().map(text),
                ":device": binding.device,
                ":nonce": binding.nonce,
                ":request": json(&StoredRequest::from(&binding.request))?,
                ":at_ms": binding.at_ms,
                ":confirmed": binding.confirmed,
            })?;
            super::lifetimes::renew(t, &binding.id, binding.request.ttl_s, false)
        })?;
        Ok(())
    }

    /// Puts a binding back into `provisioning`, because the workspace has moved or asks for something new.
    pub(crate) fn renew_binding(&self, binding: &Binding) -> Result<(), LedgerError> {
        self.change("ledger: renewed binding", |t| {
            let before = "SELECT request FROM binding WHERE id = ?1";
            let before: Option<String> = t.query_row(before, [&binding.id], |row| row.get(0)).optional()?;
            t.prepare_cached(
                "UPDATE binding SET name = :name, path = :path, git_dir = :git_dir, common_dir = :common_dir, device = :device,
                 request = :request, state = 'provisioning' WHERE id = :id",
            )?
            .execute(named_params! {
                ":id": binding.id,
                ":name": binding.name,
                ":path": text(&binding.path),
                ":git_dir": binding.git_dir.as_deref().map(text),
                ":common_dir": binding.common_dir.as_deref().map(text),
                ":device": binding.device,
                ":request": json_over(&before.unwrap_or_default(), &StoredRequest::from(&binding.request))?,
            })?;
            super::lifetimes::renew(t, &binding.id, binding.request.ttl_s, false)
        })?;
        Ok(())
    }

    /// Renews only the workspace's lifetime; with `keep` it merely is not suspended.
    pub(crate) fn renew_lifetime(&self, binding: &Binding, keep: bool) -> Result<(), LedgerError> {
        self.change("ledger: lifetime renewed", |t| {
            super::lifetimes::renew(t, &binding.id, binding.request.ttl_s, keep)
        })?;
        Ok(())
    }

    /// Records the binding's identity, in one change with everything that must not be lost along with it: the one-time
    /// key, and the intent and claim that led here.
    pub(crate) fn bind_identity(
        &self,
        id: &str,
        identity: &IdentityRow,
        key: Option<&IdentityKey>,
        settles: Effect,
    ) -> Result<(), LedgerError> {
        let sealed = key.map(|k| self.key().seal(&key_label(id), k.expose())).transpose()?;
        self.change("ledger: identity known", |t| {
            identity.write(t)?;
            t.execute(
                "UPDATE binding SET identity = ?2, key_sealed = COALESCE(?3, key_sealed) WHERE id = ?1",
                params![id, identity.uuid.as_str(), sealed],
            )?;
            forget(t, id, settles)?;
            t.execute("DELETE FROM claim WHERE binding = ?1", [id])
        })?;
        Ok(())
    }

    /// Records the binding's key. `uuid` is that of the key's record, for revocation.
    pub(crate) fn bind_key(&self, id: &str, key: &IdentityKey, uuid: &KeyUuid) -> Result<(), LedgerError> {
        let sealed = self.key().seal(&key_label(id), key.expose())?;
        self.change("ledger: key known", |t| {
            t.execute(
                "UPDATE binding SET key_sealed = ?2, key_uuid = ?3 WHERE id = ?1",
                params![id, sealed, uuid.as_str()],
            )?;
            // Whatever an earlier workspace with this id still owed was revoked before this key was minted.
            t.execute(
                "DELETE FROM owed_key WHERE workspace = ?1 AND identity = (SELECT identity FROM binding WHERE id = ?1)",
                [id],
            )?;
            forget(t, id, Effect::MintKey)
        })?;
        Ok(())
    }

    /// Records the uuid of the record of a key that the binding already has, together with the audit entry that says
    /// so.
    pub(crate) fn set_key_uuid(&self, id: &str, uuid: &KeyUuid, entry: Entry) -> Result<(), LedgerError> {
        let entries = [Stamped::now(entry)];
        self.change_noted("ledger: key record known", |t| {
            t.execute("UPDATE binding SET key_uuid = ?2 WHERE id = ?1", params![id, uuid.as_str()])?;
            Ok(((), Cow::Borrowed(&entries[..])))
        })
    }

    /// The identity key of a binding, unsealed.
    pub fn binding_key(&self, id: &str) -> Result<Option<IdentityKey>, LedgerError> {
        let sealed: Option<Vec<u8>> = self.read(|c| {
            c.prepare_cached("SELECT key_sealed FROM binding WHERE id = ?1")?
                .query_row([id], |row| row.get(0))
                .optional()
                .map(Option::flatten)
        })?;
        sealed
            .map(|sealed| {
                let what = key_label(id);
                let text = self.key().open(&what, &sealed)?;
                IdentityKey::parse(text).map_err(|_| super::seal::SealError::Broken { what }.into())
            })
            .transpose()
    }

    /// Removes the binding's key, which is revoked at Ravi or no longer wanted.
    pub(crate) fn drop_key(&self, id: &str) -> Result<(), LedgerError> {
        self.change("ledger: key dropped", |t| {
            t.execute("UPDATE binding SET key_sealed = NULL, key_uuid = NULL WHERE id = ?1", [id])
        })?;
        Ok(())
    }

    /// Marks everything as set up.
    pub(crate) fn finish_binding(&self, id: &str, github: &Plan) -> Result<(), LedgerError> {
        self.change("ledger: ready", |t| {
            t.execute(
                "UPDATE binding SET state = 'ready', github = ?2, last_error = NULL WHERE id = ?1",
                params![id, json(&github.info())?],
            )?;
            super::github::put(t, id, github)?;
            super::lifetimes::used(t, id)?;
            t.execute("DELETE FROM intent WHERE binding = ?1", [id])
        })?;
        Ok(())
    }

    /// Keeps the last failure of a call for this workspace, to be shown to people.
    pub(crate) fn note_error(&self, id: &str, error: &ErrorBody) -> Result<(), LedgerError> {
        self.change("ledger: error noted", |t| {
            t.execute("UPDATE binding SET last_error = ?2 WHERE id = ?1", params![id, json(error)?])
        })?;
        Ok(())
    }

    /// Begins the release: from here on it will be finished, whatever happens, and the revocation of its keys is owed.
    ///
    /// If the identity existed before, or others use it, only the workspace's own key is revoked; then this returns
    /// `true`.
    pub(crate) fn begin_release(&self, binding: &Binding, retire: bool) -> Result<bool, LedgerError> {
        let now = now_ms();
        self.change("ledger: release begun", |t| {
            t.execute(
                "UPDATE binding SET state = 'releasing', retire = ?2 WHERE id = ?1",
                params![binding.id, retire],
            )?;
            let Some(uuid) = &binding.identity else { return Ok(false) };
            if super::sharing::sharing(t, &binding.id, uuid)?.is_some() {
                t.execute(
                    "INSERT INTO owed_key (workspace, identity, server, key_uuid, since_ms, next_ms)
                     SELECT id, identity, server, key_uuid, ?2, ?2 FROM binding
                     WHERE id = ?1 AND (?3 OR key_sealed IS NOT NULL OR key_uuid IS NOT NULL)
                     ON CONFLICT (identity, workspace) DO UPDATE SET key_uuid = coalesce(excluded.key_uuid, key_uuid)",
                    params![binding.id, now, !binding.request.no_key],
                )?;
                return Ok(true);
            }
            set_state(t, uuid, IdentityState::Leaving)?;
            // Its next workspace is used by another agent.
            t.execute("DELETE FROM cache WHERE identity = ?1", [uuid.as_str()])?;
            t.execute(
                "INSERT INTO owed (identity, server, retire, since_ms, next_ms) VALUES (?1, ?2, ?3, ?4, ?4)
                 ON CONFLICT (identity) DO UPDATE SET retire = max(retire, excluded.retire)",
                params![uuid.as_str(), binding.server, retire, now],
            )?;
            Ok(false)
        })
    }

    /// Completes the release as far as this machine is concerned; `answer` is what a repeated release will return.
    pub(crate) fn end_release(&self, id: &str, answer: &Released) -> Result<(), LedgerError> {
        self.change("ledger: released", |t| {
            t.execute("DELETE FROM binding WHERE id = ?1", [id])?;
            t.execute(
                "INSERT OR REPLACE INTO tombstone (id, path, answer, at_ms) VALUES (?1, ?2, ?3, ?4)",
                params![id, text(&answer.path), json(answer)?, now_ms()],
            )
        })?;
        Ok(())
    }

    /// What is left of a released workspace, by id or path.
    pub(crate) fn tombstone(&self, target: &str) -> Result<Option<Tombstone>, LedgerError> {
        self.read(|c| {
            c.prepare_cached("SELECT answer FROM tombstone WHERE id = ?1 OR path = ?1 ORDER BY at_ms DESC LIMIT 1")?
                .query_row([target], |row| Ok(Tombstone { answer: parse(row, 0, &row::workspace(target))? }))
                .optional()
        })
    }

    /// Reserves an address for a workspace; `false` if another workspace of this ledger is asking for it now.
    pub(crate) fn claim(&self, server: &str, identifier: &str, id: &str) -> Result<bool, LedgerError> {
        self.change("ledger: address claimed", |t| {
            t.execute(
                "INSERT OR IGNORE INTO claim (server, identifier, binding) VALUES (?1, ?2, ?3)",
                params![server, identifier, id],
            )?;
            t.query_row(
                "SELECT binding = ?3 FROM claim WHERE server = ?1 AND identifier = ?2",
                params![server, identifier, id],
                |row| row.get(0),
            )
        })
    }
}

fn key_label(id: &str) -> String {
    format!("binding/{id}/key")
}

fn one(connection: &Connection, condition: &str, value: &str) -> rusqlite::Result<Option<Binding>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM binding WHERE {condition}"))?
        .query_row([value], from_row)
        .optional()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Binding> {
    let id: String = row.get(0)?;
    let of = row::workspace(&id);
    Ok(Binding {
        id,
        server: row.get(1)?,
        name: row.get(2)?,
        path: row.get::<_, String>(3)?.into(),
        git_dir: row.get::<_, Option<String>>(4)?.map(Into::into),
        common_dir: row.get::<_, Option<String>>(5)?.map(Into::into),
        device: row.get(6)?,
        nonce: row.get(7)?,
        state: match row.get_ref(8)?.as_str()? {
            "ready" => BindingState::Ready,
            "suspended" => BindingState::Suspended,
            "releasing" => BindingState::Releasing,
            "provisioning" => BindingState::Provisioning,
            _ => return Err(unknown(row, 8, of)),
        },
        request: parse::<StoredRequest>(row, 9, &of)?.into(),
        retire: row.get(10)?,
        identity: row.get::<_, Option<String>>(11)?.map(Into::into),
        key_uuid: row.get::<_, Option<String>>(12)?.map(Into::into),
        github: parse_optional(row, 13, &of)?,
        last_error: parse_optional(row, 14, &of)?,
        at_ms: row.get(15)?,
        confirmed: row.get(16)?,
    })
}

/// Paths are stored as text; `workspace::inspect` refuses those that are not valid text.
fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
