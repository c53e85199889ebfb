//! The stand-in's rules for keys, identities and the device login.

use crate::support::{Ravi, blames, length, not_found, text};
use reqwest::{Method, StatusCode, header};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

#[tokio::test]
async fn a_path_without_its_slash_is_redirected() {
    let ravi = Ravi::start().await;
    let key = ravi.management_key.expose_secret();
    for method in [Method::GET, Method::POST] {
        let response = ravi.send(key, method, "/api/identities?a=b%20c", None).await;
        assert_eq!(response.status(), StatusCode::MOVED_PERMANENTLY);
        assert_eq!(response.headers()[header::LOCATION], "/api/identities/?a=b%20c");
    }
    assert_eq!(ravi.call(Method::DELETE, "/api/identities/", None).await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn an_unknown_path_is_a_page_for_people() {
    let ravi = Ravi::start().await;
    for path in ["/api/nothing", "/api/nothing/", "/nothing", "/ws/events/"] {
        let response = ravi.send(ravi.management_key.expose_secret(), Method::GET, path, None).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(response.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"), "{path}");
        assert!(response.text().await.unwrap().contains("<h1>Not Found</h1>"), "{path}");
    }
}

#[tokio::test]
async fn a_missing_wrong_or_revoked_key_is_401() {
    let ravi = Ravi::start().await;
    let bare = ravi.http.get(ravi.url("/api/identities/")).send().await.unwrap();
    assert_eq!(bare.status(), StatusCode::UNAUTHORIZED);
    assert!(bare.json::<Value>().await.unwrap()["detail"].is_string());

    let (status, body) = ravi.call_as("ravi_mgmt_wrong", Method::GET, "/api/identities/", None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(body["detail"].is_string());

    let identity = ravi.identity(json!({})).await;
    let key = text(&identity, "api_key");
    assert_eq!(ravi.call_as(key, Method::GET, "/api/secrets/", None).await.0, StatusCode::OK);
    let (_, keys) = ravi.get("/api/auth/keys/identity/").await;
    let path = format!("/api/auth/keys/identity/{}/", text(&keys[0], "uuid"));
    assert_eq!(ravi.call(Method::DELETE, &path, None).await, (StatusCode::NO_CONTENT, Value::Null));
    assert_eq!(ravi.call_as(key, Method::GET, "/api/secrets/", None).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(ravi.call(Method::DELETE, &path, None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_whole_key_is_shown_once() {
    let ravi = Ravi::start().await;
    let identity = ravi.identity(json!({})).await;
    let (uuid, key) = (text(&identity, "uuid"), text(&identity, "api_key"));
    assert!(key.starts_with("ravi_id_"));
    let (_, again) = ravi.get(&format!("/api/identities/{uuid}/")).await;
    assert!(again.get("api_key").is_none());

    let (_, keys) = ravi.get("/api/auth/keys/identity/").await;
    assert_eq!(length(&keys), 1);
    assert_eq!(text(&keys[0], "identity"), uuid);
    assert_ne!(text(&keys[0], "key"), key);
    assert_eq!(keys[0]["last_used_at"], Value::Null);

    ravi.call_as(key, Method::GET, "/api/identities/", None).await;
    let (_, keys) = ravi.get("/api/auth/keys/identity/").await;
    assert!(text(&keys[0], "last_used_at").ends_with('Z'));

    let (status, made) = ravi.post("/api/auth/keys/identity/", json!({ "label": "two", "identity_uuid": uuid })).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!((text(&made, "label"), text(&made, "identity"), text(&made, "identity_uuid")), ("two", uuid, uuid));
    let (status, seen) = ravi.call_as(text(&made, "key"), Method::GET, "/api/identities/", None).await;
    assert_eq!((status, text(&seen[0], "uuid")), (StatusCode::OK, uuid));
}

#[tokio::test]
async fn management_keys_are_made_and_revoked() {
    let ravi = Ravi::start().await;
    let (status, made) = ravi.post("/api/auth/keys/management/", json!({ "label": "ci" })).await;
    assert_eq!(status, StatusCode::CREATED);
    let key = text(&made, "key");
    assert!(key.starts_with("ravi_mgmt_") && made.get("identity").is_none());
    let (status, keys) = ravi.call_as(key, Method::GET, "/api/auth/keys/management/", None).await;
    assert_eq!((status, length(&keys)), (StatusCode::OK, 2));
    assert!(keys.as_array().unwrap().iter().all(|record| record["key"] != made["key"]));

    let path = format!("/api/auth/keys/management/{}/", text(&made, "uuid"));
    assert_eq!(ravi.call(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(ravi.call_as(key, Method::GET, "/api/identities/", None).await.0, StatusCode::UNAUTHORIZED);
    let (_, keys) = ravi.get("/api/auth/keys/management/").await;
    assert_eq!(keys[1]["is_active"], json!(false));

    let (status, body) = ravi.post("/api/auth/keys/management/", json!({})).await;
    assert!(status == StatusCode::BAD_REQUEST && blames(&body, "label"), "{body}");
    let unknown = json!({ "label": "x", "identity_uuid": "11111111-1111-4111-8111-111111111111" });
    let (status, body) = ravi.post("/api/auth/keys/identity/", unknown).await;
    assert!(status == StatusCode::BAD_REQUEST && blames(&body, "identity_uuid"), "{body}");
}

#[tokio::test]
async fn an_identity_key_sees_its_own_identity_and_may_not_manage() {
    let ravi = Ravi::start().await;
    let (one, two) = (ravi.identity(json!({})).await, ravi.identity(json!({})).await);
    let (key, own, foreign) = (text(&one, "api_key"), text(&one, "uuid"), text(&two, "uuid"));
    let (_, list) = ravi.call_as(key, Method::GET, "/api/identities/", None).await;
    assert_eq!((length(&list), text(&list[0], "uuid")), (1, own));
    let (_, list) = ravi.get("/api/identities/").await;
    assert_eq!(length(&list), 2);

    let own_path = format!("/api/identities/{own}/");
    assert_eq!(ravi.call_as(key, Method::GET, &own_path, None).await.0, StatusCode::OK);
    let foreign_path = format!("/api/identities/{foreign}/");
    assert_eq!(
        ravi.call_as(key, Method::GET, &foreign_path, None).await,
        (StatusCode::NOT_FOUND, not_found("Identity"))
    );

    let refused = [
        (Method::POST, "/api/identities/".to_owned()),
        (Method::PATCH, own_path.clone()),
        (Method::POST, format!("{own_path}provision-phone/")),
        (Method::GET, "/api/domains/".to_owned()),
        (Method::GET, "/api/auth/keys/management/".to_owned()),
        (Method::POST, "/api/auth/keys/management/".to_owned()),
        (Method::GET, "/api/auth/keys/identity/".to_owned()),
        (Method::POST, "/api/auth/keys/identity/".to_owned()),
        (Method::DELETE, "/api/auth/keys/identity/x/".to_owned()),
    ];
    for (method, path) in refused {
        let (status, body) = ravi.call_as(key, method.clone(), &path, Some(json!({}))).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}");
        assert!(body["detail"].is_string());
    }
}

#[tokio::test]
async fn an_empty_create_request_is_enough() {
    let ravi = Ravi::start().await;
    let identity = ravi.identity(json!({})).await;
    let (local, domain) = text(&identity, "inbox").split_once('@').unwrap();
    assert_eq!(domain, ravi_local::DOMAIN);
    assert!(local.contains('.') && local.ends_with(|c: char| c.is_ascii_digit()));
    assert!(text(&identity, "name").contains(' '));
    assert_eq!(identity["phone"], Value::Null);
}

#[tokio::test]
async fn addresses_follow_the_rules() {
    let ravi = Ravi::start().await;
    let first = ravi.identity(json!({ "name": "shop", "email_identifier": "shop-1" })).await;
    assert_eq!((text(&first, "inbox"), text(&first, "name")), ("shop-1@raviapp.test", "shop"));

    let (status, body) = ravi.post("/api/identities/", json!({ "email_identifier": "shop-1" })).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(body["error"]["code"].is_string() && body["error"]["message"].is_string(), "{body}");
    assert!(body["error"].get("details").is_some());

    let elsewhere = json!({ "email_identifier": "shop-1", "domain": "agents.raviapp.test" });
    assert_eq!(text(&ravi.identity(elsewhere).await, "inbox"), "shop-1@agents.raviapp.test");

    for (request, field) in [
        (json!({ "email_identifier": "Shop" }), "email_identifier"),
        (json!({ "email_identifier": "ab" }), "email_identifier"),
        (json!({ "domain": "raviapp.test" }), "domain"),
        (json!({ "email_identifier": "shop-2", "domain": "example.com" }), "domain"),
        (json!({ "name": " " }), "name"),
        (json!({ "name": ["x"] }), "name"),
        (json!({ "provision_phone": "maybe" }), "provision_phone"),
    ] {
        let (status, body) = ravi.post("/api/identities/", request.clone()).await;
        assert!(status == StatusCode::BAD_REQUEST && blames(&body, field), "{request} {body}");
    }
    // Names may repeat.
    ravi.identity(json!({ "name": "shop" })).await;
    assert_eq!(length(&ravi.get("/api/identities/").await.1), 3);
}

#[tokio::test]
async fn renaming_keeps_the_address() {
    let ravi = Ravi::start().await;
    let identity = ravi.identity(json!({ "email_identifier": "agent" })).await;
    let path = format!("/api/identities/{}/", text(&identity, "uuid"));
    let (status, renamed) = ravi.call(Method::PATCH, &path, Some(json!({ "name": "new" }))).await;
    assert_eq!((status, text(&renamed, "name")), (StatusCode::OK, "new"));
    assert_eq!(renamed["inbox"], identity["inbox"]);
    assert_eq!(ravi.call(Method::DELETE, &path, None).await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_phone_is_given_once() {
    let ravi = Ravi::start().await;
    let identity = ravi.identity(json!({})).await;
    let path = format!("/api/identities/{}/provision-phone/", text(&identity, "uuid"));
    let key = ravi.management_key.expose_secret();
    let bodyless = ravi.send(key, Method::POST, &path, None).await;
    assert_eq!(bodyless.status(), StatusCode::CREATED);
    assert!(text(&bodyless.json().await.unwrap(), "phone").starts_with("+1"));
    let (status, body) = ravi.post(&path, json!({ "country_code": "US" })).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(body["error"]["code"].is_string());

    let other = ravi.identity(json!({ "provision_phone": true })).await;
    assert!(text(&other, "phone").starts_with("+1"));
    let (_, phones) = ravi.get("/api/phone/").await;
    assert_eq!(length(&phones), 2);
    let of_other = format!("?identity={}", text(&other, "uuid"));
    assert_eq!(ravi.get(&format!("/api/phone/{of_other}")).await.1, phones, "the identity named counts for nothing");
    let (_, own) = ravi.call_as(text(&other, "api_key"), Method::GET, "/api/phone/", None).await;
    assert_eq!(own, json!([phones[1]]));
    assert!(phones[0]["id"].is_i64() && phones[0]["phone_number"].is_string());

    let third = ravi.identity(json!({})).await;
    let path = format!("/api/identities/{}/provision-phone/", text(&third, "uuid"));
    assert_eq!(ravi.post(&path, json!({ "country_code": "ZZ" })).await.0, StatusCode::SERVICE_UNAVAILABLE);
    let (status, body) = ravi.post(&path, json!({ "country_code": "usa" })).await;
    assert!(status == StatusCode::BAD_REQUEST && blames(&body, "country_code"));
}

#[tokio::test]
async fn the_plan_limits_the_number_of_identities() {
    let ravi = Ravi::start().await;
    ravi.switch(json!({ "max_identities": 1 })).await;
    ravi.identity(json!({})).await;
    let (status, body) = ravi.post("/api/identities/", json!({})).await;
    assert_eq!(status, StatusCode::PAYMENT_REQUIRED);
    let refusal = json!({ "detail": "Active paid subscription required.", "code": "subscription_required" });
    assert_eq!(body, refusal);
    ravi.switch(json!({ "max_identities": null })).await;
    ravi.identity(json!({})).await;
}

#[tokio::test]
async fn the_small_lists_have_their_shapes() {
    let ravi = Ravi::start().await;
    let identity = ravi.identity(json!({})).await;
    let (_, domains) = ravi.get("/api/domains/").await;
    assert_eq!((text(&domains[0], "domain"), &domains[0]["is_platform"]), ("raviapp.test", &json!(true)));
    let other = ravi.identity(json!({})).await;
    let (_, emails) = ravi.get(&format!("/api/email/?identity={}", text(&other, "uuid"))).await;
    assert_eq!(length(&emails), 2, "the identity named counts for nothing");
    let (_, own) = ravi.call_as(text(&other, "api_key"), Method::GET, "/api/email/", None).await;
    assert_eq!(own, json!([emails[1]]));
    assert!(emails[0]["id"].is_i64());
    assert_eq!(emails[0]["email"], identity["inbox"]);
    let (_, owner) = ravi.call_as(text(&identity, "api_key"), Method::GET, "/api/master/", None).await;
    assert!(owner["first_name"].is_string() && owner["last_name"].is_string());
}

/// Asks for the keys of a device login.
async fn redeem(ravi: &Ravi, device_code: &Value, wait: bool) -> (StatusCode, Value) {
    let body = json!({ "device_code": device_code, "wait": wait });
    let response = ravi.http.post(ravi.url("/api/auth/device/token/")).json(&body).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

async fn begin(ravi: &Ravi) -> Value {
    let response = ravi.http.post(ravi.url("/api/auth/device/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.unwrap()
}

async fn decide(ravi: &Ravi, login: &Value, action: &str) -> StatusCode {
    let decision = json!({ "user_code": login["user_code"], "action": action });
    ravi.post("/_local/device", decision).await.0
}

#[tokio::test]
async fn a_device_login_hands_out_a_key_once() {
    let ravi = Ravi::start().await;
    let identity = ravi.identity(json!({})).await;
    let login = begin(&ravi).await;
    assert_eq!(text(&login, "user_code").len(), 9);
    assert_eq!(text(&login, "verification_uri"), ravi.url("/api/auth/device/verify/"));
    assert_eq!((&login["expires_in"], &login["interval"]), (&json!(900), &json!(5)));

    let (status, body) = redeem(&ravi, &login["device_code"], false).await;
    assert_eq!((status, text(&body, "error")), (StatusCode::BAD_REQUEST, "authorization_pending"));
    assert!(body["error_description"].is_string());

    assert_eq!(decide(&ravi, &login, "approve").await, StatusCode::NO_CONTENT);
    assert_eq!(decide(&ravi, &login, "approve").await, StatusCode::NOT_FOUND);
    let (status, body) = redeem(&ravi, &login["device_code"], false).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["identities"], json!([ravi.get("/api/identities/").await.1[0]]));
    assert_eq!(body["identities"][0]["uuid"], identity["uuid"]);
    assert!(body["user"]["id"].is_i64() && body["user"]["email"].is_string());
    let key = text(&body, "management_key");
    let (status, keys) = ravi.call_as(key, Method::GET, "/api/auth/keys/management/", None).await;
    assert_eq!((status, text(&keys[1], "label")), (StatusCode::OK, "device login"));
    assert!(keys[1]["created_dt"].is_string() && keys[1]["last_used_at"].is_string(), "{keys}");

    let (status, body) = redeem(&ravi, &login["device_code"], false).await;
    assert_eq!((status, text(&body, "error")), (StatusCode::BAD_REQUEST, "invalid_grant"));
}

#[tokio::test]
async fn a_signup_hands_out_an_identity_too() {
    let ravi = Ravi::start().await;
    let login = begin(&ravi).await;
    decide(&ravi, &login, "signup").await;
    let (_, body) = redeem(&ravi, &login["device_code"], true).await;
    assert!(text(&body, "management_key").starts_with("ravi_mgmt_"));
    let (_, seen) = ravi.call_as(text(&body, "identity_key"), Method::GET, "/api/identities/", None).await;
    assert_eq!(seen[0]["uuid"], body["identity"]["uuid"]);
    assert!(body["identity"].get("api_key").is_none());
    let (_, keys) = ravi.get("/api/auth/keys/identity/").await;
    assert_eq!((length(&keys), &keys[0]["identity"]), (1, &body["identity"]["uuid"]));
    assert!(text(&body, "identity_key").ends_with(text(&keys[0], "key").trim_start_matches("ravi_id_****")), "{keys}");
}

#[tokio::test]
async fn a_long_poll_ends_with_the_decision() {
    let ravi = Ravi::start().await;
    for (action, expected) in [("deny", "access_denied"), ("expire", "expired_token")] {
        let login = begin(&ravi).await;
        let before = ravi.count("POST /api/auth/device/token/").await;
        let decided = async {
            // The poll is under way once the server has counted it.
            while ravi.count("POST /api/auth/device/token/").await == before {
                tokio::task::yield_now().await;
            }
            decide(&ravi, &login, action).await
        };
        let ((status, body), _) = tokio::join!(redeem(&ravi, &login["device_code"], true), decided);
        assert_eq!((status, text(&body, "error")), (StatusCode::BAD_REQUEST, expected));
    }
    let (_, body) = redeem(&ravi, &json!("unknown"), true).await;
    assert_eq!(text(&body, "error"), "invalid_grant");
}

#[tokio::test]
async fn only_a_device_token_request_may_be_a_form() {
    let ravi = Ravi::start().await;
    let key = ravi.management_key.expose_secret();
    let form = |path: &str, body: String| {
        let request = ravi.http.post(ravi.url(path)).bearer_auth(key).body(body);
        request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").send()
    };
    let refused = form("/api/auth/keys/management/", "label=a".to_owned()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let detail = json!({ "detail": "Unsupported media type \"application/x-www-form-urlencoded\" in request." });
    assert_eq!(refused.json::<Value>().await.unwrap(), detail);

    let login = begin(&ravi).await;
    let body = format!("device_code={}&wait=false", text(&login, "device_code"));
    let response = form("/api/auth/device/token/", body).await.unwrap();
    assert_eq!(text(&response.json().await.unwrap(), "error"), "authorization_pending");
}
