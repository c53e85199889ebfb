//! The stand-in as an account on the free plan: one identity, which is there before anybody asks.

use crate::support::{Ravi, length, text};
use ravi_local::{DOMAIN, Options, Plan};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

fn free() -> Options {
    Options { plan: Plan::Free, ..Options::default() }
}

#[tokio::test]
async fn the_free_plan_begins_with_the_identity_of_the_sign_up_and_has_no_room_for_a_second() {
    let ravi = Ravi::with(free()).await;
    let identity = ravi.server.identity().expect("there is one").clone();
    let person = identity.name.to_lowercase().replace(' ', ".");
    assert!(person.contains('.') && identity.inbox.starts_with(&person), "{identity:?}");
    assert!(identity.inbox.ends_with(DOMAIN), "{identity:?}");
    assert!(identity.phone.as_deref().is_some_and(|phone| phone.starts_with("+1")), "{identity:?}");
    let (_, listed) = ravi.get("/api/identities/").await;
    assert_eq!((length(&listed), text(&listed[0], "uuid")), (1, identity.uuid.as_str()));
    assert_eq!(ravi.get("/api/auth/keys/identity/").await.1, json!([]));

    let (status, body) = ravi.post("/api/identities/", json!({ "name": "second" })).await;
    assert_eq!(status, StatusCode::PAYMENT_REQUIRED);
    assert_eq!(body, json!({ "detail": "Active paid subscription required.", "code": "subscription_required" }));
    assert_eq!(length(&ravi.get("/api/identities/").await.1), 1);
}

#[tokio::test]
async fn without_the_free_plan_an_account_begins_empty() {
    let ravi = Ravi::start().await;
    assert_eq!(ravi.server.identity(), None);
    assert_eq!(ravi.get("/api/identities/").await.1, json!([]));
}

#[tokio::test]
async fn a_restart_makes_no_second_identity_and_brings_back_none_that_was_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { data_dir: Some(folder.path().to_owned()), ..free() };
    let first = Ravi::with(options()).await;
    let identity = first.server.identity().cloned();
    first.server.stop().await;
    let second = Ravi::with(options()).await;
    assert_eq!(second.server.identity().cloned(), identity);
    let path = format!("/_local/identities/{}", identity.unwrap().uuid);
    assert_eq!(second.call(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    second.server.stop().await;
    assert_eq!(Ravi::with(options()).await.server.identity(), None);
}

#[tokio::test]
async fn a_sign_up_on_a_full_plan_hands_out_the_identity_that_is_there() {
    let ravi = Ravi::with(free()).await;
    let login: Value = ravi.http.post(ravi.url("/api/auth/device/")).send().await.unwrap().json().await.unwrap();
    ravi.post("/_local/device", json!({ "user_code": login["user_code"], "action": "signup" })).await;
    let ask = json!({ "device_code": login["device_code"] });
    let (status, reply) = ravi.post("/api/auth/device/token/", ask).await;
    let identity = ravi.server.identity().unwrap();
    assert_eq!((status, text(&reply["identity"], "uuid")), (StatusCode::OK, identity.uuid.as_str()));
    let (_, seen) = ravi.call_as(text(&reply, "identity_key"), Method::GET, "/api/identities/", None).await;
    assert_eq!(text(&seen[0], "uuid"), identity.uuid);
    assert_eq!(length(&ravi.get("/api/auth/keys/identity/").await.1), 1);
}
