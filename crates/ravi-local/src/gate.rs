//! What every API call passes through before its handler: a check of who is asking, counting, the requested latency,
//! planned faults.
//!
//! This module knows no resource and reads no body.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use super::App;
use super::calls;
use super::faults::Fault;
use super::page;
use super::socket::Switch;

/// The middleware around all routes. Calls outside `/api/` pass straight through.
pub(super) async fn gate(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if let Err(refused) = page::refuse(request.uri(), request.headers(), &app.hosts) {
        return refused.into_response();
    }
    let path = request.uri().path().to_owned();
    if !path.starts_with("/api/") {
        let response = next.run(request).await;
        // A control may have delivered something.
        app.happened.send_replace(());
        return response;
    }
    let method = request.method().to_string();
    let template = match request.extensions().get::<MatchedPath>() {
        Some(matched) => matched.as_str().to_owned(),
        None => calls::template(&path),
    };
    let target = request.uri().path_and_query().map_or(path.as_str(), |t| t.as_str()).to_owned();
    let call = app.calls.begin(&method, &template, &target);
    let fault = app.faults.take(&method, &template, &path);
    app.pause(app.latency).await;

    let switch = request.extensions().get::<ConnectInfo<Switch>>().map(|ConnectInfo(switch)| switch.clone());
    match respond(&app, fault, request, next).await {
        Some(response) => {
            if method != "GET" {
                app.happened.send_replace(());
            }
            app.calls.end(call, response.status().as_u16());
            tracing::info!("{method} {template} {}", response.status().as_u16());
            response
        }
        None => {
            tracing::info!("{method} {template} cut");
            cut(switch)
        }
    }
}

/// Returns the response, or nothing if the connection is to be cut.
async fn respond(app: &App, fault: Option<Fault>, request: Request, next: Next) -> Option<Response> {
    match fault {
        None => Some(next.run(request).await),
        Some(Fault::Delay(ms)) => {
            app.pause(Duration::from_millis(ms)).await;
            Some(next.run(request).await)
        }
        Some(Fault::Answer { status, body, headers }) => {
            let mut response = planned_body(status, body);
            response
                .headers_mut()
                .extend(headers.into_iter().map(|(name, value)| (Some(name), value)).collect::<Vec<_>>());
            Some(response)
        }
        Some(Fault::Garbage) => {
            let mut response = next.run(request).await;
            *response.body_mut() = Body::from("{\"uuid\": \"<html><b>garb");
            response.headers_mut().remove(header::CONTENT_LENGTH);
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Some(response)
        }
        Some(Fault::LostReply) => {
            next.run(request).await;
            None
        }
        Some(Fault::Drop) => None,
    }
}

fn planned_body(status: StatusCode, body: Option<Value>) -> Response {
    match body {
        None => status.into_response(),
        Some(Value::String(text)) => (status, text).into_response(),
        Some(json) => (status, Json(json)).into_response(),
    }
}

/// Throws the connection's switch. The returned response never leaves: the first attempt to write it fails.
fn cut(switch: Option<Switch>) -> Response {
    match switch {
        Some(switch) => switch.cut(),
        None => tracing::error!("this connection has no switch; the fault shows as a 500"),
    }
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
