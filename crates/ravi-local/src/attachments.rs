//! Attachments: announced, uploaded to a one-time address, then named in a mail.
//!
//! The upload target stands in for an object store. Like one, it accepts the token in its address as the only
//! credential, and refuses a request that also carries a key.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::body::{Body, Query};
use super::caller::Caller;
use super::problem::Problem;
use super::{App, token};

/// The largest attachment, 10 MiB.
pub(super) const MAX_BYTES: usize = 10 * 1024 * 1024;

/// An attachment of a message. Its size has two names, because clients disagree on it.
#[derive(Serialize)]
pub(super) struct Attachment {
    id: i64,
    uuid: String,
    pub(super) filename: String,
    content_type: String,
    size_bytes: i64,
    size: i64,
    is_inline: bool,
    download_url: String,
}

/// Returns the attachments of one message.
pub(super) fn of_message(db: &Connection, base_url: &str, message: i64) -> rusqlite::Result<Vec<Attachment>> {
    let mut rows = db.prepare_cached(
        "SELECT id, uuid, filename, content_type, size, upload_token FROM attachment WHERE message_id = ?1 ORDER BY id",
    )?;
    let rows = rows.query_map([message], |row| {
        let (uuid, size): (String, i64) = (row.get(1)?, row.get(4)?);
        let download_url = storage_url(base_url, &uuid, &row.get::<_, String>(5)?);
        let (id, filename, content_type) = (row.get(0)?, row.get(2)?, row.get(3)?);
        Ok(Attachment { id, uuid, filename, content_type, size_bytes: size, size, is_inline: false, download_url })
    })?;
    rows.collect()
}

fn storage_url(base_url: &str, uuid: &str, token: &str) -> String {
    format!("{base_url}/storage/{uuid}?token={token}")
}

/// Attaches uploaded files to a message. Each must exist, be uploaded, and not be attached yet.
pub(super) fn attach(db: &Connection, message: i64, uuids: &[String]) -> Result<(), Problem> {
    let attach = "UPDATE attachment SET message_id = ?1
                  WHERE uuid = ?2 AND message_id IS NULL AND content IS NOT NULL";
    for uuid in uuids {
        if db.prepare_cached(attach)?.execute(params![message, uuid])? == 0 {
            return Err(Problem::field("attachment_uuids", format!("{uuid} is unknown, not uploaded, or used.")));
        }
    }
    Ok(())
}

/// Adds an attachment with its content; returns its uuid.
pub(super) fn insert(
    db: &Connection,
    message: Option<i64>,
    filename: &str,
    content_type: &str,
    content: &[u8],
) -> rusqlite::Result<String> {
    let uuid = Uuid::new_v4().to_string();
    db.execute(
        "INSERT INTO attachment (uuid, message_id, upload_token, filename, content_type, size, content)
         VALUES (?1, ?2, ?3, ?4, ?5, length(?6), ?6)",
        params![uuid, message, token::alphanumeric(32), filename, content_type, content],
    )?;
    Ok(uuid)
}

fn contents(db: &Connection, message: i64) -> rusqlite::Result<Vec<(String, String, Vec<u8>)>> {
    let find = "SELECT filename, content_type, content FROM attachment WHERE message_id = ?1 ORDER BY id";
    db.prepare_cached(find)?.query_map([message], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

/// Gives message `to` the same attachments as message `from`.
pub(super) fn copy(db: &Connection, from: i64, to: i64) -> rusqlite::Result<()> {
    for (filename, content_type, content) in contents(db, from)? {
        insert(db, Some(to), &filename, &content_type, &content)?;
    }
    Ok(())
}

/// Copies a message's attachments, to be attached to another; returns their uuids.
pub(super) fn duplicate(db: &Connection, message: i64) -> rusqlite::Result<Vec<String>> {
    let contents = contents(db, message)?;
    contents.iter().map(|(filename, kind, content)| insert(db, None, filename, kind, content)).collect()
}

/// `POST /api/email-attachments/presign/`. Takes no `?identity=`.
pub(super) async fn presign(
    State(app): State<Arc<App>>,
    _caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let mut fields = body.fields();
    let (filename, content_type) = (fields.required("filename"), fields.required("content_type"));
    let size = fields.required_integer("size");
    if !usize::try_from(size).is_ok_and(|size| size <= MAX_BYTES) {
        fields.fail("size", "An attachment has at most 10485760 bytes.");
    }
    fields.check()?;
    let (uuid, token) = (Uuid::new_v4().to_string(), token::alphanumeric(32));
    app.store.write(|db| {
        let insert = "INSERT INTO attachment (uuid, upload_token, filename, content_type, size)
                      VALUES (?1, ?2, ?3, ?4, ?5)";
        db.execute(insert, params![uuid, token, filename, content_type, size]).map_err(Problem::from)
    })?;
    let upload_url = storage_url(&app.base_url, &uuid, &token);
    let reply =
        json!({ "storage_key": format!("attachments/{uuid}/{filename}"), "uuid": uuid, "upload_url": upload_url });
    Ok((StatusCode::CREATED, Json(reply)))
}

/// `PUT` of the upload address: the raw bytes, with the content type that was announced.
pub(super) async fn upload(
    State(app): State<Arc<App>>,
    Path(uuid): Path<String>,
    query: Query,
    headers: HeaderMap,
    content: Bytes,
) -> Result<StatusCode, Problem> {
    if headers.contains_key(header::AUTHORIZATION) {
        let detail = "Only one way to authenticate is allowed: send no key here.".to_owned();
        return Err(Problem::Detail { status: StatusCode::BAD_REQUEST, detail });
    }
    let sent_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    app.store.write(|db| {
        let find =
            "SELECT content_type, size FROM attachment WHERE uuid = ?1 AND upload_token = ?2 AND content IS NULL";
        let announced: Option<(String, i64)> =
            db.query_row(find, params![uuid, query.get("token")], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (content_type, size) = announced.ok_or(Problem::Forbidden("No such upload."))?;
        if content_type != sent_type || i64::try_from(content.len()) != Ok(size) {
            return Err(Problem::Forbidden("The upload is not what was announced."));
        }
        db.execute("UPDATE attachment SET content = ?2 WHERE uuid = ?1", params![uuid, content.as_ref()])?;
        Ok(StatusCode::OK)
    })
}

/// `GET` of the same address.
pub(super) async fn download(
    State(app): State<Arc<App>>,
    Path(uuid): Path<String>,
    query: Query,
) -> Result<Response, Problem> {
    app.store.read(|db| {
        let find = "SELECT content_type, content FROM attachment
                    WHERE uuid = ?1 AND upload_token = ?2 AND content IS NOT NULL";
        let found: Option<(String, Vec<u8>)> =
            db.query_row(find, params![uuid, query.get("token")], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (content_type, content) = found.ok_or(Problem::NoSuchPath)?;
        Ok(([(header::CONTENT_TYPE, content_type)], content).into_response())
    })
}
