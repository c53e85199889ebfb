//! What the tests of the stand-in share: a running server and requests to it. Holds no test.

use ravi_local::{Options, Server};
use reqwest::header::{self, HeaderValue};
use reqwest::{Client, Method, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A server in this process, with a client that holds its management key.
pub struct Ravi {
    pub server: Server,
    pub http: Client,
    pub management_key: SecretString,
}

/// A client that follows no redirect. Each has its own connections.
pub fn client() -> Client {
    // An error means that another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

impl Ravi {
    pub async fn start() -> Ravi {
        Ravi::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Ravi {
        let server = Server::start(options).await.unwrap();
        let management_key = server.management_key();
        Ravi { server, http: client(), management_key }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.base_url())
    }

    /// Sends a request with `key`.
    pub async fn send(&self, key: &str, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut request = self.http.request(method, self.url(path)).bearer_auth(key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    /// The same with the management key; gives status and JSON (null for an empty body).
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        self.call_as(self.management_key.expose_secret(), method, path, body).await
    }

    /// The same with any key. A page for people is given as text.
    pub async fn call_as(&self, key: &str, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let response = self.send(key, method, path, body).await;
        let (status, is_json) = (response.status(), response.headers().get(header::CONTENT_TYPE) == Some(&JSON));
        let text = response.text().await.unwrap();
        let body = match is_json {
            true => serde_json::from_str(&text).unwrap(),
            false if text.is_empty() => Value::Null,
            false => Value::String(text),
        };
        (status, body)
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Makes an identity; returns the create reply.
    pub async fn identity(&self, body: Value) -> Value {
        let (status, identity) = self.post("/api/identities/", body).await;
        assert_eq!(status, StatusCode::CREATED, "{identity}");
        identity
    }

    /// Plans a fault.
    pub async fn fault(&self, plan: Value) {
        let (status, reply) = self.post("/_local/faults", plan).await;
        assert_eq!(status, StatusCode::CREATED, "{reply}");
    }

    /// Sets switches of `/_local/limits`.
    pub async fn switch(&self, changes: Value) {
        let (status, reply) = self.post("/_local/limits", changes).await;
        assert_eq!(status, StatusCode::OK, "{reply}");
    }

    /// How often `METHOD /path/` was called.
    pub async fn count(&self, call: &str) -> u64 {
        let (_, calls) = self.get("/_local/calls").await;
        calls["counts"][call].as_u64().unwrap_or(0)
    }
}

/// A text member.
pub fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("no text {member} in {value}"))
}

/// The length of an array.
pub fn length(value: &Value) -> usize {
    value.as_array().unwrap_or_else(|| panic!("no array: {value}")).len()
}

/// A body that blames exactly this field, in Django's form.
pub fn blames(value: &Value, field: &str) -> bool {
    value.as_object().is_some_and(|map| map.len() == 1) && value[field][0].is_string()
}

/// What the API says where no such row is there for this key.
pub fn not_found(model: &str) -> Value {
    json!({ "detail": format!("No {model} matches the given query.") })
}
