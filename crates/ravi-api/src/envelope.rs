//! Reads a server's refusal: the five forms of error body that Ravi's versions send, and anything else.

use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::error::{ApiError, Endpoint, ServerMessage};
use super::scrub;

/// Most fields of a validation error that are kept.
const MOST_FIELDS: usize = 8;

/// An answer that is not a success.
pub(super) struct Refusal<'a> {
    pub(super) endpoint: Endpoint,
    pub(super) status: u16,
    /// From the `Retry-After` header.
    pub(super) retry_after: Option<Duration>,
    /// From the `Content-Type` header.
    pub(super) content_type: &'a str,
    pub(super) body: &'a [u8],
    /// The address that was used.
    pub(super) base: &'a Url,
    /// What the answering side calls itself.
    pub(super) by: &'a str,
    /// A secret that was sent and must not be quoted.
    pub(super) hidden: Option<&'a str>,
}

impl Refusal<'_> {
    /// Converts it into the error that it stands for.
    pub(super) fn into_error(self) -> ApiError {
        let Refusal { endpoint, status, .. } = self;
        let json: Option<Value> = serde_json::from_slice(self.body).ok();
        if status == 404 && !self.is_ravis(json.as_ref()) {
            return ApiError::NotRavi { endpoint, address: scrub::scrub(address(self.base), None) };
        }
        if matches!(status, 407 | 511) || matches!(status, 401..=403) && self.is_a_page(json.as_ref()) {
            return ApiError::Gateway {
                endpoint,
                status,
                host: host(self.base),
                by: scrub::scrub(self.by, self.hidden),
            };
        }
        let body = json.unwrap_or(Value::Null);
        let server = Box::new(self.read(&body));
        let retry_after = seconds_in(&body).or(self.retry_after);
        let outcome_unknown = !endpoint.verb.is_idempotent();
        match status {
            400 | 422 => ApiError::Invalid { endpoint, status, server },
            401 => ApiError::Unauthorized { endpoint, server },
            402 => ApiError::PlanNeeded { endpoint, server },
            403 => ApiError::Forbidden { endpoint, server },
            404 => ApiError::NotFound { endpoint, server },
            409 => ApiError::Conflict { endpoint, server },
            429 => ApiError::Throttled { endpoint, retry_after, server },
            502 | 503 => ApiError::Provider { endpoint, status, retry_after, server, outcome_unknown },
            500.. => ApiError::Server { endpoint, status, retry_after, server, outcome_unknown },
            // Something between here and Ravi gave up waiting, or a redirect has no target: the call may have gone
            // through.
            408 | ..400 => ApiError::Refused { endpoint, status, server, outcome_unknown },
            _ => ApiError::Refused { endpoint, status, server, outcome_unknown: false },
        }
    }

    /// Whether "not found" is said in Ravi's way: always as an object. An empty answer does not count, because
    /// otherwise a key that has to be revoked would count as gone at whatever address.
    fn is_ravis(&self, json: Option<&Value>) -> bool {
        json.is_some_and(Value::is_object) || self.says_json()
    }

    /// Whether the answer is a page for people. An empty answer is taken for Ravi's: a cache must not go on serving
    /// what a revoked key was for.
    fn is_a_page(&self, json: Option<&Value>) -> bool {
        json.is_none() && !self.says_json() && (!self.body.is_empty() || self.media_type().contains("html"))
    }

    fn says_json(&self) -> bool {
        let media_type = self.media_type();
        media_type == "application/json" || media_type.ends_with("+json")
    }

    fn media_type(&self) -> String {
        self.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    fn read(&self, body: &Value) -> ServerMessage {
        let mut said = Said::default();
        match body {
            Value::Object(map) => said.object(map),
            other => said.message = texts(other),
        }
        self.finish(said)
    }

    fn finish(&self, said: Said<'_>) -> ServerMessage {
        let clean = |text: &str| scrub::scrub(text, self.hidden);
        let fields: Vec<_> =
            said.fields.iter().take(MOST_FIELDS).map(|(name, text)| (clean(name), clean(text))).collect();
        let message = said.message.as_deref().map(clean).filter(|m| !m.is_empty());
        let listed = || clean(&fields.iter().map(|(n, t)| format!("{n}: {t}")).collect::<Vec<_>>().join("; "));
        ServerMessage {
            code: said.code.and_then(scrub::code).unwrap_or_else(|| format!("http.{}", self.status)),
            message: message.unwrap_or_else(|| match (fields.is_empty(), self.status) {
                (false, _) => listed(),
                (true, 429) => "Request was throttled.".into(),
                (true, status) => format!("HTTP {status}"),
            }),
            fields,
        }
    }
}

