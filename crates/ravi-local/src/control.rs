//! The controls under `/_local/`, which Ravi itself does not have. They require no key: only this machine reaches them,
//! and a web page cannot send JSON to another origin unasked.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::compose::{self, Mail};
use super::device::{self, Action};
use super::faults::Plan;
use super::limits::Limits;
use super::problem::Problem;
use super::{App, address, attachments, sms as texts};

/// A JSON body of exactly the required form.
pub(super) struct Order<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Order<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(order)) => Ok(Order(order)),
            Err(e) => Err(Problem::Detail { status: e.status(), detail: e.body_text() }),
        }
    }
}

fn refuse(detail: impl Into<String>) -> Problem {
    Problem::Detail { status: StatusCode::BAD_REQUEST, detail: detail.into() }
}

/// A mail to deliver.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Letter {
    to: String,
    /// An address, or `Name <address>`.
    from: String,
    subject: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    html: String,
    #[serde(default)]
    cc: Vec<String>,
    /// The `Message-ID`; made up if absent.
    message_id: Option<String>,
    /// The `Message-ID` of a message in the same inbox, whose thread this one continues.
    in_reply_to: Option<String>,
    #[serde(default)]
    attachments: Vec<Enclosure>,
}

/// An attachment, as text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Enclosure {
    filename: String,
    #[serde(default = "plain_text")]
    content_type: String,
    content: String,
}

fn plain_text() -> String {
    "text/plain".to_owned()
}

/// `POST /_local/email`: delivers a mail to the inbox `to`; 404 if there is none.
pub(super) async fn email(
    State(app): State<Arc<App>>,
    Order(letter): Order<Letter>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let id = app.store.write(|db| {
        let (_, to) = address::split(&letter.to);
        let identity = compose::owner_of(db, &to)?.ok_or(Problem::NotFound("Inbox"))?;
        let message_id = letter.message_id.clone().unwrap_or_else(compose::new_message_id);
        let thread_id = match &letter.in_reply_to {
            Some(original) => compose::thread_of(db, identity, original)?.unwrap_or_else(|| original.clone()),
            None => message_id.clone(),
        };
        let (from_display_name, from_email) = address::split(&letter.from);
        let Letter { subject, text, html, cc, .. } = &letter;
        let mail = Mail {
            from_email,
            from_display_name,
            to_email: to,
            cc: cc.clone(),
            subject: subject.clone(),
            text: text.clone(),
            html: html.clone(),
            message_id,
            thread_id,
            ..Mail::default()
        };
        let id = compose::receive(db, identity, &mail)?;
        for Enclosure { filename, content_type, content } in &letter.attachments {
            attachments::insert(db, Some(id), filename, content_type, content.as_bytes())?;
        }
        Ok::<_, Problem>(id)
    })?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

/// A text message to deliver.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    to: String,
    from: String,
    body: String,
}

/// `POST /_local/sms`: delivers a text message to the number `to`; 404 if nobody has it.
pub(super) async fn sms(
    State(app): State<Arc<App>>,
    Order(text): Order<Text>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let id = app.store.write(|db| texts::receive(db, &text.from, &text.to, &text.body).map_err(Problem::from))?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id.ok_or(Problem::NotFound("Phone"))? }))))
}

/// A decision on a device login.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    user_code: String,
    action: Action,
}

/// `POST /_local/device`: approve, signup, deny or expire; 404 if there is no such undecided code.
pub(super) async fn device(
    State(app): State<Arc<App>>,
    Order(decision): Order<Decision>,
) -> Result<StatusCode, Problem> {
    device::decide(&app, &decision.user_code, decision.action).map(|()| StatusCode::NO_CONTENT)
}

/// `GET /_local/calls`
pub(super) async fn calls(State(app): State<Arc<App>>) -> Json<Value> {
    Json(app.calls.report(|report| json!(report)))
}

/// `DELETE /_local/calls`
pub(super) async fn reset_calls(State(app): State<Arc<App>>) -> StatusCode {
    app.calls.reset();
    StatusCode::NO_CONTENT
}

/// `GET /_local/faults`: the faults still to come.
pub(super) async fn faults(State(app): State<Arc<App>>) -> Json<Vec<Plan>> {
    Json(app.faults.pending())
}

/// `POST /_local/faults`
pub(super) async fn plan_fault(
    State(app): State<Arc<App>>,
    Order(plan): Order<Plan>,
) -> Result<(StatusCode, Json<Vec<Plan>>), Problem> {
    app.faults.plan(plan).map_err(refuse)?;
    Ok((StatusCode::CREATED, Json(app.faults.pending())))
}

/// `DELETE /_local/faults`
pub(super) async fn clear_faults(State(app): State<Arc<App>>) -> StatusCode {
    app.faults.clear();
    StatusCode::NO_CONTENT
}

/// `GET /_local/limits`
pub(super) async fn limits(State(app): State<Arc<App>>) -> Json<Limits> {
    Json(app.limits())
}

/// `POST /_local/limits`: sets what is named, and leaves the rest as it is.
pub(super) async fn set_limits(
    State(app): State<Arc<App>>,
    Order(changes): Order<Map<String, Value>>,
) -> Result<Json<Limits>, Problem> {
    let mut limits = app.limits.lock().unwrap_or_else(PoisonError::into_inner);
    *limits = limits.with(changes).map_err(|e| refuse(e.to_string()))?;
    Ok(Json(*limits))
}

/// What exists, without any key or value.
#[derive(Serialize)]
pub(super) struct Overview {
    identities: Vec<super::identities::Identity>,
    keys: Vec<LiveKey>,
    secrets: BTreeMap<String, Vec<String>>,
}

#[derive(Serialize)]
struct LiveKey {
    uuid: String,
    kind: &'static str,
    identity: Option<String>,
    label: String,
}

/// `GET /_local/state`
pub(super) async fn state(State(app): State<Arc<App>>) -> Result<Json<Overview>, Problem> {
    app.store.read(|db| {
        let identities = super::identities::all(db)?;
        let (keys, secrets) = (live_keys(db)?, secret_names(db)?);
        Ok(Json(Overview { identities, keys, secrets }))
    })
}

fn live_keys(db: &Connection) -> rusqlite::Result<Vec<LiveKey>> {
    let mut rows = db.prepare_cached(
        "SELECT k.uuid, i.uuid, k.label FROM api_key k LEFT JOIN identity i ON i.id = k.identity_id
         WHERE k.is_active ORDER BY k.rowid",
    )?;
    let rows = rows.query_map([], |row| {
        let identity: Option<String> = row.get(1)?;
        let kind = if identity.is_some() { "identity" } else { "management" };
        Ok(LiveKey { uuid: row.get(0)?, kind, identity, label: row.get(2)? })
    })?;
    rows.collect()
}

fn secret_names(db: &Connection) -> rusqlite::Result<BTreeMap<String, Vec<String>>> {
    let mut names = BTreeMap::<String, Vec<String>>::new();
    let mut rows = db.prepare_cached(
        "SELECT i.uuid, s.key FROM identity i LEFT JOIN secret s ON s.identity_id = i.id ORDER BY i.id, s.key",
    )?;
    for row in rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)))? {
        let (identity, key) = row?;
        names.entry(identity).or_default().extend(key);
    }
    Ok(names)
}
