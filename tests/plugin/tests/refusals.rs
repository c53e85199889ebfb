//! What Tauri itself says when it does not run a command. `refusals.json` has the texts, word for word; the TypeScript
//! package makes codes and hints of them, and its tests read the same file.

use std::process::Command;

use plugin_tests::{LOCAL, Setup, TestApp, call};
use serde_json::{Value, json};

const TEXTS: &str = include_str!("../refusals.json");

fn with(permissions: Value) -> TestApp {
    Setup::permitting(permissions).start().unwrap()
}

/// Each case of the file by its name, as it happens.
fn refusals() -> Vec<(&'static str, Value)> {
    let secrets = |entry: Value| with(json!([{ "identifier": "ravi:secrets-read", "allow": [entry] }]));
    let app =
        with(json!(["ravi:default", "ravi:deny-workspace-release", "ravi:secrets-read", "ravi:allow-settings-plan"]));
    let ask = |command: &str, args: Value| app.call(command, args).unwrap_err();
    let misspelt = |entry: Value| secrets(entry).call("secret_get", json!({ "key": "A" })).unwrap_err();
    let elsewhere = |origin: &str| call(&app.main, origin, "workspace_list", json!({})).unwrap_err();
    vec![
        ("wrong type", ask("secret_get", json!({ "key": 1 }))),
        ("missing argument", ask("secret_get", json!({}))),
        ("missing field", ask("workspace_provision", json!({ "request": { "id": "w1" }, "onEvent": "__CHANNEL__:1" }))),
        ("neither preset nor list", ask("settings_plan", json!({ "file": "/s.json", "places": 5 }))),
        ("a list of something else", ask("settings_plan", json!({ "file": "/s.json", "places": [{ "path": "/a" }] }))),
        ("no permission", ask("secret_set", json!({ "key": "A", "value": "b" }))),
        ("denied", ask("workspace_release", json!({ "target": "w1" }))),
        ("other window", call(&app.other, LOCAL, "workspace_list", json!({})).unwrap_err()),
        ("remote page", elsewhere("https://example.com")),
        ("no such command", ask("power_level", json!({}))),
        ("misspelt scope", misspelt(json!({ "kee": "*" }))),
        ("scope of two", misspelt(json!({ "key": "*", "path": "/" }))),
        ("scope that is a text", misspelt(json!("*"))),
    ]
}

#[test]
fn tauri_says_what_the_package_expects() {
    let expected: Vec<Value> = serde_json::from_str(TEXTS).unwrap();
    let seen: Vec<Value> = refusals().into_iter().map(|(name, text)| json!({ "name": name, "text": text })).collect();
    let said: Vec<Value> = expected.iter().map(|one| json!({ "name": one["name"], "text": one["text"] })).collect();
    assert_eq!(seen, said, "{}", serde_json::to_string_pretty(&seen).unwrap());
}

#[test]
fn faults_of_a_scope_are_known_before_anything_is_called() {
    let app = with(json!([
        "ravi:default",
        { "identifier": "ravi:secrets-read", "allow": [{ "kee": "APP_*" }, { "key": "APP_*" }] },
        { "identifier": "ravi:inbox", "deny": [{ "path": "trees" }] },
    ]));
    let faults = tauri_plugin_ravi::plugin::scope_faults(app.main.as_ref());
    let told: Vec<String> = faults.iter().map(|fault| format!("{} {}", fault.code, fault.message)).collect();
    let [misspelt, relative] = &told[..] else { panic!("{told:?}") };
    assert!(
        misspelt.starts_with(r#"ipc.scope {"kee":"APP_*"} in the scope of the window `main`, for secret_get"#),
        "{misspelt}"
    );
    assert!(misspelt.contains("unknown variant `kee`, expected one of `key`"), "{misspelt}");
    assert!(
        relative.starts_with(r#"policy.bad_scope {"path":"trees"}"#) && relative.contains("inbox_list"),
        "{relative}"
    );
    assert!(tauri_plugin_ravi::plugin::scope_faults(app.other.as_ref()).is_empty());
}

#[test]
fn a_development_build_says_at_its_start_where_a_scope_is_misspelt() {
    let package = tempfile::tempdir().unwrap();
    let schemas = package.path().join("gen/schemas");
    std::fs::create_dir_all(&schemas).unwrap();
    let permission =
        json!({ "identifier": "ravi:secrets-read", "allow": [{ "kee": "A" }], "deny": [{ "path": "trees" }] });
    let capabilities = json!({ "desk": { "identifier": "desk", "permissions": ["core:default", permission] } });
    std::fs::write(schemas.join("capabilities.json"), capabilities.to_string()).unwrap();
    let mut probe = Command::new(env!("CARGO_BIN_EXE_scope-probe"));
    let output = probe.env("CARGO_MANIFEST_DIR", package.path()).output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = printed.lines().filter(|line| line.starts_with("error: ")).collect();
    // Two windows have them, and each entry is told of once.
    let [misspelt, relative] = &lines[..] else { panic!("{printed}") };
    let place = r#"error: {"kee":"A"} in the scope of `ravi:secrets-read`, capability `desk`: unknown variant `kee`"#;
    assert!(misspelt.starts_with(place) && misspelt.ends_with("(ipc.scope)"), "{misspelt}");
    assert!(relative.contains(r#"{"path":"trees"}"#) && relative.ends_with("(policy.bad_scope)"), "{relative}");
}

#[test]
fn a_path_that_is_not_absolute_is_named_as_what_it_is() {
    let app = with(json!(["ravi:default", "ravi:inbox"]));
    let code = |answer: Result<Value, Value>| answer.unwrap_err()["code"].clone();
    for path in ["trees/one", "~/trees/one", "."] {
        let request = json!({ "request": { "path": path, "id": "w1", "name": "one" } });
        let (answer, told) = app.long_call("workspace_provision", request);
        assert_eq!(code(answer), "workspace.path_not_absolute", "{path}");
        assert_eq!(told[0]["data"]["code"], "workspace.path_not_absolute", "{path}");
    }
    for target in ["~/trees/one", "~", "./one", "../one", "."] {
        for (command, argument) in
            [("workspace_status", "path"), ("workspace_suspend", "target"), ("inbox_list", "target")]
        {
            let answer = app.call(command, json!({ argument: target }));
            assert_eq!(code(answer), "workspace.path_not_absolute", "{command} {target}");
        }
    }
    // An id may hold a slash: it is looked for.
    assert_eq!(code(app.call("workspace_status", json!({ "path": "feature/one" }))), "workspace.unbound");
}