/// Returns scheme, host, port and path prefix.
fn address(base: &Url) -> &str {
    base.as_str().trim_end_matches('/')
}

/// Returns host and port.
pub(super) fn host(base: &Url) -> String {
    let port = base.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}", base.host_str().unwrap_or_default())
}

/// A body, taken apart but not yet fit to be shown.
#[derive(Default)]
struct Said<'a> {
    code: Option<&'a str>,
    message: Option<String>,
    fields: Vec<(&'a str, String)>,
}

impl<'a> Said<'a> {
    fn object(&mut self, map: &'a Map<String, Value>) {
        self.code = text_of(map, "code");
        match (map.get("error"), map.get("detail")) {
            (Some(Value::Object(error)), _) => self.error_object(error),
            (Some(Value::String(error)), _) => self.error_string(error, text_of(map, "error_description")),
            (_, Some(detail)) => self.message = texts(detail),
            _ => self.field_map(map),
        }
    }

    /// Reads `{"error": {"code", "message", "details": {"code"}}}`; the inner code is the more specific one.
    fn error_object(&mut self, error: &'a Map<String, Value>) {
        self.code = text_of(error, "code");
        self.message = text_of(error, "message").map(str::to_owned);
        if let Some(Value::Object(details)) = error.get("details") {
            self.code = text_of(details, "code").or(self.code);
            self.fields = fields_of(details).filter(|(name, _)| *name != "code").collect();
        }
    }

    /// Reads `{"error": "authorization_pending", "error_description": "…"}` or `{"error": "some text"}`.
    fn error_string(&mut self, error: &'a str, description: Option<&'a str>) {
        self.code = self.code.or(Some(error));
        self.message = Some(description.unwrap_or(error).to_owned());
    }

    /// Reads `{"email_identifier": ["…"], "non_field_errors": ["…"]}`.
    fn field_map(&mut self, map: &'a Map<String, Value>) {
        self.fields = fields_of(map).filter(|(name, _)| !matches!(*name, "code" | "non_field_errors")).collect();
        self.message = map.get("non_field_errors").or_else(|| map.get("message")).and_then(texts);
    }
}

fn text_of<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    map.get(name).and_then(Value::as_str)
}

fn fields_of(map: &Map<String, Value>) -> impl Iterator<Item = (&str, String)> {
    map.iter().filter_map(|(name, value)| Some((name.as_str(), texts(value)?)))
}

/// Returns a string, or the strings of a list, or of a list of field maps; `None` if there are none.
fn texts(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let all: Vec<_> = items.iter().take(MOST_FIELDS).filter_map(Value::as_str).collect();
            (!all.is_empty()).then(|| all.join(" "))
        }
        _ => None,
    }
}

/// Returns `retry_after_seconds` of a throttled answer; it overrides the header unless it is zero, as in the official
/// CLI.
fn seconds_in(body: &Value) -> Option<Duration> {
    let value = body.get("retry_after_seconds").or_else(|| body.pointer("/error/details/retry_after_seconds"))?;
    let seconds = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    super::retry::pause_of(seconds).filter(|pause| !pause.is_zero())
}

#[cfg(test)]
mod tests {
    use super::super::error::Verb;
    use super::*;
    use ravi_error::{Explain as _, Kind};

