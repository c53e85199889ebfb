//! Passwords for web sites. The site is reduced to its registered domain; a missing password is invented.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::body::{Body, Fields, Query};
use super::caller::{Caller, Scope};
use super::lists::{Listed, Lists};
use super::problem::Problem;
use super::{App, token};

const DEFAULT_LENGTH: i64 = 16;
const MAX_LENGTH: i64 = 256;

/// A password. `identity` is the database id, not the uuid.
#[derive(Serialize)]
pub(super) struct Password {
    uuid: String,
    identity: i64,
    domain: String,
    username: String,
    password: String,
    notes: String,
    created_dt: String,
    updated_dt: String,
}

const COLUMNS: &str = "SELECT uuid, identity_id, domain, username, password, notes, created_dt, updated_dt
                       FROM password WHERE (?1 OR identity_id = ?2)";

fn password(row: &Row<'_>) -> rusqlite::Result<Password> {
    Ok(Password {
        uuid: row.get(0)?,
        identity: row.get(1)?,
        domain: row.get(2)?,
        username: row.get(3)?,
        password: row.get(4)?,
        notes: row.get(5)?,
        created_dt: row.get(6)?,
        updated_dt: row.get(7)?,
    })
}

fn load(db: &Connection, scope: Scope, uuid: &str) -> Result<Password, Problem> {
    let (all, identity) = scope.condition();
    db.prepare_cached(&format!("{COLUMNS} AND uuid = ?3"))?
        .query_row(params![all, identity, uuid], password)
        .optional()?
        .ok_or(Problem::NotFound("PasswordEntry"))
}

/// `GET /api/passwords/`
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller, lists: Lists) -> Listed<Password> {
    app.store.read(|db| {
        let (all, identity) = caller.scope(db)?.condition();
        let mut rows = db.prepare_cached(&format!("{COLUMNS} ORDER BY rowid"))?;
        Ok(lists.whole(rows.query_map(params![all, identity], password)?.collect::<Result<_, _>>()?))
    })
}

/// `POST /api/passwords/`
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<Password>), Problem> {
    let mut fields = body.fields();
    fields.required("domain");
    let domain = read_domain(&mut fields).unwrap_or_default();
    let username = fields.text("username").unwrap_or_default();
    let secret = fields.text("password").unwrap_or_else(|| token::pick(&Alphabet::all(), 16));
    let notes = fields.text("notes").unwrap_or_default();
    app.store.write(|db| {
        let identity = caller.target(db)?;
        fields.check()?;
        let uuid = Uuid::new_v4().to_string();
        let insert = "INSERT INTO password (uuid, identity_id, domain, username, password, notes)
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        db.execute(insert, params![uuid, identity, domain, username, secret, notes])?;
        Ok((StatusCode::CREATED, Json(load(db, Scope::One(identity), &uuid)?)))
    })
}

fn read_domain(fields: &mut Fields) -> Option<String> {
    let domain = registered_domain(&fields.text("domain")?);
    if domain.is_none() {
        fields.fail("domain", "Enter a web site.");
    }
    domain
}

/// Returns the registered domain: `https://app.example.com/x` → `example.com`. Two short labels at the end (`co.uk`)
/// count as one.
fn registered_domain(site: &str) -> Option<String> {
    let with_scheme = if site.contains("://") { site.to_owned() } else { format!("https://{site}") };
    let url = url::Url::parse(with_scheme.trim()).ok()?;
    let Some(url::Host::Domain(host)) = url.host() else { return url.host_str().map(str::to_owned) };
    let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
    let kept = match labels.as_slice() {
        [.., second, top] if top.len() == 2 && second.len() <= 3 => 3,
        _ => 2,
    };
    Some(labels[labels.len().saturating_sub(kept)..].join("."))
}

/// `GET /api/passwords/{uuid}/`
pub(super) async fn retrieve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
) -> Result<Json<Password>, Problem> {
    app.store.read(|db| Ok(Json(load(db, caller.scope(db)?, &uuid)?)))
}

/// `PATCH /api/passwords/{uuid}/`. Fields that are absent or null stay.
pub(super) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
    body: Body,
) -> Result<Json<Password>, Problem> {
    let mut fields = body.fields();
    let domain = read_domain(&mut fields);
    let (username, secret, notes) = (fields.text("username"), fields.text("password"), fields.text("notes"));
    app.store.write(|db| {
        let scope = Scope::One(caller.target(db)?);
        load(db, scope, &uuid)?;
        fields.check()?;
        let update = "UPDATE password SET domain = coalesce(?2, domain), username = coalesce(?3, username),
                      password = coalesce(?4, password), notes = coalesce(?5, notes),
                      updated_dt = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE uuid = ?1";
        db.execute(update, params![uuid, domain, username, secret, notes])?;
        Ok(Json(load(db, scope, &uuid)?))
    })
}

/// `DELETE /api/passwords/{uuid}/`
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(uuid): Path<String>,
) -> Result<StatusCode, Problem> {
    app.store.write(|db| {
        let identity = caller.target(db)?;
        match db.execute("DELETE FROM password WHERE uuid = ?1 AND identity_id = ?2", params![uuid, identity])? {
            0 => Err(Problem::NotFound("PasswordEntry")),
            _ => Ok(StatusCode::NO_CONTENT),
        }
    })
}

/// The characters of an invented password.
struct Alphabet;

impl Alphabet {
    const CLASSES: [(&str, &[u8]); 4] = [
        ("uppercase", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("lowercase", b"abcdefghijklmnopqrstuvwxyz"),
        ("digits", b"0123456789"),
        ("special", b"!@#$%^&*()-_=+[]{}:,.?"),
    ];

    fn all() -> Vec<u8> {
        Alphabet::CLASSES.iter().flat_map(|(_, class)| class.iter().copied()).collect()
    }

    /// Returns the classes that are not switched off, without the excluded characters.
    fn chosen(query: &Query) -> Vec<u8> {
        let excluded = query.get("exclude_chars").unwrap_or("").as_bytes();
        let classes = Alphabet::CLASSES.iter().filter(|(name, _)| query.flag(name) != Some(false));
        classes.flat_map(|(_, class)| class.iter().copied()).filter(|byte| !excluded.contains(byte)).collect()
    }
}

/// `GET /api/passwords/generate-password/`
pub(super) async fn generate(_caller: Caller, query: Query) -> Result<Json<Value>, Problem> {
    let length = query.number("length").unwrap_or(DEFAULT_LENGTH);
    if !(1..=MAX_LENGTH).contains(&length) {
        return Err(Problem::field("length", "Use a length from 1 to 256."));
    }
    let alphabet = Alphabet::chosen(&query);
    if alphabet.is_empty() {
        return Err(Problem::field("non_field_errors", "No characters are left to choose from."));
    }
    Ok(Json(json!({ "password": token::pick(&alphabet, usize::try_from(length).unwrap_or_default()) })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_reduced_to_its_registered_domain() {
        let cases = [
            ("https://app.example.com/x", "example.com"),
            ("example.com", "example.com"),
            ("a.b.example.co.uk:8443", "example.co.uk"),
            ("localhost", "localhost"),
            ("http://127.0.0.1:80/", "127.0.0.1"),
        ];
        for (site, domain) in cases {
            assert_eq!(registered_domain(site).as_deref(), Some(domain), "{site}");
        }
        assert_eq!(registered_domain("not a site"), None);
    }
}
