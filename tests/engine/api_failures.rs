//! What a client does when the server, or the way to it, fails: how often it asks, how long it waits, what it tells.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ravi_workspace_core::api::*;
use ravi_workspace_core::error::Kind;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// What the server does with one request, after having read it.
#[derive(Clone)]
enum Turn {
    /// Answers with this status and body.
    Answer(u16, String),
    /// Writes these bytes and closes.
    Raw(String),
    /// Writes these bytes and keeps the connection open.
    Hang(String),
    /// Writes these bytes, then this piece again and again for as long as somebody reads.
    Endless(String, String),
}

fn answer(status: u16, body: Value) -> Turn {
    Turn::Answer(status, body.to_string())
}

/// An answer with further headers.
fn headed(status: u16, headers: &str, body: &str) -> Turn {
    Turn::Raw(format!(
        "HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    ))
}

/// Closes without a word: the reply is lost.
fn lost() -> Turn {
    Turn::Raw(String::new())
}

/// A server that takes its turns in order, the last one for ever, and remembers what it was sent.
struct Server {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(turns: Vec<Turn>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, turns.clone(), log.clone()));
            }
        });
        Server { url, seen }
    }

    /// An address that is taken, so that no other test gets it, and refuses connections until it listens.
    fn not_listening() -> (Server, TcpSocket) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        (Server { url, seen: Arc::default() }, socket)
    }

    fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn count(&self) -> usize {
        self.requests().len()
    }

    fn client(&self, change: impl FnOnce(&mut ClientOptions)) -> Client {
        let mut options = ClientOptions::new(self.url.parse().unwrap());
        options.retry_base = Duration::from_millis(1);
        change(&mut options);
        Client::new(options).unwrap()
    }

    fn session(&self) -> Session<ManagementKey> {
        self.client(|_| {}).with(&key())
    }
}

async fn serve(mut stream: TcpStream, turns: Vec<Turn>, log: Arc<Mutex<Vec<String>>>) {
    let Some(request) = read_request(&mut stream).await else { return };
    let turn = {
        let mut log = log.lock().unwrap();
        log.push(request);
        turns[(log.len() - 1).min(turns.len() - 1)].clone()
    };
    match turn {
        Turn::Answer(status, body) => {
            let Turn::Raw(bytes) = headed(status, "", &body) else { unreachable!() };
            let _ = stream.write_all(bytes.as_bytes()).await;
        }
        Turn::Raw(bytes) => drop(stream.write_all(bytes.as_bytes()).await),
        Turn::Hang(bytes) => {
            let _ = stream.write_all(bytes.as_bytes()).await;
            std::future::pending::<()>().await;
        }
        Turn::Endless(head, piece) => {
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(piece.as_bytes()).await.is_ok() {}
        }
    }
    let _ = stream.shutdown().await;
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) => return None,
            Err(error) => panic!("{}", error.kind()),
            Ok(_) => {}
        }
    }
}

fn key() -> ManagementKey {
    ManagementKey::parse("ravi_mgmt_canary".into()).unwrap()
}

fn alice() -> IdentityUuid {
    IdentityUuid::from("alice-uuid")
}

fn identity() -> Value {
    json!({"uuid": "alice-uuid", "name": "Alice"})
}

async fn get(session: &Session<ManagementKey>) -> Result<(), ApiError> {
    session.identities().get(&alice()).await.map(drop)
}

async fn patch(session: &Session<ManagementKey>) -> Result<(), ApiError> {
    session.identities().rename(&alice(), "Bob").await.map(drop)
}

async fn delete(session: &Session<ManagementKey>) -> Result<(), ApiError> {
    session.identity_keys().revoke(&KeyUuid::from("k")).await
}

async fn post(session: &Session<ManagementKey>) -> Result<(), ApiError> {
    session.identities().create(&NewIdentity::default()).await.map(drop)
}

