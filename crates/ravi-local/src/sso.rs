//! Single sign-on: an identity shows a token to a third party, which asks whose it is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rusqlite::{OptionalExtension as _, params};
use serde_json::{Value, json};

use super::body::Body;
use super::caller::Caller;
use super::channels::{OWNER, OWNER_EMAIL};
use super::problem::Problem;
use super::{App, Plan, token};

/// `POST /api/sso/token/`: a token that is valid for five minutes, however often it is shown.
pub(super) async fn issue(State(app): State<Arc<App>>, caller: Caller) -> Result<(StatusCode, Json<Value>), Problem> {
    let identity = caller.fence().ok_or(Problem::Forbidden("Identity-scoped key required."))?;
    if app.plan == Plan::Free {
        return Err(Problem::PlanNeeded("Active subscription required."));
    }
    let token = format!("rvt_{}", token::alphanumeric(64));
    let expires_at: String = app.store.write(|db| {
        let insert = "INSERT INTO sso_token (hash, identity_id, expires_at)
                      VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+5 minutes')) RETURNING expires_at";
        db.query_row(insert, params![token::hash(&token), identity], |row| row.get(0)).map_err(Problem::from)
    })?;
    Ok((StatusCode::CREATED, Json(json!({ "token": token, "expires_at": expires_at }))))
}

/// `POST /api/sso/verify/`: tells whose token it is. Requires no key.
pub(super) async fn verify(State(app): State<Arc<App>>, body: Body) -> Result<Json<Value>, Problem> {
    let mut fields = body.fields();
    let token = fields.required("token");
    fields.check()?;
    let find = "SELECT i.uuid, i.name, b.address, p.number, i.created_dt FROM sso_token t
                JOIN identity i ON i.id = t.identity_id JOIN inbox b ON b.identity_id = i.id
                LEFT JOIN phone p ON p.identity_id = i.id
                WHERE t.hash = ?1 AND t.expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    app.store.read(|db| {
        let holder = db.query_row(find, [token::hash(&token)], |row| {
            let (uuid, name, email): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (phone, created): (Option<String>, String) = (row.get(3)?, row.get(4)?);
            let owner = json!({ "name": format!("{} {}", OWNER.0, OWNER.1), "email": OWNER_EMAIL });
            Ok(json!({
                "identity_uuid": uuid, "identity_name": name, "identity_email": email, "identity_phone": phone,
                "created_at": created, "owner": owner,
            }))
        });
        holder.optional()?.map(Json).ok_or_else(|| Problem::field("token", "Invalid or expired token."))
    })
}
