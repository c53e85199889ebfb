//! Canary values are put through every command; they come back in the answer of the one that is made for them, and in no
//! other answer, message of a channel, event or error.

use std::sync::{Arc, Mutex};

use plugin_tests::{Setup, TestApp, channel_argument, commands};
use ravi_local::{Options, Plan, Server};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tauri::Listener;
use tauri_plugin_ravi::Builder;

const CANARY: &str = "canary-b5e1d0-made-up";
const EVENTS: &[&str] = &["ravi://workspace", "ravi://account", "ravi://secret", "ravi://codex", "ravi://message"];

/// The forms in which a value could slip out.
fn forms(value: &str) -> Vec<String> {
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    let url = value.replace('-', "%2D");
    // base64 at each of the three offsets; the ends depend on the neighbours.
    let base64 = (0..3).map(|skip| base64(&value.as_bytes()[skip..]));
    [value.to_owned(), hex, url].into_iter().chain(base64).collect()
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = bytes.chunks_exact(3).flat_map(|three| {
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        [18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift & 63) as usize] as char)
    });
    whole.collect()
}

#[test]
fn the_forms_are_those_that_one_would_meet() {
    assert_eq!(base64(b"canary"), "Y2FuYXJ5");
    assert!(forms("a-b").contains(&"612d62".to_owned()));
}

/// Arguments for a call that works, or comes as far as it can.
fn args(command: &str, app: &TestApp) -> Value {
    let folder = app.folder.path();
    match command {
        "secret_set" | "secret_rotate" => json!({ "key": "APP_TOKEN", "value": CANARY }),
        "secret_get" | "secret_delete" => json!({ "key": "APP_TOKEN" }),
        "settings_plan" | "settings_migrate" => {
            json!({ "file": folder.join("settings.json"), "places": "codex-monitor" })
        }
        "settings_undo" => json!({ "file": folder.join("settings.json") }),
        "seal_enable" | "seal_unlock" | "seal_rotate" => json!({ "passphrase": CANARY }),
        "workspace_provision" => json!({ "request": { "path": folder, "id": "w1", "name": "one" } }),
        "workspace_status" | "workspace_env" => json!({ "path": folder }),
        _ => json!({ "target": "w1", "path": folder, "choice": { "home": folder } }),
    }
}

#[test]
fn no_value_comes_out_but_where_it_is_asked_for() {
    // Quick, since the passphrase need not be hard to guess here.
    const QUICK: &str = "RAVI_WORKSPACE_SCRYPT_WORK";
    if std::env::var_os(QUICK).is_none() {
        let mut own = std::process::Command::new(std::env::current_exe().unwrap());
        let test = "no_value_comes_out_but_where_it_is_asked_for";
        let output = own.args([test, "--exact"]).env(QUICK, "4").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let server =
        tauri::async_runtime::block_on(Server::start(Options { plan: Plan::Paid, ..Options::default() })).unwrap();
    let url = server.base_url().parse().unwrap();
    let builder = Builder::new().api_url(url).api_key(server.management_key());
    let all = commands().into_iter().map(|command| {
        let entries = match command.starts_with("audit_") {
            // It answers nobody who is kept to some secrets.
            true => json!([]),
            false => {
                let file = json!({ "file": "$APPDATA/../settings.json" });
                json!([{ "key": "*" }, { "codexHome": "/" }, { "identity": "*" }, file])
            }
        };
        json!({ "identifier": format!("ravi:allow-{}", command.replace('_', "-")), "allow": entries })
    });
    let permissions = Value::Array(all.collect());
    let app = Setup { builder, ..Setup::permitting(permissions) }.start().unwrap();
    let settings = json!({ "remoteBackendToken": CANARY, "remoteBackends": [{ "id": "north", "token": CANARY }] });
    std::fs::write(app.folder.path().join("settings.json"), settings.to_string()).unwrap();
    let auth = app.folder.path().join("auth.json");
    std::fs::write(&auth, json!({ "OPENAI_API_KEY": CANARY }).to_string()).unwrap();
    std::fs::set_permissions(&auth, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let heard = Arc::<Mutex<Vec<String>>>::default();
    for event in EVENTS {
        let heard = heard.clone();
        app.app.listen_any(*event, move |event| heard.lock().unwrap().push(event.payload().to_owned()));
    }

    let key = server.management_key().expose_secret().to_owned();
    let mut out = Vec::new();
    // Twice, for what is there already the second time.
    let mut order: Vec<String> = commands().into_iter().filter(|one| !one.starts_with("account_log")).collect();
    order.sort_by_key(|command| command != "secret_set");
    for round in 0..2 {
        for (number, command) in order.iter().enumerate() {
            let channel = 100 + round * 100 + number as u32;
            let mut args = args(command, &app);
            args["onEvent"] = channel_argument(channel);
            let answer = app.call(command, args);
            if command == "secret_get" {
                // After a deletion and a rotation in the order of names there may be none.
                assert!(answer == Ok(json!(CANARY)) || answer.is_err(), "{answer:?}");
            } else {
                out.push((command.clone(), format!("{answer:?}")));
            }
            out.push((format!("channel of {command}"), format!("{:?}", app.messages(channel))));
        }
        app.call("secret_set", json!({ "key": "APP_TOKEN", "value": CANARY })).unwrap();
        assert_eq!(app.call("secret_get", json!({ "key": "APP_TOKEN" })), Ok(json!(CANARY)), "it is made for that");
    }
    let heard = heard.lock().unwrap();
    assert!(heard.iter().any(|payload| payload.contains("APP_TOKEN")), "events were heard: {heard:?}");
    out.extend(heard.iter().map(|payload| ("event".to_owned(), payload.clone())));
    for (place, text) in &out {
        for form in forms(CANARY).into_iter().chain(forms(&key)) {
            assert!(!text.contains(&form), "{place}: {text}");
        }
    }
}
