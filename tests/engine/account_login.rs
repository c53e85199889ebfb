//! Signing in with a device code: every way it can end, and what is kept.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::common::Bed;
use ravi_workspace_core::account::{Account, KeyKind, KeySource};
use ravi_workspace_core::{Config, Error, Keychain, Ravi};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A handle without any key.
fn nobody(bed: &Bed) -> Ravi {
    Ravi::open(Config { api_key: None, ..bed.config() }).expect("the ledger opens")
}

/// Begins a login; answers its code once it is shown.
async fn begin(ravi: &Ravi) -> (String, JoinHandle<Result<Account, Error>>) {
    let (shown, code) = oneshot::channel();
    let ravi = ravi.clone();
    let login =
        tokio::spawn(async move { ravi.account().login(|prompt| drop(shown.send(prompt.user_code.clone()))).await });
    (code.await.expect("a code is shown"), login)
}

async fn decide(bed: &Bed, user_code: &str, action: &str) {
    bed.local(Method::POST, "device", Some(json!({ "user_code": user_code, "action": action }))).await;
}

async fn not_signed_in(bed: &Bed) {
    assert_eq!(nobody(bed).account().status().await.expect_err("no key").code(), "account.not_signed_in");
}

/// Labels of the account's live keys that begin so.
async fn live(bed: &Bed, label: &str) -> Vec<String> {
    let state = bed.server_state().await;
    let keys = state["keys"].as_array().expect("a list").iter().filter(|key| key["kind"] == "management");
    let labels = keys.map(|key| key["label"].as_str().expect("text").to_owned());
    labels.filter(|one| one.starts_with(label)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_login_is_kept_and_the_host_identity_is_there() {
    for action in ["approve", "signup"] {
        let bed = Bed::new().await;
        let (code, login) = begin(&nobody(&bed)).await;
        decide(&bed, &code, action).await;
        let account = login.await.expect("it ends").expect("it is approved");
        assert_eq!((account.source, account.key), (KeySource::Login, KeyKind::Management));
        assert_eq!(account.host.as_ref().map(|host| host.name.as_str()), Some("ravi-workspace host"));
        let kept = account.kept.as_ref().expect("it is kept here");
        assert_eq!((kept.keychain, &kept.fallback), (Keychain::File, &None));
        // Another start needs no login, and finds the same host identity.
        assert_eq!(nobody(&bed).account().status().await.expect("signed in"), account, "{:?}", account.warnings);
        assert_eq!(live(&bed, "device").await, Vec::<String>::new(), "nobody needs the key that was handed out");
        let own = live(&bed, "ravi-workspace login ").await;
        assert_eq!(own.len(), 1, "{own:?}");
        assert_eq!(bed.live_keys().await, 0, "nor the one of a sign-up's identity");
        let state = bed.server_state().await;
        let named = state["identities"].as_array().expect("a list").iter();
        assert_eq!(named.filter(|identity| identity["name"] == "ravi-workspace host").count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_refused_or_too_late_says_which_and_keeps_nothing() {
    let bed = Bed::new().await;
    for (action, error) in [("deny", "account.login_refused"), ("expire", "account.login_expired")] {
        let (code, login) = begin(&nobody(&bed)).await;
        decide(&bed, &code, action).await;
        assert_eq!(login.await.expect("it ends").expect_err("no key").code(), error);
        not_signed_in(&bed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_login_takes_the_place_of_the_first() {
    let bed = Bed::new().await;
    let ravi = nobody(&bed);
    let (first_code, first) = begin(&ravi).await;
    let (second_code, second) = begin(&ravi).await;
    assert_eq!(first.await.expect("it ends").expect_err("it was replaced").code(), "account.login_cancelled");
    // Whoever approves the old code now signs nobody in.
    decide(&bed, &first_code, "approve").await;
    not_signed_in(&bed).await;
    decide(&bed, &second_code, "approve").await;
    second.await.expect("it ends").expect("it is approved");
    nobody(&bed).account().status().await.expect("signed in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_ends_when_it_is_cancelled_or_dropped() {
    let bed = Bed::new().await;
    let ravi = nobody(&bed);
    assert!(!ravi.account().cancel_login(), "none waits");
    let (_, login) = begin(&ravi).await;
    assert!(ravi.account().cancel_login());
    assert_eq!(login.await.expect("it ends").expect_err("cancelled").code(), "account.login_cancelled");
    assert!(!ravi.account().cancel_login(), "none waits any more");

    let (code, login) = begin(&ravi).await;
    login.abort();
    assert!(login.await.expect_err("it was dropped").is_cancelled());
    decide(&bed, &code, "approve").await;
    not_signed_in(&bed).await;
    assert!(!ravi.account().cancel_login());

    let (code, login) = begin(&ravi).await;
    decide(&bed, &code, "approve").await;
    login.await.expect("it ends").expect("it is approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn ravi_that_does_not_answer_at_the_beginning_is_an_error() {
    let bed = Bed::new().await;
    bed.stop_ravi().await;
    let error = nobody(&bed).account().login(|_| panic!("there is no code")).await.expect_err("no Ravi");
    assert_eq!(error.code(), "api.unreachable");
}

/// A Ravi whose device endpoints answer as told, one second apart.
async fn scripted(answers: Vec<ResponseTemplate>, expires_in: u64) -> (MockServer, Bed, Ravi) {
    let bed = Bed::new().await;
    let server = MockServer::start().await;
    let code = json!({
        "device_code": "made-up", "user_code": "TEST-1234", "verification_uri": "", "expires_in": expires_in, "interval": 1
    });
    let start = Mock::given(method("POST")).and(path("/api/auth/device/"));
    start.respond_with(ResponseTemplate::new(200).set_body_json(code)).mount(&server).await;
    for answer in answers {
        let token = Mock::given(method("POST")).and(path("/api/auth/device/token/")).respond_with(answer);
        token.up_to_n_times(1).mount(&server).await;
    }
    let config = Config { api_key: None, api_url: Some(server.uri().parse().expect("an address")), ..bed.config() };
    let ravi = Ravi::open(config).expect("the ledger opens");
    (server, bed, ravi)
}

fn oauth(error: &str) -> ResponseTemplate {
    ResponseTemplate::new(400).set_body_json(json!({ "error": error }))
}

fn approved() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "management_key": "ravi_mgmt_made_up", "identities": [] }))
}

async fn asked(server: &MockServer) -> usize {
    let requests = server.received_requests().await.expect("they are recorded");
    requests.iter().filter(|request| request.url.path() == "/api/auth/device/token/").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_minute_of_the_server_does_not_end_the_wait_and_the_key_is_kept_first() {
    let answers = vec![ResponseTemplate::new(503), oauth("authorization_pending"), approved()];
    let (server, _bed, ravi) = scripted(answers, 900).await;
    // Everything after the approval fails.
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(403)).mount(&server).await;
    let account = ravi.account().login(|_| {}).await.expect("the login stands");
    assert_eq!((account.key, account.host), (KeyKind::Management, None));
    assert_eq!(asked(&server).await, 3);
    assert_eq!(ravi.account().status().await.expect_err("refused").code(), "api.forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_not_asked_for_longer_than_it_lives() {
    let answers = (0..9).map(|_| oauth("authorization_pending")).collect();
    let (server, _bed, ravi) = scripted(answers, 2).await;
    assert_eq!(ravi.account().login(|_| {}).await.expect_err("too late").code(), "account.login_expired");
    assert!((2..=3).contains(&asked(&server).await));
}

/// Reads what the program says until the code is shown.
fn shown_code(stderr: impl std::io::Read) -> (String, BufReader<impl std::io::Read>) {
    let mut said = BufReader::new(stderr);
    let mut line = String::new();
    while !line.contains("approve the code") {
        line.clear();
        assert_ne!(said.read_line(&mut line).expect("text"), 0, "no code was shown");
    }
    let code = line.split_whitespace().nth(4).expect("the fifth word").to_owned();
    (code, said)
}

/// Signs in as a person does, with the program; whether it came to its end.
async fn sign_in(bed: &Bed, env: &[(&str, String)]) -> (bool, Value) {
    let mut program: Command = bed.program();
    program.env_remove("RAVI_API_KEY").envs(env.iter().map(|(name, value)| (*name, value.as_str())));
    let mut child =
        program.args(["login", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let stderr = child.stderr.take().expect("its messages");
    let shown = tokio::task::spawn_blocking(move || std::panic::catch_unwind(|| shown_code(stderr)));
    // Killed before the code is shown.
    let Ok((code, rest)) = shown.await.expect("it ends") else {
        child.wait().expect("it ends");
        return (false, Value::Null);
    };
    decide(bed, &code, "approve").await;
    let output = tokio::task::spawn_blocking(move || {
        std::io::copy(&mut { rest }, &mut std::io::sink()).expect("text");
        child.wait_with_output().expect("it ends")
    });
    let output = output.await.expect("it ends");
    (output.status.success(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_point_a_login_is_either_kept_or_can_be_repeated() {
    let bed = Bed::new().await;
    let trace = bed.path("trace");
    let tracing = [("RAVI_WORKSPACE_CRASH_TRACE", trace.to_str().expect("text").to_owned())];
    let (done, account) = sign_in(&bed, &tracing).await;
    assert!(done && account["host"]["name"] == "ravi-workspace host", "{account}");
    let points = std::fs::read_to_string(trace).expect("a trace");
    let points: Vec<&str> = points.lines().collect();
    assert!(points.iter().any(|point| point.ends_with("ledger: login")), "{points:#?}");
    for (index, point) in points.iter().enumerate() {
        let bed = Bed::new().await;
        let (done, _) = sign_in(&bed, &[("RAVI_WORKSPACE_CRASH_AT", (index + 1).to_string())]).await;
        assert!(!done, "{point}");
        let mut program = bed.program();
        let kept = program.env_remove("RAVI_API_KEY").args(["account"]).output().expect("it starts").status.success();
        // Once the server has given the key it is kept, but for the moment before it is written.
        let given = points[..index].iter().any(|passed| passed.ends_with("After ledger: login"));
        assert!(kept || !given, "{point}: a key that was kept is lost");
        if !kept {
            assert!(sign_in(&bed, &[]).await.0, "{point}");
        }
        let mut program = bed.program();
        program.env_remove("RAVI_API_KEY").args(["secret", "list"]);
        assert!(program.output().expect("it starts").status.success(), "{point}");
        assert_eq!((bed.identity_count().await, bed.live_keys().await), (0, 0), "{point}");
        sign_in(&bed, &[]).await;
        let own = live(&bed, "ravi-workspace login ").await;
        assert_eq!(own.len(), 1, "{point}: keys of logins that were cut short are revoked by the next: {own:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_revokes_the_logins_own_key_and_says_which_key_stays() {
    let bed = Bed::new().await;
    let (code, login) = begin(&nobody(&bed)).await;
    decide(&bed, &code, "approve").await;
    login.await.expect("it ends").expect("it is approved");
    let done = nobody(&bed).account().logout().await.expect("signed out");
    assert!(done.revoked && done.warnings.is_empty(), "{done:?}");
    assert_eq!(live(&bed, "ravi-workspace login ").await, Vec::<String>::new());
    not_signed_in(&bed).await;
    // A key that a person gave is theirs.
    nobody(&bed).account().login_with_key(bed.key.clone()).await.expect("signed in");
    let done = nobody(&bed).account().logout().await.expect("signed out");
    assert_eq!((done.revoked, done.warnings[0].code.as_str()), (false, "account.key_stays"));
    assert!(bed.management().identities().list().await.is_ok(), "it still works");
}
