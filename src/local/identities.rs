//! Identities: made, listed, renamed, given a phone number. There is no deletion, as on Ravi.

use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use uuid::Uuid;

use super::body::{Body, Fields};
use super::caller::Caller;
use super::problem::Problem;
use super::{App, DOMAIN, address, keys, token};

const NAME_LENGTH: usize = 255;

/// An identity; `api_key` is there in the create reply only.
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

impl Identity {
    /// Moves the one-time key out.
    pub(super) fn take_key(mut self) -> (Identity, Option<String>) {
        let key = self.api_key.take();
        (self, key)
    }
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

/// All identities, in the order they were made.
pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<Identity>> {
    db.prepare_cached(&format!("{COLUMNS} ORDER BY i.id"))?.query_map([], identity)?.collect()
}

fn load(db: &Connection, id: i64) -> rusqlite::Result<Identity> {
    db.prepare_cached(&format!("{COLUMNS} WHERE i.id = ?1"))?.query_row([id], identity)
}

/// The database id behind a uuid, if the caller may see that identity.
fn find(db: &Connection, caller: &Caller, uuid: &str) -> Result<i64, Problem> {
    db.prepare_cached("SELECT id FROM identity WHERE uuid = ?1")?
        .query_row([uuid.to_ascii_lowercase()], |row| row.get(0))
        .optional()?
        .filter(|id| caller.fence().is_none_or(|own| own == *id))
        .ok_or(Problem::NotFound)
}

/// `GET /api/identities/`. An identity key sees its own.
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Vec<Identity>>, Problem> {
    app.store.read(|db| {
        Ok(Json(match caller.fence() {
            Some(own) => vec![load(db, own)?],
            None => all(db)?,
        }))
    })
}

/// What is asked of a new identity.
#[derive(Default)]
pub(super) struct NewIdentity {
    name: Option<String>,
    /// The whole address; invented when absent.
    address: Option<String>,
    phone: bool,
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

/// Makes an identity with its inbox and its first key.
pub(super) fn insert(db: &Connection, limit: Option<i64>, new: NewIdentity) -> Result<Identity, Problem> {
    let address = match new.address {
        Some(address) if is_taken(db, &address)? => {
            return Err(Problem::conflict("identity.email_taken", format!("{address} is taken.")));
        }
        Some(address) => address,
        None => free_address(db)?,
    };
    let count: i64 = db.query_row("SELECT count(*) FROM identity", [], |row| row.get(0))?;
    if limit.is_some_and(|limit| count >= limit) {
        return Err(Problem::PlanNeeded("A paid plan is required for another identity."));
    }
    let name = new.name.unwrap_or_else(address::invent_name);
    db.execute("INSERT INTO identity (uuid, name) VALUES (?1, ?2)", params![Uuid::new_v4().to_string(), name])?;
    let id = db.last_insert_rowid();
    db.execute("INSERT INTO inbox (identity_id, address) VALUES (?1, ?2)", params![id, address])?;
    if new.phone {
        insert_phone(db, id)?;
    }
    let (_, key) = keys::mint_identity_key(db, id, "created with the identity")?;
    Ok(Identity { api_key: Some(key.expose_secret().to_owned()), ..load(db, id)? })
}

fn is_taken(db: &Connection, address: &str) -> rusqlite::Result<bool> {
    db.query_row("SELECT EXISTS (SELECT 1 FROM inbox WHERE address = ?1)", [address], |row| row.get(0))
}

fn free_address(db: &Connection) -> rusqlite::Result<String> {
    loop {
        let address = address::invent_address();
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
    let new = NewIdentity::read(&mut body.fields())?;
    let limit = *app.max_identities.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((StatusCode::CREATED, Json(app.store.write(|db| insert(db, limit, new))?)))
}

/// `GET /api/identities/{uuid}/`
pub(super) async fn retrieve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
) -> Result<Json<Identity>, Problem> {
    app.store.read(|db| Ok(Json(load(db, find(db, &caller, &uuid)?)?)))
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
        let rename = "UPDATE identity SET name = coalesce(?2, name),
                      updated_dt = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ?1";
        db.execute(rename, params![id, name])?;
        Ok(Json(load(db, id)?))
    })
}

/// `POST /api/identities/{uuid}/provision-phone/`. Only American numbers are to be had.
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
        Ok((StatusCode::CREATED, Json(load(db, id)?)))
    })
}
