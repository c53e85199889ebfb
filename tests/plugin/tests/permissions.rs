//! What each permission set grants and refuses, through real IPC with the plugin's own permission files.

use plugin_tests::{LOCAL, Setup, TestApp, call, channel_argument, commands, is_refused};
use serde_json::{Value, json};

const ACCOUNT: &[&str] = &[
    "account_cancel",
    "account_choose_host",
    "account_login",
    "account_logout",
    "account_make_host",
    "account_status",
];
const AUDIT: &[&str] = &["audit_query", "audit_verify"];
const CODEX: &[&str] = &["codex_restore", "codex_save", "codex_status"];
const DEFAULT: &[&str] = &[
    "account_status",
    "codex_status",
    "doctor",
    "power_status",
    "seal_status",
    "secret_names",
    "workspace_env",
    "workspace_list",
    "workspace_owed",
    "workspace_provision",
    "workspace_reap_plan",
    "workspace_release",
    "workspace_status",
    "workspace_suspend",
    "workspace_wake",
];
const POWER: &[&str] = &["power_off", "power_on", "power_renew", "power_status"];
const INBOX: &[&str] = &[
    "call_cancel",
    "inbox_fence",
    "inbox_get",
    "inbox_list",
    "inbox_mark_read",
    "inbox_wait",
    "inbox_watch",
    "workspace_status",
];
const REGISTRATIONS: &[&str] = &["registration_delete", "registration_list"];
const SEAL: &[&str] = &["seal_enable", "seal_rotate", "seal_status", "seal_unlock"];
const SECRETS_READ: &[&str] = &["secret_get", "secret_names"];
const SECRETS_WRITE: &[&str] = &["secret_delete", "secret_names", "secret_rotate", "secret_set"];
const SETTINGS: &[&str] = &["settings_migrate", "settings_plan", "settings_undo"];
const WORKSPACES: &[&str] = &[
    "workspace_env",
    "workspace_list",
    "workspace_owed",
    "workspace_provision",
    "workspace_reap",
    "workspace_reap_plan",
    "workspace_release",
    "workspace_status",
    "workspace_suspend",
    "workspace_wake",
];

/// Every set there is, and what it grants.
const SETS: &[(&str, &[&str])] = &[
    ("ravi:default", DEFAULT),
    ("ravi:account", ACCOUNT),
    ("ravi:audit", AUDIT),
    ("ravi:codex", CODEX),
    ("ravi:inbox", INBOX),
    ("ravi:power", POWER),
    ("ravi:registrations", REGISTRATIONS),
    ("ravi:seal", SEAL),
    ("ravi:secrets-read", SECRETS_READ),
    ("ravi:secrets-write", SECRETS_WRITE),
    ("ravi:settings", SETTINGS),
    ("ravi:workspaces", WORKSPACES),
];

/// Arguments with which a command gets past Tauri's decoding.
fn args(command: &str) -> Value {
    let missing = "/nonexistent/ravi-plugin-tests";
    match command {
        "account_login" => json!({ "onEvent": channel_argument(1) }),
        "account_choose_host" => json!({ "identity": "Agents" }),
        "codex_status" | "codex_save" | "codex_restore" => json!({ "choice": { "home": missing } }),
        "inbox_fence" | "inbox_list" => json!({ "target": "w1" }),
        "inbox_get" | "inbox_mark_read" => json!({ "target": "w1", "id": "email:1" }),
        "inbox_wait" | "inbox_watch" => json!({ "target": "w1", "call": 1 }),
        "registration_list" => json!({ "target": "w1" }),
        "registration_delete" => json!({ "target": "w1", "domain": "example.com" }),
        "call_cancel" => json!({ "call": 1 }),
        "seal_enable" | "seal_rotate" | "seal_unlock" => json!({ "passphrase": "made-up passphrase" }),
        "secret_get" | "secret_delete" | "secret_rotate" => json!({ "key": "APP_TOKEN" }),
        "secret_set" => json!({ "key": "APP_TOKEN", "value": "made-up" }),
        "settings_plan" | "settings_migrate" => json!({ "file": missing, "places": "codex-monitor" }),
        "settings_undo" => json!({ "file": missing }),
        "workspace_provision" => {
            json!({ "request": { "path": missing, "id": "w1", "name": "one" }, "onEvent": channel_argument(2) })
        }
        "workspace_release" => json!({ "target": "w1", "onEvent": channel_argument(3) }),
        "workspace_suspend" => json!({ "target": "w1" }),
        "workspace_wake" => json!({ "target": "w1", "onEvent": channel_argument(5) }),
        "workspace_reap" => json!({ "onEvent": channel_argument(4) }),
        "workspace_status" | "workspace_env" => json!({ "path": missing }),
        _ => json!({}),
    }
}

