//! How an app configures the plugin, and how it learns that it did so wrongly.

use plugin_tests::Setup;
use serde_json::{Value, json};
use tauri_plugin_ravi::{Builder, RaviExt};

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
