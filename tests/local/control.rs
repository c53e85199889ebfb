//! The stand-in's controls: counting calls, planned faults, latency, many callers, stopping.

use std::time::{Duration, Instant};

use crate::support::{Ravi, client, length, text};
use ravi_local::Options;
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

/// Sends a request that may fail; gives the error.
async fn attempt(ravi: &Ravi, method: Method, path: &str, body: Value) -> Result<reqwest::Response, reqwest::Error> {
    let key = ravi.management_key.expose_secret();
    ravi.http.request(method, ravi.url(path)).bearer_auth(key).json(&body).send().await
}

#[tokio::test]
async fn calls_are_counted_under_their_path_with_ids_replaced() {
    let ravi = Ravi::start().await;
    let identity = ravi.identity(json!({})).await;
    let path = format!("/api/identities/{}/", text(&identity, "uuid"));
    ravi.get(&path).await;
    ravi.get(&path).await;
    ravi.get("/api/email-messages/77/").await;
    ravi.get("/api/email-inbox/%3Ca%40b%3E/").await;
    ravi.get("/api/nothing/12/11111111-1111-4111-8111-111111111111/x/").await;
    let (_, calls) = ravi.get("/_local/calls").await;
    let counts = json!({
        "POST /api/identities/": 1, "GET /api/identities/{id}/": 2, "GET /api/email-messages/{id}/": 1,
        "GET /api/email-inbox/{id}/": 1, "GET /api/nothing/{id}/{id}/x/": 1,
    });
    assert_eq!(calls["counts"], counts);
    let log = calls["log"].as_array().unwrap();
    assert_eq!(log.len(), 6);
    assert_eq!((text(&log[0], "method"), text(&log[0], "path")), ("POST", "/api/identities/"));
    assert_eq!((&log[0]["status"], &log[3]["status"]), (&json!(201), &json!(404)));
    assert_eq!(text(&log[1], "target"), path);
    let times: Vec<_> = log.iter().map(|entry| entry["at_ms"].as_u64().unwrap()).collect();
    assert!(times.is_sorted());

    assert_eq!(ravi.call(Method::DELETE, "/_local/calls", None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(ravi.get("/_local/calls").await.1, json!({ "counts": {}, "log": [] }));
}

#[tokio::test]
async fn a_planned_status_has_no_effect_and_is_used_up() {
    let ravi = Ravi::start().await;
    let body = json!({ "detail": "Request was throttled.", "retry_after_seconds": 2 });
    let plan = json!({
        "method": "post", "path": "/api/identities/", "skip": 1, "times": 2, "status": 429, "body": body,
        "headers": { "Retry-After": "2" },
    });
    ravi.fault(plan).await;
    ravi.get("/api/identities/").await;
    ravi.identity(json!({})).await;
    for left in [1, 0] {
        let response = attempt(&ravi, Method::POST, "/api/identities/", json!({})).await.unwrap();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.json::<Value>().await.unwrap(), body);
        let (_, pending) = ravi.get("/_local/faults").await;
        assert_eq!(pending.as_array().unwrap().first().map_or(0, |plan| plan["times"].as_i64().unwrap()), left);
    }
    ravi.identity(json!({})).await;
    assert_eq!(length(&ravi.get("/api/identities/").await.1), 2);
    assert_eq!(ravi.count("POST /api/identities/").await, 4);
}

#[tokio::test]
async fn faults_match_by_prefix_by_template_and_by_path() {
    let ravi = Ravi::start().await;
    let identity = ravi.identity(json!({})).await;
    let path = format!("/api/identities/{}/", text(&identity, "uuid"));
    for pattern in ["/api/identities/{id}/", "/api/identities/*", "/api/*", path.as_str()] {
        ravi.fault(json!({ "path": pattern, "status": 503, "body": "<html>busy</html>" })).await;
        let response = attempt(&ravi, Method::GET, &path, Value::Null).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{pattern}");
        assert_eq!(response.text().await.unwrap(), "<html>busy</html>");
        assert_eq!(ravi.get(&path).await.0, StatusCode::OK, "{pattern}");
    }
    ravi.fault(json!({ "path": "/api/secrets/*", "status": 500 })).await;
    assert_eq!(ravi.get(&path).await.0, StatusCode::OK);
    assert_eq!(ravi.call(Method::DELETE, "/_local/faults", None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(ravi.get("/_local/faults").await.1, json!([]));
}

#[tokio::test]
async fn a_lost_reply_has_its_effect_and_no_status_line() {
    let ravi = Ravi::start().await;
    ravi.get("/api/identities/").await; // so that the connection is an old one, as in a running client
    ravi.fault(json!({ "method": "POST", "path": "/api/identities/", "lost_reply": true })).await;
    let error = attempt(&ravi, Method::POST, "/api/identities/", json!({})).await.unwrap_err();
    assert!(error.status().is_none() && error.is_request() && !error.is_timeout(), "{error:?}");
    assert_eq!(ravi.count("POST /api/identities/").await, 1);
    assert_eq!(length(&ravi.get("/api/identities/").await.1), 1);
    let (_, calls) = ravi.get("/_local/calls").await;
    assert_eq!(calls["log"][1]["status"], Value::Null);
}

#[tokio::test]
async fn a_dropped_call_has_no_effect_and_no_status_line() {
    let ravi = Ravi::start().await;
    ravi.fault(json!({ "method": "POST", "path": "/api/identities/", "drop": true })).await;
    let error = attempt(&ravi, Method::POST, "/api/identities/", json!({})).await.unwrap_err();
    assert!(error.status().is_none() && error.is_request(), "{error:?}");
    assert_eq!(ravi.count("POST /api/identities/").await, 1);
    assert_eq!(ravi.get("/api/identities/").await.1, json!([]));
}

#[tokio::test]
async fn a_cut_connection_carries_no_byte() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let ravi = Ravi::start().await;
    ravi.fault(json!({ "path": "/api/master/", "lost_reply": true })).await;
    let address = ravi.server.base_url().replace("http://", "");
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let key = ravi.management_key.expose_secret();
    let head = format!("GET /api/master/ HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    let request = format!("{head}Authorization: Bearer {key}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    // Either end is right: the connection is closed, or it is reset.
    let _ = stream.read_to_end(&mut received).await;
    assert!(received.is_empty(), "{}", String::from_utf8_lossy(&received));
}

#[tokio::test]
async fn garbage_is_no_json_and_the_effect_happens() {
    let ravi = Ravi::start().await;
    ravi.fault(json!({ "path": "/api/identities/", "garbage": true })).await;
    let response = attempt(&ravi, Method::POST, "/api/identities/", json!({})).await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert!(serde_json::from_slice::<Value>(&response.bytes().await.unwrap()).is_err());
    assert_eq!(length(&ravi.get("/api/identities/").await.1), 1);
}

#[tokio::test]
async fn a_delay_outlasts_an_impatient_client() {
    let ravi = Ravi::start().await;
    ravi.fault(json!({ "path": "/api/master/", "delay_ms": 600_000 })).await;
    let request = ravi.http.get(ravi.url("/api/master/")).bearer_auth(ravi.management_key.expose_secret());
    let error = request.timeout(Duration::from_millis(50)).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    ravi.call(Method::DELETE, "/_local/faults", None).await; // should the call not have come that far
    ravi.fault(json!({ "path": "/api/master/", "delay_ms": 1 })).await;
    assert_eq!(ravi.get("/api/master/").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_fault_that_makes_no_sense_is_refused() {
    let ravi = Ravi::start().await;
    for plan in [
        json!({ "path": "/api/*" }),
        json!({ "path": "/api/*", "status": 500, "drop": true }),
        json!({ "path": "/api/*", "status": 99 }),
        json!({ "path": "/api/*", "drop": true, "body": {} }),
        json!({ "path": "/api/*", "drop": true, "times": 0 }),
        json!({ "path": "/api/*", "status": 500, "headers": { "a b": "c" } }),
        json!({ "path": "/api/*", "dorp": true }),
        json!({ "drop": true }),
    ] {
        let (status, body) = ravi.post("/_local/faults", plan.clone()).await;
        assert!(status.is_client_error() && body["detail"].is_string(), "{plan}: {status} {body}");
    }
    assert_eq!(ravi.get("/_local/faults").await.1, json!([]));
}

#[tokio::test]
async fn the_state_shows_names_and_no_values() {
    let ravi = Ravi::start().await;
    let identity = ravi.identity(json!({ "name": "agent" })).await;
    let uuid = text(&identity, "uuid");
    let secret = json!({ "key": "TOKEN", "value": "made-up-value" });
    ravi.post(&format!("/api/secrets/?identity={uuid}"), secret).await;
    let (_, state) = ravi.get("/_local/state").await;
    assert_eq!(text(&state["identities"][0], "name"), "agent");
    assert_eq!(state["secrets"], json!({ uuid: ["TOKEN"] }));
    assert_eq!((length(&state["keys"]), text(&state["keys"][1], "identity")), (2, uuid));
    let shown = state.to_string();
    assert!(!shown.contains("made-up-value") && !shown.contains("ravi_id_") && !shown.contains("ravi_mgmt_"));

    let key = format!("/api/auth/keys/identity/{}/", text(&state["keys"][1], "uuid"));
    ravi.call(Method::DELETE, &key, None).await;
    assert_eq!(length(&ravi.get("/_local/state").await.1["keys"]), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_callers_at_once_are_all_served() {
    let ravi = std::sync::Arc::new(Ravi::start().await);
    let identity = ravi.identity(json!({})).await;
    let path = format!("/api/secrets/?identity={}", text(&identity, "uuid"));
    let callers = (0..64).map(|number| {
        let (ravi, path) = (ravi.clone(), path.clone());
        tokio::spawn(async move {
            for _ in 0..4 {
                assert_eq!(ravi.get(&path).await.0, StatusCode::OK);
            }
            ravi.post(&path, json!({ "key": format!("K{}", number / 2) })).await.0
        })
    });
    let mut made = 0;
    for caller in callers.collect::<Vec<_>>() {
        match caller.await.unwrap() {
            StatusCode::CREATED => made += 1,
            other => assert_eq!(other, StatusCode::BAD_REQUEST),
        }
    }
    assert_eq!((made, length(&ravi.get(&path).await.1)), (32, 32), "of two that race for a key one wins");
}

#[tokio::test]
async fn latency_is_waited_for_at_the_same_time() {
    const LATENCY_MS: u64 = 100;
    let ravi = Ravi::with(Options { latency_ms: LATENCY_MS, ..Options::default() }).await;
    let waits = tokio::task::JoinSet::from_iter((0..20).map(|_| {
        let request = ravi.http.get(ravi.url("/api/master/")).bearer_auth(ravi.management_key.expose_secret());
        async move {
            let start = Instant::now();
            assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
            start.elapsed()
        }
    }));
    let waits = waits.join_all().await;
    assert!(waits.iter().all(|wait| *wait >= Duration::from_millis(LATENCY_MS)), "{waits:?}");
    // Calls that wait one after the other are at least a latency apart, on however fast a machine.
    let (_, calls) = ravi.get("/_local/calls").await;
    let mut done: Vec<_> = calls["log"].as_array().unwrap().iter().map(|e| e["done_ms"].as_u64().unwrap()).collect();
    done.sort_unstable();
    assert!(done.windows(2).any(|pair| pair[1] - pair[0] < LATENCY_MS / 2), "{done:?}");
}

#[tokio::test]
async fn a_stop_ends_waiting_calls_and_frees_the_port() {
    let ravi = Ravi::start().await;
    let (base_url, key) = (ravi.server.base_url(), ravi.management_key.expose_secret().to_owned());
    let fresh = tokio::net::TcpStream::connect(base_url.replace("http://", "")).await.unwrap();
    ravi.fault(json!({ "path": "/api/master/", "delay_ms": 600_000 })).await;
    let http = client();
    let waiting = tokio::spawn(http.get(format!("{base_url}/api/master/")).bearer_auth(&key).send());
    while ravi.count("GET /api/master/").await == 0 {
        tokio::task::yield_now().await;
    }
    ravi.server.stop().await;
    assert_eq!(waiting.await.unwrap().unwrap().status(), StatusCode::OK);
    let error = http.get(format!("{base_url}/api/master/")).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    drop(fresh);
    let port = base_url.rsplit(':').next().unwrap().parse().unwrap();
    Ravi::with(Options { port, ..Options::default() }).await.server.stop().await;
}

#[tokio::test]
async fn a_dropped_server_stops_too() {
    let ravi = Ravi::start().await;
    let url = ravi.url("/api/master/");
    let Ravi { server, http, .. } = ravi;
    assert_eq!(http.get(&url).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    drop(server);
    while http.get(&url).send().await.is_ok() {
        tokio::task::yield_now().await;
    }
}
