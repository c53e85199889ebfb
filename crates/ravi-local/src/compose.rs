//! Mail as it is sent and received. Nothing leaves the machine: mail to an inbox of this server arrives there, all
//! other mail is only recorded as sent.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::json;
use uuid::Uuid;

use super::body::{Body, Fields, Query};
use super::caller::{Caller, Scope};
use super::email::{self, Message};
use super::problem::Problem;
use super::{App, DOMAIN, address, attachments, contacts, events};

/// A mail on its way, before it is a row of an inbox.
#[derive(Debug, Clone, Default)]
pub(super) struct Mail {
    pub(super) from_email: String,
    pub(super) from_display_name: String,
    pub(super) to_email: String,
    pub(super) cc: Vec<String>,
    pub(super) bcc: Vec<String>,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
    pub(super) message_id: String,
    /// The thread that it continues; its own message id if it begins one.
    pub(super) thread_id: String,
}

/// Makes a new `Message-ID`.
pub(super) fn new_message_id() -> String {
    format!("<{}@{DOMAIN}>", Uuid::new_v4())
}

fn insert(db: &Connection, identity: i64, mail: &Mail, direction: &str) -> rusqlite::Result<i64> {
    // Only its sender knows of a blind copy.
    let bcc = if direction == "outgoing" { mail.bcc.join(", ") } else { String::new() };
    db.prepare_cached(
        "INSERT INTO email_message (uuid, identity_id, from_email, from_display_name, to_email, cc, bcc, subject,
         text_content, html_content, direction, is_read, message_id, thread_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        Uuid::new_v4().to_string(),
        identity,
        mail.from_email,
        mail.from_display_name,
        mail.to_email,
        mail.cc.join(", "),
        bcc,
        mail.subject,
        mail.text,
        mail.html,
        direction,
        direction == "outgoing",
        mail.message_id,
        mail.thread_id,
    ])?;
    Ok(db.last_insert_rowid())
}

/// Puts a mail into one identity's inbox, with its event and its contact; returns the message's id.
pub(super) fn receive(db: &Connection, identity: i64, mail: &Mail) -> rusqlite::Result<i64> {
    let id = insert(db, identity, mail, "incoming")?;
    contacts::touch_email(db, identity, &mail.from_email, &mail.from_display_name)?;
    record(db, identity, "email.message.received", id, mail)?;
    Ok(id)
}

fn record(db: &Connection, identity: i64, kind: &str, message: i64, mail: &Mail) -> rusqlite::Result<()> {
    let find = "SELECT id FROM inbox WHERE identity_id = ?1";
    let inbox: i64 = db.prepare_cached(find)?.query_row([identity], |row| row.get(0))?;
    let data = json!({
        "message_id": message, "inbox_id": inbox, "from_email": mail.from_email, "to_email": mail.to_email,
        "subject": mail.subject,
    });
    events::record(db, identity, kind, &data)
}

/// Returns the identity whose inbox has this address.
pub(super) fn owner_of(db: &Connection, address: &str) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT identity_id FROM inbox WHERE address = ?1 COLLATE NOCASE")?
        .query_row([address], |row| row.get(0))
        .optional()
}

/// Returns the thread of a message that an identity has, by its `Message-ID`.
pub(super) fn thread_of(db: &Connection, identity: i64, message_id: &str) -> rusqlite::Result<Option<String>> {
    let find = "SELECT thread_id FROM email_message WHERE identity_id = ?1 AND message_id = ?2";
    db.query_row(find, (identity, message_id), |row| row.get(0)).optional()
}

/// Records a mail as sent, and delivers it to those recipients whose inbox is here.
fn send(db: &Connection, identity: i64, mail: &Mail, attached: &[String]) -> Result<i64, Problem> {
    let id = insert(db, identity, mail, "outgoing")?;
    attachments::attach(db, id, attached)?;
    record(db, identity, "email.message.sent", id, mail)?;
    for recipient in std::iter::once(&mail.to_email).chain(&mail.cc).chain(&mail.bcc) {
        let (name, address) = address::split(recipient);
        contacts::touch_email(db, identity, &address, &name)?;
        if let Some(receiver) = owner_of(db, &address)? {
            let copy = receive(db, receiver, mail)?;
            attachments::copy(db, id, copy)?;
        }
    }
    Ok(id)
}

