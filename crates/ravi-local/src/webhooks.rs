//! Webhooks: who is to be told of what. Each event is recorded as a pending delivery, and none is sent: this server
//! opens no connection to anybody.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::body::{Body, Fields};
use super::caller::Caller;
use super::lists::{Listed, Lists};
use super::problem::Problem;
use super::{App, identities, token};

const MODEL: &str = "WebhookEndpoint";
/// Everything that an endpoint can be told of.
const EVENT_TYPES: [&str; 10] = [
    "email.message.received",
    "email.message.sent",
    "sms.message.received",
    "sms.message.sent",
    "call.started",
    "call.answered",
    "call.ended",
    "call.failed",
    "call.transcript.final",
    "webhook.test",
];

/// A subscription. `identity` is the database id; `signing_secret` is empty except in the create reply.
#[derive(Serialize)]
pub(super) struct Endpoint {
    id: i64,
    uuid: String,
    url: String,
    identity: Option<i64>,
    enabled: bool,
    event_types: Value,
    signing_secret: String,
    created_dt: String,
    updated_dt: String,
}

const COLUMNS: &str = "SELECT id, uuid, url, identity_id, enabled, event_types, created_dt, updated_dt FROM webhook";

fn endpoint(row: &Row<'_>) -> rusqlite::Result<Endpoint> {
    let event_types: String = row.get(5)?;
    Ok(Endpoint {
        id: row.get(0)?,
        uuid: row.get(1)?,
        url: row.get(2)?,
        identity: row.get(3)?,
        enabled: row.get(4)?,
        event_types: serde_json::from_str(&event_types).unwrap_or_default(),
        signing_secret: String::new(),
        created_dt: row.get(6)?,
        updated_dt: row.get(7)?,
    })
}

fn load(db: &Connection, id: &str) -> Result<Endpoint, Problem> {
    let id: i64 = id.parse().map_err(|_| Problem::NotFound(MODEL))?;
    let found = db.query_row(&format!("{COLUMNS} WHERE id = ?1"), [id], endpoint).optional()?;
    found.ok_or(Problem::NotFound(MODEL))
}

/// Makes a secret for signatures.
pub(super) fn new_signing_secret() -> String {
    format!("whsec_{}", token::alphanumeric(40))
}

/// Reads a web address that must be present. Returns "" if it is wrong.
pub(super) fn read_url(fields: &mut Fields, name: &str) -> String {
    let url = fields.required(name);
    check_url(fields, name, &url);
    url
}

fn check_url(fields: &mut Fields, name: &str, url: &str) {
    let is_web = url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !url.is_empty() && !is_web {
        fields.fail(name, "Enter a valid URL.");
    }
}

/// What both writing calls take besides the address. `None` leaves a field as it is.
struct Changes {
    identity_uuid: Option<String>,
    enabled: Option<bool>,
    /// A JSON list; an empty one means all types.
    event_types: Option<String>,
}

impl Changes {
    fn read(fields: &mut Fields) -> Changes {
        let (identity_uuid, enabled) = (fields.text("identity_uuid"), fields.flag("enabled"));
        let types = fields.maybe_texts("event_types");
        for unknown in types.iter().flatten().filter(|kind| !EVENT_TYPES.contains(&kind.as_str())) {
            fields.fail("event_types", &format!("\"{unknown}\" is not a valid choice."));
        }
        Changes { identity_uuid, enabled, event_types: types.map(|types| json!(types).to_string()) }
    }

    fn apply(&self, db: &Connection, id: i64, url: Option<&str>) -> Result<(), Problem> {
        let missing = |_| Problem::field("identity_uuid", "There is no such identity.");
        let identity = self.identity_uuid.as_deref().map(|uuid| identities::by_uuid(db, uuid).map_err(missing));
        let update = "UPDATE webhook SET url = coalesce(?2, url), identity_id = coalesce(?3, identity_id),
            enabled = coalesce(?4, enabled), event_types = coalesce(?5, event_types),
            updated_dt = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ?1";
        db.execute(update, params![id, url, identity.transpose()?, self.enabled, self.event_types])?;
        Ok(())
    }
}

/// `GET /api/webhook-subscriptions/`
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller, lists: Lists) -> Listed<Endpoint> {
    caller.require_management()?;
    app.store.read(|db| {
        let mut rows = db.prepare_cached(&format!("{COLUMNS} ORDER BY id"))?;
        Ok(lists.whole(rows.query_map([], endpoint)?.collect::<Result<_, _>>()?))
    })
}

