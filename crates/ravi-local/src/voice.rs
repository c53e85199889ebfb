//! Phone calls that nobody hears: each is answered at once, and lasts until somebody hangs up.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::body::Body;
use super::caller::{Caller, Scope};
use super::lists::{Listed, Lists};
use super::problem::Problem;
use super::{App, channels, events, sms};

const MODEL: &str = "RaviPhoneCall";

/// A call. Its `phone` is that of [`super::sms`].
#[derive(Serialize)]
pub(super) struct Call {
    id: i64,
    uuid: String,
    url: String,
    phone: Value,
    from_number: String,
    to_number: String,
    direction: &'static str,
    status: &'static str,
    answered_at: String,
    ended_at: Option<String>,
    end_reason: String,
    created_dt: String,
    #[serde(skip)]
    identity: i64,
    #[serde(skip)]
    phone_id: i64,
}

const COLUMNS: &str =
    "SELECT id, uuid, phone_id, from_number, to_number, answered_at, ended_at, end_reason, created_dt,
                       identity_id FROM call WHERE (?1 OR identity_id = ?2)";

fn call(row: &Row<'_>, app: &App) -> rusqlite::Result<Call> {
    let (id, phone_id): (i64, i64) = (row.get(0)?, row.get(2)?);
    let ended_at: Option<String> = row.get(6)?;
    Ok(Call {
        id,
        uuid: row.get(1)?,
        url: format!("{}/api/calls/{id}/", app.base_url),
        phone: channels::phone_reference(app, phone_id),
        from_number: row.get(3)?,
        to_number: row.get(4)?,
        direction: "outgoing",
        status: if ended_at.is_some() { "ended" } else { "in_progress" },
        answered_at: row.get(5)?,
        ended_at,
        end_reason: row.get(7)?,
        created_dt: row.get(8)?,
        identity: row.get(9)?,
        phone_id,
    })
}

fn load(db: &Connection, app: &App, scope: Scope, id: &str) -> Result<Call, Problem> {
    let (all, identity) = scope.condition();
    let id: i64 = id.parse().map_err(|_| Problem::NotFound(MODEL))?;
    db.prepare_cached(&format!("{COLUMNS} AND id = ?3"))?
        .query_row(params![all, identity, id], |row| call(row, app))
        .optional()?
        .ok_or(Problem::NotFound(MODEL))
}

fn record(db: &Connection, kind: &str, call: &Call) -> rusqlite::Result<()> {
    let Call { uuid, phone_id, direction, status, from_number, to_number, .. } = call;
    let data = json!({
        "call_id": uuid, "phone_id": phone_id, "direction": direction, "status": status, "from_number": from_number,
        "to_number": to_number,
    });
    events::record(db, call.identity, kind, &data)
}

/// `POST /api/calls/start/`
pub(super) async fn start(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<Call>), Problem> {
    let mut fields = body.fields();
    let to = sms::read_number(&mut fields, "to_number");
    app.store.write(|db| {
        let identity = caller.target(db)?;
        fields.check()?;
        let (phone, from) = sms::require_phone(db, identity)?;
        let insert =
            "INSERT INTO call (uuid, identity_id, phone_id, from_number, to_number) VALUES (?1, ?2, ?3, ?4, ?5)";
        db.execute(insert, params![Uuid::new_v4().to_string(), identity, phone, from, to])?;
        let id = db.last_insert_rowid().to_string();
        let call = load(db, &app, Scope::One(identity), &id)?;
        for kind in ["call.started", "call.answered"] {
            record(db, kind, &call)?;
        }
        Ok((StatusCode::CREATED, Json(call)))
    })
}

/// `GET /api/calls/`: newest first.
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller, lists: Lists) -> Listed<Call> {
    app.store.read(|db| {
        let (all, identity) = caller.scope(db)?.condition();
        let mut rows = db.prepare_cached(&format!("{COLUMNS} ORDER BY id DESC"))?;
        let rows = rows.query_map(params![all, identity], |row| call(row, &app))?;
        Ok(lists.whole(rows.collect::<Result<_, _>>()?))
    })
}

/// `GET /api/calls/{id}/`
pub(super) async fn retrieve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Call>, Problem> {
    app.store.read(|db| Ok(Json(load(db, &app, caller.scope(db)?, &id)?)))
}

/// `POST /api/calls/{id}/hangup/`. A call that has ended stays as it ended.
pub(super) async fn hang_up(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Call>, Problem> {
    app.store.write(|db| {
        let scope = Scope::One(caller.target(db)?);
        let end = "UPDATE call SET ended_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), end_reason = 'hangup'
                   WHERE id = ?1 AND ended_at IS NULL";
        let ended = db.execute(end, [load(db, &app, scope, &id)?.id])?;
        let call = load(db, &app, scope, &id)?;
        if ended > 0 {
            record(db, "call.ended", &call)?;
        }
        Ok(Json(call))
    })
}

/// `GET /api/calls/{id}/transcript/`: what the line itself says, because nobody speaks.
pub(super) async fn transcript(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    lists: Lists,
) -> Listed<Value> {
    app.store.read(|db| {
        let call = load(db, &app, caller.scope(db)?, &id)?;
        let answered = Some((&call.answered_at, "The call was answered."));
        let ended = call.ended_at.as_ref().map(|at| (at, "The call has ended."));
        let said = answered.into_iter().chain(ended).zip(1..);
        let segments = said.map(|((at, text), number)| {
            json!({
                "id": call.id * 10 + number, "speaker": "system", "text": text, "is_final": true, "confidence": null,
                "sequence_number": number, "occurred_at": at, "created_dt": at,
            })
        });
        Ok(lists.whole(segments.collect()))
    })
}