fn code(answer: &Result<Value, Value>) -> Option<&str> {
    answer.as_ref().err()?.get("code")?.as_str()
}

fn start(permissions: Value) -> TestApp {
    Setup::permitting(permissions).start().unwrap()
}

fn granted(app: &TestApp) -> Vec<String> {
    commands().into_iter().filter(|command| !is_refused(&app.call(command, args(command)))).collect()
}

#[test]
fn each_set_grants_its_commands_and_no_other() {
    for (set, expected) in SETS {
        assert_eq!(granted(&start(json!([set]))), *expected, "{set}");
    }
}

#[test]
fn each_command_has_a_permission_of_its_own_and_is_there() {
    for command in commands() {
        let app = start(json!([format!("ravi:allow-{}", command.replace('_', "-"))]));
        assert_eq!(granted(&app), [command.as_str()]);
        let answer = app.call(&command, args(&command));
        assert!(!matches!(&answer, Err(Value::String(_))), "{command} was not run: {answer:?}");
    }
}

#[test]
fn deny_of_a_command_wins() {
    let app = start(json!(["ravi:default", "ravi:deny-workspace-release"]));
    let expected: Vec<_> = DEFAULT.iter().filter(|command| **command != "workspace_release").collect();
    assert_eq!(granted(&app).iter().collect::<Vec<_>>(), expected);
}

#[test]
fn without_a_capability_nothing_is_granted() {
    let everything: Vec<&str> = SETS.iter().map(|(set, _)| *set).collect();
    let app = start(json!(everything));
    for command in commands() {
        assert!(is_refused(&call(&app.other, LOCAL, &command, args(&command))), "{command} in another window");
        let remote = call(&app.main, "https://example.com", &command, args(&command));
        assert!(is_refused(&remote), "{command} from a remote page");
    }
}

