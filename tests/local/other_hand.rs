//! The stand-in's controls for what happens at Ravi by another hand.

use crate::support::{Ravi, length, not_found, text};
use ravi_local::{Options, Plan};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn a_deleted_identity_is_gone_with_all_that_it_had() {
    let ravi = Ravi::start().await;
    let (gone, kept) = (ravi.identity(json!({ "provision_phone": true })).await, ravi.identity(json!({})).await);
    let (uuid, key) = (text(&gone, "uuid"), text(&gone, "api_key"));
    let query = format!("?identity={uuid}");
    let (_, secret) = ravi.post(&format!("/api/secrets/{query}"), json!({ "key": "TOKEN" })).await;
    let letter = json!({ "to": gone["inbox"], "from": "a@example.com", "subject": "s", "attachments":
        [{ "filename": "a.txt", "content": "x" }] });
    ravi.post("/_local/email", letter).await;
    ravi.post("/_local/sms", json!({ "to": gone["phone"], "from": "+15559876543", "body": "b" })).await;

    let control = format!("/_local/identities/{uuid}");
    assert_eq!(ravi.call(Method::DELETE, &control, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(ravi.call(Method::DELETE, &control, None).await, (StatusCode::NOT_FOUND, not_found("Identity")));

    let path = format!("/api/identities/{uuid}/");
    for (method, path) in [(Method::GET, path.clone()), (Method::PATCH, path.clone())] {
        let reply = ravi.call(method, &path, Some(json!({ "name": "x" }))).await;
        assert_eq!(reply, (StatusCode::NOT_FOUND, not_found("Identity")));
    }
    for list in ["secrets", "passwords", "contacts", "email-inbox", "email-messages", "sms-inbox", "messages"] {
        assert_eq!(ravi.get(&format!("/api/{list}/{query}")).await, (StatusCode::OK, json!([])), "{list}");
    }
    let path = format!("/api/secrets/{}/", text(&secret, "uuid"));
    assert_eq!(ravi.get(&path).await, (StatusCode::NOT_FOUND, not_found("SecretEntry")));
    let write = ravi.post(&format!("/api/secrets/{query}"), json!({ "key": "TOKEN" })).await;
    assert_eq!(write, (StatusCode::NOT_FOUND, not_found("Identity")));
    assert_eq!(ravi.call_as(key, Method::GET, "/api/identities/", None).await.0, StatusCode::UNAUTHORIZED);
    let (_, keys) = ravi.get("/api/auth/keys/identity/").await;
    assert_eq!((length(&keys), &keys[0]["identity"]), (1, &kept["uuid"]));
    assert_eq!(length(&ravi.get("/api/identities/").await.1), 1);
}

#[tokio::test]
async fn a_key_revoked_in_the_web_is_dead() {
    let ravi = Ravi::start().await;
    let key = text(&ravi.identity(json!({})).await, "api_key").to_owned();
    let (_, made) = ravi.post("/api/auth/keys/management/", json!({ "label": "two" })).await;
    let (_, keys) = ravi.get("/api/auth/keys/identity/").await;
    for (record, key) in [(&keys[0], key.as_str()), (&made, text(&made, "key"))] {
        let control = format!("/_local/keys/{}", text(record, "uuid"));
        assert_eq!(ravi.call_as(key, Method::GET, "/api/identities/", None).await.0, StatusCode::OK);
        assert_eq!(ravi.call(Method::DELETE, &control, None).await.0, StatusCode::NO_CONTENT);
        assert_eq!(ravi.call_as(key, Method::GET, "/api/identities/", None).await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(ravi.call(Method::DELETE, &control, None).await.0, StatusCode::NOT_FOUND);
    }
    assert_eq!(ravi.get("/api/auth/keys/identity/").await.1[0]["is_active"], json!(false));
}

#[tokio::test]
async fn an_identity_made_in_the_web_needs_no_room_in_the_plan() {
    let ravi = Ravi::with(Options { plan: Plan::Free, ..Options::default() }).await;
    let (status, made) = ravi.post("/_local/identities", json!({ "name": "web", "inbox": "web" })).await;
    assert_eq!((status, text(&made, "inbox")), (StatusCode::CREATED, "web@raviapp.test"));
    let whole = json!({ "name": "web", "inbox": "a@agents.raviapp.test", "phone": true });
    let (_, whole) = ravi.post("/_local/identities", whole).await;
    assert!(whole["phone"].is_string() && text(&whole, "inbox") == "a@agents.raviapp.test", "{whole}");
    assert!(whole.get("api_key").is_none());
    let (status, _) = ravi.post("/_local/identities", json!({ "name": "again", "inbox": "web" })).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(length(&ravi.get("/api/identities/").await.1), 3);
    assert_eq!(ravi.get("/_local/calls").await.1["counts"], json!({ "GET /api/identities/": 1 }));
}

#[tokio::test]
async fn an_identity_is_renamed_in_the_web() {
    let ravi = Ravi::start().await;
    let identity = ravi.identity(json!({ "name": "before" })).await;
    let control = format!("/_local/identities/{}", text(&identity, "uuid"));
    let rename = |body: Value| ravi.call(Method::PATCH, &control, Some(body));
    assert_eq!(rename(json!({ "name": "after" })).await.0, StatusCode::NO_CONTENT);
    assert_eq!(text(&ravi.get("/api/identities/").await.1[0], "name"), "after");
    assert!(rename(json!({ "nome": "x" })).await.0.is_client_error());
}
