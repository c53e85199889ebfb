//! Login with a device code: a machine shows a code, a person approves it elsewhere, and the machine gets its key.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use rusqlite::{Connection, OptionalExtension as _, params};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::body::{Body, FormOrJson};
use super::channels::{OWNER, OWNER_EMAIL};
use super::problem::Problem;
use super::{App, identities, keys, token};

/// How long a code may be used, in seconds.
const EXPIRES_IN: i64 = 900;
/// How often a machine may poll, in seconds.
const INTERVAL: i64 = 5;
/// How long a long poll is held.
const HOLD: Duration = Duration::from_secs(20);

/// What a person decides about a code.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    /// The machine gets a management key, and the list of identities.
    Approve,
    /// As after a first sign-up: the machine also gets an identity with its key.
    Signup,
    /// The machine is told so.
    Deny,
    /// The code is treated as expired.
    Expire,
}

/// Carries out a decision. Each code can be decided on once.
pub(super) fn decide(app: &App, user_code: &str, action: Action) -> Result<(), Problem> {
    let state = match action {
        Action::Approve => "approved",
        Action::Signup => "signup",
        Action::Deny => "denied",
        Action::Expire => "expired",
    };
    let decide = "UPDATE device SET state = ?2 WHERE user_code = ?1 COLLATE NOCASE AND state = 'pending'";
    match app.store.write(|db| db.execute(decide, params![user_code, state]).map_err(Problem::from))? {
        0 => Err(Problem::NotFound("DeviceCode")),
        _ => {
            app.device_decided.send_replace(());
            Ok(())
        }
    }
}

/// `POST /api/auth/device/`. Requires no key.
pub(super) async fn begin(State(app): State<Arc<App>>, _body: Body) -> Result<Json<Value>, Problem> {
    let device_code = token::alphanumeric(40);
    let user_code = app.store.write(|db| {
        let insert = "INSERT OR IGNORE INTO device (device_code, user_code, expires_at)
                      VALUES (?1, ?2, unixepoch('now') + ?3)";
        loop {
            let user_code = token::user_code();
            if db.execute(insert, params![device_code, user_code, EXPIRES_IN])? == 1 {
                return Ok::<_, Problem>(user_code);
            }
        }
    })?;
    Ok(Json(json!({
        "device_code": device_code, "user_code": user_code,
        "verification_uri": format!("{}/api/auth/device/verify/", app.base_url),
        "expires_in": EXPIRES_IN, "interval": INTERVAL,
    })))
}

/// `POST /api/auth/device/token/`. With `wait`, the reply is held until there is a decision.
pub(super) async fn token(State(app): State<Arc<App>>, FormOrJson(body): FormOrJson) -> Result<Json<Value>, Problem> {
    let mut fields = body.fields();
    let device_code = fields.required("device_code");
    let wait = fields.flag("wait").unwrap_or(false);
    fields.check()?;
    let mut decided = app.device_decided.subscribe();
    let mut stopping = app.stopping.clone();
    let give_up = Instant::now() + HOLD;
    loop {
        decided.mark_unchanged();
        let answer = redeem(&app, &device_code);
        if !wait || !matches!(answer, Err(Problem::OAuth { error: "authorization_pending", .. })) {
            return answer;
        }
        tokio::select! {
            _ = decided.changed() => {}
            () = tokio::time::sleep_until(give_up) => return answer,
            _ = stopping.wait_for(|stop| *stop) => return answer,
        }
    }
}

/// Returns the keys for an approved code, once.
fn redeem(app: &App, device_code: &str) -> Result<Json<Value>, Problem> {
    let refuse = |error, description| Err(Problem::OAuth { error, description });
    app.store.write(|db| {
        let find = "SELECT CASE WHEN state = 'pending' AND expires_at <= unixepoch('now') THEN 'expired' ELSE state END
                    FROM device WHERE device_code = ?1";
        let state: Option<String> = db.query_row(find, [device_code], |row| row.get(0)).optional()?;
        match state.as_deref() {
            Some("pending") => refuse("authorization_pending", "The user has not decided yet."),
            Some("denied") => refuse("access_denied", "The user refused."),
            Some("expired") => refuse("expired_token", "The code is too old."),
            Some(state @ ("approved" | "signup")) => {
                db.execute("UPDATE device SET state = 'used' WHERE device_code = ?1", [device_code])?;
                hand_out(db, app, state == "signup").map(Json)
            }
            _ => refuse("invalid_grant", "The code is unknown or was used."),
        }
    })
}

fn hand_out(db: &Connection, app: &App, signup: bool) -> Result<Value, Problem> {
    let (_, management_key) = keys::mint_management_key(db, "device login")?;
    let management_key = management_key.expose_secret();
    let user = json!({ "id": 1, "email": OWNER_EMAIL, "first_name": OWNER.0, "last_name": OWNER.1 });
    if !signup {
        let identities = identities::shown(app, identities::all(db)?);
        return Ok(json!({ "management_key": management_key, "identities": identities, "user": user }));
    }
    let (identity, identity_key) = identities::of_sign_up(db, app)?;
    Ok(json!({
        "management_key": management_key, "identity_key": identity_key, "identity": identity, "user": user,
    }))
}
