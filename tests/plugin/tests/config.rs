//! How an app configures the plugin, and how it learns that it did so wrongly.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use plugin_tests::{LOCAL, Setup, call, is_refused};
use serde_json::{Value, json};
use tauri::Listener as _;
use tauri_plugin_ravi::{Builder, RaviExt, Start};

fn with_section(section: Value) -> Setup {
    Setup { section: Some(section), builder: Builder::new(), ..Setup::default() }
}

fn failure(setup: Setup) -> String {
    match setup.start() {
        Ok(_) => panic!("the app started"),
        Err(error) => error,
    }
}

#[test]
fn the_section_may_be_absent_and_the_ledger_is_in_the_apps_data_folder() {
    let app = Setup::default().start().unwrap();
    assert_eq!(app.main.ravi().state_dir(), app.folder.path().join("app/ravi"));
}

#[test]
fn the_section_chooses_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let app = with_section(json!({ "stateDir": folder.path(), "hostIdentity": "front desk" })).start().unwrap();
    assert_eq!(app.app.ravi().state_dir(), folder.path());
}

#[test]
fn code_goes_before_the_section() {
    let (code, section) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let setup =
        Setup { builder: Builder::new().state_dir(code.path()), ..with_section(json!({ "stateDir": section.path() })) };
    assert_eq!(setup.start().unwrap().app.ravi().state_dir(), code.path());
    assert_eq!(section.path().read_dir().unwrap().count(), 0);
}

#[test]
fn an_unknown_name_stops_the_app_and_is_named() {
    for name in ["apiURL", "state_dir", "apiKey"] {
        let error = failure(with_section(json!({ name: "made-up" })));
        assert!(error.contains(name) && error.contains("plugins.ravi"), "{error}");
    }
}

#[test]
fn an_address_that_keys_may_not_be_sent_to_stops_the_app() {
    let error = failure(with_section(json!({ "apiUrl": "http://ravi.example" })));
    assert!(error.contains("config.api_url") && error.contains("https"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_used_stops_the_app() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = failure(with_section(json!({ "stateDir": file.path() })));
    assert!(error.contains("the plugin `ravi` could not start"), "{error}");
}

#[test]
fn an_app_that_is_off_until_a_person_asks_does_nothing_and_says_so() {
    let app = Setup {
        builder: Setup::default().builder.start(Start::Asked),
        ..Setup::permitting(json!(["ravi:default", "ravi:power"]))
    };
    let app = app.start().unwrap();
    let events = Arc::<Mutex<Vec<Value>>>::default();
    let told = events.clone();
    app.app.listen_any("ravi://power", move |event| {
        told.lock().unwrap().push(serde_json::from_str(event.payload()).unwrap())
    });
    let ledger = || walk(app.folder.path()).into_iter().filter(|path| path.ends_with("ledger.db")).count();
    assert_eq!(app.call("power_status", json!({})).unwrap(), json!({ "on": false, "asked": true, "error": null }));
    assert_eq!(app.call("workspace_list", json!({})).unwrap_err()["code"], "power.off");
    let (answer, _) =
        app.long_call("workspace_provision", json!({ "request": { "path": "/", "id": "a", "name": "a" } }));
    assert_eq!(answer.unwrap_err()["code"], "power.off");
    assert!(app.app.try_ravi().is_none());
    assert_eq!(ledger(), 0, "no ledger");
    // A window without the permission cannot turn it, on or off.
    assert!(is_refused(&call(&app.other, LOCAL, "power_on", json!({}))));
    assert_eq!(app.call("power_on", json!({})).unwrap()["on"], true);
    assert_eq!(app.call("workspace_list", json!({})).unwrap(), json!([]));
    assert!(app.app.try_ravi().is_some());
    assert_eq!(ledger(), 1);
    assert_eq!(app.call("power_off", json!({})).unwrap()["on"], false);
    assert_eq!(app.call("workspace_list", json!({})).unwrap_err()["code"], "power.off");
    assert!(app.app.try_ravi().is_none());
    // A call that was at work when it was switched off ends as it would.
    assert!(tauri::async_runtime::block_on(app.app.ravi().workspaces().list()).unwrap().is_empty());
    let on: Vec<Value> = events.lock().unwrap().iter().map(|event| event["on"].clone()).collect();
    assert_eq!(on, [true, false]);
}

#[test]
fn a_ledger_that_cannot_be_read_is_said_and_begun_anew_in_the_window() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ledger.db"), "somebody's file\n".repeat(300)).unwrap();
    fs::write(folder.path().join("on"), "").unwrap();
    let builder = Setup::default().builder.start(Start::Asked).state_dir(folder.path());
    let app = Setup { builder, ..Setup::permitting(json!(["ravi:default", "ravi:power"])) }.start().unwrap();
    assert_eq!(app.call("power_status", json!({})).unwrap()["error"]["code"], "ledger.damaged");
    assert_eq!(app.call("workspace_list", json!({})).unwrap_err()["code"], "ledger.damaged");
    let renewed = app.call("power_renew", json!({})).unwrap();
    assert_eq!((&renewed["on"], &renewed["error"]), (&json!(true), &Value::Null));
    let aside = PathBuf::from(renewed["aside"].as_str().unwrap());
    assert!(fs::read_to_string(aside.join("ledger.db")).unwrap().starts_with("somebody's file"));
    assert_eq!(app.call("workspace_list", json!({})).unwrap(), json!([]));
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