/// `POST /api/webhook-subscriptions/`
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<Endpoint>), Problem> {
    caller.require_management()?;
    let mut fields = body.fields();
    let (url, changes) = (read_url(&mut fields, "url"), Changes::read(&mut fields));
    fields.check()?;
    app.store.write(|db| {
        let (uuid, signing_secret) = (Uuid::new_v4().to_string(), new_signing_secret());
        let insert = "INSERT INTO webhook (uuid, url, event_types, signing_secret) VALUES (?1, ?2, '[]', ?3)";
        db.execute(insert, params![uuid, url, signing_secret])?;
        let id = db.last_insert_rowid();
        changes.apply(db, id, None)?;
        Ok((StatusCode::CREATED, Json(Endpoint { signing_secret, ..load(db, &id.to_string())? })))
    })
}

/// `GET /api/webhook-subscriptions/{id}/`
pub(super) async fn retrieve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Endpoint>, Problem> {
    caller.require_management()?;
    app.store.read(|db| load(db, &id).map(Json))
}

/// `PATCH /api/webhook-subscriptions/{id}/`
pub(super) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<Endpoint>, Problem> {
    caller.require_management()?;
    let mut fields = body.fields();
    let (url, changes) = (fields.text("url"), Changes::read(&mut fields));
    check_url(&mut fields, "url", url.as_deref().unwrap_or_default());
    app.store.write(|db| {
        let found = load(db, &id)?;
        fields.check()?;
        changes.apply(db, found.id, url.as_deref())?;
        load(db, &id).map(Json)
    })
}

/// `DELETE /api/webhook-subscriptions/{id}/`
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.require_management()?;
    app.store.write(|db| {
        db.execute("DELETE FROM webhook WHERE id = ?1", [load(db, &id)?.id])?;
        Ok(StatusCode::NO_CONTENT)
    })
}

/// Records an event for everybody who should be told of it.
pub(super) fn note(db: &Connection, identity: i64, event: &str, kind: &str, data: &str) -> rusqlite::Result<()> {
    let find = "SELECT id FROM webhook WHERE enabled AND (identity_id IS NULL OR identity_id = ?1)
                AND (event_types = '[]' OR EXISTS (SELECT 1 FROM json_each(event_types) WHERE value = ?2))";
    let insert = "INSERT INTO delivery (uuid, webhook_id, event_id, event_type, payload) VALUES (?1, ?2, ?3, ?4, ?5)";
    let told: Vec<i64> =
        db.prepare_cached(find)?.query_map(params![identity, kind], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for webhook in told {
        db.execute(insert, params![Uuid::new_v4().to_string(), webhook, event, kind, data])?;
    }
    Ok(())
}

const DELIVERIES: &str = "SELECT d.id, d.uuid, w.id, w.url, d.event_id, d.event_type, d.payload, d.created_dt
                          FROM delivery d JOIN webhook w ON w.id = d.webhook_id";

/// Shows a delivery as one that was never tried.
fn delivery(row: &Row<'_>) -> rusqlite::Result<Value> {
    let (id, uuid, endpoint, url): (i64, String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    let (event, kind, payload): (String, String, String) = (row.get(4)?, row.get(5)?, row.get(6)?);
    let (payload, made): (Value, String) = (serde_json::from_str(&payload).unwrap_or_default(), row.get(7)?);
    Ok(json!({
        "id": id, "uuid": uuid, "endpoint": endpoint, "endpoint_url": url, "event_id": event, "event_type": kind,
        "payload": payload, "status": "pending", "attempts": 0, "next_attempt_at": null, "response_status": null,
        "response_preview": "", "last_error": "", "created_dt": made, "updated_dt": made,
    }))
}

/// `GET /api/webhook-deliveries/`: newest first.
pub(super) async fn deliveries(State(app): State<Arc<App>>, caller: Caller, lists: Lists) -> Listed<Value> {
    caller.require_management()?;
    app.store.read(|db| {
        let mut rows = db.prepare_cached(&format!("{DELIVERIES} ORDER BY d.id DESC"))?;
        Ok(lists.cut(rows.query_map([], delivery)?.collect::<Result<_, _>>()?))
    })
}

/// `GET /api/webhook-deliveries/{id}/`
pub(super) async fn one_delivery(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    caller.require_management()?;
    app.store.read(|db| {
        let found = db.query_row(&format!("{DELIVERIES} WHERE d.id = ?1"), [&id], delivery).optional()?;
        found.map(Json).ok_or(Problem::NotFound("WebhookDelivery"))
    })
}
