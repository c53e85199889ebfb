//! Secrets: one value per key and identity. Keys are upper-cased when stored, but not when looked up.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;
use uuid::Uuid;

use super::App;
use super::body::{Body, Fields, Query};
use super::caller::{Caller, Scope};
use super::lists::{Listed, Lists};
use super::problem::Problem;

/// A secret. `identity` is the database id, not the uuid.
#[derive(Serialize)]
pub(super) struct Secret {
    uuid: String,
    identity: i64,
    key: String,
    value: String,
    notes: String,
    created_dt: String,
    updated_dt: String,
}

const COLUMNS: &str = "SELECT uuid, identity_id, key, value, notes, created_dt, updated_dt FROM secret
                       WHERE (?1 OR identity_id = ?2)";

fn secret(row: &Row<'_>) -> rusqlite::Result<Secret> {
    Ok(Secret {
        uuid: row.get(0)?,
        identity: row.get(1)?,
        key: row.get(2)?,
        value: row.get(3)?,
        notes: row.get(4)?,
        created_dt: row.get(5)?,
        updated_dt: row.get(6)?,
    })
}

fn load(db: &Connection, scope: Scope, uuid: &str) -> Result<Secret, Problem> {
    let (all, identity) = scope.condition();
    db.prepare_cached(&format!("{COLUMNS} AND uuid = ?3"))?
        .query_row(params![all, identity, uuid], secret)
        .optional()?
        .ok_or(Problem::NotFound("SecretEntry"))
}

/// `GET /api/secrets/`, with `?key=` compared as it is.
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller, query: Query, lists: Lists) -> Listed<Secret> {
    app.store.read(|db| {
        let (all, identity) = caller.scope(db)?.condition();
        let mut rows = db.prepare_cached(&format!("{COLUMNS} AND (?3 IS NULL OR key = ?3) ORDER BY rowid"))?;
        let rows = rows.query_map(params![all, identity, query.get("key")], secret)?;
        Ok(lists.whole(rows.collect::<Result<_, _>>()?))
    })
}

/// `POST /api/secrets/`
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<Secret>), Problem> {
    let mut fields = body.fields();
    fields.required("key");
    let key = read_key(&mut fields).unwrap_or_default();
    let value = fields.text("value").unwrap_or_default();
    let notes = fields.text("notes").unwrap_or_default();
    app.store.write(|db| {
        let identity = caller.target(db)?;
        fields.check()?;
        let uuid = Uuid::new_v4().to_string();
        let insert = "INSERT INTO secret (uuid, identity_id, key, value, notes) VALUES (?1, ?2, ?3, ?4, ?5)";
        db.execute(insert, params![uuid, identity, key, value, notes]).map_err(duplicate)?;
        Ok((StatusCode::CREATED, Json(load(db, Scope::One(identity), &uuid)?)))
    })
}

/// Returns the key in upper case, if the request names one.
fn read_key(fields: &mut Fields) -> Option<String> {
    let key = fields.text("key")?.to_uppercase();
    let mut characters = key.bytes();
    let starts_well = characters.next().is_some_and(|b| b.is_ascii_uppercase());
    if !starts_well || !characters.all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
        fields.fail("key", "Use A-Z, 0-9 and _, and begin with a letter.");
    }
    Some(key)
}

fn duplicate(error: rusqlite::Error) -> Problem {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => {
            Problem::field("key", "A secret with this key already exists for this identity.")
        }
        _ => error.into(),
    }
}

/// `GET /api/secrets/{uuid}/`
pub(super) async fn retrieve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
) -> Result<Json<Secret>, Problem> {
    app.store.read(|db| Ok(Json(load(db, caller.scope(db)?, &uuid)?)))
}

/// `PATCH /api/secrets/{uuid}/`. Fields that are absent or null stay.
pub(super) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
    body: Body,
) -> Result<Json<Secret>, Problem> {
    let mut fields = body.fields();
    let (key, value, notes) = (read_key(&mut fields), fields.text("value"), fields.text("notes"));
    app.store.write(|db| {
        let scope = Scope::One(caller.target(db)?);
        load(db, scope, &uuid)?;
        fields.check()?;
        let update = "UPDATE secret SET key = coalesce(?2, key), value = coalesce(?3, value),
                      notes = coalesce(?4, notes), updated_dt = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
                      WHERE uuid = ?1";
        db.execute(update, params![uuid, key, value, notes]).map_err(duplicate)?;
        Ok(Json(load(db, scope, &uuid)?))
    })
}

/// `DELETE /api/secrets/{uuid}/`
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
) -> Result<StatusCode, Problem> {
    app.store.write(|db| {
        let identity = caller.target(db)?;
        match db.execute("DELETE FROM secret WHERE uuid = ?1 AND identity_id = ?2", params![uuid, identity])? {
            0 => Err(Problem::NotFound("SecretEntry")),
            _ => Ok(StatusCode::NO_CONTENT),
        }
    })
}