#[tokio::test]
async fn repeated_is_what_may_be_repeated() {
    for status in [408, 425, 500, 502, 503, 504] {
        let server = Server::start(vec![answer(status, json!({"detail": "Not now."}))]).await;
        let session = server.session();
        let unknown = [
            get(&session).await.unwrap_err().outcome_unknown(),
            patch(&session).await.unwrap_err().outcome_unknown(),
            delete(&session).await.unwrap_err().outcome_unknown(),
        ];
        assert_eq!((server.count(), unknown), (12, [false; 3]), "{status}");
        let error = post(&session).await.unwrap_err();
        assert_eq!((server.count(), error.status()), (13, Some(status)), "POST is not repeated on {status}");
        assert_eq!(error.outcome_unknown(), status != 425, "{status}");
    }
    for status in [400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 418, 422, 501] {
        let server = Server::start(vec![answer(status, json!({}))]).await;
        let session = server.session();
        assert_eq!(get(&session).await.unwrap_err().status(), Some(status));
        assert_eq!(post(&session).await.unwrap_err().status(), Some(status));
        assert_eq!(server.count(), 2, "{status}");
    }
    let server = Server::start(vec![answer(429, json!({}))]).await;
    assert!(matches!(post(&server.session()).await, Err(ApiError::Throttled { retry_after: None, .. })));
    assert_eq!(server.count(), 4, "a POST that was refused without effect is repeated");
}

