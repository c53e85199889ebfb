//! The event log: what arrived and what was sent, in order, for replay.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use uuid::Uuid;

use super::body::Query;
use super::caller::{Caller, Scope};
use super::limits::EventLog;
use super::problem::Problem;
use super::{App, webhooks};

/// The longest page.
const MAX_PAGE: i64 = 1000;

/// Adds an event of one identity.
pub(super) fn record(db: &Connection, identity: i64, kind: &str, data: &Value) -> rusqlite::Result<()> {
    let (id, data) = (Uuid::new_v4().to_string(), data.to_string());
    db.prepare_cached("INSERT INTO event (id, identity_id, type, data) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, identity, kind, data])?;
    webhooks::note(db, identity, &id, kind, &data)
}

/// Returns the number of the last event.
pub(super) fn last(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT coalesce(max(seq), 0) FROM event", [], |row| row.get(0))
}

/// Returns events in `scope` after `since`, oldest first; only of these types (a JSON list) if any are given.
pub(super) fn after(
    db: &Connection,
    scope: Scope,
    since: i64,
    types: Option<&str>,
    limit: i64,
) -> rusqlite::Result<Vec<Value>> {
    let (all, identity) = scope.condition();
    let mut rows = db.prepare_cached(
        "SELECT seq, id, type, data FROM event WHERE (?1 OR identity_id = ?2) AND seq > ?3
         AND (?4 IS NULL OR type IN (SELECT value FROM json_each(?4))) ORDER BY seq LIMIT ?5",
    )?;
    let events = rows.query_map(params![all, identity, since, types, limit], |row| {
        let (seq, id, kind, data): (i64, String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let data: Value = serde_json::from_str(&data).unwrap_or_default();
        Ok(json!({ "id": id, "seq": seq, "type": kind, "data": data }))
    })?;
    events.collect()
}

/// Refuses if there is no event log for anybody.
pub(super) fn require(app: &App) -> Result<(), Problem> {
    match app.limits().events {
        EventLog::On => Ok(()),
        EventLog::Forbidden => Err(Problem::Forbidden("You do not have permission to perform this action.")),
        EventLog::Missing => Err(Problem::NoSuchPath),
    }
}

/// `GET /api/events/`: events after `since`, oldest first.
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller, query: Query) -> Result<Json<Value>, Problem> {
    require(&app)?;
    let since = query.number("since").unwrap_or(0);
    let limit = query.number("limit").unwrap_or(MAX_PAGE).min(MAX_PAGE);
    let types = query.get("event_types").map(|types| types.split(',').map(str::trim).collect::<Vec<_>>());
    let types = types.map(|types| json!(types).to_string());
    let page = app.store.read(|db| Ok(after(db, caller.scope(db)?, since, types.as_deref(), limit)?))?;
    Ok(Json(json!({ "events": app.live.disturb(page) })))
}
