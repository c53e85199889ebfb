//! The switches of the stand-in: the ways in which Ravi may behave where that is not known.

use crate::support::{Ravi, blames, length, text};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn with(switches: Value) -> Ravi {
    let ravi = Ravi::start().await;
    ravi.switch(switches).await;
    ravi
}

#[tokio::test]
async fn switches_are_set_one_by_one_and_unknown_ones_refused() {
    let ravi = Ravi::start().await;
    let (_, before) = ravi.get("/_local/limits").await;
    let all = json!({
        "max_identities": null, "unique_names": false, "address_taken_as": "conflict", "late_inbox": 0, "paged": false,
        "foreign_next": false, "mint_without_uuid": false, "numeric_phone": false, "events": "on",
    });
    assert_eq!(before, all);
    ravi.switch(json!({ "paged": true })).await;
    let (status, after) = ravi.post("/_local/limits", json!({ "max_identities": 3, "events": "missing" })).await;
    assert_eq!((status, &after["paged"], &after["max_identities"]), (StatusCode::OK, &json!(true), &json!(3)));
    assert_eq!(ravi.get("/_local/limits").await.1, after);
    for wrong in [
        json!({ "pagd": true }),
        json!({ "paged": 1 }),
        json!({ "events": "off" }),
        json!({ "late_inbox": -1 }),
        json!({ "paged": null }),
        json!([]),
    ] {
        let (status, reply) = ravi.post("/_local/limits", wrong.clone()).await;
        assert!(status.is_client_error() && reply["detail"].is_string(), "{wrong}: {status} {reply}");
    }
    assert_eq!(ravi.get("/_local/limits").await.1, after);
}

#[tokio::test]
async fn unique_names_refuse_a_second_identity_of_one_name() {
    let ravi = with(json!({ "unique_names": true })).await;
    let first = ravi.identity(json!({ "name": "agent" })).await;
    let refusal = json!({ "name": ["Identity with this name already exists."] });
    let again = ravi.post("/api/identities/", json!({ "name": "agent" })).await;
    assert_eq!(again, (StatusCode::BAD_REQUEST, refusal.clone()));
    let other = ravi.identity(json!({ "name": "other" })).await;
    let rename = async |identity: &Value| {
        let path = format!("/api/identities/{}/", text(identity, "uuid"));
        ravi.call(Method::PATCH, &path, Some(json!({ "name": "agent" }))).await
    };
    assert_eq!(rename(&other).await, (StatusCode::BAD_REQUEST, refusal));
    assert_eq!(rename(&first).await.0, StatusCode::OK, "it may keep its own");
    ravi.switch(json!({ "unique_names": false })).await;
    ravi.identity(json!({ "name": "agent" })).await;
}

#[tokio::test]
async fn a_taken_address_is_told_as_an_error_of_the_field() {
    let ravi = with(json!({ "address_taken_as": "field" })).await;
    ravi.identity(json!({ "email_identifier": "agent" })).await;
    let (status, body) = ravi.post("/api/identities/", json!({ "email_identifier": "agent" })).await;
    assert!(status == StatusCode::BAD_REQUEST && blames(&body, "email_identifier"), "{status} {body}");
}

#[tokio::test]
async fn a_late_inbox_is_there_after_so_many_reads() {
    let ravi = Ravi::start().await;
    let before = ravi.identity(json!({})).await;
    ravi.switch(json!({ "late_inbox": 2 })).await;
    let late = ravi.identity(json!({ "email_identifier": "late" })).await;
    assert_eq!(text(&late, "inbox"), "");
    assert!(text(&late, "api_key").starts_with("ravi_id_"));
    let path = format!("/api/identities/{}/", text(&late, "uuid"));
    assert_eq!(length(&ravi.get("/api/email/").await.1), 1);
    assert_eq!(text(&ravi.get(&path).await.1, "inbox"), "");
    let (_, list) = ravi.get("/api/identities/").await;
    assert_eq!((&list[0]["inbox"], text(&list[1], "inbox")), (&before["inbox"], ""));
    assert_eq!(text(&ravi.get(&path).await.1, "inbox"), "late@raviapp.test");
    assert_eq!(length(&ravi.get("/api/email/").await.1), 2);
}

