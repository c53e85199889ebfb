//! The daemon as a process, driven over TCP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use ravi_local::{Options, Plan, Server};
use ravi_workspace_core::vault::NewValue;
use ravi_workspace_core::{Config, ExposeSecret as _, Ravi, SecretString};
use serde_json::{Value, json};
use tempfile::TempDir;

const SECRET: &str = "CODEX_MONITOR_DAEMON_TOKEN";
const TOKEN: &str = "made-up-daemon-token-4711";
const NEXT: &str = "made-up-daemon-token-4712";

struct Bed {
    dir: TempDir,
    base_url: String,
    key: SecretString,
    server: Mutex<Option<Server>>,
}

impl Bed {
    async fn new() -> Bed {
        // It is fine if another test in this process was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server =
            Server::start(Options { plan: Plan::Paid, ..Options::default() }).await.expect("ravi-local starts");
        let (base_url, key) = (server.base_url(), server.management_key());
        Bed { dir: tempfile::tempdir().expect("a folder"), base_url, key, server: Mutex::new(Some(server)) }
    }

    /// Makes Ravi unreachable.
    async fn stop_ravi(&self) {
        let server = self.server.lock().expect("whole").take();
        server.expect("it runs").stop().await;
    }

    /// This machine, or another one that uses the same account.
    fn ravi(&self, machine: &str) -> Ravi {
        let config = Config {
            api_url: Some(self.base_url.parse().expect("an address")),
            state_dir: Some(self.dir.path().join(machine)),
            api_key: Some(self.key.clone()),
            ..Config::default()
        };
        Ravi::open(config).expect("the ledger opens")
    }

    fn command(&self, machine: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_example-daemon"));
        command.args(["--listen", "127.0.0.1:0", "--check-every", "1"]);
        command.env("RAVI_API_URL", &self.base_url);
        command.env("RAVI_API_KEY", self.key.expose_secret());
        command.env("RAVI_WORKSPACE_STATE", self.dir.path().join(machine)).env("RAVI_WORKSPACE_KEYCHAIN", "file");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, machine: &str) -> Daemon {
        let mut child = self.command(machine).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("its output")).read_line(&mut line).expect("a line");
        let Some(address) = line.trim().strip_prefix("listening on ") else {
            let _ = child.kill();
            let mut said = String::new();
            let _ = child.stderr.take().expect("its errors").read_to_string(&mut said);
            panic!("it does not listen: {said}");
        };
        Daemon { address: address.to_owned(), child }
    }
}

struct Daemon {
    child: Child,
    address: String,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    fn connect(&self) -> Client {
        let stream = TcpStream::connect(&self.address).expect("it accepts");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
        Client(BufReader::new(stream))
    }

    fn lets_in(&self, token: &str) -> bool {
        self.connect().auth(token)["result"]["ok"] == true
    }

    /// Waits until the daemon has noticed what changed in the vault.
    fn wait_until(&self, what: &str, condition: impl Fn() -> bool) {
        let started = std::time::Instant::now();
        while !condition() {
            assert!(started.elapsed() < Duration::from_secs(60), "{what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn ask(&mut self, request: &str) -> Value {
        self.0.get_mut().write_all(format!("{request}\n").as_bytes()).expect("written");
        self.read()
    }

    /// `null` if the daemon has closed the connection.
    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap_or_default();
        serde_json::from_str(&line).unwrap_or_default()
    }

    fn auth(&mut self, token: &str) -> Value {
        self.ask(&json!({ "id": 1, "method": "auth", "params": { "token": token } }).to_string())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auth_comes_first_and_takes_the_token_of_the_vault() {
    let bed = Bed::new().await;
    bed.ravi("writer").secrets().set(SECRET, SecretString::from(TOKEN)).await.expect("stored");
    let daemon = bed.start("daemon");
    let mut client = daemon.connect();
    assert_eq!(client.auth(TOKEN), json!({ "id": 1, "result": { "ok": true } }));
    assert_eq!(client.ask(r#"{"id":"x","method":"ping"}"#), json!({ "id": "x", "result": "pong" }));
    assert_eq!(client.ask(r#"{"id":3,"method":"nothing"}"#)["error"]["message"], "unknown method");
    for first in [
        r#"{"id":7,"method":"ping"}"#,
        r#"{"id":7,"method":"ping","params":{"token":"made-up-daemon-token-4711"}}"#,
        r#"{"id":7,"method":"auth"}"#,
        r#"{"id":7,"method":"auth","params":{"token":""}}"#,
        r#"{"id":7,"method":"auth","params":{"token":"made-up-daemon-token-471"}}"#,
    ] {
        let mut client = daemon.connect();
        assert_eq!(client.ask(first), json!({ "id": 7, "error": { "message": "unauthorized" } }), "{first}");
        assert_eq!(client.ask(r#"{"id":8,"method":"ping"}"#), Value::Null, "closed after {first}");
    }
    assert_eq!(daemon.connect().ask("no JSON"), Value::Null);
    // The token is in no argument and in no file.
    let arguments = std::fs::read(format!("/proc/{}/cmdline", daemon.child.id())).unwrap_or_default();
    assert!(!String::from_utf8_lossy(&arguments).contains(TOKEN));
    for entry in std::fs::read_dir(bed.dir.path().join("daemon")).expect("a folder").flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        assert!(!bytes.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes()), "{:?}", entry.path());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_is_followed_without_a_restart() {
    let bed = Bed::new().await;
    let elsewhere = bed.ravi("elsewhere");
    elsewhere.secrets().set(SECRET, SecretString::from(TOKEN)).await.expect("stored");
    let daemon = bed.start("daemon");
    let mut open = daemon.connect();
    assert_eq!(open.auth(TOKEN)["result"]["ok"], true);
    elsewhere.secrets().rotate(SECRET, NewValue::Given(SecretString::from(NEXT))).await.expect("rotated");
    daemon.wait_until("the new token is taken", || daemon.lets_in(NEXT));
    assert!(!daemon.lets_in(TOKEN));
    assert_eq!(open.read(), Value::Null, "who came in with the old token is out");
    // Deleted: nobody gets in.
    elsewhere.secrets().delete(SECRET).await.expect("deleted");
    daemon.wait_until("nobody gets in", || !daemon.lets_in(NEXT));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_starts_in_the_dark_with_what_was_read_before_and_never_open() {
    let bed = Bed::new().await;
    let refuses = |machine: &str| {
        let output = bed.command(machine).output().expect("it starts");
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(said.contains("not started:") && said.contains("hint:"), "{said}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("listening"));
        output.status.code()
    };
    assert_eq!(refuses("daemon"), Some(4), "there is no such secret");
    bed.ravi("writer").secrets().set(SECRET, SecretString::from(TOKEN)).await.expect("stored");
    assert!(bed.start("daemon").lets_in(TOKEN));
    bed.stop_ravi().await;
    // The cache is warm: the daemon starts, and keeps the token when it checks again.
    let daemon = bed.start("daemon");
    assert!(daemon.lets_in(TOKEN) && !daemon.lets_in(NEXT) && daemon.lets_in(TOKEN));
    drop(daemon);
    assert_eq!(refuses("cold"), Some(5), "Ravi is away, and nothing was read before");
}
