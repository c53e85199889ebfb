//! Identities: made, listed, renamed, given a phone number. The API cannot delete them, as Ravi's cannot;
//! [`super::control`] can, to imitate what somebody else does at Ravi.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use uuid::Uuid;

use super::body::{Body, Fields};
use super::caller::Caller;
use super::limits::{Limits, Taken};
use super::lists::{Listed, Lists};
use super::problem::Problem;
use super::{AccountIdentity, App, DOMAIN, address, keys, token};

const MODEL: &str = "Identity";
const NAME_LENGTH: usize = 255;
/// Where the database ids of identities start, in `schema_1.sql`.
const FIRST_ID: i64 = 10;

/// An identity; `api_key` is only in the create reply.
#[derive(Serialize)]
pub(super) struct Identity {
    uuid: String,
    name: String,
    inbox: String,
    phone: Option<String>,
    created_dt: String,
    updated_dt: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
}

const COLUMNS: &str = "SELECT i.uuid, i.name, b.address, p.number, i.created_dt, i.updated_dt
                       FROM identity i JOIN inbox b ON b.identity_id = i.id LEFT JOIN phone p ON p.identity_id = i.id";

fn identity(row: &Row<'_>) -> rusqlite::Result<Identity> {
    Ok(Identity {
        uuid: row.get(0)?,
        name: row.get(1)?,
        inbox: row.get(2)?,
        phone: row.get(3)?,
        created_dt: row.get(4)?,
        updated_dt: row.get(5)?,
        api_key: None,
    })
}

/// Returns all identities, in the order in which they were made.
pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<Identity>> {
    db.prepare_cached(&format!("{COLUMNS} ORDER BY i.id"))?.query_map([], identity)?.collect()
}

fn load(db: &Connection, id: i64) -> rusqlite::Result<Identity> {
    db.prepare_cached(&format!("{COLUMNS} WHERE i.id = ?1"))?.query_row([id], identity)
}

/// Returns the oldest identity of the account.
pub(super) fn oldest(db: &Connection) -> rusqlite::Result<Option<AccountIdentity>> {
    let found = db.query_row(&format!("{COLUMNS} ORDER BY i.id LIMIT 1"), [], identity).optional()?;
    Ok(found.map(|Identity { uuid, name, inbox, phone, .. }| AccountIdentity { uuid, name, inbox, phone }))
}

/// Returns identities as a read shows them: without an address that is late.
pub(super) fn shown(app: &App, mut identities: Vec<Identity>) -> Vec<Identity> {
    for identity in identities.iter_mut().filter(|identity| app.late.hides(&identity.uuid)) {
        identity.inbox.clear();
    }
    identities
}

fn show(db: &Connection, app: &App, id: i64) -> Result<Json<Identity>, Problem> {
    shown(app, vec![load(db, id)?]).pop().map(Json).ok_or(Problem::NotFound(MODEL))
}

/// Returns the database id for a uuid.
pub(super) fn by_uuid(db: &Connection, uuid: &str) -> Result<i64, Problem> {
    db.prepare_cached("SELECT id FROM identity WHERE uuid = ?1")?
        .query_row([uuid.to_ascii_lowercase()], |row| row.get(0))
        .optional()?
        .ok_or(Problem::NotFound(MODEL))
}

/// Like [`by_uuid`], if the caller may see that identity.
pub(super) fn find(db: &Connection, caller: &Caller, uuid: &str) -> Result<i64, Problem> {
    let id = by_uuid(db, uuid)?;
    if caller.fence().is_none_or(|own| own == id) { Ok(id) } else { Err(Problem::NotFound(MODEL)) }
}

/// `GET /api/identities/`. An identity key sees its own.
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller, lists: Lists) -> Listed<Identity> {
    app.store.read(|db| {
        let found = match caller.fence() {
            Some(own) => vec![load(db, own)?],
            None => all(db)?,
        };
        Ok(lists.whole(shown(&app, found)))
    })
}

/// The properties of a new identity.
#[derive(Default)]
pub(super) struct NewIdentity {
    pub(super) name: Option<String>,
    /// The whole address; invented if absent.
    pub(super) address: Option<String>,
    pub(super) phone: bool,
}

