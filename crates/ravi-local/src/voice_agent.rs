//! What answers the calls to an identity: an address that is told what a caller says. It is stored, but never called.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Value, json};

use super::body::Body;
use super::caller::Caller;
use super::problem::Problem;
use super::{App, identities, webhooks};

const DEFAULT_TIMEOUT: i64 = 10;

fn load(db: &Connection, identity: i64) -> rusqlite::Result<Option<Value>> {
    let find = "SELECT response_url, enabled, timeout_seconds, created_dt, updated_dt FROM voice_agent
                WHERE identity_id = ?1";
    let agent = db.query_row(find, [identity], |row| {
        let (url, enabled, timeout): (String, bool, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (created, updated): (String, String) = (row.get(3)?, row.get(4)?);
        Ok(json!({
            "response_url": url, "enabled": enabled, "timeout_seconds": timeout, "created_dt": created,
            "updated_dt": updated,
        }))
    });
    agent.optional()
}

/// `GET /api/identities/{uuid}/voice-agent/`
pub(super) async fn retrieve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
) -> Result<Json<Value>, Problem> {
    app.store.read(|db| {
        let identity = identities::find(db, &caller, &uuid)?;
        load(db, identity)?.map(Json).ok_or(Problem::NotFound("VoiceAgent"))
    })
}

/// `PUT /api/identities/{uuid}/voice-agent/`: makes or replaces it. The secret is shown when it is made, and stays the
/// same.
pub(super) async fn replace(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    caller.require_management()?;
    let mut fields = body.fields();
    let url = webhooks::read_url(&mut fields, "response_url");
    let enabled = fields.flag("enabled").unwrap_or(true);
    let timeout = fields.integer("timeout_seconds").unwrap_or(DEFAULT_TIMEOUT);
    fields.check()?;
    app.store.write(|db| {
        let identity = identities::find(db, &caller, &uuid)?;
        let secret = webhooks::new_signing_secret();
        let is_new = load(db, identity)?.is_none();
        db.execute(
            "INSERT INTO voice_agent (identity_id, response_url, enabled, timeout_seconds, signing_secret)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (identity_id) DO UPDATE SET response_url = ?2, enabled = ?3,
             timeout_seconds = ?4, updated_dt = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
            params![identity, url, enabled, timeout, secret],
        )?;
        let mut agent = load(db, identity)?.ok_or(Problem::NotFound("VoiceAgent"))?;
        if is_new {
            agent["signing_secret"] = json!(secret);
        }
        Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(agent)))
    })
}
