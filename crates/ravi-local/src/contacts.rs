//! Contacts: made by hand, or automatically after correspondence.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;
use uuid::Uuid;

use super::body::{Body, Fields, Query};
use super::caller::{Caller, Scope};
use super::lists::{Listed, Lists};
use super::problem::Problem;
use super::{App, address, sms};

/// A contact. `identity` is the database id, not the uuid.
#[derive(Serialize)]
pub(super) struct Contact {
    uuid: String,
    identity: i64,
    email: String,
    phone_number: String,
    display_name: String,
    nickname: String,
    is_trusted: bool,
    source: String,
    interaction_count: i64,
    last_interaction_dt: Option<String>,
    created_dt: String,
    updated_dt: String,
}

const COLUMNS: &str = "SELECT uuid, identity_id, email, phone_number, display_name, nickname, is_trusted, source,
    interaction_count, last_interaction_dt, created_dt, updated_dt FROM contact WHERE (?1 OR identity_id = ?2)";

fn contact(row: &Row<'_>) -> rusqlite::Result<Contact> {
    Ok(Contact {
        uuid: row.get(0)?,
        identity: row.get(1)?,
        email: row.get(2)?,
        phone_number: row.get(3)?,
        display_name: row.get(4)?,
        nickname: row.get(5)?,
        is_trusted: row.get(6)?,
        source: row.get(7)?,
        interaction_count: row.get(8)?,
        last_interaction_dt: row.get(9)?,
        created_dt: row.get(10)?,
        updated_dt: row.get(11)?,
    })
}

fn load(db: &Connection, scope: Scope, uuid: &str) -> Result<Contact, Problem> {
    let (all, identity) = scope.condition();
    db.prepare_cached(&format!("{COLUMNS} AND uuid = ?3"))?
        .query_row(params![all, identity, uuid], contact)
        .optional()?
        .ok_or(Problem::NotFound("Contact"))
}

/// Counts one mail to or from `email`.
pub(super) fn touch_email(db: &Connection, identity: i64, email: &str, name: &str) -> rusqlite::Result<()> {
    touch(db, identity, "email", email, name)
}

/// Counts one text message to or from `number`.
pub(super) fn touch_phone(db: &Connection, identity: i64, number: &str) -> rusqlite::Result<()> {
    touch(db, identity, "phone_number", number, "")
}

fn touch(db: &Connection, identity: i64, column: &str, value: &str, name: &str) -> rusqlite::Result<()> {
    let update = format!(
        "UPDATE contact SET interaction_count = interaction_count + 1,
         display_name = CASE display_name WHEN '' THEN ?3 ELSE display_name END,
         last_interaction_dt = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
         WHERE identity_id = ?1 AND {column} = ?2 COLLATE NOCASE"
    );
    if db.prepare_cached(&update)?.execute(params![identity, value, name])? > 0 {
        return Ok(());
    }
    let insert = format!(
        "INSERT INTO contact (uuid, identity_id, {column}, display_name, source, interaction_count, last_interaction_dt)
         VALUES (?1, ?2, ?3, ?4, 'auto', 1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))"
    );
    db.prepare_cached(&insert)?.execute(params![Uuid::new_v4().to_string(), identity, value, name]).map(drop)
}

/// Returns contacts in which `text` occurs, or all of them without a text.
fn matching(db: &Connection, scope: Scope, text: Option<&str>) -> Result<Vec<Contact>, Problem> {
    let (all, identity) = scope.condition();
    let mut rows = db.prepare_cached(&format!(
        "{COLUMNS} AND (?3 IS NULL OR instr(lower(email || char(10) || phone_number || char(10) || display_name
         || char(10) || nickname), lower(?3))) ORDER BY rowid"
    ))?;
    let rows = rows.query_map(params![all, identity, text], contact)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// `GET /api/contacts/`
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller, query: Query, lists: Lists) -> Listed<Contact> {
    app.store.read(|db| Ok(lists.cut(matching(db, caller.scope(db)?, query.get("search"))?)))
}

/// `GET /api/contacts/search/?q=`
pub(super) async fn search(State(app): State<Arc<App>>, caller: Caller, query: Query, lists: Lists) -> Listed<Contact> {
    let text = query.get("q").ok_or_else(|| Problem::field("q", "This field is required."))?;
    app.store.read(|db| Ok(lists.whole(matching(db, caller.scope(db)?, Some(text))?)))
}

