//! The small read-only lists: domains, inboxes, phone numbers, the owner.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use rusqlite::params;
use serde_json::{Value, json};

use super::caller::Caller;
use super::lists::{Listed, Lists};
use super::{App, DOMAIN, address};

/// When the domains were added; any fixed time will do.
const DOMAINS_SINCE: &str = "2026-01-01T00:00:00.000Z";

/// The first and last name of the account's owner.
pub(super) const OWNER: (&str, &str) = ("Local", "Owner");

/// The owner's mail address.
pub(super) const OWNER_EMAIL: &str = "owner@example.com";

/// Returns how a message or a call names its phone: the database id, as the string that all official clients
/// understand.
pub(super) fn phone_reference(app: &App, phone: i64) -> Value {
    if app.limits().numeric_phone { json!(phone) } else { json!(phone.to_string()) }
}

/// `GET /api/domains/`
pub(super) async fn domains(caller: Caller, lists: Lists) -> Listed<Value> {
    caller.require_management()?;
    let domain = |uuid: &str, name: &str, is_platform: bool| {
        json!({ "uuid": uuid, "domain": name, "is_platform": is_platform, "is_verified": true,
                "created_dt": DOMAINS_SINCE })
    };
    Ok(lists.whole(vec![
        domain("00000000-0000-4000-8000-000000000001", DOMAIN, true),
        domain("00000000-0000-4000-8000-000000000002", address::OWN_DOMAIN, false),
    ]))
}

/// `GET /api/email/`. The ids are what `?inbox=` of compose takes.
pub(super) async fn emails(State(app): State<Arc<App>>, caller: Caller, lists: Lists) -> Listed<Value> {
    app.store.read(|db| {
        let (all, identity) = caller.unnamed_scope(db)?.condition();
        let mut rows = db.prepare_cached(
            "SELECT b.id, b.address, b.created_dt, i.uuid FROM inbox b JOIN identity i ON i.id = b.identity_id
             WHERE (?1 OR b.identity_id = ?2) ORDER BY b.id",
        )?;
        let rows = rows.query_map(params![all, identity], |row| {
            let (id, email, created): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((json!({ "id": id, "email": email, "created_dt": created }), row.get(3)?))
        })?;
        let mut found: Vec<(Value, String)> = rows.collect::<Result<_, _>>()?;
        found.retain(|(_, identity)| !app.late.is_hidden(identity));
        Ok(lists.whole(found.into_iter().map(|(inbox, _)| inbox).collect()))
    })
}

/// `GET /api/phone/`. A management key gets all numbers of the account, whatever identity it names; the same goes for
/// the inboxes above.
pub(super) async fn phones(State(app): State<Arc<App>>, caller: Caller, lists: Lists) -> Listed<Value> {
    app.store.read(|db| {
        let (all, identity) = caller.unnamed_scope(db)?.condition();
        let mut rows =
            db.prepare_cached("SELECT id, number, created_dt FROM phone WHERE (?1 OR identity_id = ?2) ORDER BY id")?;
        let rows = rows.query_map(params![all, identity], |row| {
            let (id, number, created): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(json!({ "id": id, "phone_number": number, "provider": "twilio", "created_dt": created }))
        })?;
        Ok(lists.whole(rows.collect::<Result<_, _>>()?))
    })
}

/// `GET /api/master/`
pub(super) async fn owner(_caller: Caller) -> Json<Value> {
    Json(json!({ "first_name": OWNER.0, "last_name": OWNER.1 }))
}