#[test]
fn an_error_of_the_engine_is_an_object() {
    let app = start(json!(["ravi:default"]));
    let error = app.call("workspace_status", args("workspace_status")).unwrap_err();
    for field in ["code", "message", "hint"] {
        assert!(error[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {error}");
    }
}

#[test]
fn without_a_scope_no_key_is_granted() {
    let app = start(json!(["ravi:secrets-read", "ravi:secrets-write", "ravi:settings"]));
    let settings = ["settings_plan", "settings_migrate", "settings_undo"];
    for command in ["secret_get", "secret_set", "secret_delete", "secret_rotate"].into_iter().chain(settings) {
        assert_eq!(code(&app.call(command, args(command))), Some("policy.scope"), "{command}");
    }
}

#[test]
fn a_scope_grants_the_keys_that_it_names() {
    let scope = json!({ "allow": [{ "key": "APP_*" }], "deny": [{ "key": "APP_PROD_*" }] });
    for (set, command) in [
        ("ravi:secrets-read", "secret_get"),
        ("ravi:secrets-write", "secret_set"),
        ("ravi:secrets-write", "secret_delete"),
        ("ravi:secrets-write", "secret_rotate"),
    ] {
        let app = start(json!([{ "identifier": set, "allow": scope["allow"], "deny": scope["deny"] }]));
        let ask = |key: &str| app.call(command, json!({ "key": key, "value": "made-up" }));
        for key in ["APP_TOKEN", "app_token"] {
            assert_ne!(code(&ask(key)), Some("policy.scope"), "{command} {key}");
        }
        for key in ["OTHER_TOKEN", "APP_PROD_TOKEN", "app_prod_token", "", "APP TOKEN", "x/APP_TOKEN"] {
            assert_eq!(code(&ask(key)), Some("policy.scope"), "{command} {key:?}");
        }
    }
}

#[test]
fn a_scope_for_reading_is_none_for_writing() {
    let app = start(json!([
        { "identifier": "ravi:secrets-read", "allow": [{ "key": "*" }] },
        "ravi:secrets-write",
        "ravi:settings",
    ]));
    assert_ne!(code(&app.call("secret_get", args("secret_get"))), Some("policy.scope"));
    for command in ["secret_set", "secret_delete", "secret_rotate", "settings_migrate", "settings_undo"] {
        assert_eq!(code(&app.call(command, args(command))), Some("policy.scope"), "{command}");
    }
}

#[test]
fn a_malformed_scope_grants_nothing() {
    for entry in
        [json!({ "kee": "*" }), json!("*"), json!({ "key": "*", "identity": "x" }), json!({ "key": "*", "path": "/" })]
    {
        let app = start(json!([{ "identifier": "ravi:secrets-read", "allow": [entry] }]));
        let answer = app.call("secret_get", args("secret_get"));
        assert!(matches!(&answer, Err(Value::String(_))), "{answer:?}");
    }
}

#[test]
fn an_unknown_preset_is_refused_with_the_known_ones() {
    let app = start(json!(["ravi:settings"]));
    let error = app.call("settings_plan", json!({ "file": "/nonexistent", "places": "codex" })).unwrap_err();
    assert_eq!(error["code"], "settings.preset");
    assert!(error["hint"].as_str().unwrap().contains("codex-monitor"), "{error}");
}

#[test]
fn a_scope_keeps_a_window_to_the_workspaces_that_it_names() {
    let table = [
        (json!({ "allow": [{ "workspace": "agent-*" }] }), true),
        (json!({ "deny": [{ "workspace": "w*" }, { "path": "/nonexistent" }] }), true),
        (json!({ "allow": [{ "path": "/nonexistent/elsewhere" }] }), true),
        (json!({ "allow": [{ "workspace": "w?" }, { "path": "/nonexistent" }] }), false),
        (json!({ "allow": [{ "key": "*" }] }), false),
    ];
    for (scope, refused) in table {
        let mut permission = scope.clone();
        permission["identifier"] = json!("ravi:workspaces");
        let app = start(json!([permission]));
        // The others answer what the window may see.
        for command in WORKSPACES.iter().filter(|one| !["workspace_list", "workspace_owed"].contains(one)) {
            let answer = app.call(command, args(command));
            let reaps = command.starts_with("workspace_reap") && scope["allow"] != json!([{ "key": "*" }]);
            assert_eq!(code(&answer) == Some("policy.scope"), refused || reaps, "{command} {scope}: {answer:?}");
        }
    }
}

#[test]
fn a_path_in_a_scope_must_be_absolute() {
    let app = start(json!([{ "identifier": "ravi:workspaces", "deny": [{ "path": "trees" }] }]));
    assert_eq!(code(&app.call("workspace_status", args("workspace_status"))), Some("policy.bad_scope"));
    let app = start(json!([{ "identifier": "ravi:workspaces", "allow": [{ "path": "$TEMP/trees" }] }]));
    assert_eq!(code(&app.call("workspace_status", args("workspace_status"))), Some("policy.scope"));
    let inside = std::env::temp_dir().join("trees/one");
    assert_ne!(code(&app.call("workspace_status", json!({ "path": inside }))), Some("policy.scope"));
}

#[test]
#[cfg_attr(not(feature = "full"), ignore = "its room is left out")]
fn a_window_uses_the_codex_login_that_its_scope_names() {
    let home = json!({ "home": "/nonexistent/codex" });
    let other = json!({ "home": "/nonexistent/codex", "name": "CODEX_LOGIN_TWO" });
    let allow = |entries: Value| start(json!([{ "identifier": "ravi:codex", "allow": entries }]));
    let refused = |app: &TestApp, command: &str, choice: &Value| {
        code(&app.call(command, json!({ "choice": choice }))) == Some("policy.scope")
    };
    let (none, folder) = (start(json!(["ravi:codex"])), allow(json!([{ "codexHome": "/nonexistent" }])));
    let both = allow(json!([{ "codexHome": "/nonexistent" }, { "key": "CODEX_LOGIN_*" }]));
    for command in CODEX {
        assert!(refused(&none, command, &home), "{command}: only the own folder");
        assert!(!refused(&folder, command, &home) && refused(&folder, command, &other), "{command}: only the own name");
        assert!(!refused(&both, command, &other), "{command}");
    }
}

#[test]
#[cfg_attr(not(feature = "full"), ignore = "its room is left out")]
fn a_scope_keeps_a_window_to_the_messages_and_logins_of_its_workspaces() {
    for (workspace, refused) in [("agent-*", true), ("w?", false)] {
        let allow = json!([{ "workspace": workspace }]);
        let sets = ["ravi:inbox", "ravi:registrations"].map(|set| json!({ "identifier": set, "allow": allow }));
        let app = start(json!(sets));
        let messages = INBOX.iter().filter(|command| command.starts_with("inbox_"));
        for command in messages.chain(REGISTRATIONS) {
            assert_eq!(
                code(&app.call(command, args(command))) == Some("policy.scope"),
                refused,
                "{command} {workspace}"
            );
        }
    }
}