impl NewIdentity {
    fn read(fields: &mut Fields) -> Result<NewIdentity, Problem> {
        let name = read_name(fields);
        let local = fields.text("email_identifier");
        let domain = fields.text("domain");
        let phone = fields.flag("provision_phone").unwrap_or(false);
        if local.as_deref().is_some_and(|local| !address::is_local_part(local)) {
            fields.fail("email_identifier", "Use 3-30 lower-case letters, digits, dots or hyphens.");
        }
        if domain.is_some() && local.is_none() {
            fields.fail("domain", "A domain needs an email_identifier.");
        } else if domain.as_deref().is_some_and(|domain| !address::is_domain(domain)) {
            fields.fail("domain", "This domain is not verified for your account.");
        }
        fields.check()?;
        let address = local.map(|local| format!("{local}@{}", domain.as_deref().unwrap_or(DOMAIN)));
        Ok(NewIdentity { name, address, phone })
    }
}

fn read_name(fields: &mut Fields) -> Option<String> {
    let name = fields.text("name");
    if name.as_deref().is_some_and(|name| name.trim().is_empty()) {
        fields.fail("name", "This field may not be blank.");
    }
    if name.as_deref().is_some_and(|name| name.chars().count() > NAME_LENGTH) {
        fields.fail("name", "Ensure this field has no more than 255 characters.");
    }
    name
}

/// Refuses what the account's plan has no room for.
fn require_room(db: &Connection, limits: &Limits) -> Result<(), Problem> {
    let count: i64 = db.query_row("SELECT count(*) FROM identity", [], |row| row.get(0))?;
    match limits.max_identities {
        Some(most) if count >= most => Err(Problem::PlanNeeded("Active paid subscription required.")),
        _ => Ok(()),
    }
}

/// Makes an identity with its inbox; returns its database id.
pub(super) fn insert(db: &Connection, limits: &Limits, new: NewIdentity) -> Result<i64, Problem> {
    let person = address::invent_name();
    let address = match new.address {
        Some(address) if is_taken(db, &address)? => return Err(taken(limits, &address)),
        Some(address) => address,
        None => free_address(db, &person)?,
    };
    let name = new.name.unwrap_or(person);
    check_name(db, limits, &name, None)?;
    Ok(add(db, &name, &address, new.phone)?)
}

fn add(db: &Connection, name: &str, address: &str, phone: bool) -> rusqlite::Result<i64> {
    db.execute("INSERT INTO identity (uuid, name) VALUES (?1, ?2)", params![Uuid::new_v4().to_string(), name])?;
    let id = db.last_insert_rowid();
    db.execute("INSERT INTO inbox (identity_id, address) VALUES (?1, ?2)", params![id, address])?;
    if phone {
        insert_phone(db, id)?;
    }
    Ok(id)
}

fn taken(limits: &Limits, address: &str) -> Problem {
    match limits.address_taken_as {
        Taken::Conflict => Problem::conflict("identity.email_taken", format!("{address} is taken.")),
        Taken::Field => Problem::field("email_identifier", "This email address is already in use."),
    }
}

/// Refuses a name that an identity other than `own` has, if names must be unique.
fn check_name(db: &Connection, limits: &Limits, name: &str, own: Option<i64>) -> Result<(), Problem> {
    let find = "SELECT EXISTS (SELECT 1 FROM identity WHERE name = ?1 AND id IS NOT ?2)";
    if limits.unique_names && db.query_row(find, params![name, own], |row| row.get(0))? {
        return Err(Problem::field("name", "Identity with this name already exists."));
    }
    Ok(())
}

/// Makes the identity that every account gets with its sign-up, unless this one has ever had any.
pub(super) fn sign_up(db: &Connection) -> rusqlite::Result<()> {
    // Counted by the ids given so far: an identity that has been deleted does not come back.
    let first: i64 = db.query_row("SELECT seq FROM sqlite_sequence WHERE name = 'identity'", [], |row| row.get(0))?;
    if first == FIRST_ID {
        let person = address::invent_name();
        add(db, &person, &free_address(db, &person)?, true)?;
    }
    Ok(())
}

/// Returns the identity that a sign-up hands out, with a key: a new one, or the oldest if the plan has no room for
/// another.
pub(super) fn of_sign_up(db: &Connection, app: &App) -> Result<(Identity, String), Problem> {
    let limits = app.limits();
    let id = match require_room(db, &limits) {
        Err(full @ Problem::PlanNeeded(_)) => {
            let oldest: Option<i64> = db.query_row("SELECT min(id) FROM identity", [], |row| row.get(0))?;
            oldest.ok_or(full)?
        }
        room => {
            room?;
            insert(db, &limits, NewIdentity::default())?
        }
    };
    let (_, key) = keys::mint_identity_key(db, id, "sign-up")?;
    Ok((load(db, id)?, key.expose_secret().to_owned()))
}

