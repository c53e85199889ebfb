//! The stand-in under the official Python SDK: the proof that it is no echo of our own client's mistakes.

use std::io::Write as _;
use std::path::PathBuf;

use ravi_local::{Options, Plan, Server};
use secrecy::ExposeSecret as _;
use tokio::process::Command;

/// The interpreter that has the SDK: the one named by `RAVI_TEST_PYTHON`, else that of the package's own environment.
fn python() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("RAVI_TEST_PYTHON") {
        return Some(named.into());
    }
    let own = crate::common::project().join(".venv/bin/python");
    own.exists().then_some(own)
}

#[tokio::test]
async fn the_official_sdk_finds_what_it_expects() {
    check(Options::default(), "").await;
}

#[tokio::test]
async fn the_official_sdk_finds_what_it_expects_on_the_free_plan() {
    check(Options { plan: Plan::Free, ..Options::default() }, "free").await;
}

/// The interpreter, or the reason why it is not there said for everybody to read.
pub fn python_with_sdk() -> Option<PathBuf> {
    let found = python();
    if found.is_none() {
        let reason = "no Python with ravi-sdk: run `python3 -m venv .venv && .venv/bin/pip install ravi-sdk==0.3.0`, \
                      or name an interpreter in RAVI_TEST_PYTHON";
        assert!(std::env::var_os("CI").is_none(), "{reason}");
        // Not with `eprintln!`, whose text the test runner keeps to itself.
        let _ = writeln!(std::io::stderr(), "skipped: {reason}");
    }
    found
}

async fn check(options: Options, plan: &str) {
    let Some(python) = python_with_sdk() else { return };
    let server = Server::start(options).await.unwrap();
    let script = crate::common::project().join("tests/sdk/check_sdk.py");
    let output = Command::new(&python)
        .arg(script)
        .env("RAVI_LOCAL_URL", server.base_url())
        .env("RAVI_LOCAL_MANAGEMENT_KEY", server.management_key().expose_secret())
        .env("RAVI_LOCAL_PLAN", plan)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .unwrap_or_else(|error| panic!("{}: {error}", python.display()));
    server.stop().await;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("all as it expects"), "{out}\n{err}");
}
