//! The stand-in's rules for what lies in an identity's vault, and for the fence around it.

use crate::support::{Ravi, blames, length, not_found, text};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A server with two identities, and the query that names the first.
async fn two() -> (Ravi, Value, Value, String) {
    let ravi = Ravi::start().await;
    let (one, two) = (ravi.identity(json!({})).await, ravi.identity(json!({})).await);
    let query = format!("?identity={}", text(&one, "uuid"));
    (ravi, one, two, query)
}

#[tokio::test]
async fn a_secret_goes_through_its_life() {
    let (ravi, _, _, query) = two().await;
    let list = format!("/api/secrets/{query}");
    let body =
        json!({ "key": "openai_api_key", "value": "made-up\nvalue", "notes": "n", "uuid": "", "created_dt": "" });
    let (status, made) = ravi.post(&list, body).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(text(&made, "key"), "OPENAI_API_KEY");
    assert_eq!(text(&made, "value"), "made-up\nvalue");
    assert!(made["identity"].is_i64(), "the database id, not the uuid");

    let path = format!("/api/secrets/{}/{query}", text(&made, "uuid"));
    assert_eq!(ravi.get(&path).await, (StatusCode::OK, made.clone()));
    let (status, changed) = ravi.call(Method::PATCH, &path, Some(json!({ "value": "" }))).await;
    assert_eq!((status, text(&changed, "value"), text(&changed, "notes")), (StatusCode::OK, "", "n"));
    let (_, listed) = ravi.get(&list).await;
    assert_eq!(listed, json!([changed]));

    assert_eq!(ravi.call(Method::DELETE, &path, None).await, (StatusCode::NO_CONTENT, Value::Null));
    assert_eq!(ravi.call(Method::DELETE, &path, None).await, (StatusCode::NOT_FOUND, not_found("SecretEntry")));
    assert_eq!(ravi.get(&list).await.1, json!([]));
}

#[tokio::test]
async fn a_second_secret_of_the_same_key_is_refused() {
    let (ravi, _, two, query) = two().await;
    let list = format!("/api/secrets/{query}");
    assert_eq!(ravi.post(&list, json!({ "key": "TOKEN", "value": "a" })).await.0, StatusCode::CREATED);
    let (status, body) = ravi.post(&list, json!({ "key": "token", "value": "b" })).await;
    assert!(status == StatusCode::BAD_REQUEST && blames(&body, "key"), "{body}");
    let elsewhere = format!("/api/secrets/?identity={}", text(&two, "uuid"));
    let (_, other) = ravi.post(&elsewhere, json!({ "key": "TOKEN", "value": "b" })).await;
    let (_, second) = ravi.post(&elsewhere, json!({ "key": "OTHER" })).await;
    let path = format!("/api/secrets/{}/?identity={}", text(&second, "uuid"), text(&two, "uuid"));
    let (status, body) = ravi.call(Method::PATCH, &path, Some(json!({ "key": text(&other, "key") }))).await;
    assert!(status == StatusCode::BAD_REQUEST && blames(&body, "key"), "{body}");
}

#[tokio::test]
async fn the_key_filter_compares_as_it_is() {
    let (ravi, _, _, query) = two().await;
    let list = format!("/api/secrets/{query}");
    ravi.post(&list, json!({ "key": "TOKEN", "value": "a" })).await;
    ravi.post(&list, json!({ "key": "TOKEN_2", "value": "b" })).await;
    assert_eq!(length(&ravi.get(&format!("{list}&key=TOKEN")).await.1), 1);
    assert_eq!(length(&ravi.get(&format!("{list}&key=token")).await.1), 0);
    assert_eq!(length(&ravi.get(&list).await.1), 2);
}