#[tokio::test]
async fn a_new_key_comes_without_the_uuid_of_its_record() {
    let ravi = with(json!({ "mint_without_uuid": true })).await;
    let identity = ravi.identity(json!({})).await;
    let order = json!({ "label": "two", "identity_uuid": identity["uuid"] });
    let (status, made) = ravi.post("/api/auth/keys/identity/", order).await;
    assert_eq!((status, made.get("uuid")), (StatusCode::CREATED, None));
    assert_eq!((text(&made, "label"), &made["identity_uuid"]), ("two", &identity["uuid"]));
    let (_, keys) = ravi.get("/api/auth/keys/identity/").await;
    assert!(keys.as_array().unwrap().iter().all(|record| record["uuid"].is_string()), "{keys}");
}

#[tokio::test]
async fn without_a_log_of_events_its_path_and_its_socket_are_refused() {
    let ravi = Ravi::start().await;
    for (events, status) in [("forbidden", 403), ("missing", 404)] {
        ravi.switch(json!({ "events": events })).await;
        for path in ["/api/events/", "/ws/events/"] {
            let response = ravi.send(text_key(&ravi), Method::GET, path, None).await;
            assert_eq!(response.status().as_u16(), status, "{path}");
        }
    }
    ravi.switch(json!({ "events": "on" })).await;
    assert_eq!(ravi.get("/api/events/").await, (StatusCode::OK, json!({ "events": [] })));
}

fn text_key(ravi: &Ravi) -> &str {
    use secrecy::ExposeSecret as _;
    ravi.management_key.expose_secret()
}

#[tokio::test]
async fn paged_lists_come_in_small_pages_that_link_to_each_other() {
    let ravi = with(json!({ "paged": true })).await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(ravi.identity(json!({})).await["uuid"].clone());
    }
    let (_, page) = ravi.get("/api/identities/").await;
    assert_eq!((&page["count"], length(&page["results"]), &page["previous"]), (&json!(3), 2, &Value::Null));
    let next = text(&page, "next").strip_prefix(&ravi.server.base_url()).unwrap();
    let (_, rest) = ravi.get(next).await;
    assert_eq!((length(&rest["results"]), &rest["results"][0]["uuid"]), (1, &made[2]));
    assert!(rest["next"].is_null() && rest["previous"].is_string(), "{rest}");

    let query = format!("?identity={}", made[0].as_str().unwrap());
    for number in 0..3 {
        let letter =
            json!({ "to": page["results"][0]["inbox"], "from": "a@example.com", "subject": number.to_string() });
        ravi.post("/_local/email", letter).await;
    }
    let (_, mails) = ravi.get(&format!("/api/email-messages/{query}&limit=2&offset=1")).await;
    assert_eq!((&mails["count"], length(&mails["results"])), (&json!(3), 2));
    assert_eq!(text(&mails["results"][0], "subject"), "1");
    for list in [
        "secrets",
        "passwords",
        "contacts",
        "contacts/search",
        "email-inbox",
        "email-messages",
        "sms-inbox",
        "messages",
        "email",
        "phone",
        "domains",
        "auth/keys/management",
        "auth/keys/identity",
    ] {
        let (_, page) = ravi.get(&format!("/api/{list}/{query}&q=a")).await;
        assert!(page["count"].is_i64() && page["results"].is_array(), "{list}: {page}");
    }
}

#[tokio::test]
async fn links_to_other_pages_may_name_another_server() {
    let ravi = with(json!({ "paged": true, "foreign_next": true })).await;
    for _ in 0..3 {
        ravi.identity(json!({})).await;
    }
    let (_, page) = ravi.get("/api/identities/").await;
    let next = text(&page, "next").strip_prefix("https://api.ravi.app").unwrap();
    assert_eq!(length(&ravi.get(next).await.1["results"]), 1, "path and query are right");
}

#[tokio::test]
async fn a_text_message_may_name_its_phone_by_a_number() {
    let ravi = with(json!({ "numeric_phone": true })).await;
    let identity = ravi.identity(json!({ "provision_phone": true })).await;
    ravi.post("/_local/sms", json!({ "to": identity["phone"], "from": "+15559876543", "body": "b" })).await;
    let (_, messages) = ravi.get("/api/messages/").await;
    let (_, conversations) = ravi.get("/api/sms-inbox/").await;
    assert!(messages[0]["phone"].is_i64() && conversations[0]["phone"].is_i64(), "{messages} {conversations}");
    let conversation = format!("{}_+15559876543", messages[0]["phone"]);
    assert_eq!(text(&conversations[0], "conversation_id"), conversation);
}
