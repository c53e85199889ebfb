//! What people read, as it is now: a change of it is seen in the files beside this one. `INSTA_UPDATE=always cargo test
//! -p ravi-workspace --lib snapshots` writes them again.

use insta::assert_snapshot;
use ravi_workspace_core::doctor::Report;
use ravi_workspace_core::workspace::{Provisioned, ReapReport, Released, WorkspaceSummary};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::list::{List, list_text};
use super::output::error_text;
use super::{doctor, provision, reap, release, status};

fn made<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the contract's shape")
}

fn identity() -> Value {
    json!({ "uuid": "0b6c1f9e-6f0e-4a3f-9d57-3f6f5a2f1c11", "name": "payments agent", "email": "payments@example.com", "phone": "+15555550100" })
}

fn summary(changes: Value) -> WorkspaceSummary {
    let mut value = json!({
        "id": "w1", "name": "payments agent", "path": "/repo/trees/payments", "state": "ready", "ends_at_ms": null,
        "identity": identity(), "git": { "user_name": "payments agent", "user_email": "payments@example.com" },
        "github": { "source": "workspace", "secret": "GH_TOKEN" }, "bundle": [], "sharing": null, "key": true,
        "also": [], "confirmed": true, "folder": "present", "outdated_program": null, "last_error": null,
        "created_at_ms": 1_700_000_000_000_i64,
    });
    for (key, changed) in changes.as_object().expect("an object") {
        value[key] = changed.clone();
    }
    made(value)
}

#[test]
fn a_workspace_that_is_ready() {
    let done: Provisioned = made(json!({
        "id": "w1", "path": "/repo/trees/payments", "state": "ready", "identity": identity(),
        "git": { "user_name": "payments agent", "user_email": "payments@example.com" },
        "github": { "source": "inherited", "secret": null },
    }));
    assert_snapshot!(provision::provisioned_text(&done));
}

#[test]
fn a_workspace_that_shares_an_identity_and_has_no_key() {
    let done: Provisioned = made(json!({
        "id": "w2", "path": "/notes", "state": "ready", "identity": identity(), "git": null,
        "github": { "source": "denied", "secret": null }, "key": false,
        "sharing": { "with": ["w1"], "host": true, "borrowed": true },
    }));
    assert_snapshot!(provision::provisioned_text(&done));
}

#[test]
fn one_workspace_in_full() {
    let workspace = summary(json!({
        "bundle": [
            { "key": "STRIPE_KEY", "source": "pool", "secret": "STRIPE_KEY_2", "given": true },
            { "key": "NPM_TOKEN", "source": "copy", "secret": "NPM_TOKEN", "given": false },
        ],
        "github": { "source": "host", "secret": "GH_BOT", "open": [{ "kind": "ssh", "remote": "origin", "push": true }] },
        "last_error": { "code": "api.unreachable", "message": "no answer", "hint": "Try again later." },
    }));
    assert_snapshot!(status::status_text(&workspace));
}

#[test]
fn a_list_of_workspaces() {
    let gone =
        summary(json!({ "id": "w2", "name": "docs agent", "state": "suspended", "folder": "gone", "identity": null }));
    let owed = made(
        json!([{ "identity": "4d1e", "server": "https://api.ravi.id", "since_ms": 0, "attempts": 2, "last_error": null }]),
    );
    assert_snapshot!(list_text(&List { workspaces: vec![summary(json!({})), gone], owed }));
    assert_snapshot!("an_empty_list", list_text(&List { workspaces: Vec::new(), owed: Vec::new() }));
}

#[test]
fn what_the_reaper_did() {
    let report: ReapReport = made(json!({
        "dry_run": false,
        "released": [{ "id": "w1", "path": "/repo/trees/payments", "why": "its worktree is gone" }],
        "left": [{ "id": "w2", "path": "/mnt/usb/docs", "why": "its disk is not there" }],
        "suspended": [],
        "failed": [{ "id": "w3", "path": "/repo/trees/x", "error": { "code": "file.denied", "message": "no access", "hint": "Check the rights." } }],
        "keys": [{ "uuid": "77aa", "workspace": "w9" }],
        "keys_unseen": null,
    }));
    assert_snapshot!(reap::reap_text(&report));
}

#[test]
fn a_release() {
    let released: Released = made(
        json!({ "id": "w1", "path": "/repo/trees/payments", "identity": "pooled", "owed": 0, "left": ["/repo/trees/payments/.env: changed since"] }),
    );
    assert_snapshot!(release::released_text(&released));
}

#[test]
fn a_report_of_doctor() {
    let report: Report = made(json!({
        "ok": false,
        "findings": [
            { "check": "account", "state": "ok", "message": "signed in to https://api.ravi.id", "fix": null },
            { "check": "keychain", "state": "warn", "message": "the machine key is in a file", "fix": "ravi-workspace account --keychain system" },
            { "check": "clock", "state": "fail", "message": "the clock is 11 min behind Ravi's", "fix": "Set the clock." },
        ],
    }));
    assert_snapshot!(doctor::report_text(&report));
}

#[test]
fn an_error() {
    let body = made(
        json!({ "code": "workspace.unbound", "message": "no workspace is bound to w7", "hint": "See `ravi-workspace list`." }),
    );
    assert_snapshot!(error_text("error", &body));
}
