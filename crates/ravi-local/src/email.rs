//! Reading mail: flat messages and threads. Sending and receiving are in [`super::compose`].

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::App;
use super::attachments::{self, Attachment};
use super::body::{Body, Query};
use super::caller::{Caller, Scope};
use super::lists::{Listed, Lists};
use super::problem::Problem;

const DEFAULT_PAGE: i64 = 50;
const MODEL: &str = "EmailMessage";
const PREVIEW_LENGTH: usize = 120;

/// A message. `cc` is one string here, although requests send a list.
#[derive(Serialize)]
pub(super) struct Message {
    pub(super) id: i64,
    pub(super) uuid: String,
    url: String,
    pub(super) from_email: String,
    from_display_name: String,
    pub(super) to_email: String,
    pub(super) cc: String,
    pub(super) subject: String,
    pub(super) text_content: String,
    pub(super) html_content: String,
    pub(super) direction: String,
    is_read: bool,
    sender_type: &'static str,
    pub(super) message_id: String,
    pub(super) thread_id: String,
    attachments: Vec<Attachment>,
    pub(super) created_dt: String,
    #[serde(skip)]
    identity: i64,
}

const COLUMNS: &str = "SELECT id, uuid, from_email, from_display_name, to_email, cc, subject, text_content,
    html_content, direction, is_read, message_id, thread_id, created_dt, identity_id FROM email_message
    WHERE (?1 OR identity_id = ?2)";

fn message(row: &Row<'_>, base_url: &str) -> rusqlite::Result<Message> {
    let id: i64 = row.get(0)?;
    let direction: String = row.get(9)?;
    Ok(Message {
        id,
        uuid: row.get(1)?,
        url: format!("{base_url}/api/email-messages/{id}/"),
        from_email: row.get(2)?,
        from_display_name: row.get(3)?,
        to_email: row.get(4)?,
        cc: row.get(5)?,
        subject: row.get(6)?,
        text_content: row.get(7)?,
        html_content: row.get(8)?,
        sender_type: if direction == "outgoing" { "identity" } else { "external" },
        direction,
        is_read: row.get(10)?,
        message_id: row.get(11)?,
        thread_id: row.get(12)?,
        created_dt: row.get(13)?,
        identity: row.get(14)?,
        attachments: Vec::new(),
    })
}

fn with_attachments(db: &Connection, base_url: &str, mut messages: Vec<Message>) -> rusqlite::Result<Vec<Message>> {
    for message in &mut messages {
        message.attachments = attachments::of_message(db, base_url, message.id)?;
    }
    Ok(messages)
}

/// Returns one message in `scope`.
pub(super) fn load(db: &Connection, base_url: &str, scope: Scope, id: &str) -> Result<Message, Problem> {
    let (all, identity) = scope.condition();
    let id: i64 = id.parse().map_err(|_| Problem::NotFound(MODEL))?;
    let found = db
        .prepare_cached(&format!("{COLUMNS} AND id = ?3"))?
        .query_row(params![all, identity, id], |row| message(row, base_url))
        .optional()?
        .ok_or(Problem::NotFound(MODEL))?;
    with_attachments(db, base_url, vec![found])?.pop().ok_or(Problem::NotFound(MODEL))
}

const FILTERS: &str = "AND (?3 IS NULL OR is_read = ?3) AND (?4 IS NULL OR direction = ?4)
    AND (?5 IS NULL OR thread_id = ?5) AND (?6 IS NULL OR from_email = ?6 COLLATE NOCASE)
    AND (?7 IS NULL OR julianday(created_dt) > julianday(?7))";

/// `GET /api/email-messages/`: oldest first, at most [`DEFAULT_PAGE`] unless more are requested.
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller, query: Query, lists: Lists) -> Listed<Message> {
    let window = lists.window(DEFAULT_PAGE);
    app.store.read(|db| {
        let (all, identity) = caller.scope(db)?.condition();
        let created_after = query.get("created_after");
        check_time(db, created_after)?;
        let (read, direction) = (query.flag("is_read"), query.get("direction"));
        let (thread, from) = (query.get("thread_id"), query.get("from_email"));
        let count = format!("SELECT count(*) FROM ({COLUMNS} {FILTERS})");
        let filters = params![all, identity, read, direction, thread, from, created_after];
        let count: i64 = db.prepare_cached(&count)?.query_row(filters, |row| row.get(0))?;
        let mut rows = db.prepare_cached(&format!("{COLUMNS} {FILTERS} ORDER BY id LIMIT ?8 OFFSET ?9"))?;
        let (limit, offset) = (window.limit, window.offset);
        let filters = params![all, identity, read, direction, thread, from, created_after, limit, offset];
        let found = rows.query_map(filters, |row| message(row, &app.base_url))?.collect::<Result<_, _>>()?;
        Ok(lists.part(window, count, with_attachments(db, &app.base_url, found)?))
    })
}

