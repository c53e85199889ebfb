//! How the stand-in refuses: the error envelopes that Ravi's API is known to send.
//!
//! Ravi mixes several envelopes; which one belongs to which refusal is decided here, once. This module knows no
//! resource.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Map, Value, json};

/// Django's answer for a path without a route.
const NO_SUCH_PATH: &str = "
<!doctype html>
<html lang=\"en\">
<head>
  <title>Not Found</title>
</head>
<body>
  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>
</body>
</html>
";

/// A refusal, as a handler returns it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// 401, in the `detail` form.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// 402, in the `detail` and `code` form.
    #[error("{0}")]
    PlanNeeded(&'static str),
    /// 403, in the `detail` form: the key is of the wrong kind.
    #[error("{0}")]
    Forbidden(&'static str),
    /// 404, in the `detail` form: no such row, or none that this key may see. Contains the name of Django's model.
    #[error("no {0}")]
    NotFound(&'static str),
    /// 404 as a page for people: no such path at all.
    #[error("no such path")]
    NoSuchPath,
    /// 400, Django REST framework's map of field to messages.
    #[error("invalid input")]
    Fields(Map<String, Value>),
    /// Any status with the canonical `error` object.
    #[error("{code}")]
    Code { status: StatusCode, code: &'static str, message: String, details: Value },
    /// Any status with only a `detail`.
    #[error("{detail}")]
    Detail { status: StatusCode, detail: String },
    /// 400 in the OAuth form that only the device login uses.
    #[error("{error}")]
    OAuth { error: &'static str, description: &'static str },
    /// 500. The cause goes to the log, not to the client.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
}

impl Problem {
    /// A 400 that blames one field.
    pub(super) fn field(name: &str, message: impl Into<String>) -> Problem {
        let message: String = message.into();
        Problem::Fields(Map::from_iter([(name.to_owned(), json!([message]))]))
    }

    /// A 409 in the canonical form.
    pub(super) fn conflict(code: &'static str, message: impl Into<String>) -> Problem {
        Problem::Code { status: StatusCode::CONFLICT, code, message: message.into(), details: json!({}) }
    }

    /// A 422 in the canonical form, whose `details.code` says what is missing.
    pub(super) fn validation(detail_code: &'static str, message: impl Into<String>) -> Problem {
        Problem::Code {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: "validation.failed",
            message: message.into(),
            details: json!({ "code": detail_code }),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Problem::Unauthenticated(detail) => {
                let challenge = [(header::WWW_AUTHENTICATE, "Bearer realm=\"api\"")];
                return (StatusCode::UNAUTHORIZED, challenge, Json(json!({ "detail": detail }))).into_response();
            }
            Problem::PlanNeeded(detail) => {
                (StatusCode::PAYMENT_REQUIRED, json!({ "detail": detail, "code": "subscription_required" }))
            }
            Problem::Forbidden(detail) => (StatusCode::FORBIDDEN, json!({ "detail": detail })),
            Problem::NotFound(model) => {
                (StatusCode::NOT_FOUND, json!({ "detail": format!("No {model} matches the given query.") }))
            }
            Problem::NoSuchPath => return (StatusCode::NOT_FOUND, Html(NO_SUCH_PATH)).into_response(),
            Problem::Fields(fields) => (StatusCode::BAD_REQUEST, Value::Object(fields)),
            Problem::Code { status, code, message, details } => {
                (status, json!({ "error": { "code": code, "message": message, "details": details } }))
            }
            Problem::Detail { status, detail } => (status, json!({ "detail": detail })),
            Problem::OAuth { error, description } => {
                (StatusCode::BAD_REQUEST, json!({ "error": error, "error_description": description }))
            }
            Problem::Database(cause) => {
                tracing::error!(%cause, "database");
                (StatusCode::INTERNAL_SERVER_ERROR, json!({ "detail": "Internal server error" }))
            }
        };
        (status, Json(body)).into_response()
    }
}