#[tokio::test]
async fn malformed_requests_are_told_what_is_wrong() {
    let (ravi, one, _, query) = two().await;
    let list = format!("/api/secrets/{query}");
    for key in ["1A", "_A", "A-B", "Ä", "A B", ""] {
        let (status, body) = ravi.post(&list, json!({ "key": key })).await;
        assert!(status == StatusCode::BAD_REQUEST && blames(&body, "key"), "{key}: {body}");
    }
    let (status, body) = ravi.post(&list, json!({ "value": 1 })).await;
    assert!(status == StatusCode::BAD_REQUEST && blames(&body, "key"), "{body}");
    let (_, body) = ravi.post(&list, json!({ "key": "A", "value": {}, "notes": [] })).await;
    assert!(body["value"].is_array() && body["notes"].is_array(), "all wrong fields are named: {body}");
    assert_eq!(ravi.post(&list, json!([])).await.0, StatusCode::BAD_REQUEST);

    let raw = ravi.http.post(ravi.url(&list)).bearer_auth(text(&one, "api_key"));
    let raw = raw.header("content-type", "application/json").body("{\"key\":");
    let response = raw.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(text(&response.json().await.unwrap(), "detail").starts_with("JSON parse error"));
    let raw = ravi.http.post(ravi.url(&list)).bearer_auth(text(&one, "api_key")).body("key=A");
    let response = raw.header("content-type", "text/plain").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn the_fence_hides_foreign_things() {
    let (ravi, one, two, query) = two().await;
    let (key, foreign) = (text(&one, "api_key"), format!("?identity={}", text(&two, "uuid")));
    let (_, own) = ravi.post(&format!("/api/secrets/{query}"), json!({ "key": "OWN", "value": "a" })).await;
    let (_, theirs) = ravi.post(&format!("/api/secrets/{foreign}"), json!({ "key": "THEIRS", "value": "b" })).await;

    let as_one = async |method: Method, path: String, body| ravi.call_as(key, method, &path, body).await;
    for query in ["", query.as_str()] {
        let (_, list) = as_one(Method::GET, format!("/api/secrets/{query}"), None).await;
        assert_eq!(list, json!([own]), "{query}");
    }
    let mail = ["email-inbox", "email-messages", "email"];
    for list in ["secrets", "passwords", "contacts", "sms-inbox", "messages", "phone"].into_iter().chain(mail) {
        let reply = as_one(Method::GET, format!("/api/{list}/{foreign}"), None).await;
        assert_eq!(reply, (StatusCode::OK, json!([])), "{list}");
    }
    let (_, events) = as_one(Method::GET, format!("/api/events/{foreign}"), None).await;
    assert_eq!(events, json!({ "events": [] }));

    let theirs = format!("/api/secrets/{}/", text(&theirs, "uuid"));
    for query in ["", query.as_str(), foreign.as_str()] {
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            let (status, _) = as_one(method.clone(), format!("{theirs}{query}"), Some(json!({ "value": "x" }))).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{method} {query}");
        }
    }
    let (status, _) = as_one(Method::POST, format!("/api/secrets/{foreign}"), Some(json!({ "key": "A" }))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, unharmed) = ravi.get(&format!("{theirs}{foreign}")).await;
    assert_eq!(text(&unharmed, "value"), "b");
}

#[tokio::test]
async fn a_management_key_reads_all_and_writes_only_to_a_named_identity() {
    let (ravi, _, two, query) = two().await;
    let (_, made) = ravi.post(&format!("/api/secrets/{query}"), json!({ "key": "A" })).await;
    ravi.post(&format!("/api/secrets/?identity={}", text(&two, "uuid")), json!({ "key": "B" })).await;
    assert_eq!(length(&ravi.get("/api/secrets/").await.1), 2);
    assert_eq!(length(&ravi.get(&format!("/api/secrets/{query}")).await.1), 1);
    let nobody = "/api/secrets/?identity=11111111-1111-4111-8111-111111111111";
    assert_eq!(ravi.get(nobody).await, (StatusCode::OK, json!([])));

    let path = format!("/api/secrets/{}/", text(&made, "uuid"));
    assert_eq!(ravi.get(&path).await.0, StatusCode::OK);
    let writes = [
        (Method::POST, "/api/secrets/", json!({ "key": "C" })),
        (Method::PATCH, path.as_str(), json!({ "value": "C" })),
        (Method::DELETE, path.as_str(), json!({})),
        (Method::POST, "/api/passwords/", json!({ "domain": "example.com" })),
        (Method::POST, "/api/contacts/", json!({ "email": "a@example.com" })),
        (Method::POST, "/api/messages/send/", json!({ "to_number": "+15550100", "body": "x" })),
        (
            Method::POST,
            "/api/email-messages/compose/",
            json!({ "to_email": "a@example.com", "subject": "s", "content": "c" }),
        ),
    ];
    for (method, path, body) in writes {
        let (status, body) = ravi.call(method.clone(), path, Some(body)).await;
        assert!(status == StatusCode::BAD_REQUEST && blames(&body, "identity"), "{method} {path}: {body}");
    }
}

