//! Request bodies and queries, read the way Django REST framework reads them.
//!
//! All fields are read before the request is refused, so that the reply names every wrong one. Unknown fields are
//! ignored. This module knows no resource.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{StatusCode, header, request::Parts};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::problem::Problem;

/// A JSON object; no body at all counts as `{}`.
pub(super) struct Body(Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Body, Problem> {
        let (media_type, bytes) = read(request, state).await?;
        match media_type.as_str() {
            _ if bytes.is_empty() => Ok(Body(Map::new())),
            "application/json" => parse_object(&bytes),
            other => Err(unsupported(other)),
        }
    }
}

/// A form, or what [`Body`] takes.
pub(super) struct FormOrJson(pub(super) Body);

impl<S: Send + Sync> FromRequest<S> for FormOrJson {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<FormOrJson, Problem> {
        let (media_type, bytes) = read(request, state).await?;
        match media_type.as_str() {
            "application/x-www-form-urlencoded" => Ok(FormOrJson(parse_form(&bytes))),
            _ if bytes.is_empty() => Ok(FormOrJson(Body(Map::new()))),
            "application/json" => parse_object(&bytes).map(FormOrJson),
            other => Err(unsupported(other)),
        }
    }
}

/// Returns the media type without parameters, and the bytes.
async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<(String, Bytes), Problem> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    let media_type = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let bytes = Bytes::from_request(request, state)
        .await
        .map_err(|e| Problem::Detail { status: e.status(), detail: e.body_text() })?;
    Ok((media_type, bytes))
}

fn unsupported(media_type: &str) -> Problem {
    let detail = format!("Unsupported media type \"{media_type}\" in request.");
    Problem::Detail { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, detail }
}

fn parse_form(bytes: &[u8]) -> Body {
    let items = form_urlencoded::parse(bytes).into_owned();
    Body(items.map(|(name, value)| (name, Value::String(value))).collect())
}

fn parse_object(bytes: &[u8]) -> Result<Body, Problem> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => Ok(Body(map)),
        Ok(_) => Err(Problem::field("non_field_errors", "Invalid data. Expected a dictionary.")),
        Err(e) => Err(Problem::Detail { status: StatusCode::BAD_REQUEST, detail: format!("JSON parse error - {e}") }),
    }
}

impl Body {
    /// Starts reading fields.
    pub(super) fn fields(self) -> Fields {
        Fields { given: self.0, errors: Map::new() }
    }
}

/// Reads fields one by one, and collects what is wrong with them until [`Fields::check`].
pub(super) struct Fields {
    given: Map<String, Value>,
    errors: Map<String, Value>,
}

impl Fields {
    /// Reads a string that must be present and not blank. Returns "" if it is wrong.
    pub(super) fn required(&mut self, name: &str) -> String {
        match self.given.get(name) {
            None => self.fail(name, "This field is required."),
            Some(_) => match self.text(name) {
                Some(text) if text.trim().is_empty() => self.fail(name, "This field may not be blank."),
                Some(text) => return text,
                None => {}
            },
        }
        String::new()
    }

    /// Reads a string that may be absent, null or empty.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.given.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(_) => {
                self.fail(name, "Not a valid string.");
                None
            }
        }
    }

    /// Reads a boolean that may be absent. Forms send it as text.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.given.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::Bool(value)) => Some(*value),
            Some(Value::String(text)) if parse_bool(text).is_some() => parse_bool(text),
            Some(_) => {
                self.fail(name, "Must be a valid boolean.");
                None
            }
        }
    }

    /// Reads a whole number that may be absent.
    pub(super) fn integer(&mut self, name: &str) -> Option<i64> {
        let number = self.given.get(name).filter(|value| !value.is_null())?.as_i64();
        if number.is_none() {
            self.fail(name, "A valid integer is required.");
        }
        number
    }

    /// Reads a whole number that must be present. Returns 0 if it is wrong.
    pub(super) fn required_integer(&mut self, name: &str) -> i64 {
        if !self.given.contains_key(name) {
            self.fail(name, "This field is required.");
        }
        self.integer(name).unwrap_or_default()
    }

    /// Reads a list of strings, empty if it is absent.
    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        self.maybe_texts(name).unwrap_or_default()
    }

    /// Reads a list of strings that may be absent.
    pub(super) fn maybe_texts(&mut self, name: &str) -> Option<Vec<String>> {
        let list = match self.given.get(name) {
            None | Some(Value::Null) => return None,
            Some(Value::Array(list)) => list.clone(),
            Some(_) => {
                self.fail(name, "Expected a list of items.");
                return None;
            }
        };
        let texts: Vec<String> = list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
        if texts.len() != list.len() {
            self.fail(name, "Not a valid string.");
        }
        Some(texts)
    }

    /// Records an error of one field.
    pub(super) fn fail(&mut self, name: &str, message: &str) {
        self.errors.insert(name.to_owned(), json!([message]));
    }

    /// Refuses the request with everything found wrong so far.
    pub(super) fn check(&mut self) -> Result<(), Problem> {
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::Fields(std::mem::take(&mut self.errors))) }
    }
}

/// The items of the query. The first of a name counts; an empty one counts as absent, as in Django's filters.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query, Self::Rejection> {
        Ok(Query::parse(parts.uri.query().unwrap_or("")))
    }
}

impl Query {
    /// Parses a raw query string.
    pub(super) fn parse(raw: &str) -> Query {
        Query(form_urlencoded::parse(raw.as_bytes()).into_owned().collect())
    }

    /// Returns the value of `name`.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(k, v)| k == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// Returns a boolean; anything else does not filter.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(parse_bool)
    }

    /// Returns a whole number ≥ 0, if there is one.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(|v| v.parse().ok()).filter(|n| *n >= 0)
    }

    /// Returns the same query with some items replaced, in URL form.
    pub(super) fn with(&self, changes: &[(&str, i64)]) -> String {
        let kept = self.0.iter().filter(|(k, _)| !changes.iter().any(|(name, _)| name == k));
        let mut out = form_urlencoded::Serializer::new(String::new());
        out.extend_pairs(kept);
        out.extend_pairs(changes.iter().map(|(name, value)| (name, value.to_string())));
        out.finish()
    }
}

fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}
