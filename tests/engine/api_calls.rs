//! What goes over the wire for each call, and what of the server's answers is understood.

use std::time::Duration;

use ravi_workspace_core::api::*;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use wiremock::matchers::{any, body_json, header, method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const MANAGEMENT: &str = "ravi_mgmt_made_up";
const IDENTITY: &str = "ravi_id_made_up";

fn client(server: &MockServer) -> Client {
    let mut options = ClientOptions::new(server.uri().parse().unwrap());
    options.retry_base = Duration::from_millis(1);
    Client::new(options).unwrap()
}

fn management(server: &MockServer) -> Session<ManagementKey> {
    client(server).with(&ManagementKey::parse(MANAGEMENT.into()).unwrap())
}

fn identity(server: &MockServer) -> Session<IdentityKey> {
    client(server).with(&IdentityKey::parse(IDENTITY.into()).unwrap())
}

fn alice() -> IdentityUuid {
    IdentityUuid::from("alice-uuid")
}

/// A server that answers everything with one body, and what it was asked.
async fn answering(status: u16, body: Value) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(status).set_body_json(body)).mount(&server).await;
    server
}

async fn asked(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

/// The one request: method, path with query, body.
async fn only(server: &MockServer) -> (String, String, Option<Value>) {
    let requests = asked(server).await;
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    let query = request.url.query().map(|q| format!("?{q}")).unwrap_or_default();
    let body = (!request.body.is_empty()).then(|| request.body_json().unwrap());
    (request.method.to_string(), format!("{}{query}", request.url.path()), body)
}

fn row(uuid: &str) -> Value {
    json!({"uuid": uuid, "name": "Alice", "inbox": "alice@example.com", "phone": null, "created_dt": "2026-11-01T10:00:00Z", "extra": {"a": [1]}})
}

#[tokio::test]
async fn the_headers_are_those_of_the_api() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/api/identities/"))
        .and(header("authorization", "Bearer ravi_id_made_up"))
        .and(header("accept", "application/json"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([row("a")])))
        .expect(1)
        .mount(&server)
        .await;
    let key = AnyKey::parse(SecretString::from(IDENTITY)).unwrap();
    assert_eq!(client(&server).with(&key).identities().list().await.unwrap().len(), 1);
    let agent = asked(&server).await[0].headers["user-agent"].to_str().unwrap().to_owned();
    assert!(agent.starts_with("ravi-api/"), "{agent}");
}

