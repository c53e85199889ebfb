//! Text messages: flat and by conversation, received and sent. Nothing leaves the machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::body::{Body, Fields, Query};
use super::caller::{Caller, Scope};
use super::lists::{Listed, Lists};
use super::problem::Problem;
use super::{App, channels, contacts, events, token};

const MODEL: &str = "SmsMessage";

/// A text message. `phone` is the database id of the identity's number, which the official clients want as a string.
#[derive(Serialize)]
pub(super) struct Sms {
    id: i64,
    url: String,
    from_number: String,
    to_number: String,
    body: String,
    message_sid: String,
    phone: Value,
    direction: String,
    is_read: bool,
    created_dt: String,
    #[serde(skip)]
    phone_id: i64,
}

impl Sms {
    /// Returns the number at the other end.
    fn other(&self) -> &str {
        if self.direction == "incoming" { &self.from_number } else { &self.to_number }
    }

    fn own(&self) -> &str {
        if self.direction == "incoming" { &self.to_number } else { &self.from_number }
    }

    fn conversation_id(&self) -> String {
        format!("{}_{}", self.phone_id, self.other())
    }
}

const COLUMNS: &str = "SELECT id, from_number, to_number, body, message_sid, phone_id, direction, is_read, created_dt
                       FROM sms WHERE (?1 OR identity_id = ?2)";

fn sms(row: &Row<'_>, app: &App) -> rusqlite::Result<Sms> {
    let (id, phone_id): (i64, i64) = (row.get(0)?, row.get(5)?);
    Ok(Sms {
        id,
        url: format!("{}/api/messages/{id}/", app.base_url),
        from_number: row.get(1)?,
        to_number: row.get(2)?,
        body: row.get(3)?,
        message_sid: row.get(4)?,
        phone: channels::phone_reference(app, phone_id),
        direction: row.get(6)?,
        is_read: row.get(7)?,
        created_dt: row.get(8)?,
        phone_id,
    })
}

fn load(db: &Connection, app: &App, scope: Scope, id: &str) -> Result<Sms, Problem> {
    let (all, identity) = scope.condition();
    let id: i64 = id.parse().map_err(|_| Problem::NotFound(MODEL))?;
    db.prepare_cached(&format!("{COLUMNS} AND id = ?3"))?
        .query_row(params![all, identity, id], |row| sms(row, app))
        .optional()?
        .ok_or(Problem::NotFound(MODEL))
}

fn select(db: &Connection, app: &App, scope: Scope, read: Option<bool>) -> Result<Vec<Sms>, Problem> {
    let (all, identity) = scope.condition();
    let mut rows = db.prepare_cached(&format!("{COLUMNS} AND (?3 IS NULL OR is_read = ?3) ORDER BY id"))?;
    Ok(rows.query_map(params![all, identity, read], |row| sms(row, app))?.collect::<Result<_, _>>()?)
}

/// Returns an identity's phone: id and number.
pub(super) fn require_phone(db: &Connection, identity: i64) -> Result<(i64, String), Problem> {
    db.prepare_cached("SELECT id, number FROM phone WHERE identity_id = ?1")?
        .query_row([identity], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .ok_or_else(|| Problem::validation("identity.no_phone", "This identity has no phone number."))
}

/// Reads a number to call or write to, which must be present.
pub(super) fn read_number(fields: &mut Fields, name: &str) -> String {
    let number = fields.required(name);
    if !number.is_empty() && !is_e164(&number) {
        fields.fail(name, "Use the international form, like +15550100.");
    }
    number
}

fn insert(
    db: &Connection,
    identity: i64,
    phone: i64,
    (from, to): (&str, &str),
    body: &str,
    direction: &str,
) -> rusqlite::Result<i64> {
    db.prepare_cached(
        "INSERT INTO sms (identity_id, phone_id, from_number, to_number, body, message_sid, direction, is_read)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        identity,
        phone,
        from,
        to,
        body,
        format!("SM{}", token::pick(b"0123456789abcdef", 32)),
        direction,
        direction == "outgoing",
    ])?;
    let id = db.last_insert_rowid();
    let kind = if direction == "outgoing" { "sms.message.sent" } else { "sms.message.received" };
    let data = json!({ "message_id": id, "phone_id": phone, "from_number": from, "to_number": to, "body": body });
    events::record(db, identity, kind, &data)?;
    contacts::touch_phone(db, identity, if direction == "outgoing" { to } else { from })?;
    Ok(id)
}