fn check_time(db: &Connection, time: Option<&str>) -> Result<(), Problem> {
    let known: bool = db.query_row("SELECT ?1 IS NULL OR julianday(?1) IS NOT NULL", [time], |row| row.get(0))?;
    if known { Ok(()) } else { Err(Problem::field("created_after", "Enter a valid date/time.")) }
}

/// `GET /api/email-messages/{id}/`
pub(super) async fn retrieve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Message>, Problem> {
    app.store.read(|db| Ok(Json(load(db, &app.base_url, caller.scope(db)?, &id)?)))
}

/// `PATCH /api/email-messages/{id}/`. Only `is_read` can change.
pub(super) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Result<(StatusCode, Json<Message>), Problem> {
    let mut fields = body.fields();
    let read = fields.flag("is_read");
    app.store.write(|db| {
        let scope = Scope::One(caller.target(db)?);
        let found = load(db, &app.base_url, scope, &id)?;
        fields.check()?;
        db.execute("UPDATE email_message SET is_read = coalesce(?2, is_read) WHERE id = ?1", params![found.id, read])?;
        Ok((StatusCode::OK, Json(load(db, &app.base_url, scope, &id)?)))
    })
}

/// A thread's line in the inbox.
#[derive(Serialize)]
pub(super) struct Thread {
    thread_id: String,
    subject: String,
    preview: String,
    from_email: String,
    from_display_name: String,
    inbox: String,
    message_count: usize,
    unread_count: usize,
    attachment_names: Vec<String>,
    latest_message_dt: Option<String>,
    oldest_message_dt: Option<String>,
    #[serde(skip)]
    latest_id: i64,
}

/// `GET /api/email-inbox/`: newest first.
pub(super) async fn threads(State(app): State<Arc<App>>, caller: Caller, query: Query, lists: Lists) -> Listed<Thread> {
    app.store.read(|db| {
        let scope = caller.scope(db)?;
        let mut threads = Vec::new();
        for group in group(messages(db, &app.base_url, scope, None)?) {
            threads.extend(summary(db, &group)?);
        }
        if let Some(inbox) = query.get("inbox") {
            threads.retain(|thread: &Thread| thread.inbox.eq_ignore_ascii_case(inbox));
        }
        if query.flag("has_unread") == Some(true) {
            threads.retain(|thread| thread.unread_count > 0);
        }
        threads.sort_by_key(|thread| std::cmp::Reverse(thread.latest_id));
        Ok(lists.whole(threads))
    })
}

fn messages(db: &Connection, base_url: &str, scope: Scope, thread: Option<&str>) -> Result<Vec<Message>, Problem> {
    let (all, identity) = scope.condition();
    let mut rows = db.prepare_cached(&format!("{COLUMNS} AND (?3 IS NULL OR thread_id = ?3) ORDER BY id"))?;
    let rows = rows.query_map(params![all, identity, thread], |row| message(row, base_url))?;
    Ok(with_attachments(db, base_url, rows.collect::<Result<_, _>>()?)?)
}

/// Groups messages by identity and thread; two identities that write to each other have a thread each.
fn group(messages: Vec<Message>) -> Vec<Vec<Message>> {
    let mut groups = std::collections::BTreeMap::<_, Vec<Message>>::new();
    for message in messages {
        groups.entry((message.identity, message.thread_id.clone())).or_default().push(message);
    }
    groups.into_values().collect()
}

fn summary(db: &Connection, group: &[Message]) -> rusqlite::Result<Option<Thread>> {
    let (Some(oldest), Some(latest)) = (group.first(), group.last()) else { return Ok(None) };
    let find = "SELECT address FROM inbox WHERE identity_id = ?1";
    let inbox = db.prepare_cached(find)?.query_row([latest.identity], |row| row.get(0))?;
    let text = if latest.text_content.is_empty() { &latest.html_content } else { &latest.text_content };
    Ok(Some(Thread {
        thread_id: latest.thread_id.clone(),
        subject: oldest.subject.clone(),
        preview: text.chars().take(PREVIEW_LENGTH).collect(),
        from_email: latest.from_email.clone(),
        from_display_name: latest.from_display_name.clone(),
        inbox,
        message_count: group.len(),
        unread_count: group.iter().filter(|m| !m.is_read).count(),
        attachment_names: group.iter().flat_map(|m| &m.attachments).map(|a| a.filename.clone()).collect(),
        latest_message_dt: Some(latest.created_dt.clone()),
        oldest_message_dt: Some(oldest.created_dt.clone()),
        latest_id: latest.id,
    }))
}

/// `GET /api/email-inbox/{thread_id}/`: the messages of one thread, oldest first. Django decodes a path before it looks
/// for the route, so an id with a slash in it is never found, however it was encoded.
pub(super) async fn thread(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    if id.contains('/') {
        return Err(Problem::NoSuchPath);
    }
    app.store.read(|db| {
        let messages = messages(db, &app.base_url, caller.scope(db)?, Some(&id))?;
        let oldest = messages.first().ok_or(Problem::NotFound("EmailThread"))?;
        Ok(Json(json!({
            "thread_id": id, "subject": oldest.subject, "message_count": messages.len(), "messages": messages,
        })))
    })
}
