//! The daemon and a Codex login: put back before the app-server starts, stored at the end.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use ravi_local::{Options, Plan, Server};
use ravi_workspace_core::codex::{CodexOptions, CodexState};
use ravi_workspace_core::{Config, ExposeSecret as _, Keychain, Ravi, SecretString};

const PASSPHRASE: &str = "made up words for a recovery";
/// An API key, because this test is about the order of events, and an API key is the simplest login.
const LOGIN: &str = r#"{"auth_mode":"apikey","OPENAI_API_KEY":"sk-made-up-1"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_put_back_before_the_app_server_starts() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = Server::start(Options { plan: Plan::Paid, ..Options::default() }).await.expect("ravi-local starts");
    let dir = tempfile::tempdir().expect("a folder");
    let ravi = |machine: &str| {
        let config = Config {
            api_url: Some(server.base_url().parse().expect("an address")),
            state_dir: Some(dir.path().join(machine)),
            api_key: Some(server.management_key()),
            keychain: Some(Keychain::File),
            ..Config::default()
        };
        Ravi::open(config).expect("the ledger opens")
    };
    let options = |home: &Path| CodexOptions { home: Some(home.to_owned()), ..CodexOptions::default() };
    let (first, home) = (dir.path().join("first"), dir.path().join("codex"));
    // A machine where somebody signed in.
    std::fs::create_dir(&first).expect("a folder");
    std::fs::write(first.join("auth.json"), LOGIN).expect("a file");
    std::fs::set_permissions(first.join("auth.json"), PermissionsExt::from_mode(0o600)).expect("a mode");
    ravi("one").seal().enable(SecretString::from(PASSPHRASE)).await.expect("sealed");
    ravi("one").codex().save(&options(&first)).await.expect("saved");
    ravi("one").secrets().set("CODEX_MONITOR_DAEMON_TOKEN", SecretString::from("made-up")).await.expect("stored");
    // A machine with nobody at it. The app-server reports what it found when it started.
    ravi("daemon").seal().unlock(Some(SecretString::from(PASSPHRASE))).await.expect("unlocked");
    let (codex, found) = (dir.path().join("codex-stand-in"), dir.path().join("found"));
    let script =
        format!("#!/bin/sh\n{{ echo \"$1\"; cat \"$CODEX_HOME/auth.json\"; env; }} > '{}'\ncat\n", found.display());
    std::fs::write(&codex, script).expect("a script");
    std::fs::set_permissions(&codex, PermissionsExt::from_mode(0o755)).expect("a mode");
    let mut command = Command::new(env!("CARGO_BIN_EXE_example-daemon"));
    command.args(["--listen", "127.0.0.1:0", "--codex"]).arg(&codex).arg("--codex-home").arg(&home);
    command.env("RAVI_API_URL", server.base_url()).env("RAVI_API_KEY", server.management_key().expose_secret());
    command.env("RAVI_WORKSPACE_STATE", dir.path().join("daemon")).env("RAVI_WORKSPACE_KEYCHAIN", "file");
    let mut daemon = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(daemon.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    assert!(line.starts_with("listening on "), "{line}");
    let started = std::time::Instant::now();
    let seen = loop {
        let seen = std::fs::read_to_string(&found).unwrap_or_default();
        // The environment is written last.
        if seen.contains("CODEX_HOME=") && seen.contains("PATH=") {
            break seen;
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(60), "the app-server starts");
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert!(seen.starts_with(&format!("app-server\n{LOGIN}")), "{seen}");
    assert!(!seen.contains("RAVI_API_KEY"), "agents would get it");
    // Stop it as systemd does.
    let stopped = Command::new("kill").arg(daemon.id().to_string()).status();
    assert!(stopped.expect("it runs").success() && daemon.wait().expect("it ends").success());
    let status = ravi("daemon").codex().status(&options(&home), None).await.expect("known");
    assert_eq!((status.state, status.pending), (CodexState::InSync, false));
    // Without a login it does not start.
    ravi("one").secrets().delete("CODEX_SESSION_TOKEN").await.expect("deleted");
    std::fs::remove_file(home.join("auth.json")).expect("gone");
    let refused = command.stderr(Stdio::piped()).output().expect("it starts");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(4) && said.contains("codex sign-in"), "{said}");
    server.stop().await;
}
