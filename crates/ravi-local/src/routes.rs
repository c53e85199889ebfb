//! Which handler answers which path.
//!
//! As in Django, paths end with a slash, and the same path without one is redirected.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, Uri, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, delete, get, patch, post, put};

use super::problem::Problem;
use super::{
    App, attachments, channels, compose, contacts, control, device, elsewhere, email, events, gate, identities, keys,
    live, passwords, secrets, sms, sso, voice, voice_agent, webhooks,
};

/// Returns all routes. Every id is called `{id}`: the paths double as the names under which calls are counted.
pub(super) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for (path, methods) in account().into_iter().chain(vault()).chain(mail()).chain(phone()) {
        router = router.route(path, methods).route(path.trim_end_matches('/'), any(add_slash));
    }
    for (path, methods) in controls() {
        router = router.route(path, methods);
    }
    let limit = DefaultBodyLimit::max(attachments::MAX_BYTES + 1024);
    router
        .route("/storage/{id}", put(attachments::upload).get(attachments::download).layer(limit))
        .fallback(async || Problem::NoSuchPath)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), gate::gate))
        .with_state(app)
}

type Route = (&'static str, MethodRouter<Arc<App>>);

fn account() -> Vec<Route> {
    vec![
        ("/api/identities/", get(identities::list).post(identities::create)),
        ("/api/identities/{id}/", get(identities::retrieve).patch(identities::update)),
        ("/api/identities/{id}/provision-phone/", post(identities::provision_phone)),
        ("/api/identities/{id}/voice-agent/", get(voice_agent::retrieve).put(voice_agent::replace)),
        ("/api/auth/keys/management/", get(keys::list_management).post(keys::create_management)),
        ("/api/auth/keys/management/{id}/", delete(keys::revoke_management)),
        ("/api/auth/keys/identity/", get(keys::list_identity).post(keys::create_identity)),
        ("/api/auth/keys/identity/{id}/", delete(keys::revoke_identity)),
        ("/api/auth/device/", post(device::begin)),
        ("/api/auth/device/token/", post(device::token)),
        ("/api/sso/token/", post(sso::issue)),
        ("/api/sso/verify/", post(sso::verify)),
        ("/api/domains/", get(channels::domains)),
        ("/api/email/", get(channels::emails)),
        ("/api/phone/", get(channels::phones)),
        ("/api/master/", get(channels::owner)),
        ("/api/events/", get(events::list)),
        ("/ws/events/", get(live::socket)),
        ("/api/webhook-subscriptions/", get(webhooks::list).post(webhooks::create)),
        ("/api/webhook-subscriptions/{id}/", get(webhooks::retrieve).patch(webhooks::update).delete(webhooks::remove)),
        ("/api/webhook-deliveries/", get(webhooks::deliveries)),
        ("/api/webhook-deliveries/{id}/", get(webhooks::one_delivery)),
    ]
}

fn vault() -> Vec<Route> {
    vec![
        ("/api/secrets/", get(secrets::list).post(secrets::create)),
        ("/api/secrets/{id}/", get(secrets::retrieve).patch(secrets::update).delete(secrets::remove)),
        ("/api/passwords/", get(passwords::list).post(passwords::create)),
        ("/api/passwords/generate-password/", get(passwords::generate)),
        ("/api/passwords/{id}/", get(passwords::retrieve).patch(passwords::update).delete(passwords::remove)),
        ("/api/contacts/", get(contacts::list).post(contacts::create)),
        ("/api/contacts/find/", get(contacts::find)),
        ("/api/contacts/search/", get(contacts::search)),
        ("/api/contacts/{id}/", get(contacts::retrieve).patch(contacts::update).delete(contacts::remove)),
    ]
}

fn mail() -> Vec<Route> {
    vec![
        ("/api/email-inbox/", get(email::threads)),
        ("/api/email-inbox/{id}/", get(email::thread)),
        ("/api/email-messages/", get(email::list)),
        ("/api/email-messages/compose/", post(compose::compose)),
        ("/api/email-messages/{id}/", get(email::retrieve).patch(email::update)),
        ("/api/email-messages/{id}/reply/", post(compose::reply)),
        ("/api/email-messages/{id}/reply-all/", post(compose::reply_all)),
        ("/api/email-messages/{id}/forward/", post(compose::forward)),
        ("/api/email-attachments/presign/", post(attachments::presign)),
    ]
}

fn phone() -> Vec<Route> {
    vec![
        ("/api/sms-inbox/", get(sms::conversations)),
        ("/api/sms-inbox/{id}/", get(sms::conversation)),
        ("/api/messages/", get(sms::list)),
        ("/api/messages/send/", post(sms::send)),
        ("/api/messages/{id}/", get(sms::retrieve).patch(sms::update)),
        ("/api/calls/", get(voice::list)),
        ("/api/calls/start/", post(voice::start)),
        ("/api/calls/{id}/", get(voice::retrieve)),
        ("/api/calls/{id}/hangup/", post(voice::hang_up)),
        ("/api/calls/{id}/transcript/", get(voice::transcript)),
    ]
}

fn controls() -> Vec<Route> {
    vec![
        ("/_local/email", post(control::email)),
        ("/_local/sms", post(control::sms)),
        ("/_local/events", get(live::show).post(live::order)),
        ("/_local/device", post(control::device)),
        ("/_local/calls", get(control::calls).delete(control::reset_calls)),
        ("/_local/faults", get(control::faults).post(control::plan_fault).delete(control::clear_faults)),
        ("/_local/identities", post(elsewhere::make)),
        ("/_local/identities/{id}", patch(elsewhere::rename).delete(elsewhere::delete)),
        ("/_local/keys/{id}", delete(elsewhere::revoke)),
        ("/_local/limits", get(control::limits).post(control::set_limits)),
        ("/_local/state", get(control::state)),
    ]
}

async fn add_slash(uri: Uri) -> Response {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, format!("{}/{query}", uri.path()))]).into_response()
}

async fn method_not_allowed(method: axum::http::Method) -> Problem {
    let detail = format!("Method \"{method}\" not allowed.");
    Problem::Detail { status: StatusCode::METHOD_NOT_ALLOWED, detail }
}