/// Returns the sender: the identity named by `?identity=` or the key, or the one that owns `?inbox=`.
fn sender(db: &Connection, caller: &Caller, query: &Query) -> Result<i64, Problem> {
    let Some(inbox) = query.get("inbox") else { return caller.target(db) };
    let inbox: i64 = inbox.parse().map_err(|_| Problem::field("inbox", "A valid integer is required."))?;
    let owner: Option<i64> =
        db.query_row("SELECT identity_id FROM inbox WHERE id = ?1", [inbox], |row| row.get(0)).optional()?;
    match (owner, caller.scope(db)?) {
        (Some(owner), Scope::Account) => Ok(owner),
        (Some(owner), Scope::One(own)) if owner == own => Ok(owner),
        _ => Err(Problem::NotFound("Inbox")),
    }
}

/// What all four kinds of request have in common.
struct Content {
    text: String,
    html: String,
    cc: Vec<String>,
    bcc: Vec<String>,
    attachments: Vec<String>,
}

impl Content {
    fn read(fields: &mut Fields) -> Content {
        let content = fields.required("content");
        let (text, html) = if is_html(&content) { (String::new(), content) } else { (content, String::new()) };
        let (cc, bcc) = (read_addresses(fields, "cc"), read_addresses(fields, "bcc"));
        Content { text, html, cc, bcc, attachments: fields.texts("attachment_uuids") }
    }
}

/// Whether the content is HTML. The API has one field for both; a closing tag or a line break tag makes it HTML.
fn is_html(content: &str) -> bool {
    let lower = content.to_ascii_lowercase();
    lower.contains("</") || lower.contains("<br") || lower.contains("/>")
}

fn read_addresses(fields: &mut Fields, name: &str) -> Vec<String> {
    let list = fields.texts(name);
    if list.iter().any(|mailbox| !address::is_address(&address::split(mailbox).1)) {
        fields.fail(name, "Enter a valid email address.");
    }
    list
}

fn read_recipient(fields: &mut Fields) -> String {
    let to = fields.required("to_email");
    if !to.is_empty() && !address::is_address(&address::split(&to).1) {
        fields.fail("to_email", "Enter a valid email address.");
    }
    to
}