fn is_taken(db: &Connection, address: &str) -> rusqlite::Result<bool> {
    db.query_row("SELECT EXISTS (SELECT 1 FROM inbox WHERE address = ?1)", [address], |row| row.get(0))
}

fn free_address(db: &Connection, person: &str) -> rusqlite::Result<String> {
    loop {
        let address = address::invent_address(person);
        if !is_taken(db, &address)? {
            return Ok(address);
        }
    }
}

fn insert_phone(db: &Connection, identity: i64) -> rusqlite::Result<()> {
    let insert = "INSERT OR IGNORE INTO phone (identity_id, number) VALUES (?1, ?2)";
    while db.execute(insert, params![identity, token::phone_number()])? == 0 {}
    Ok(())
}

/// `POST /api/identities/`. `{}` is enough; the reply has the identity's first key, once.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<Identity>), Problem> {
    caller.require_management()?;
    let limits = app.limits();
    let mut made = app.store.write(|db| {
        require_room(db, &limits)?;
        let id = insert(db, &limits, NewIdentity::read(&mut body.fields())?)?;
        let (_, key) = keys::mint_identity_key(db, id, "created with the identity")?;
        Ok::<_, Problem>(Identity { api_key: Some(key.expose_secret().to_owned()), ..load(db, id)? })
    })?;
    if limits.late_inbox > 0 {
        app.late.begin(&made.uuid, limits.late_inbox);
        made.inbox.clear();
    }
    Ok((StatusCode::CREATED, Json(made)))
}

/// Makes one regardless of the plan's limit and without a key, as the account's owner can on the web site.
pub(super) fn make_elsewhere(db: &Connection, limits: &Limits, new: NewIdentity) -> Result<Identity, Problem> {
    Ok(load(db, insert(db, limits, new)?)?)
}

/// `GET /api/identities/{uuid}/`
pub(super) async fn retrieve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
) -> Result<Json<Identity>, Problem> {
    app.store.read(|db| show(db, &app, find(db, &caller, &uuid)?))
}

/// `PATCH /api/identities/{uuid}/`. Only the name can change.
pub(super) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
    body: Body,
) -> Result<Json<Identity>, Problem> {
    caller.require_management()?;
    let mut fields = body.fields();
    let name = read_name(&mut fields);
    fields.check()?;
    app.store.write(|db| {
        let id = find(db, &caller, &uuid)?;
        if let Some(name) = name {
            rename(db, &app.limits(), id, &name)?;
        }
        show(db, &app, id)
    })
}

/// Gives an identity another name.
pub(super) fn rename(db: &Connection, limits: &Limits, id: i64, name: &str) -> Result<(), Problem> {
    check_name(db, limits, name, Some(id))?;
    let rename = "UPDATE identity SET name = ?2, updated_dt = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ?1";
    Ok(db.execute(rename, params![id, name]).map(drop)?)
}

/// Deletes an identity with everything that belongs to it, its keys included.
pub(super) fn delete(db: &Connection, id: i64) -> rusqlite::Result<()> {
    let attached = "DELETE FROM attachment WHERE message_id IN (SELECT id FROM email_message WHERE identity_id = ?1)";
    db.execute(attached, [id])?;
    for table in ["email_message", "sms", "event", "secret", "password", "contact", "api_key", "phone", "inbox"] {
        db.execute(&format!("DELETE FROM {table} WHERE identity_id = ?1"), [id])?;
    }
    db.execute("DELETE FROM identity WHERE id = ?1", [id]).map(drop)
}

/// `POST /api/identities/{uuid}/provision-phone/`. Only American numbers are available.
pub(super) async fn provision_phone(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
    body: Body,
) -> Result<(StatusCode, Json<Identity>), Problem> {
    caller.require_management()?;
    let mut fields = body.fields();
    let country = fields.text("country_code").unwrap_or_else(|| "US".to_owned());
    if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()) {
        fields.fail("country_code", "Use two upper-case letters.");
    }
    fields.check()?;
    app.store.write(|db| {
        let id = find(db, &caller, &uuid)?;
        if load(db, id)?.phone.is_some() {
            return Err(Problem::conflict("identity.phone_exists", "This identity already has a phone number."));
        }
        if country != "US" {
            let detail = format!("No phone number is available in {country} now.");
            return Err(Problem::Detail { status: StatusCode::SERVICE_UNAVAILABLE, detail });
        }
        insert_phone(db, id)?;
        Ok((StatusCode::CREATED, show(db, &app, id)?))
    })
}
