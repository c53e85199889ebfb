//! The controls for what somebody else does at Ravi: on the web site, with another program, or as support. Like all
//! controls they require no key, and the plan's limits do not apply to them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::control::Order;
use super::identities::{self, Identity, NewIdentity};
use super::problem::Problem;
use super::{App, DOMAIN, keys};

/// An identity made on the web site.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    name: String,
    /// An address, or the part before the `@`; invented if absent.
    inbox: Option<String>,
    #[serde(default)]
    phone: bool,
}

/// `POST /_local/identities`: makes an identity, regardless of the plan's limit and without a key.
pub(super) async fn make(
    State(app): State<Arc<App>>,
    Order(made): Order<Made>,
) -> Result<(StatusCode, Json<Identity>), Problem> {
    let whole = |inbox: String| if inbox.contains('@') { inbox } else { format!("{inbox}@{DOMAIN}") };
    let new = NewIdentity { name: Some(made.name), address: made.inbox.map(whole), phone: made.phone };
    let made = app.store.write(|db| identities::make_elsewhere(db, &app.limits(), new))?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Another name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Renamed {
    name: String,
}

/// `PATCH /_local/identities/{uuid}`
pub(super) async fn rename(
    State(app): State<Arc<App>>,
    Path(uuid): Path<String>,
    Order(Renamed { name }): Order<Renamed>,
) -> Result<StatusCode, Problem> {
    app.store.write(|db| identities::rename(db, &app.limits(), identities::by_uuid(db, &uuid)?, &name))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /_local/identities/{uuid}`: deletes it with everything that belongs to it, its keys included.
pub(super) async fn delete(State(app): State<Arc<App>>, Path(uuid): Path<String>) -> Result<StatusCode, Problem> {
    app.store.write(|db| Ok::<_, Problem>(identities::delete(db, identities::by_uuid(db, &uuid)?)?))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /_local/keys/{uuid}`: revokes a key of either kind.
pub(super) async fn revoke(State(app): State<Arc<App>>, Path(uuid): Path<String>) -> Result<StatusCode, Problem> {
    app.store.write(|db| keys::revoke_elsewhere(db, &uuid))
}