/// Returns the mail with its sender filled in and, unless it continues a thread, a thread of its own.
fn address_mail(db: &Connection, identity: i64, content: Content, rest: Mail) -> rusqlite::Result<Mail> {
    let from = "SELECT b.address, i.name FROM inbox b JOIN identity i ON i.id = b.identity_id WHERE i.id = ?1";
    let (from_email, from_display_name) = db.query_row(from, [identity], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let message_id = new_message_id();
    let thread_id = if rest.thread_id.is_empty() { message_id.clone() } else { rest.thread_id.clone() };
    let cc = rest.cc.into_iter().chain(content.cc).collect();
    let (text, html) = (content.text + &rest.text, content.html + &rest.html);
    Ok(Mail { from_email, from_display_name, message_id, thread_id, cc, bcc: content.bcc, text, html, ..rest })
}

type Sent = Result<(StatusCode, Json<Message>), Problem>;

fn sent(db: &Connection, app: &App, identity: i64, id: i64) -> Sent {
    let message = email::load(db, &app.base_url, Scope::One(identity), &id.to_string())?;
    Ok((StatusCode::CREATED, Json(message)))
}

/// `POST /api/email-messages/compose/`
pub(super) async fn compose(State(app): State<Arc<App>>, caller: Caller, query: Query, body: Body) -> Sent {
    let mut fields = body.fields();
    let (to_email, subject) = (read_recipient(&mut fields), fields.required("subject"));
    let mut content = Content::read(&mut fields);
    let attached = std::mem::take(&mut content.attachments);
    app.store.write(|db| {
        let identity = sender(db, &caller, &query)?;
        fields.check()?;
        let mail = address_mail(db, identity, content, Mail { to_email, subject, ..Mail::default() })?;
        let id = send(db, identity, &mail, &attached)?;
        sent(db, &app, identity, id)
    })
}

/// `POST /api/email-messages/{id}/reply/`
pub(super) async fn reply(state: State<Arc<App>>, caller: Caller, id: Path<String>, body: Body) -> Sent {
    respond(state, caller, id, body, false).await
}

/// `POST /api/email-messages/{id}/reply-all/`
pub(super) async fn reply_all(state: State<Arc<App>>, caller: Caller, id: Path<String>, body: Body) -> Sent {
    respond(state, caller, id, body, true).await
}

async fn respond(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Body,
    to_all: bool,
) -> Sent {
    let mut fields = body.fields();
    let mut content = Content::read(&mut fields);
    let attached = std::mem::take(&mut content.attachments);
    app.store.write(|db| {
        let identity = caller.target(db)?;
        let original = email::load(db, &app.base_url, Scope::One(identity), &id)?;
        fields.check()?;
        let incoming = original.direction == "incoming";
        let to_email = if incoming { original.from_email.clone() } else { original.to_email.clone() };
        let mut others = Vec::new();
        if to_all {
            others = split_list(&original.cc);
            others.extend(incoming.then(|| original.to_email.clone()));
            others.retain(|other| owner_of(db, &address::split(other).1).is_ok_and(|owner| owner != Some(identity)));
        }
        let subject = prefixed("Re: ", &original.subject);
        let rest = Mail { to_email, cc: others, subject, thread_id: original.thread_id, ..Mail::default() };
        let mail = address_mail(db, identity, content, rest)?;
        let id = send(db, identity, &mail, &attached)?;
        sent(db, &app, identity, id)
    })
}

fn split_list(addresses: &str) -> Vec<String> {
    addresses.split(',').map(str::trim).filter(|a| !a.is_empty()).map(str::to_owned).collect()
}

fn prefixed(prefix: &str, subject: &str) -> String {
    let has_it = subject.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if has_it { subject.to_owned() } else { format!("{prefix}{subject}") }
}

/// `POST /api/email-messages/{id}/forward/`. The attachments are forwarded too.
pub(super) async fn forward(State(app): State<Arc<App>>, caller: Caller, Path(id): Path<String>, body: Body) -> Sent {
    let mut fields = body.fields();
    let to_email = read_recipient(&mut fields);
    let mut content = Content::read(&mut fields);
    let mut attached = std::mem::take(&mut content.attachments);
    app.store.write(|db| {
        let identity = caller.target(db)?;
        let original = email::load(db, &app.base_url, Scope::One(identity), &id)?;
        fields.check()?;
        let subject = prefixed("Fwd: ", &original.subject);
        let (mut text, mut html) = quoted(&original);
        if content.text.is_empty() {
            text.clear();
        } else {
            html.clear();
        }
        attached.extend(attachments::duplicate(db, original.id)?);
        let mail = address_mail(db, identity, content, Mail { to_email, subject, text, html, ..Mail::default() })?;
        let id = send(db, identity, &mail, &attached)?;
        sent(db, &app, identity, id)
    })
}

/// Returns the original, to be put below a forwarded text or HTML.
fn quoted(original: &Message) -> (String, String) {
    let Message { from_email, created_dt, subject, text_content, html_content, .. } = original;
    let body = if text_content.is_empty() { html_content } else { text_content };
    let head = ["---------- Forwarded message ----------".to_owned(), format!("From: {from_email}")];
    let head = head.into_iter().chain([format!("Date: {created_dt}"), format!("Subject: {subject}")]);
    let head: Vec<String> = head.collect();
    (format!("\n\n{}\n\n{body}", head.join("\n")), format!("<br><br>{}<br><br>{body}", head.join("<br>")))
}