    fn refusal(status: u16, content_type: &str, body: &[u8]) -> ApiError {
        let endpoint = Endpoint { verb: Verb::Post, template: "/api/x/" };
        let base = Url::parse("https://h.example:8443/ravi/").unwrap();
        let (retry_after, hidden) = (Some(Duration::from_secs(7)), Some("made-up-value"));
        Refusal { endpoint, status, retry_after, content_type, body, base: &base, by: "squid/5.7", hidden }.into_error()
    }

    fn plain(status: u16, body: &str) -> ApiError {
        refusal(status, "", body.as_bytes())
    }

    fn said(status: u16, body: &str) -> (String, String) {
        let error = plain(status, body);
        let server = error.server().unwrap();
        (server.code.clone(), server.message.clone())
    }

    #[test]
    fn every_envelope_is_read() {
        for (status, body, code, message) in [
            (
                422,
                r#"{"error": {"code": "validation.failed", "message": "Validation failed", "details": {"code": "identity.no_inbox"}}}"#,
                "identity.no_inbox",
                "Validation failed",
            ),
            (403, r#"{"error": {"code": "auth.forbidden", "message": "No."}}"#, "auth.forbidden", "No."),
            (
                400,
                r#"{"error": {"code": "validation.failed", "message": null, "details": {"code": 7, "name": ["Too long."]}}}"#,
                "validation.failed",
                "name: Too long.",
            ),
            (400, r#"{"error": "some text"}"#, "http.400", "some text"),
            (
                401,
                r#"{"detail": "Authentication credentials were not provided."}"#,
                "http.401",
                "Authentication credentials were not provided.",
            ),
            (
                402,
                r#"{"detail": "Active subscription required.", "code": "subscription_required"}"#,
                "subscription_required",
                "Active subscription required.",
            ),
            (
                400,
                r#"{"error": "authorization_pending", "error_description": "Wait."}"#,
                "authorization_pending",
                "Wait.",
            ),
            (
                400,
                r#"{"email_identifier": ["Taken.", "Really."], "name": "Bad."}"#,
                "http.400",
                "email_identifier: Taken. Really.; name: Bad.",
            ),
            (400, r#"{"non_field_errors": ["The fields must be unique."]}"#, "http.400", "The fields must be unique."),
            (400, r#"["Only this."]"#, "http.400", "Only this."),
            (500, r#"{"detail": "Internal server error"}"#, "http.500", "Internal server error"),
            (502, "<html><h1>Bad gateway</h1>", "http.502", "HTTP 502"),
            (429, "", "http.429", "Request was throttled."),
            (418, "null", "http.418", "HTTP 418"),
            (400, r#"{"error": {"code": {}, "message": [], "details": "x"}}"#, "http.400", "HTTP 400"),
            (400, r#"{"detail": {"a": 1}}"#, "http.400", "HTTP 400"),
        ] {
            assert_eq!(said(status, body), (code.to_owned(), message.to_owned()), "{body}");
        }
    }

    #[test]
    fn a_status_becomes_its_case() {
        let case = |status| plain(status, "{}");
        assert!(matches!(case(400), ApiError::Invalid { status: 400, .. }));
        assert!(matches!(case(422), ApiError::Invalid { status: 422, .. }));
        assert!(matches!(case(401), ApiError::Unauthorized { .. }));
        assert!(matches!(case(402), ApiError::PlanNeeded { .. }));
        assert!(matches!(case(403), ApiError::Forbidden { .. }));
        assert!(matches!(case(404), ApiError::NotFound { .. }));
        assert!(matches!(case(409), ApiError::Conflict { .. }));
        assert!(matches!(case(429), ApiError::Throttled { .. }));
        assert!(matches!(case(502), ApiError::Provider { .. }));
        assert!(matches!(case(503), ApiError::Provider { .. }));
        for status in [500, 501, 504, 599] {
            assert!(matches!(case(status), ApiError::Server { .. }));
        }
        for status in [405, 408, 410, 413, 415, 418, 425] {
            assert_eq!(case(status).status(), Some(status));
            assert!(matches!(case(status), ApiError::Refused { .. }));
        }
        let unknown: Vec<u16> = (300..600).filter(|s| case(*s).outcome_unknown()).collect();
        assert_eq!(unknown, (300..400).chain([408]).chain(500..511).chain(512..600).collect::<Vec<_>>());
    }

    const HTML: &str = "text/html; charset=utf-8";
    const PAGE: &str = "<!doctype html><h1>Not Found</h1>";

    #[test]
    fn only_ravis_own_not_found_says_that_something_is_not_there() {
        for (content_type, body) in [
            ("application/json", r#"{"detail": "No SecretEntry matches the given query."}"#),
            ("", r#"{"detail": "Not found."}"#),
            ("application/problem+json; charset=utf-8", "{\"cut"),
        ] {
            let error = refusal(404, content_type, body.as_bytes());
            assert!(matches!(error, ApiError::NotFound { .. }), "{content_type} {body}: {error:?}");
        }
        for (content_type, body) in [
            (HTML, PAGE),
            ("", PAGE),
            ("text/plain", "404 page not found"),
            ("", "404"),
            ("", ""),
            (HTML, ""),
            ("", "null"),
        ] {
            let error = refusal(404, content_type, body.as_bytes());
            assert!(matches!(error, ApiError::NotRavi { .. }), "{content_type} {body}: {error:?}");
            assert_eq!((error.kind(), error.outcome_unknown()), (Kind::Failed, false));
            assert_eq!(
                error.to_string(),
                "POST /api/x/: https://h.example:8443/ravi answers 404, but not in the way of Ravi's API"
            );
        }
    }

    #[test]
    fn a_page_that_refuses_is_not_ravis_word_about_the_key() {
        for status in [401, 402, 403] {
            for (content_type, body) in [(HTML, PAGE), ("", PAGE), (HTML, ""), ("text/plain", "error code: 1020")] {
                let error = refusal(status, content_type, body.as_bytes());
                assert!(matches!(error, ApiError::Gateway { .. }), "{status} {content_type} {body}: {error:?}");
                assert_eq!((error.kind(), error.status()), (Kind::Unreachable, Some(status)));
                let (text, hint) = (error.to_string(), error.hint());
                assert!(text.contains("h.example:8443 (squid/5.7)") && hint.contains("(squid/5.7)"), "{text} {hint}");
            }
            // An empty answer may be Ravi's: a cache must not outlive a key because of it.
            for (content_type, body) in [("", ""), ("", "{}"), ("application/json", ""), ("application/json", "{\"det")]
            {
                let error = refusal(status, content_type, body.as_bytes());
                assert_ne!(error.kind(), Kind::Unreachable, "{status} {content_type} {body}");
            }
        }
        for status in [407, 511] {
            let error = plain(status, "{}");
            assert!(matches!(error, ApiError::Gateway { .. }) && !error.outcome_unknown(), "{error:?}");
        }
    }

    #[test]
    fn nothing_secret_is_quoted() {
        let body = r#"{"value": ["'made-up-value' is bad, so is ravi_id_canary"], "ravi_id_canary": ["x"], "code": "ravi_id_canary"}"#;
        let error = plain(400, body);
        let shown = format!("{error} {error:?} {:?}", error.server_code());
        assert!(!shown.contains("canary") && !shown.contains("made-up-value"), "{shown}");
    }

    #[test]
    fn the_wait_of_the_body_wins_unless_zero() {
        let wait = |body: &str| plain(429, body).retry_after();
        assert_eq!(
            wait(r#"{"detail": "Request was throttled.", "retry_after_seconds": 42}"#),
            Some(Duration::from_secs(42))
        );
        assert_eq!(wait(r#"{"retry_after_seconds": "1.5"}"#), Some(Duration::from_millis(1500)));
        for other in
            ["", r#"{"retry_after_seconds": 0}"#, r#"{"retry_after_seconds": null}"#, r#"{"retry_after_seconds": -3}"#]
        {
            assert_eq!(wait(other), Some(Duration::from_secs(7)), "{other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_survived(status in 300u16..600, body in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let error = refusal(status, "", &body);
            proptest::prop_assert_eq!(error.status(), Some(status));
        }
    }
}