#[tokio::test]
async fn a_fault_that_passes_is_not_noticed() {
    let server = Server::start(vec![
        answer(503, json!({})),
        lost(),
        Turn::Raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"uuid\"".into()),
        answer(200, identity()),
    ])
    .await;
    get(&server.session()).await.unwrap();
    assert_eq!(server.count(), 4);
    let bodies = Server::start(vec![answer(500, json!({})), answer(200, identity())]).await;
    patch(&bodies.session()).await.unwrap();
    assert!(bodies.requests().iter().all(|r| r.ends_with(r#"{"name":"Bob"}"#)), "the body is sent each time");
}

#[tokio::test]
async fn a_lost_reply_is_told_and_a_post_not_repeated() {
    for turn in [
        lost(),
        Turn::Raw("HTTP/1.1 201 Created\r\ncontent-le".into()),
        Turn::Raw("HTTP/1.1 201 C\r\ncontent-length: 9\r\n\r\n{".into()),
    ] {
        let server = Server::start(vec![turn]).await;
        let error = post(&server.session()).await.unwrap_err();
        assert!(matches!(error, ApiError::Unreachable { cause: Cause::Lost, outcome_unknown: true, .. }), "{error:?}");
        assert_eq!(server.count(), 1);
        let error = get(&server.session()).await.unwrap_err();
        assert!(matches!(error, ApiError::Unreachable { cause: Cause::Lost, outcome_unknown: false, .. }), "{error:?}");
        assert_eq!(server.count(), 5);
    }
}

#[tokio::test]
async fn deleted_by_an_attempt_whose_reply_was_lost_is_deleted() {
    let gone = || answer(404, json!({"detail": "Not found."}));
    let server = Server::start(vec![lost(), gone()]).await;
    delete(&server.session()).await.unwrap();
    for turns in [vec![gone()], vec![answer(429, json!({})), gone()]] {
        let server = Server::start(turns).await;
        assert!(matches!(delete(&server.session()).await, Err(ApiError::NotFound { .. })));
    }
}

#[tokio::test]
async fn nobody_listening_is_told_soon() {
    let (server, socket) = Server::not_listening();
    let session = server.session();
    for outcome in [get(&session).await, post(&session).await] {
        let error = outcome.unwrap_err();
        assert!(
            matches!(error, ApiError::Unreachable { cause: Cause::Refused, outcome_unknown: false, .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains(server.url.trim_start_matches("http://")), "{error}");
        let error = ravi_workspace_core::Error::from(error);
        assert_eq!(
            (error.code().as_str(), error.kind(), ravi_workspace_helper::exit_code(error.kind())),
            ("api.unreachable", Kind::Unreachable, 5)
        );
    }
    drop(socket);
}

#[tokio::test]
async fn a_server_that_comes_back_between_attempts_is_reached() {
    let (server, socket) = Server::not_listening();
    let session = server.client(|o| o.retry_base = Duration::from_secs(2)).with(&key());
    let call = tokio::spawn(async move { post(&session).await });
    let seen = server.seen.clone();
    let (stream, _) = socket.listen(1).unwrap().accept().await.unwrap();
    serve(stream, vec![answer(201, identity())], seen).await;
    call.await.unwrap().unwrap();
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_silent_server_does_not_hold_the_caller() {
    let slow = [
        Turn::Hang(String::new()),
        Turn::Hang("HTTP/1.1 200".into()),
        Turn::Hang("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{".into()),
    ];
    for turn in slow {
        let server = Server::start(vec![turn]).await;
        let session = server.client(|o| o.deadline = Duration::from_millis(150)).with(&key());
        let error = get(&session).await.unwrap_err();
        assert!(matches!(error, ApiError::Deadline { outcome_unknown: false, .. }), "{error:?}");
        let error = post(&session).await.unwrap_err();
        assert!(matches!(error, ApiError::Deadline { outcome_unknown: true, .. }), "{error:?}");
        assert_eq!(server.count(), 2);
    }
    let server = Server::start(vec![Turn::Hang(String::new())]).await;
    let client = server.client(|o| o.poll_deadline = Duration::from_millis(150));
    assert!(matches!(client.device().poll(&"made-up".into()).await, Ok(DevicePoll::Pending)));
    let server = Server::start(vec![lost()]).await;
    assert!(matches!(server.client(|_| {}).device().poll(&"made-up".into()).await, Ok(DevicePoll::Pending)));
}

#[tokio::test]
async fn any_deadline_can_be_chosen() {
    let server = Server::start(vec![answer(200, identity())]).await;
    get(&server.client(|o| o.deadline = Duration::MAX).with(&key())).await.unwrap();
}

#[tokio::test]
async fn the_servers_wish_to_wait_is_honoured() {
    for wish in [
        headed(429, "retry-after: 0.05\r\n", "{}"),
        headed(503, "retry-after: 0\r\n", ""),
        headed(429, "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n", "{}"),
        headed(429, "retry-after: 36000\r\n", r#"{"detail": "Request was throttled.", "retry_after_seconds": 0.05}"#),
    ] {
        let server = Server::start(vec![wish, answer(200, identity())]).await;
        // A base beyond the deadline: only the server's own wish can have been waited for.
        let session = server.client(|o| o.retry_base = Duration::from_secs(60)).with(&key());
        get(&session).await.unwrap();
        assert_eq!(server.count(), 2);
    }
}

#[tokio::test]
async fn a_wait_beyond_the_ceiling_is_told_and_not_cut() {
    let date = "date: Wed, 21 Oct 2026 07:28:00 GMT\r\nretry-after: Wed, 21 Oct 2026 07:29:00 GMT\r\n";
    for (wish, seconds) in [
        (headed(429, "retry-after: 36000\r\n", ""), 36000),
        (headed(429, date, "{}"), 60),
        (headed(429, "retry-after: 42\r\n", r#"{"detail": "Request was throttled.", "retry_after_seconds": 42}"#), 42),
        (headed(429, "", r#"{"retry_after_seconds": 25}"#), 25),
        (headed(503, "retry-after: 30\r\n", "<html>"), 30),
    ] {
        let server = Server::start(vec![wish]).await;
        let error = get(&server.session()).await.unwrap_err();
        assert_eq!((error.retry_after(), server.count()), (Some(Duration::from_secs(seconds)), 1), "{error}");
        assert_eq!(
            ravi_workspace_helper::exit_code(ravi_workspace_core::Error::from(error).kind()),
            5,
            "to be tried later"
        );
    }
    let server = Server::start(vec![headed(429, "retry-after: 10\r\n", "")]).await;
    let session = server.client(|o| o.deadline = Duration::from_secs(9)).with(&key());
    let error = get(&session).await.unwrap_err();
    assert!(matches!(error, ApiError::Throttled { .. }), "a wait beyond the deadline: {error}");
}

#[tokio::test]
async fn the_key_goes_to_no_other_place() {
    let elsewhere = Server::start(vec![answer(200, identity())]).await;
    let targets =
        [elsewhere.url.clone(), "//evil.invalid/".into(), "file:///etc/passwd".into(), "https://127.0.0.1/".into()];
    for target in targets {
        for status in [301, 302, 303, 307, 308] {
            let server = Server::start(vec![headed(status, &format!("location: {target}\r\n"), "")]).await;
            let session = server.session();
            for (outcome, unknown) in
                [(get(&session).await, false), (delete(&session).await, false), (post(&session).await, true)]
            {
                let error = outcome.unwrap_err();
                assert!(matches!(error, ApiError::Redirected { .. }), "{error:?}");
                assert_eq!(error.outcome_unknown(), unknown);
            }
            assert_eq!(server.count(), 3);
        }
    }
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn redirects_in_place_are_followed_for_reads_only() {
    let moved = || headed(307, "location: /api/moved/\r\n", "");
    let server = Server::start(vec![moved(), answer(200, identity())]).await;
    get(&server.session()).await.unwrap();
    let requests = server.requests();
    assert!(
        requests[1].starts_with("GET /api/moved/ ") && requests[1].contains("Bearer ravi_mgmt_canary"),
        "{requests:?}"
    );

    let server = Server::start(vec![moved(), answer(200, identity())]).await;
    assert!(matches!(post(&server.session()).await, Err(ApiError::Redirected { outcome_unknown: true, .. })));
    assert_eq!(server.count(), 1);

    let server = Server::start(vec![moved()]).await;
    assert!(matches!(get(&server.session()).await, Err(ApiError::Redirected { .. })));
    assert_eq!(server.count(), 4, "a loop ends");

    let server = Server::start(vec![headed(302, "", "")]).await;
    assert!(matches!(get(&server.session()).await, Err(ApiError::Refused { status: 302, .. })));
}

#[tokio::test]
async fn bodies_are_bounded() {
    let chunk = format!("400\r\n{}\r\n", "[".repeat(1024));
    let large = [
        Turn::Hang("HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n".into()),
        Turn::Endless("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".into(), chunk.clone()),
        Turn::Endless("HTTP/1.1 200 OK\r\n\r\n".into(), " ".repeat(4096)),
    ];
    for turn in large {
        let server = Server::start(vec![turn]).await;
        let session = server.client(|o| o.max_body = 100_000).with(&key());
        assert!(matches!(get(&session).await, Err(ApiError::TooLarge { limit: 100_000, outcome_unknown: false, .. })));
        assert!(matches!(post(&session).await, Err(ApiError::TooLarge { outcome_unknown: true, .. })));
        assert_eq!(server.count(), 2);
    }
    let head = "HTTP/1.1 404 x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let server = Server::start(vec![Turn::Endless(head.into(), chunk)]).await;
    assert!(matches!(get(&server.session()).await, Err(ApiError::NotFound { .. })), "the status says more");

    let exact = identity().to_string();
    let server = Server::start(vec![Turn::Answer(200, exact.clone())]).await;
    get(&server.client(|o| o.max_body = exact.len()).with(&key())).await.unwrap();
    let pages = json!({"next": "?page=2", "results": [identity()]}).to_string();
    let server = Server::start(vec![Turn::Answer(200, pages.clone()), Turn::Answer(200, pages.clone())]).await;
    let session = server.client(|o| o.max_body = pages.len() + 1).with(&key());
    let error = session.identities().list().await.unwrap_err();
    assert!(matches!(error, ApiError::TooLarge { .. }), "all pages together: {error}");
}

#[tokio::test]
async fn garbage_is_an_error_and_no_crash() {
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let bodies = [
        String::new(),
        "<html>Sign in to the hotel</html>".into(),
        "null".into(),
        "[]".into(),
        "{}".into(),
        "NaN".into(),
        r#"{"uuid": null}"#.into(),
        r#"{"uuid": "a", "name": {"canary": 1}}"#.into(),
        r#"{"uuid": "a", "uuid": "b"}"#.into(),
        r#"{"uuid": "\ud800"}"#.into(),
        deep.clone(),
        format!(r#"{{"uuid": {deep}}}"#),
    ];
    for body in bodies {
        let server = Server::start(vec![Turn::Answer(200, body.clone())]).await;
        let session = server.session();
        let (read, made) = (get(&session).await.unwrap_err(), post(&session).await.unwrap_err());
        assert!(matches!(read, ApiError::Garbage { outcome_unknown: false, .. }), "{read:?}");
        assert!(matches!(made, ApiError::Garbage { outcome_unknown: true, .. }), "{made:?}");
        assert!(!format!("{read:?}{made}").contains("canary"));
        assert_eq!(server.count(), 2, "not repeated");
    }
    let server = Server::start(vec![Turn::Answer(400, deep.clone())]).await;
    assert!(matches!(get(&server.session()).await, Err(ApiError::Invalid { .. })));
    let unknown_field = format!(r#"{{"uuid": "a", "new": {deep}}}"#);
    let server = Server::start(vec![Turn::Answer(200, unknown_field)]).await;
    let outcome = get(&server.session()).await;
    assert!(matches!(outcome, Ok(()) | Err(ApiError::Garbage { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_apart() {
    let server = Server::start(vec![answer(200, identity())]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            let _ = stream.read(&mut [0; 4096]).await;
        }
    });
    let session = server.client(|o| o.base_url = format!("https://{address}").parse().unwrap()).with(&key());
    let error = post(&session).await.unwrap_err();
    // Without CA certificates on the machine there is no client for https at all.
    let told = matches!(error, ApiError::Unreachable { cause: Cause::Tls, .. } | ApiError::Setup { .. });
    assert!(told && !error.outcome_unknown(), "{error:?}");
}

#[tokio::test]
async fn no_error_tells_a_secret() {
    // The worst server: it quotes the key and the value in every part of its refusal.
    let value = "canary-value-made-up";
    let quote = format!("Bearer ravi_mgmt_canary sent {value} and ravi_id_canary");
    for (status, body) in [
        (400, json!({"error": {"code": quote, "message": quote, "details": {"code": quote, "value": [quote]}}})),
        (422, json!({"value": [quote], quote.as_str(): [quote]})),
        (401, json!({"detail": quote, "code": quote})),
        (500, json!({"error": quote, "error_description": quote})),
        (200, json!({"uuid": [quote], "key": {"a": quote}})),
        (200, json!({"uuid": {quote.as_str(): quote}})),
    ] {
        let server = Server::start(vec![answer(status, body)]).await;
        let (session, alice) = (server.session(), alice());
        let error = session.secrets(&alice).create("K", &value.into(), None).await.unwrap_err();
        let wrapped = ravi_workspace_core::Error::from(error.clone());
        let shown = format!("{error} {error:?} {:?} {:?} {session:?}", error.server_code(), wrapped.body());
        assert!(!shown.contains("canary") && !shown.contains("alice-uuid"), "{shown}");
        assert!(shown.contains("POST /api/secrets/"), "{shown}");
    }
}

#[tokio::test]
async fn bad_identifiers_and_addresses_are_not_sent() {
    let server = Server::start(vec![answer(200, identity())]).await;
    let session = server.session();
    for bad in ["", ".", ".."] {
        assert!(matches!(session.identities().get(&bad.into()).await, Err(ApiError::BadId { .. })));
    }
    assert!(matches!(session.secrets(&"".into()).list().await, Err(ApiError::BadId { .. })));
    assert_eq!(server.count(), 0);
    let refused = Client::new(ClientOptions::new("http://api.ravi.id".parse().unwrap()));
    assert!(matches!(refused, Err(ApiError::BaseUrl { .. })));
}

const HTML: &str = "content-type: text/html; charset=utf-8\r\n";

#[tokio::test]
async fn a_page_at_a_wrong_address_is_no_missing_thing() {
    for turn in [headed(404, HTML, "<!doctype html><h1>Not Found</h1>"), headed(404, "", "404 page not found\n")] {
        let server = Server::start(vec![turn]).await;
        let session = server.client(|o| o.base_url = format!("{}/wrong/", server.url).parse().unwrap()).with(&key());
        let missing = session.secrets(&alice()).find("SOME_KEY").await.map(drop);
        for (outcome, id) in [(missing, false), (get(&session).await, true), (delete(&session).await, true)] {
            let error = ravi_workspace_core::Error::from(outcome.unwrap_err());
            assert_eq!((error.code().as_str(), ravi_workspace_helper::exit_code(error.kind())), ("api.not_ravi", 1));
            let body = error.body();
            assert!(body.message.contains(&format!("{}/wrong answers", server.url)), "{body:?}");
            assert!(body.hint.contains("RAVI_API_URL") && body.hint.contains("that the id is") == id, "{body:?}");
            let shown = format!("{body:?} {error:?}");
            assert!(!shown.contains("alice-uuid") && !shown.contains("SOME_KEY"), "{shown}");
        }
        assert_eq!(server.count(), 3, "not repeated");
    }
    // Nor is it a deletion that went through unseen.
    let server = Server::start(vec![lost(), headed(404, HTML, "<h1>Not Found</h1>")]).await;
    assert!(matches!(delete(&server.session()).await, Err(ApiError::NotRavi { .. })));
}

#[tokio::test]
async fn what_stands_in_between_is_named_and_says_nothing_about_the_key() {
    let portal = "<html><title>Sign in to the hotel</title></html>";
    for (status, headers, by) in [
        (401, format!("{HTML}server: Zscaler/6.2\r\n"), "(Zscaler/6.2)"),
        (402, format!("{HTML}via: 1.1 hotel\r\n"), "(1.1 hotel)"),
        (403, format!("{HTML}server: cloudflare\r\n"), "(cloudflare)"),
        (407, String::new(), ""),
        (511, String::new(), ""),
    ] {
        let server = Server::start(vec![headed(status, &headers, portal)]).await;
        for outcome in [get(&server.session()).await, post(&server.session()).await] {
            let error = outcome.unwrap_err();
            assert_eq!((error.status(), error.outcome_unknown()), (Some(status), false), "{error:?}");
            let error = ravi_workspace_core::Error::from(error);
            assert_eq!(
                (error.code().as_str(), ravi_workspace_helper::exit_code(error.kind())),
                ("api.gateway", 5),
                "{status}"
            );
            let body = error.body();
            assert!(body.message.contains(by) && body.hint.contains(by), "{body:?}");
            assert!(!body.message.contains("key may not") && !body.hint.contains("key"), "{body:?}");
            assert!(body.hint.contains(server.url.trim_start_matches("http://")), "{body:?}");
        }
        assert_eq!(server.count(), 2, "not repeated");
    }
    let quoting = format!("{HTML}server: ravi_mgmt_canary-secret\r\n");
    let server = Server::start(vec![headed(403, &quoting, portal)]).await;
    let error = ravi_workspace_core::Error::from(get(&server.session()).await.unwrap_err());
    assert!(!format!("{:?} {error:?}", error.body()).contains("canary"));
}

#[tokio::test]
async fn the_kind_of_a_failure_decides_the_exit_code() {
    for (status, code, kind) in [
        (400, "api.invalid", Kind::Failed),
        (401, "api.unauthorized", Kind::Account),
        (402, "api.plan_needed", Kind::Policy),
        (403, "api.forbidden", Kind::Account),
        (404, "api.not_found", Kind::NotFound),
        (409, "api.conflict", Kind::Failed),
        (418, "api.refused", Kind::Failed),
        (429, "api.throttled", Kind::Unreachable),
        (500, "api.server", Kind::Unreachable),
        (503, "api.provider", Kind::Unreachable),
    ] {
        let server = Server::start(vec![answer(status, json!({}))]).await;
        let error = ravi_workspace_core::Error::from(get(&server.session()).await.unwrap_err());
        assert_eq!((error.code().as_str(), error.kind()), (code, kind));
        assert!(error.hint().ends_with('.'), "{}", error.hint());
    }
    let error = ravi_workspace_core::Error::from(ManagementKey::parse("x".into()).unwrap_err());
    assert_eq!((error.code().as_str(), error.kind()), ("api.bad_key", Kind::Account));
}