#[tokio::test]
async fn both_list_shapes_are_read() {
    for body in [
        json!([row("a"), row("b")]),
        json!({"count": 2, "next": null, "previous": null, "results": [row("a"), row("b")]}),
        json!({"results": [row("a"), row("b")]}),
        json!({"next": "", "results": [row("a"), row("b")]}),
    ] {
        let server = answering(200, body).await;
        let list = identity(&server).identities().list().await.unwrap();
        assert_eq!(list.iter().map(|i| i.uuid.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }
}

#[tokio::test]
async fn every_page_is_fetched() {
    let server = MockServer::start().await;
    let page = |next: Value, uuid: &str| {
        ResponseTemplate::new(200).set_body_json(json!({"count": 3, "next": next, "results": [row(uuid)]}))
    };
    let second = format!("{}/api/identities/?page=2", server.uri());
    Mock::given(query_param_is_missing("page")).respond_with(page(json!(second), "a")).mount(&server).await;
    Mock::given(query_param("page", "2")).respond_with(page(json!("?page=3"), "b")).mount(&server).await;
    Mock::given(query_param("page", "3")).respond_with(page(Value::Null, "c")).mount(&server).await;
    let list = identity(&server).identities().list().await.unwrap();
    assert_eq!(list.iter().map(|i| i.uuid.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert!(asked(&server).await.iter().all(|r| r.headers["authorization"] == "Bearer ravi_id_made_up"));
}

/// A server behind a proxy names itself as it sees itself.
#[tokio::test]
async fn a_next_page_of_another_origin_is_fetched_from_where_the_list_was() {
    let elsewhere = answering(200, json!([])).await;
    let origins =
        [elsewhere.uri(), "https://127.0.0.1:1".into(), "http://internal.invalid:8000/prefix".into(), String::new()];
    for origin in origins {
        let server = MockServer::start().await;
        let page = |next: Value, uuid: &str| {
            ResponseTemplate::new(200).set_body_json(json!({"next": next, "results": [{"uuid": uuid, "key": "K"}]}))
        };
        let next = json!(format!("{origin}/api/secrets/?identity=alice-uuid&page=2"));
        Mock::given(query_param_is_missing("page")).respond_with(page(next, "a")).mount(&server).await;
        Mock::given(query_param("page", "2")).respond_with(page(Value::Null, "b")).mount(&server).await;
        let (session, alice) = (identity(&server), alice());
        let all = session.secrets(&alice).list().await.unwrap();
        assert_eq!(all.iter().map(|s| s.uuid.as_str()).collect::<Vec<_>>(), ["a", "b"], "{origin}");
        let paths: Vec<_> = asked(&server).await.iter().map(|r| r.url.path().to_owned()).collect();
        assert_eq!(paths, ["/api/secrets/", "/api/secrets/"]);
    }
    assert!(asked(&elsewhere).await.is_empty());
}

#[tokio::test]
async fn a_next_page_that_is_not_of_the_list_is_an_error() {
    let elsewhere = answering(200, json!([])).await;
    for next in [
        format!("{}/api/other/?page=2", elsewhere.uri()),
        "/api/passwords/?identity=alice-uuid".into(),
        "?identity=bob-uuid&page=2".into(),
        "file:///etc/passwd".into(),
        "//evil.invalid/".into(),
    ] {
        let server = answering(200, json!({"next": next, "results": [{"uuid": "a", "key": "K"}]})).await;
        let (session, alice) = (identity(&server), alice());
        let error = session.secrets(&alice).list().await.unwrap_err();
        assert!(matches!(error, ApiError::Garbage { .. }), "{error}");
        only(&server).await;
    }
    assert!(asked(&elsewhere).await.is_empty());
}

#[tokio::test]
async fn pages_without_end_are_an_error() {
    let server = answering(200, json!({"next": "?page=same", "results": []})).await;
    assert!(matches!(identity(&server).identities().list().await, Err(ApiError::Garbage { .. })));
    assert_eq!(asked(&server).await.len(), 2);

    let server = MockServer::start().await;
    let next = |next: &str| ResponseTemplate::new(200).set_body_json(json!({"next": next, "results": []}));
    Mock::given(query_param("page", "2"))
        .respond_with(next("https://proxy.invalid/api/identities/?page=3"))
        .mount(&server)
        .await;
    Mock::given(any()).respond_with(next("?page=2")).mount(&server).await;
    assert!(matches!(identity(&server).identities().list().await, Err(ApiError::Garbage { .. })));
    assert_eq!(asked(&server).await.len(), 3, "a circle ends where it closes");

    let server = MockServer::start().await;
    let turn = std::sync::atomic::AtomicU32::new(0);
    let always_more = move |_: &Request| {
        let next = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        ResponseTemplate::new(200).set_body_json(json!({"next": format!("?page={next}"), "results": []}))
    };
    Mock::given(any()).respond_with(always_more).mount(&server).await;
    assert!(matches!(identity(&server).identities().list().await, Err(ApiError::TooLarge { .. })));
    assert_eq!(asked(&server).await.len(), 200);
}

#[tokio::test]
async fn identities_are_read_in_every_version() {
    for (body, email, phone) in [
        (json!({"uuid": "a", "inbox": "i@x", "email": "e@x", "phone": "+1", "phone_number": "+2"}), "i@x", Some("+1")),
        (json!({"uuid": "a", "email": "e@x", "phone_number": "+2"}), "e@x", Some("+2")),
        (json!({"uuid": "a", "inbox": "", "email": "e@x", "phone": "", "name": null}), "e@x", None),
        (json!({"uuid": 7, "inbox": null, "phone": 15550001, "created_dt": null}), "", Some("15550001")),
    ] {
        let server = answering(200, body).await;
        let got = identity(&server).identities().get(&alice()).await.unwrap();
        assert_eq!((got.email.as_str(), got.phone.as_deref()), (email, phone));
        let again: Identity = serde_json::from_value(serde_json::to_value(&got).unwrap()).unwrap();
        assert_eq!(again, got);
    }
}

#[tokio::test]
async fn identities_are_made_and_changed() {
    let new = |name: Option<&str>, email: Option<&str>, provision_phone| NewIdentity {
        name: name.map(Into::into),
        email_identifier: email.map(Into::into),
        domain: None,
        provision_phone,
    };
    for (wanted, body) in [
        (NewIdentity::default(), json!({})),
        (new(Some("shopping-agent"), None, false), json!({"name": "shopping-agent"})),
        (new(None, Some("support-agent"), true), json!({"email_identifier": "support-agent", "provision_phone": true})),
    ] {
        let mut answer = row("new");
        answer["api_key"] = json!("ravi_id_first");
        let server = answering(201, answer).await;
        let made = management(&server).identities().create(&wanted).await.unwrap();
        assert_eq!(only(&server).await, ("POST".into(), "/api/identities/".into(), Some(body)));
        assert_eq!((made.identity.uuid.as_str(), made.api_key.unwrap().expose()), ("new", "ravi_id_first"));
    }
    for no_key in [json!(null), json!(""), json!("ravi_id_****")] {
        let mut answer = row("new");
        answer["api_key"] = no_key;
        let server = answering(200, answer).await;
        let made = management(&server).identities().create(&NewIdentity::default()).await.unwrap();
        assert!(made.api_key.is_none());
    }

    let server = answering(200, row("alice-uuid")).await;
    identity(&server).identities().rename(&alice(), "Bob").await.unwrap();
    assert_eq!(
        only(&server).await,
        ("PATCH".into(), "/api/identities/alice-uuid/".into(), Some(json!({"name": "Bob"})))
    );

    for (country, body) in [(None, None), (Some("US"), Some(json!({"country_code": "US"})))] {
        let server = answering(200, row("alice-uuid")).await;
        management(&server).identities().provision_phone(&alice(), country).await.unwrap();
        assert_eq!(only(&server).await, ("POST".into(), "/api/identities/alice-uuid/provision-phone/".into(), body));
    }
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked() {
    let record = json!({"uuid": "k", "label": "l", "is_active": true, "last_used_at": null, "created_dt": "2026-11-01T10:00:00Z"});
    for name in ["identity", "identity_uuid"] {
        let mut answer = record.clone();
        answer[name] = json!("alice-uuid");
        answer["key"] = json!("ravi_id_made_up_2");
        let server = answering(201, answer).await;
        let made = management(&server).identity_keys().create(&alice(), "l").await.unwrap();
        assert_eq!((made.record.uuid.as_str(), made.key.expose()), ("k", "ravi_id_made_up_2"));
        assert_eq!(made.record.identity, Some(alice()));
        let body = json!({"label": "l", "identity_uuid": "alice-uuid"});
        assert_eq!(only(&server).await, ("POST".into(), "/api/auth/keys/identity/".into(), Some(body)));
        assert!(!format!("{made:?}").contains("made_up"));
    }
    for bad in [json!(null), json!(""), json!("ravi_mgmt_wrong_kind"), json!("ravi_id_****")] {
        let mut answer = record.clone();
        answer["key"] = bad;
        let server = answering(201, answer).await;
        let error = management(&server).identity_keys().create(&alice(), "l").await.unwrap_err();
        assert!(matches!(error, ApiError::Garbage { .. }) && error.outcome_unknown(), "{error}");
    }

    let mut listed = record.clone();
    listed["identity"] = json!(12);
    listed["key"] = json!("ravi_id_****");
    let server = answering(200, json!([listed, {"uuid": "m", "is_active": false}])).await;
    let list = management(&server).identity_keys().list().await.unwrap();
    assert_eq!(
        list.iter().map(|k| (k.is_active, k.identity.clone())).collect::<Vec<_>>(),
        [(true, None), (false, None)]
    );

    let server = answering(201, json!({"uuid": "k", "label": "l", "key": "ravi_mgmt_made_up_2"})).await;
    let made = management(&server).management_keys().create("l").await.unwrap();
    assert_eq!((made.key.expose(), made.record.is_active), ("ravi_mgmt_made_up_2", true));
    assert_eq!(only(&server).await, ("POST".into(), "/api/auth/keys/management/".into(), Some(json!({"label": "l"}))));

    let server = MockServer::start().await;
    Mock::given(method("DELETE")).respond_with(ResponseTemplate::new(204)).mount(&server).await;
    management(&server).identity_keys().revoke(&KeyUuid::from("k")).await.unwrap();
    assert_eq!(only(&server).await, ("DELETE".into(), "/api/auth/keys/identity/k/".into(), None));
    management(&server).management_keys().revoke(&KeyUuid::from("m")).await.unwrap();
    assert_eq!(asked(&server).await[1].url.path(), "/api/auth/keys/management/m/");
}

/// Answers the making of a key without its record, and lists these.
async fn unnamed(key: &str, listed: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    let reply = ResponseTemplate::new(201).set_body_json(json!({"key": key, "label": "l"}));
    Mock::given(method("POST")).respond_with(reply).mount(&server).await;
    Mock::given(method("GET")).respond_with(listed).mount(&server).await;
    server
}

#[tokio::test]
async fn a_key_whose_reply_lacks_its_record_is_found_by_its_label() {
    let record = |uuid: &str, label: &str, identity: Value, made: &str| {
        json!({"uuid": uuid, "label": label, "identity": identity,
        "is_active": true, "last_used_at": null, "created_dt": format!("2026-11-01T10:00:00{made}Z")})
    };
    let with = |mut record: Value, name: &str, value: Value| {
        record[name] = value;
        record
    };
    let (alice_uuid, bob) = (json!("alice-uuid"), json!("bob-uuid"));
    let list = |rows: Value| ResponseTemplate::new(200).set_body_json(rows);
    for (story, rows, expected) in [
        (
            "the newest of its label and identity",
            json!([
                record("older", "l", alice_uuid.clone(), ".1"),
                record("mine", "l", alice_uuid.clone(), ".25"),
                record("other-label", "m", alice_uuid.clone(), ".9"),
                record("bobs", "l", bob.clone(), ".9"),
                with(record("revoked", "l", alice_uuid.clone(), ".9"), "is_active", json!(false)),
                with(record("used", "l", alice_uuid.clone(), ".9"), "last_used_at", json!("2026-11-01T10:00:01Z")),
            ]),
            Some("mine"),
        ),
        ("a list that numbers identities", json!([record("mine", "l", json!(12), "")]), Some("mine")),
        ("another identity's alone", json!([record("bobs", "l", bob.clone(), "")]), None),
        ("none", json!([]), None),
    ] {
        let server = unnamed("ravi_id_made_up_2", list(rows)).await;
        match (management(&server).identity_keys().create(&alice(), "l").await, expected) {
            (Ok(made), Some(uuid)) => {
                assert_eq!((made.record.uuid.as_str(), made.key.expose()), (uuid, "ravi_id_made_up_2"), "{story}");
                assert_eq!(made.record.identity, Some(alice()), "{story}");
            }
            (Err(error), None) => {
                assert!(matches!(error, ApiError::Garbage { .. }) && error.outcome_unknown(), "{story}: {error}");
            }
            (outcome, _) => panic!("{story}: {outcome:?}"),
        }
        assert_eq!(asked(&server).await.len(), 2, "{story}");
    }
    let server = unnamed("ravi_mgmt_made_up_2", list(json!([record("mine", "l", Value::Null, "")]))).await;
    let made = management(&server).management_keys().create("l").await.unwrap();
    assert_eq!((made.record.uuid.as_str(), made.record.identity), ("mine", None));

    // The key lives, so whoever made it has to look for it.
    let server = unnamed("ravi_id_made_up_2", ResponseTemplate::new(403)).await;
    let error = management(&server).identity_keys().create(&alice(), "l").await.unwrap_err();
    assert!(error.outcome_unknown() && !error.to_string().contains("made_up"), "{error}");

    // A record that cannot be revoked is none.
    let server = answering(200, json!([{"label": "l", "is_active": true}])).await;
    let error = management(&server).identity_keys().list().await.unwrap_err();
    assert!(matches!(error, ApiError::Garbage { .. }), "{error}");
}

fn secret(uuid: &str, key: &str, value: &str) -> Value {
    json!({"uuid": uuid, "identity": 4, "key": key, "value": value, "notes": null, "updated_dt": "2026-11-01T10:00:00Z"})
}

#[tokio::test]
async fn a_secret_is_found_in_any_case_and_only_itself() {
    let all = json!([secret("s1", "OTHER", "made-up-1"), secret("s2", "OPENAI_API_KEY", "made-up-2")]);
    let server = answering(200, all).await;
    let (session, alice) = (identity(&server), alice());
    let found = session.secrets(&alice).find("openai_api_key").await.unwrap().unwrap();
    assert_eq!((found.uuid.as_str(), found.value.expose_secret()), ("s2", "made-up-2"));
    assert!(!format!("{found:?}").contains("made-up"));
    let (_, path, _) = only(&server).await;
    assert_eq!(path, "/api/secrets/?identity=alice-uuid&key=OPENAI_API_KEY");
    assert!(session.secrets(&alice).find("ABSENT").await.unwrap().is_none());
}

#[tokio::test]
async fn secrets_are_written() {
    let server = answering(201, secret("s", "OPENAI_API_KEY", "sk-proj-abc123def456")).await;
    let (session, alice, value) = (identity(&server), alice(), SecretString::from("sk-proj-abc123def456"));
    session.secrets(&alice).create("openai_api_key", &value, Some("Production key")).await.unwrap();
    let body = json!({"key": "OPENAI_API_KEY", "value": "sk-proj-abc123def456", "notes": "Production key"});
    assert_eq!(only(&server).await, ("POST".into(), "/api/secrets/?identity=alice-uuid".into(), Some(body)));

    let server = answering(200, secret("s", "K", "made-up")).await;
    let session = identity(&server);
    let (secrets, uuid) = (session.secrets(&alice), SecretUuid::from("s"));
    secrets.update(&uuid, &"line 1\nline \"2\" ü".into()).await.unwrap();
    secrets.get(&uuid).await.unwrap();
    secrets.delete(&uuid).await.unwrap();
    let requests = asked(&server).await;
    assert!(requests.iter().all(|r| r.url.path() == "/api/secrets/s/" && r.url.query() == Some("identity=alice-uuid")));
    assert_eq!(requests[0].body_json::<Value>().unwrap(), json!({"value": "line 1\nline \"2\" ü"}));
    assert_eq!(requests.iter().map(|r| r.method.as_str()).collect::<Vec<_>>(), ["PATCH", "GET", "DELETE"]);
}

/// Answers in turn, each once: method, status, body.
async fn scripted(turns: Vec<(&str, u16, Value)>) -> MockServer {
    let server = MockServer::start().await;
    for (number, (verb, status, body)) in turns.into_iter().enumerate() {
        Mock::given(method(verb))
            .respond_with(ResponseTemplate::new(status).set_body_json(body))
            .up_to_n_times(1)
            .with_priority(number as u8 + 1)
            .expect(1)
            .mount(&server)
            .await;
    }
    server
}

#[tokio::test]
async fn putting_a_secret_survives_other_writers() {
    let mine = || secret("s", "K", "made-up-mine");
    let other = || secret("s", "K", "made-up-other");
    let duplicate = || json!({"non_field_errors": ["The fields identity, key must make a unique set."]});
    let stories = [
        ("absent", vec![("GET", 200, json!([])), ("POST", 201, mine())]),
        ("there", vec![("GET", 200, json!([other()])), ("PATCH", 200, mine())]),
        (
            "created meanwhile",
            vec![
                ("GET", 200, json!([])),
                ("POST", 400, duplicate()),
                ("GET", 200, json!([other()])),
                ("PATCH", 200, mine()),
            ],
        ),
        (
            "conflict",
            vec![
                ("GET", 200, json!([])),
                ("POST", 409, json!({})),
                ("GET", 200, json!([other()])),
                ("PATCH", 200, mine()),
            ],
        ),
        (
            "deleted meanwhile",
            vec![
                ("GET", 200, json!([other()])),
                ("PATCH", 404, json!({})),
                ("GET", 200, json!([])),
                ("POST", 201, mine()),
            ],
        ),
        (
            "answer lost, effect there",
            vec![("GET", 200, json!([])), ("POST", 500, json!({})), ("GET", 200, json!([mine()]))],
        ),
        (
            "answer lost, other value",
            vec![
                ("GET", 200, json!([])),
                ("POST", 502, json!({})),
                ("GET", 200, json!([other()])),
                ("PATCH", 200, mine()),
            ],
        ),
    ];
    for (story, turns) in stories {
        let count = turns.len();
        let server = scripted(turns).await;
        let (session, alice) = (identity(&server), alice());
        let put = session.secrets(&alice).put("k", &"made-up-mine".into()).await;
        assert_eq!(put.expect(story).value.expose_secret(), "made-up-mine", "{story}");
        assert_eq!(asked(&server).await.len(), count, "{story}");
    }
    let failures = [
        (
            "really invalid",
            vec![("GET", 200, json!([])), ("POST", 400, json!({"value": ["Too long."]})), ("GET", 200, json!([]))],
            false,
        ),
        (
            "answer lost, nothing there yet",
            vec![("GET", 200, json!([])), ("POST", 500, json!({})), ("GET", 200, json!([]))],
            true,
        ),
        ("refused", vec![("GET", 200, json!([])), ("POST", 403, json!({}))], false),
    ];
    for (story, turns, unknown) in failures {
        let count = turns.len();
        let server = scripted(turns).await;
        let (session, alice) = (identity(&server), alice());
        let error = session.secrets(&alice).put("k", &"made-up-mine".into()).await.expect_err(story);
        assert_eq!((asked(&server).await.len(), error.outcome_unknown()), (count, unknown), "{story}: {error}");
    }
}

fn mail(id: Value, created: &str) -> Value {
    json!({"id": id, "from_email": "a@x", "to_email": "b@x", "cc": "", "subject": "Code", "text_content": "made-up 123456",
        "direction": "inbound", "is_read": null, "created_dt": created,
        "attachments": [{"id": 1, "uuid": "u", "filename": "f", "content_type": "t", "size_bytes": 5}, {"uuid": "v", "size": "6"}]})
}

#[tokio::test]
async fn all_mail_is_read_where_lists_are_arrays_that_stop() {
    let server = MockServer::start().await;
    for (offset, ids) in [("0", 0..200), ("200", 200..201)] {
        let part: Vec<Value> = ids.map(|id: u32| mail(json!(id), "2026-11-01T10:00:00Z")).collect();
        let part = ResponseTemplate::new(200).set_body_json(part);
        Mock::given(query_param("limit", "200"))
            .and(query_param("offset", offset))
            .respond_with(part)
            .expect(1)
            .mount(&server)
            .await;
    }
    let messages = identity(&server).email(&alice()).messages(&MessageQuery::default()).await.unwrap();
    assert_eq!(messages.len(), 201);

    let knows_no_offset: Vec<Value> = (0..300).map(|id| mail(json!(id), "2026-11-01T10:00:00Z")).collect();
    let server = answering(200, json!(knows_no_offset)).await;
    let messages = identity(&server).email(&alice()).messages(&MessageQuery::default()).await.unwrap();
    assert_eq!((messages.len(), asked(&server).await.len()), (300, 2));
}

#[tokio::test]
async fn mail_is_read_in_every_version() {
    let newest_first =
        json!({"results": [mail(json!(2), "2026-11-01T10:00:00.5Z"), mail(json!("1"), "2026-11-01T10:00:00Z")]});
    let server = answering(200, newest_first).await;
    let (session, alice) = (identity(&server), alice());
    let query = MessageQuery {
        is_read: Some(false),
        direction: Some(Direction::Incoming),
        limit: Some(50),
        ..Default::default()
    };
    let messages = session.email(&alice).messages(&query).await.unwrap();
    assert_eq!(messages.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(messages[0].direction, Direction::Incoming);
    assert_eq!(messages[0].attachments.iter().map(|a| a.size).collect::<Vec<_>>(), [Some(5), Some(6)]);
    assert!(!format!("{messages:?}").contains("123456"));
    let (_, path, _) = only(&server).await;
    assert_eq!(path, "/api/email-messages/?identity=alice-uuid&is_read=false&direction=incoming&limit=50");

    let server = answering(200, json!([{"thread_id": "<a@x>", "latest_message_dt": null}, {"thread_id": "<b@x>", "message_count": "2", "latest_message_dt": "2026"}])).await;
    let session = identity(&server);
    let threads = session.email(&alice).threads(true).await.unwrap();
    assert_eq!(
        threads.iter().map(|t| (t.thread_id.as_str(), t.message_count)).collect::<Vec<_>>(),
        [("<b@x>", 2), ("<a@x>", 0)]
    );
    assert_eq!(only(&server).await.1, "/api/email-inbox/?identity=alice-uuid&has_unread=true");

    let server =
        answering(200, json!({"thread_id": "<CABx+y@mail.example.com>", "messages": [mail(json!(1), "2026")]})).await;
    let session = identity(&server);
    let thread = session.email(&alice).thread("<CABx+y@mail.example.com>").await.unwrap();
    assert_eq!(thread.messages.len(), 1);
    assert_eq!(only(&server).await.1, "/api/email-inbox/%3CCABx%2By%40mail.example.com%3E/?identity=alice-uuid");
}

#[tokio::test]
async fn mail_is_written() {
    let server = answering(201, mail(json!(1), "2026")).await;
    let (session, alice, id) = (identity(&server), alice(), MessageId::from(7));
    let email = session.email(&alice);
    let reply = Reply { content: "hi".into(), cc: vec!["c@x".into()], ..Default::default() };
    email
        .compose(&Compose { to: "b@x".into(), subject: "s".into(), content: "c".into(), ..Default::default() })
        .await
        .unwrap();
    email.reply(&id, &reply).await.unwrap();
    email.reply_all(&id, &reply).await.unwrap();
    email.forward(&id, "d@x", &reply).await.unwrap();
    email.mark_read(&id).await.unwrap();
    email.message(&id).await.unwrap();
    let seen: Vec<_> = asked(&server)
        .await
        .iter()
        .map(|r| {
            assert_eq!(r.url.query(), Some("identity=alice-uuid"));
            (
                r.method.to_string(),
                r.url.path().to_owned(),
                if r.body.is_empty() { Value::Null } else { r.body_json().unwrap() },
            )
        })
        .collect();
    let row = |m: &str, p: &str, b: Value| (m.to_owned(), format!("/api/email-messages/{p}"), b);
    assert_eq!(
        seen,
        [
            row("POST", "compose/", json!({"to_email": "b@x", "subject": "s", "content": "c"})),
            row("POST", "7/reply/", json!({"content": "hi", "cc": ["c@x"]})),
            row("POST", "7/reply-all/", json!({"content": "hi", "cc": ["c@x"]})),
            row("POST", "7/forward/", json!({"to_email": "d@x", "content": "hi", "cc": ["c@x"]})),
            row("PATCH", "7/", json!({"is_read": true})),
            row("GET", "7/", Value::Null),
        ]
    );
}

#[tokio::test]
async fn text_messages_and_conversations() {
    let sms = |id: i64, phone: Value| json!({"id": id, "from_number": "+1", "to_number": "+2", "body": "made-up 123456", "phone": phone, "direction": "outgoing", "is_read": true, "created_dt": format!("2026-11-0{id}T10:00:00Z")});
    let server = answering(200, json!([sms(3, json!(12)), sms(2, json!("+1555")), sms(1, json!(null))])).await;
    let (session, alice) = (identity(&server), alice());
    let list = session.sms(&alice).messages(Some(false)).await.unwrap();
    assert_eq!(list.iter().map(|m| m.phone.as_deref()).collect::<Vec<_>>(), [None, Some("+1555"), Some("12")]);
    assert!(!format!("{list:?}").contains("123456"));
    assert_eq!(only(&server).await.1, "/api/messages/?identity=alice-uuid&is_read=false");

    let server =
        answering(200, json!({"conversation_id": "1_+15559876543", "phone": 1, "messages": [sms(1, json!(1))]})).await;
    let session = identity(&server);
    session.sms(&alice).conversation("1_+15559876543").await.unwrap();
    assert_eq!(only(&server).await.1, "/api/sms-inbox/1_%2B15559876543/?identity=alice-uuid");

    let server =
        answering(200, json!([{"conversation_id": "1_+1", "phone": 1, "phone_number": "+9", "unread_count": 2}])).await;
    let session = identity(&server);
    let conversations = session.sms(&alice).conversations(false).await.unwrap();
    assert_eq!((conversations[0].phone_number.as_deref(), conversations[0].unread_count), (Some("+9"), 2));

    let server = answering(201, sms(1, json!(1))).await;
    let (session, id) = (identity(&server), MessageId::from("9"));
    session.sms(&alice).send("+15550001", "hello").await.unwrap();
    session.sms(&alice).mark_read(&id).await.unwrap();
    session.sms(&alice).message(&id).await.unwrap();
    let requests = asked(&server).await;
    assert_eq!(requests[0].body_json::<Value>().unwrap(), json!({"to_number": "+15550001", "body": "hello"}));
    let paths: Vec<_> = requests.iter().map(|r| format!("{} {}", r.method, r.url.path())).collect();
    assert_eq!(paths, ["POST /api/messages/send/", "PATCH /api/messages/9/", "GET /api/messages/9/"]);
}

#[tokio::test]
async fn events_and_domains() {
    let events = json!({"events": [{"id": "e2", "seq": "8", "type": "new.kind", "data": {"body": "made-up"}}, {"id": "e1", "seq": 7, "type": "sms.message.received"}]});
    let server = answering(200, events).await;
    let (session, alice) = (identity(&server), alice());
    let got = session.events(Some(&alice)).after(6, 5000, &["a", "b"]).await.unwrap();
    assert_eq!(
        got.iter().map(|e| (e.seq, e.kind.as_str())).collect::<Vec<_>>(),
        [(7, "sms.message.received"), (8, "new.kind")]
    );
    assert!(!format!("{got:?}").contains("made-up"));
    assert_eq!(only(&server).await.1, "/api/events/?since=6&limit=1000&event_types=a%2Cb&identity=alice-uuid");

    let server = answering(200, json!({"events": []})).await;
    assert!(management(&server).events(None).after(0, 10, &[]).await.unwrap().is_empty());
    assert_eq!(only(&server).await.1, "/api/events/?since=0&limit=10");

    let server =
        answering(200, json!([{"uuid": "d", "domain": "example.com", "is_platform": true, "is_verified": null}])).await;
    let domains = identity(&server).domains().list().await.unwrap();
    assert_eq!(
        (domains[0].domain.as_str(), domains[0].is_platform, domains[0].is_verified),
        ("example.com", true, false)
    );
}

#[tokio::test]
async fn a_device_login_goes_through() {
    let server = answering(200, json!({"device_code": "made-up-code", "user_code": "ABCD-1234", "verification_uri": "https://api.ravi.app/api/auth/device/verify/", "expires_in": 300, "interval": 0})).await;
    let code = client(&server).device().start().await.unwrap();
    assert_eq!((code.expires_in, code.interval), (Duration::from_secs(300), Duration::from_secs(5)));
    assert!(!format!("{code:?}").contains("made-up-code"));
    assert_eq!(only(&server).await, ("POST".into(), "/api/auth/device/".into(), Some(json!({}))));
    assert!(!asked(&server).await[0].headers.contains_key("authorization"));

    let signup = json!({"management_key": "ravi_mgmt_test123", "identity_key": "ravi_id_test456", "identity": row("a"), "user": {"id": 42, "email": "user@example.com"}});
    let server = MockServer::start().await;
    Mock::given(path("/api/auth/device/token/"))
        .and(body_json(json!({"device_code": "made-up-code", "wait": true})))
        .respond_with(ResponseTemplate::new(200).set_body_json(signup))
        .mount(&server)
        .await;
    let DevicePoll::Approved(login) = client(&server).device().poll(&code.device_code).await.unwrap() else {
        panic!("not approved")
    };
    assert_eq!(
        (login.management_key.expose(), login.identity_key.as_ref().unwrap().expose()),
        ("ravi_mgmt_test123", "ravi_id_test456")
    );
    assert_eq!(
        (login.identity.as_ref().unwrap().uuid.as_str(), login.user_email.as_deref()),
        ("a", Some("user@example.com"))
    );
    assert!(!format!("{login:?}").contains("test123"));

    for (body, identities) in [
        (
            json!({"management_key": "ravi_mgmt_x", "identities": [row("a"), row("b")], "user": null, "identity_key": ""}),
            2,
        ),
        (json!({"management_key": "ravi_mgmt_x", "identity": null, "identity_key": null}), 0),
    ] {
        let server = answering(200, body).await;
        let DevicePoll::Approved(login) = client(&server).device().poll(&code.device_code).await.unwrap() else {
            panic!("not approved")
        };
        assert!(login.identity_key.is_none() && login.identities.len() == identities);
    }
    let server = answering(200, json!({"access": "made-up-jwt", "refresh": "made-up-jwt"})).await;
    let error = client(&server).device().poll(&code.device_code).await.unwrap_err();
    assert!(matches!(error, ApiError::Garbage { .. }));
}

#[tokio::test]
async fn a_device_login_waits_and_ends() {
    let code = SecretString::from("made-up-code");
    let poll = async |status: u16, body: Value| {
        let server = answering(status, body).await;
        client(&server).device().poll(&code).await
    };
    let oauth = |error: &str| json!({"error": error, "error_description": "made-up-code is …"});
    assert!(matches!(poll(400, oauth("authorization_pending")).await, Ok(DevicePoll::Pending)));
    assert!(matches!(poll(400, oauth("slow_down")).await, Ok(DevicePoll::SlowDown)));
    assert!(matches!(poll(400, oauth("expired_token")).await, Ok(DevicePoll::Expired)));
    assert!(matches!(poll(400, oauth("invalid_grant")).await, Ok(DevicePoll::Invalid)));
    assert!(matches!(poll(403, oauth("access_denied")).await, Ok(DevicePoll::Denied)));
    assert!(matches!(poll(400, json!({"error": "authorization_pending"})).await, Ok(DevicePoll::Pending)));
    assert!(matches!(poll(400, json!({"error": {"code": "expired_token"}})).await, Ok(DevicePoll::Expired)));
    assert!(matches!(poll(500, json!({})).await, Ok(DevicePoll::Pending)));
    assert!(matches!(poll(503, json!({})).await, Ok(DevicePoll::Pending)));
    assert!(matches!(poll(429, json!({"retry_after_seconds": 42})).await, Ok(DevicePoll::SlowDown)));
    let other = poll(400, oauth("unsupported_grant_type")).await.unwrap_err();
    assert_eq!(other.server_code(), Some("unsupported_grant_type"));
    assert!(!format!("{other} {other:?}").contains("made-up-code"));
}

#[tokio::test]
async fn calls_can_be_made_from_any_task() {
    let server = answering(200, json!([])).await;
    let session = management(&server);
    let task = tokio::spawn(async move {
        let alice = alice();
        session.secrets(&alice).put("K", &"made-up".into()).await.unwrap_err();
        session.identities().list().await.unwrap().len()
    });
    assert_eq!(task.await.unwrap(), 0);
}