/// Delivers a message to the identity with the number `to`; returns its id, or nothing if nobody has the number.
pub(super) fn receive(db: &Connection, from: &str, to: &str, body: &str) -> rusqlite::Result<Option<i64>> {
    let find = "SELECT identity_id, id FROM phone WHERE number = ?1";
    let receiver: Option<(i64, i64)> =
        db.prepare_cached(find)?.query_row([to], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    receiver.map(|(identity, phone)| insert(db, identity, phone, (from, to), body, "incoming")).transpose()
}

/// `GET /api/messages/`: newest first.
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller, query: Query, lists: Lists) -> Listed<Sms> {
    app.store.read(|db| {
        let mut messages = select(db, &app, caller.scope(db)?, query.flag("is_read"))?;
        messages.reverse();
        Ok(lists.whole(messages))
    })
}

/// `GET /api/messages/{id}/`
pub(super) async fn retrieve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Sms>, Problem> {
    app.store.read(|db| Ok(Json(load(db, &app, caller.scope(db)?, &id)?)))
}

/// `PATCH /api/messages/{id}/`. Only `is_read` can change.
pub(super) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<Sms>, Problem> {
    let mut fields = body.fields();
    let read = fields.flag("is_read");
    app.store.write(|db| {
        let scope = Scope::One(caller.target(db)?);
        let found = load(db, &app, scope, &id)?;
        fields.check()?;
        db.execute("UPDATE sms SET is_read = coalesce(?2, is_read) WHERE id = ?1", params![found.id, read])?;
        Ok(Json(load(db, &app, scope, &id)?))
    })
}

/// `POST /api/messages/send/`
pub(super) async fn send(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<Sms>), Problem> {
    let mut fields = body.fields();
    let (to, text) = (read_number(&mut fields, "to_number"), fields.required("body"));
    app.store.write(|db| {
        let identity = caller.target(db)?;
        fields.check()?;
        let (phone, from) = require_phone(db, identity)?;
        let id = insert(db, identity, phone, (&from, &to), &text, "outgoing")?;
        receive(db, &from, &to, &text)?;
        Ok((StatusCode::CREATED, Json(load(db, &app, Scope::One(identity), &id.to_string())?)))
    })
}

/// Whether it is a plus sign and 7 to 15 digits, the first not 0.
pub(super) fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0')
    })
}

/// `GET /api/sms-inbox/`: newest first.
pub(super) async fn conversations(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: Query,
    lists: Lists,
) -> Listed<Value> {
    app.store.read(|db| {
        let mut groups = BTreeMap::<String, Vec<Sms>>::new();
        for sms in select(db, &app, caller.scope(db)?, None)? {
            groups.entry(sms.conversation_id()).or_default().push(sms);
        }
        let mut groups: Vec<Vec<Sms>> = groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.last().map(|sms| sms.id)));
        if query.flag("has_unread") == Some(true) {
            groups.retain(|group| group.iter().any(|sms| !sms.is_read));
        }
        Ok(lists.whole(groups.iter().filter_map(|group| summary(group)).collect()))
    })
}

fn summary(group: &[Sms]) -> Option<Value> {
    let latest = group.last()?;
    Some(json!({
        "conversation_id": latest.conversation_id(), "from_number": latest.other(), "phone": latest.phone,
        "phone_number": latest.own(), "preview": latest.body, "message_count": group.len(),
        "unread_count": group.iter().filter(|sms| !sms.is_read).count(), "latest_message_dt": latest.created_dt,
    }))
}

/// `GET /api/sms-inbox/{conversation_id}/`: its messages, oldest first.
pub(super) async fn conversation(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    app.store.read(|db| {
        let mut messages = select(db, &app, caller.scope(db)?, None)?;
        messages.retain(|sms| sms.conversation_id() == id);
        let latest = messages.last().ok_or(Problem::NotFound("SmsConversation"))?;
        Ok(Json(json!({
            "conversation_id": id, "from_number": latest.other(), "phone": latest.phone,
            "message_count": messages.len(), "messages": messages,
        })))
    })
}