#[tokio::test]
async fn a_password_is_invented_when_none_is_given() {
    let (ravi, _, _, query) = two().await;
    let list = format!("/api/passwords/{query}");
    let (status, made) = ravi.post(&list, json!({ "domain": "https://app.example.com/x", "username": "u" })).await;
    assert_eq!((status, text(&made, "domain")), (StatusCode::CREATED, "example.com"));
    assert_eq!(text(&made, "password").len(), 16);
    let (_, given) = ravi.post(&list, json!({ "domain": "example.com", "password": "made-up" })).await;
    assert_eq!(text(&given, "password"), "made-up");
    let path = format!("/api/passwords/{}/{query}", text(&given, "uuid"));
    let (_, changed) = ravi.call(Method::PATCH, &path, Some(json!({ "notes": "new" }))).await;
    assert_eq!((text(&changed, "notes"), text(&changed, "password")), ("new", "made-up"));
    assert_eq!(ravi.call(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(ravi.get(&list).await.1, json!([made]));
    let (status, body) = ravi.post(&list, json!({ "domain": "no site" })).await;
    assert!(status == StatusCode::BAD_REQUEST && blames(&body, "domain"), "{body}");
}

#[tokio::test]
async fn generated_passwords_follow_the_query() {
    let ravi = Ravi::start().await;
    let generate = async |query: &str| {
        let (status, body) = ravi.get(&format!("/api/passwords/generate-password/{query}")).await;
        (status, body["password"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(generate("").await.1.len(), 16);
    let (_, digits) = generate("?length=64&uppercase=false&lowercase=false&special=false&exclude_chars=0").await;
    assert_eq!(digits.len(), 64);
    assert!(digits.bytes().all(|b| (b'1'..=b'9').contains(&b)), "{digits}");
    let none = "?uppercase=false&lowercase=false&special=false&digits=false";
    assert_eq!(generate(none).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(generate("?length=0").await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn contacts_are_kept_found_and_searched() {
    let (ravi, _, _, query) = two().await;
    let list = format!("/api/contacts/{query}");
    let ann = json!({ "email": "ann@example.com", "display_name": "Ann Other", "is_trusted": true });
    let (status, ann) = ravi.post(&list, ann).await;
    assert_eq!((status, text(&ann, "source"), &ann["is_trusted"]), (StatusCode::CREATED, "manual", &json!(true)));
    let (_, bob) = ravi.post(&list, json!({ "phone_number": "+15550100", "nickname": "bob" })).await;

    let find = async |items: &str| ravi.get(&format!("/api/contacts/find/{query}&{items}")).await;
    assert_eq!(find("email=ann@example.com").await, (StatusCode::OK, ann.clone()));
    assert_eq!(find("phone_number=%2B15550100").await.1, bob);
    assert_eq!(find("email=ann@example").await.0, StatusCode::NOT_FOUND);
    assert_eq!(ravi.get(&format!("/api/contacts/search/{query}&q=OTHER")).await.1, json!([ann]));
    assert_eq!(ravi.get(&format!("{list}&search=bob")).await.1, json!([bob]));
    assert_eq!(ravi.get(&format!("{list}&limit=1&offset=1")).await.1, json!([bob]));

    let path = format!("/api/contacts/{}/{query}", text(&bob, "uuid"));
    let (_, renamed) = ravi.call(Method::PATCH, &path, Some(json!({ "nickname": "b" }))).await;
    assert_eq!((text(&renamed, "nickname"), text(&renamed, "phone_number")), ("b", "+15550100"));
    assert_eq!(ravi.call(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(length(&ravi.get(&list).await.1), 1);
    let (status, body) = ravi.post(&list, json!({ "nickname": "x" })).await;
    assert!(status == StatusCode::BAD_REQUEST && blames(&body, "non_field_errors"), "{body}");
}
