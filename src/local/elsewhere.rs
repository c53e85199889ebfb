//! The controls for what happens at Ravi by another hand: in the web, by another program, by support. Like all controls
//! they ask for no key, and no limit of the plan holds for them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::control::Order;
use super::identities::{self, Identity, NewIdentity};
use super::problem::Problem;
use super::{App, DOMAIN, keys};

/// An identity made in the web.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    name: String,
    /// An address, or what stands before the `@`; invented when absent.
    inbox: Option<String>,
    #[serde(default)]
    phone: bool,
}

/// `POST /_local/identities`: makes one, past the plan's limit and without a key.
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

/// `DELETE /_local/identities/{uuid}`: it is gone with all that belonged to it, its keys included.
pub(super) async fn delete(State(app): State<Arc<App>>, Path(uuid): Path<String>) -> Result<StatusCode, Problem> {
    app.store.write(|db| Ok::<_, Problem>(identities::delete(db, identities::by_uuid(db, &uuid)?)?))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /_local/keys/{uuid}`: revokes a key of either kind.
pub(super) async fn revoke(State(app): State<Arc<App>>, Path(uuid): Path<String>) -> Result<StatusCode, Problem> {
    app.store.write(|db| keys::revoke_elsewhere(db, &uuid))
}
