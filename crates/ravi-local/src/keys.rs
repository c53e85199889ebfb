//! API keys: made, listed, revoked. The whole key is given out once; only its hash is kept.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use uuid::Uuid;

use super::body::Body;
use super::caller::Caller;
use super::lists::{Listed, Lists};
use super::problem::Problem;
use super::{App, token};

/// A key's record. `identity` is the uuid, absent for a management key. The create reply has it twice, because the
/// official SDK reads one name and the official command line the other.
#[derive(Serialize)]
pub(super) struct KeyRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<String>,
    key: String,
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_uuid: Option<String>,
    is_active: bool,
    last_used_at: Option<String>,
    created_dt: String,
}

const COLUMNS: &str = "SELECT k.uuid, k.masked, k.label, i.uuid, k.is_active, k.last_used_at, k.created_dt
                       FROM api_key k LEFT JOIN identity i ON i.id = k.identity_id";

/// One of the two kinds of key.
#[derive(Clone, Copy)]
struct Kind {
    /// The SQL condition that its rows meet.
    condition: &'static str,
    /// The name of its model.
    model: &'static str,
}

const MANAGEMENT: Kind = Kind { condition: "identity_id IS NULL", model: "ManagementApiKey" };
const OF_IDENTITY: Kind = Kind { condition: "identity_id IS NOT NULL", model: "IdentityApiKey" };

fn record(row: &Row<'_>) -> rusqlite::Result<KeyRecord> {
    Ok(KeyRecord {
        uuid: row.get(0)?,
        key: row.get(1)?,
        label: row.get(2)?,
        identity: row.get(3)?,
        identity_uuid: None,
        is_active: row.get(4)?,
        last_used_at: row.get(5)?,
        created_dt: row.get(6)?,
    })
}

fn insert(db: &Connection, identity: Option<i64>, label: &str, key: &SecretString) -> rusqlite::Result<String> {
    let uuid = Uuid::new_v4().to_string();
    let (hash, masked) = (token::hash(key.expose_secret()), token::mask(key.expose_secret()));
    db.execute(
        "INSERT INTO api_key (uuid, identity_id, hash, masked, label) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![uuid, identity, hash, masked, label],
    )?;
    Ok(uuid)
}

/// Makes a key for one identity; returns its record's uuid and the key.
pub(super) fn mint_identity_key(
    db: &Connection,
    identity: i64,
    label: &str,
) -> rusqlite::Result<(String, SecretString)> {
    let key = token::identity_key();
    Ok((insert(db, Some(identity), label, &key)?, key))
}

/// Makes a management key.
pub(super) fn mint_management_key(db: &Connection, label: &str) -> rusqlite::Result<(String, SecretString)> {
    let key = token::management_key();
    Ok((insert(db, None, label, &key)?, key))
}

/// Makes `key` a valid management key, if it is not one already.
pub(super) fn admit_management_key(db: &Connection, key: &SecretString) -> rusqlite::Result<()> {
    let hash = token::hash(key.expose_secret());
    let known = db.execute("UPDATE api_key SET is_active = 1 WHERE hash = ?1 AND identity_id IS NULL", [hash])?;
    if known == 0 {
        insert(db, None, "ravi-local", key)?;
    }
    Ok(())
}

/// Whether `key` is a valid management key.
pub(super) fn is_live(db: &Connection, key: &SecretString) -> rusqlite::Result<bool> {
    db.query_row(
        "SELECT EXISTS (SELECT 1 FROM api_key WHERE hash = ?1 AND is_active AND identity_id IS NULL)",
        [token::hash(key.expose_secret())],
        |row| row.get(0),
    )
}

fn list(db: &Connection, condition: &str) -> rusqlite::Result<Vec<KeyRecord>> {
    let mut query = db.prepare_cached(&format!("{COLUMNS} WHERE {condition} ORDER BY k.rowid"))?;
    query.query_map([], record)?.collect()
}

/// Returns the record with the whole key in it, for the create reply.
fn once(db: &Connection, app: &App, uuid: &str, key: &SecretString) -> Result<(StatusCode, Json<KeyRecord>), Problem> {
    let mut shown = db.query_row(&format!("{COLUMNS} WHERE k.uuid = ?1"), [uuid], record)?;
    if app.limits().mint_without_uuid {
        shown.uuid = None;
    }
    let identity_uuid = shown.identity.clone();
    Ok((StatusCode::CREATED, Json(KeyRecord { key: key.expose_secret().to_owned(), identity_uuid, ..shown })))
}

/// Revokes a key. It stays in the list, inactive; revoking it again finds nothing.
fn revoke(db: &Connection, uuid: &str, kind: Kind) -> Result<StatusCode, Problem> {
    let Kind { condition, model } = kind;
    let revoke = format!("UPDATE api_key SET is_active = 0 WHERE uuid = ?1 AND is_active AND {condition}");
    match db.execute(&revoke, [uuid])? {
        0 => Err(Problem::NotFound(model)),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

/// Revokes a key of either kind, as its owner can on the web site.
pub(super) fn revoke_elsewhere(db: &Connection, uuid: &str) -> Result<StatusCode, Problem> {
    revoke(db, uuid, Kind { condition: "true", model: "ApiKey" })
}

/// `GET /api/auth/keys/management/`
pub(super) async fn list_management(State(app): State<Arc<App>>, caller: Caller, lists: Lists) -> Listed<KeyRecord> {
    caller.require_management()?;
    app.store.read(|db| Ok(lists.whole(list(db, MANAGEMENT.condition)?)))
}

/// `POST /api/auth/keys/management/`
pub(super) async fn create_management(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<KeyRecord>), Problem> {
    caller.require_management()?;
    let mut fields = body.fields();
    let label = fields.required("label");
    fields.check()?;
    app.store.write(|db| {
        let (uuid, key) = mint_management_key(db, &label)?;
        once(db, &app, &uuid, &key)
    })
}

/// `DELETE /api/auth/keys/management/{uuid}/`
pub(super) async fn revoke_management(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.require_management()?;
    app.store.write(|db| revoke(db, &uuid, MANAGEMENT))
}

/// `GET /api/auth/keys/identity/`
pub(super) async fn list_identity(State(app): State<Arc<App>>, caller: Caller, lists: Lists) -> Listed<KeyRecord> {
    caller.require_management()?;
    app.store.read(|db| Ok(lists.whole(list(db, OF_IDENTITY.condition)?)))
}

/// `POST /api/auth/keys/identity/`
pub(super) async fn create_identity(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<KeyRecord>), Problem> {
    caller.require_management()?;
    let mut fields = body.fields();
    let (label, identity_uuid) = (fields.required("label"), fields.required("identity_uuid"));
    fields.check()?;
    app.store.write(|db| {
        let find = "SELECT id FROM identity WHERE uuid = ?1";
        let found = db.query_row(find, [identity_uuid.to_ascii_lowercase()], |row| row.get(0)).optional()?;
        let identity: i64 = found.ok_or_else(|| Problem::field("identity_uuid", "There is no such identity."))?;
        let (uuid, key) = mint_identity_key(db, identity, &label)?;
        once(db, &app, &uuid, &key)
    })
}

/// `DELETE /api/auth/keys/identity/{uuid}/`
pub(super) async fn revoke_identity(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.require_management()?;
    app.store.write(|db| revoke(db, &uuid, OF_IDENTITY))
}
