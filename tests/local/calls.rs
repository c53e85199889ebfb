//! The stand-in's calls, webhooks, voice agents and single sign-on, as far as the official SDK does not ask for it.

use crate::support::{Ravi, length, not_found, text};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

async fn with_phone() -> (Ravi, Value, String) {
    let ravi = Ravi::start().await;
    let identity = ravi.identity(json!({ "provision_phone": true })).await;
    let query = format!("?identity={}", text(&identity, "uuid"));
    (ravi, identity, query)
}

#[tokio::test]
async fn a_call_is_seen_by_its_own_identity_alone() {
    let (ravi, identity, query) = with_phone().await;
    let other = ravi.identity(json!({})).await;
    let order = json!({ "to_number": "+15559876543" });
    let (status, call) = ravi.post(&format!("/api/calls/start/{query}"), order.clone()).await;
    assert_eq!((status, &call["from_number"]), (StatusCode::CREATED, &identity["phone"]));
    assert!(call["phone"].is_string(), "the official command line wants a string: {call}");
    let path = format!("/api/calls/{}/", call["id"]);
    assert_eq!(text(&call, "url"), ravi.url(&path));
    assert_eq!(ravi.get(&path).await, (StatusCode::OK, call.clone()));

    let (own, foreign) = (text(&identity, "api_key"), text(&other, "api_key"));
    assert_eq!(ravi.call_as(own, Method::GET, &path, None).await.1, call);
    let hidden = (StatusCode::NOT_FOUND, not_found("RaviPhoneCall"));
    for (method, path) in [(Method::GET, path.clone()), (Method::GET, format!("{path}transcript/"))] {
        assert_eq!(ravi.call_as(foreign, method, &path, None).await, hidden);
    }
    assert_eq!(ravi.call_as(foreign, Method::POST, &format!("{path}hangup/"), None).await, hidden);
    assert_eq!(ravi.call_as(foreign, Method::GET, "/api/calls/", None).await.1, json!([]));
    let (status, refusal) = ravi.call_as(foreign, Method::POST, "/api/calls/start/", Some(order)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refusal["error"]["details"]["code"], json!("identity.no_phone"));
}

#[tokio::test]
async fn an_identity_key_reaches_no_webhook_and_changes_no_voice_agent() {
    let (ravi, identity, _) = with_phone().await;
    let key = text(&identity, "api_key");
    let agent = format!("/api/identities/{}/voice-agent/", text(&identity, "uuid"));
    for (method, path) in [
        (Method::GET, "/api/webhook-subscriptions/"),
        (Method::POST, "/api/webhook-subscriptions/"),
        (Method::GET, "/api/webhook-subscriptions/1201/"),
        (Method::DELETE, "/api/webhook-subscriptions/1201/"),
        (Method::GET, "/api/webhook-deliveries/"),
        (Method::PUT, agent.as_str()),
    ] {
        let (status, _) = ravi.call_as(key, method.clone(), path, Some(json!({}))).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}");
    }
    assert_eq!(ravi.call_as(key, Method::GET, &agent, None).await, (StatusCode::NOT_FOUND, not_found("VoiceAgent")));
}

#[tokio::test]
async fn calls_webhooks_and_tokens_go_with_a_deleted_identity() {
    let (ravi, identity, query) = with_phone().await;
    let uuid = text(&identity, "uuid");
    ravi.post(&format!("/api/calls/start/{query}"), json!({ "to_number": "+15559876543" })).await;
    let hook = json!({ "url": "https://hooks.example.com/", "identity_uuid": uuid });
    assert_eq!(ravi.post("/api/webhook-subscriptions/", hook).await.0, StatusCode::CREATED);
    ravi.post("/_local/email", json!({ "to": identity["inbox"], "from": "a@example.com", "subject": "s" })).await;
    assert_eq!(length(&ravi.get("/api/webhook-deliveries/").await.1), 1);
    let (_, token) = ravi.call_as(text(&identity, "api_key"), Method::POST, "/api/sso/token/", None).await;
    let verify = async || ravi.post("/api/sso/verify/", json!({ "token": token["token"] })).await.0;
    assert_eq!(verify().await, StatusCode::OK);

    ravi.call(Method::DELETE, &format!("/_local/identities/{uuid}"), None).await;
    for list in ["calls", "webhook-subscriptions", "webhook-deliveries"] {
        assert_eq!(ravi.get(&format!("/api/{list}/")).await, (StatusCode::OK, json!([])), "{list}");
    }
    assert_eq!(verify().await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_folder_of_the_first_version_gets_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let database = rusqlite::Connection::open(folder.path().join("ravi-local.sqlite3")).unwrap();
    let schema = include_str!("../../crates/ravi-local/src/schema_1.sql");
    database.execute_batch(&format!("{schema} PRAGMA user_version = 1;")).unwrap();
    drop(database);
    let options = ravi_local::Options { data_dir: Some(folder.path().to_owned()), ..Default::default() };
    let ravi = Ravi::with(options).await;
    assert_eq!(ravi.get("/api/calls/").await, (StatusCode::OK, json!([])));
    assert!(ravi.management_key.expose_secret().starts_with("ravi_mgmt_"));
}
