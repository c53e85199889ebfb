//! `ravi-local` as a program: its first line, its signals, its data folder, its failures.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::support::client;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

struct Program {
    child: Child,
    first_line: Value,
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ravi-local"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Program {
    fn start(arguments: &[&str]) -> Program {
        let mut child = command(arguments).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Program { child, first_line: serde_json::from_str(&line).unwrap() }
    }

    fn text(&self, member: &str) -> &str {
        self.first_line[member].as_str().unwrap()
    }

    async fn identities(&self, create: bool) -> (StatusCode, Value) {
        let url = format!("{}/api/identities/", self.text("base_url"));
        let http = client();
        let request = if create { http.post(url).json(&json!({})) } else { http.get(url) };
        let response = request.bearer_auth(self.text("management_key")).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    /// Sends a signal by name; gives the exit code.
    fn signal(mut self, name: &str) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn fails(arguments: &[&str]) -> (i32, String) {
    let Output { status, stdout, stderr } = command(arguments).output().unwrap();
    assert!(stdout.is_empty(), "{}", String::from_utf8_lossy(&stdout));
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

/// A page that a browser shows may ask the loopback address, and may have its own name lead there.
#[tokio::test]
async fn a_web_page_is_answered_nothing() {
    let program = Program::start(&["--allow-host", "ravi.lan"]);
    let (base, key) = (program.text("base_url").to_owned(), program.text("management_key").to_owned());
    let host = base.trim_start_matches("http://").to_owned();
    let port = host.rsplit_once(':').unwrap().1;
    let ask = async |method: Method, path: &str, host: &str, origin: Option<&str>| {
        let request = client().request(method, format!("{base}{path}")).header(header::HOST, host).bearer_auth(&key);
        let request = origin.into_iter().fold(request, |request, origin| request.header(header::ORIGIN, origin));
        let response = request.send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    };
    let calls = [
        (Method::GET, "/_local/state"),
        (Method::GET, "/api/identities/"),
        (Method::GET, "/api/auth/keys/management/"),
        (Method::POST, "/_local/device"),
        (Method::DELETE, "/_local/calls"),
        (Method::GET, "/nowhere"),
    ];
    for (method, path) in calls {
        for (name, origin) in [
            ("evil.example", None),
            ("evil.example", Some("http://evil.example")),
            (host.as_str(), Some("https://evil.example")),
            (host.as_str(), Some("null")),
            (host.as_str(), Some("http://localhost:3000")),
        ] {
            let (status, body) = ask(method.clone(), path, name, origin).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path} {name} {origin:?}");
            assert!(!body.contains("ravi_mgmt_"), "{body}");
        }
    }
    let (_, calls) = ask(Method::GET, "/_local/calls", &host, None).await;
    assert!(!calls.contains("identities"), "none of them came to a handler: {calls}");
    for name in [host.clone(), format!("localhost:{port}"), format!("[::1]:{port}"), format!("ravi.lan:{port}")] {
        assert_eq!(ask(Method::GET, "/api/identities/", &name, None).await.0, StatusCode::OK, "{name}");
    }
    assert_eq!(ask(Method::GET, "/_local/state", &host, Some(&base)).await.0, StatusCode::OK);
    assert_eq!(ask(Method::GET, "/_local/state", &host, Some("https://ravi.lan")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_first_line_says_where_and_with_which_key() {
    let program = Program::start(&[]);
    assert!(program.text("base_url").starts_with("http://127.0.0.1:"));
    assert!(program.text("management_key").starts_with("ravi_mgmt_"));
    assert_eq!(program.text("domain"), ravi_local::DOMAIN);
    assert_eq!(program.first_line["identity"], Value::Null);
    assert_eq!(program.identities(false).await, (StatusCode::OK, json!([])));
    assert_eq!(program.signal("TERM"), Some(0));
    assert_eq!(Program::start(&["--latency-ms", "1"]).signal("INT"), Some(0));
}

#[tokio::test]
async fn the_first_line_names_the_identity_of_the_free_plan() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--plan", "free", "--data-dir", folder.path().to_str().unwrap()];
    let program = Program::start(&arguments);
    let identity = program.first_line["identity"].clone();
    let (_, listed) = program.identities(false).await;
    for member in ["uuid", "name", "inbox", "phone"] {
        assert_eq!(identity[member], listed[0][member]);
    }
    assert_eq!(program.identities(true).await.0, StatusCode::PAYMENT_REQUIRED);
    assert_eq!(program.signal("TERM"), Some(0));
    let again = Program::start(&arguments);
    assert_eq!(again.first_line["identity"], identity);
    assert_eq!(again.signal("TERM"), Some(0));
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_data_folder_survives_restarts_even_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new").join("data");
    let arguments = ["--data-dir", data.to_str().unwrap()];
    let mut first = Program::start(&arguments);
    assert_eq!(first.identities(true).await.0, StatusCode::CREATED);
    let (_, before) = first.identities(false).await;
    first.child.kill().unwrap();
    first.child.wait().unwrap();

    assert_eq!(mode(&data), 0o700);
    for file in data.read_dir().unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
    let second = Program::start(&arguments);
    assert_eq!(second.first_line["management_key"], first.first_line["management_key"]);
    assert_eq!(second.identities(false).await, (StatusCode::OK, before));
    assert_eq!(second.signal("TERM"), Some(0));
}

#[tokio::test]
async fn a_revoked_management_key_is_replaced_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--data-dir", folder.path().to_str().unwrap()];
    let first = Program::start(&arguments);
    let (base_url, key) = (first.text("base_url").to_owned(), first.text("management_key").to_owned());
    let keys = format!("{base_url}/api/auth/keys/management/");
    let listed: Value = client().get(&keys).bearer_auth(&key).send().await.unwrap().json().await.unwrap();
    let revoke = client().delete(format!("{keys}{}/", listed[0]["uuid"].as_str().unwrap())).bearer_auth(&key);
    assert_eq!(revoke.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(first.signal("TERM"), Some(0));

    let second = Program::start(&arguments);
    assert_ne!(second.text("management_key"), key);
    assert_eq!(second.identities(false).await.0, StatusCode::OK);
}

#[test]
fn a_port_in_use_is_a_clear_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, message) = fails(&["--port", &port]);
    assert_eq!(code, 1);
    assert!(message.contains("cannot listen") && message.contains(&port), "{message}");
}

#[test]
fn an_unusable_data_folder_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let (code, message) = fails(&["--data-dir", file.to_str().unwrap()]);
    assert!(code == 1 && message.contains("cannot use the data folder"), "{code} {message}");

    let broken = folder.path().join("ravi-local.sqlite3");
    std::fs::write(&broken, "this is no database, but long enough to be read as the head of one. ".repeat(20)).unwrap();
    let (code, message) = fails(&["--data-dir", folder.path().to_str().unwrap()]);
    assert!(code == 1 && message.contains("cannot use the database"), "{code} {message}");
}

#[test]
fn a_folder_of_another_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ravi-local.sqlite3");
    let database = rusqlite::Connection::open(&path).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    let (code, message) = fails(&["--data-dir", folder.path().to_str().unwrap()]);
    assert!(code == 1 && message.contains("version 99"), "{code} {message}");
}