/// `GET /api/contacts/find/?email=` or `?phone_number=`, exact.
pub(super) async fn find(State(app): State<Arc<App>>, caller: Caller, query: Query) -> Result<Json<Contact>, Problem> {
    let (email, phone) = (query.get("email"), query.get("phone_number"));
    if email.is_none() && phone.is_none() {
        return Err(Problem::field("non_field_errors", "Give email or phone_number."));
    }
    app.store.read(|db| {
        let (all, identity) = caller.scope(db)?.condition();
        let find = format!(
            "{COLUMNS} AND (?3 IS NULL OR email = ?3 COLLATE NOCASE) AND (?4 IS NULL OR phone_number = ?4)
             ORDER BY rowid LIMIT 1"
        );
        let found = db.prepare_cached(&find)?.query_row(params![all, identity, email, phone], contact);
        found.optional()?.map(Json).ok_or(Problem::NotFound("Contact"))
    })
}

/// The fields that can be written; absent ones stay as they are.
struct Changes {
    email: Option<String>,
    phone_number: Option<String>,
    display_name: Option<String>,
    nickname: Option<String>,
    is_trusted: Option<bool>,
}

impl Changes {
    fn read(fields: &mut Fields) -> Changes {
        let (email, phone_number) = (fields.text("email"), fields.text("phone_number"));
        if email.as_deref().is_some_and(|email| !email.is_empty() && !address::is_address(email)) {
            fields.fail("email", "Enter a valid email address.");
        }
        if phone_number.as_deref().is_some_and(|number| !number.is_empty() && !sms::is_e164(number)) {
            fields.fail("phone_number", "Use the international form, like +15550100.");
        }
        let (display_name, nickname) = (fields.text("display_name"), fields.text("nickname"));
        Changes { email, phone_number, display_name, nickname, is_trusted: fields.flag("is_trusted") }
    }

    fn apply(&self, db: &Connection, uuid: &str) -> rusqlite::Result<()> {
        let update = "UPDATE contact SET email = coalesce(?2, email), phone_number = coalesce(?3, phone_number),
            display_name = coalesce(?4, display_name), nickname = coalesce(?5, nickname),
            is_trusted = coalesce(?6, is_trusted), updated_dt = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
            WHERE uuid = ?1";
        let Changes { email, phone_number, display_name, nickname, is_trusted } = self;
        db.execute(update, params![uuid, email, phone_number, display_name, nickname, is_trusted]).map(drop)
    }
}

/// `POST /api/contacts/`
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<Contact>), Problem> {
    let mut fields = body.fields();
    let changes = Changes::read(&mut fields);
    if [&changes.email, &changes.phone_number].into_iter().flatten().all(String::is_empty) {
        fields.fail("non_field_errors", "Give email or phone_number.");
    }
    app.store.write(|db| {
        let identity = caller.target(db)?;
        fields.check()?;
        let uuid = Uuid::new_v4().to_string();
        let insert = "INSERT INTO contact (uuid, identity_id, source) VALUES (?1, ?2, 'manual')";
        db.execute(insert, params![uuid, identity])?;
        changes.apply(db, &uuid)?;
        Ok((StatusCode::CREATED, Json(load(db, Scope::One(identity), &uuid)?)))
    })
}

/// `GET /api/contacts/{uuid}/`
pub(super) async fn retrieve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
) -> Result<Json<Contact>, Problem> {
    app.store.read(|db| Ok(Json(load(db, caller.scope(db)?, &uuid)?)))
}

/// `PATCH /api/contacts/{uuid}/`
pub(super) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
    body: Body,
) -> Result<Json<Contact>, Problem> {
    let mut fields = body.fields();
    let changes = Changes::read(&mut fields);
    app.store.write(|db| {
        let scope = Scope::One(caller.target(db)?);
        load(db, scope, &uuid)?;
        fields.check()?;
        changes.apply(db, &uuid)?;
        Ok(Json(load(db, scope, &uuid)?))
    })
}

/// `DELETE /api/contacts/{uuid}/`
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
) -> Result<StatusCode, Problem> {
    app.store.write(|db| {
        let identity = caller.target(db)?;
        match db.execute("DELETE FROM contact WHERE uuid = ?1 AND identity_id = ?2", params![uuid, identity])? {
            0 => Err(Problem::NotFound("Contact")),
            _ => Ok(StatusCode::NO_CONTENT),
        }
    })
}
