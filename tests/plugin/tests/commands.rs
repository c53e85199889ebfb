//! Each command, through real IPC, against a stand-in Ravi.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, thread};

use plugin_tests::world::{World, git, wait_for};
use plugin_tests::{LOCAL, call, channel_argument};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tauri::WebviewWindow;
use tauri::test::MockRuntime;
use tauri_plugin_ravi::{Config, Keychain, Ravi, RaviExt as _};

fn scoped(set: &str, key: &str) -> Value {
    json!({ "identifier": set, "allow": [{ "key": key }] })
}

#[test]
fn account_status_names_server_source_and_key() {
    let world = World::new(json!(["ravi:default"]));
    let account = world.app.call("account_status", json!({})).unwrap();
    assert_eq!(account["source"], "builder");
    assert_eq!(account["key"], "management");
    assert_eq!(account["server"], world.server.base_url());
}

#[test]
fn login_shows_the_prompt_then_ends_and_logout_forgets() {
    let world = World::with(json!(["ravi:account"]), |builder, _| builder);
    let events = world.events("ravi://account");
    let window = world.app.main.clone();
    let login = thread::spawn(move || call(&window, LOCAL, "account_login", json!({ "onEvent": channel_argument(7) })));

    let prompt = wait_for(|| world.app.messages(7).first().cloned());
    assert_eq!(prompt["event"], "progress");
    world.approve(prompt["data"]["user_code"].as_str().unwrap());

    let account = login.join().unwrap().unwrap();
    assert_eq!(account["source"], "login");
    assert_eq!(world.app.messages(7)[1..], [json!({ "event": "finished", "data": account })]);
    assert_eq!(*events.lock().unwrap(), [json!({ "account": account })]);

    world.app.call("account_logout", json!({})).unwrap();
    assert_eq!(events.lock().unwrap()[1], json!({ "account": null }));
    let error = world.app.call("account_status", json!({})).unwrap_err();
    assert_eq!(error["code"], "account.not_signed_in");
}

#[test]
fn secrets_are_set_listed_read_and_deleted() {
    let world = World::new(json!([scoped("ravi:secrets-read", "APP_*"), scoped("ravi:secrets-write", "APP_*")]));
    let key = json!({ "key": "app_token" });
    world.app.call("secret_set", json!({ "key": "app_token", "value": "made-up" })).unwrap();
    assert_eq!(world.app.call("secret_names", json!({})).unwrap(), json!(["APP_TOKEN"]));
    assert_eq!(world.app.call("secret_get", key.clone()).unwrap(), "made-up");
    world.app.call("secret_delete", key.clone()).unwrap();
    assert_eq!(world.app.call("secret_names", json!({})).unwrap(), json!([]));
    let error = world.app.call("secret_get", key).unwrap_err();
    assert_ne!(error["code"], "policy.scope");
}

#[test]
fn a_refusal_is_the_same_whether_or_not_the_secret_exists() {
    let world = World::new(json!([scoped("ravi:secrets-read", "APP_*"), scoped("ravi:secrets-write", "OTHER_*")]));
    let ask = |key: &str| world.app.call("secret_get", json!({ "key": key })).unwrap_err().to_string();
    let before = ask("OTHER_TOKEN");
    world.app.call("secret_set", json!({ "key": "OTHER_TOKEN", "value": "made-up" })).unwrap();
    assert_eq!(ask("OTHER_TOKEN"), before);
    assert_eq!(ask("OTHER_ABSENT").replace("OTHER_ABSENT", "OTHER_TOKEN"), before);
}

const SETTINGS: &str = r#"{
  "theme": "dark",
  "remoteBackendToken": "made-up daemon token",
  "remoteBackends": [{ "id": "north", "token": "made-up north token" }]
}"#;

#[test]
fn settings_are_planned_then_migrated_then_left_alone() {
    let world = World::new(json!([scoped("ravi:secrets-read", "*")]));
    let (file, window) = settings(&world, "CODEX_MONITOR_*");
    let args = json!({ "file": file, "places": "codex-monitor" });
    let ask = |command: &str, args: Value| call(&window, LOCAL, command, args);

    let plan = ask("settings_plan", args.clone()).unwrap();
    assert_eq!((plan["dry_run"].clone(), plan["moved"].as_array().unwrap().len()), (json!(true), 2));
    assert!(!plan.to_string().contains("made-up"), "a plan shows no value");
    assert_eq!(fs::read_to_string(&file).unwrap(), SETTINGS);

    let done = ask("settings_migrate", args.clone()).unwrap();
    assert_eq!((done["dry_run"].clone(), done["moved"].clone()), (json!(false), plan["moved"].clone()));
    let migrated = fs::read_to_string(&file).unwrap();
    assert!(migrated.contains("ravi://CODEX_MONITOR_DAEMON_TOKEN") && !migrated.contains("made-up"), "{migrated}");
    let token = world.app.call("secret_get", json!({ "key": "CODEX_MONITOR_BACKEND_TOKEN_NORTH" })).unwrap();
    assert_eq!(token, "made-up north token");

    let again = ask("settings_migrate", args).unwrap();
    assert_eq!((again["moved"].clone(), again["already"].clone()), (json!([]), done["moved"].clone()));
    assert_eq!(fs::read_to_string(&file).unwrap(), migrated);
}

#[test]
fn a_migration_moves_nothing_where_one_name_is_out_of_scope() {
    let world = World::new(json!(["ravi:default"]));
    let (file, window) = settings(&world, "*_TOKEN");
    let args = json!({ "file": file, "places": "codex-monitor" });
    let error = call(&window, LOCAL, "settings_migrate", args).unwrap_err();
    assert_eq!(error["code"], "policy.scope");
    assert_eq!(fs::read_to_string(&file).unwrap(), SETTINGS);
    assert_eq!(world.app.call("secret_names", json!({})).unwrap(), json!([]));
}

#[test]
fn a_workspace_is_provisioned_listed_and_released() {
    let world = World::new(json!(["ravi:default"]));
    let (events, progress) = (world.events("ravi://workspace"), world.events("ravi://progress"));
    let path = world.worktree();
    let request = json!({ "request": { "path": path, "id": "w1", "name": "payments agent" } });

    let (answer, messages) = world.app.long_call("workspace_provision", request);
    let provisioned = answer.unwrap();
    let (end, steps) = messages.split_last().unwrap();
    assert_eq!(*end, json!({ "event": "finished", "data": provisioned }));
    assert!(!steps.is_empty() && steps.iter().all(|step| step["event"] == "progress" && step["data"]["id"] == "w1"));
    assert_eq!(provisioned["state"], "ready");
    assert_eq!(git(&path, &["config", "user.name"]), "payments agent");

    let listed = world.app.call("workspace_list", json!({})).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["identity"], provisioned["identity"]);
    assert_eq!(world.app.call("workspace_status", json!({ "path": path })).unwrap(), listed[0]);
    let ready = json!({ "id": "w1", "workspace": listed[0] });
    wait_for(|| events.lock().unwrap().contains(&ready).then_some(()));
    let step = wait_for(|| progress.lock().unwrap().first().cloned());
    assert_eq!((&step["id"], step.get("step").is_some()), (&json!("w1"), true));

    let (answer, messages) = world.app.long_call("workspace_release", json!({ "target": path, "retire": true }));
    let released = answer.unwrap();
    assert_eq!(released["identity"], "retired");
    assert_eq!(*messages.last().unwrap(), json!({ "event": "finished", "data": released }));
    wait_for(|| events.lock().unwrap().contains(&json!({ "id": "w1", "workspace": null })).then_some(()));
    assert_eq!(world.app.call("workspace_list", json!({})).unwrap(), json!([]));
    assert_eq!(git(&path, &["config", "user.name"]), "A Human");
}

/// A settings file, and a window that may move secrets of these names out of it.
fn settings(world: &World, key: &str) -> (PathBuf, WebviewWindow<MockRuntime>) {
    let file = world.app.folder.path().join("settings.json");
    fs::write(&file, SETTINGS).unwrap();
    let allow = json!([{ "key": key }, { "file": file }]);
    let window = world.app.window(json!([{ "identifier": "ravi:settings", "allow": allow }]));
    (file, window)
}

/// Two workspaces, `w1` and `agent-1`, made by a window that may name all.
fn two_workspaces(permissions: Value) -> (World, [PathBuf; 2]) {
    let mut all = permissions.as_array().unwrap().clone();
    all.push(json!("ravi:allow-workspace-provision"));
    let world = World::new(json!(all));
    let first = world.worktree();
    let second = first.with_file_name("second");
    git(&first, &["worktree", "add", "-q", "-b", "second", second.to_str().unwrap()]);
    for (id, path) in [("w1", &first), ("agent-1", &second)] {
        let request = json!({ "request": { "path": path, "id": id, "name": id } });
        world.app.long_call("workspace_provision", request).0.unwrap();
    }
    (world, [first, second])
}

#[test]
fn a_window_that_is_kept_to_some_workspaces_sees_no_others() {
    let only =
        |command: &str| json!({ "identifier": format!("ravi:allow-{command}"), "allow": [{ "workspace": "agent-*" }] });
    let commands = ["workspace-list", "workspace-status", "workspace-env", "workspace-release"].map(only);
    let (world, [first, second]) = two_workspaces(json!(commands));

    let listed = world.app.call("workspace_list", json!({})).unwrap();
    let ids: Vec<&Value> = listed.as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, ["agent-1"]);
    assert_eq!(world.app.call("workspace_status", json!({ "path": second })).unwrap()["id"], "agent-1");
    let environment = world.app.call("workspace_env", json!({ "path": second })).unwrap();
    assert_eq!(environment["env"]["GIT_AUTHOR_NAME"], "agent-1");

    // The same words for what is there and what is not.
    let missing = first.with_file_name("missing");
    for command in ["workspace_status", "workspace_env"] {
        let ask = |path: &Path| world.app.call(command, json!({ "path": path })).unwrap_err().to_string();
        assert_eq!(ask(&first).replace("worktree", "missing"), ask(&missing), "{command}");
        assert!(ask(&first).contains("policy.scope"));
    }
    let release = |target: &str| world.app.long_call("workspace_release", json!({ "target": target })).0;
    assert_eq!(release("w1").unwrap_err().to_string().replace("w1", "w9"), release("w9").unwrap_err().to_string());
    assert_eq!(git(&first, &["config", "user.name"]), "w1", "nothing was released");
    assert_eq!(release("agent-1").unwrap()["id"], "agent-1");
}

#[test]
fn a_reap_is_planned_then_done() {
    let (world, [first, _]) = two_workspaces(json!(["ravi:workspaces"]));
    assert_eq!(world.app.call("workspace_owed", json!({})).unwrap(), json!([]));
    fs::remove_dir_all(&first).unwrap();
    let events = world.events("ravi://workspace");

    let plan = world.app.call("workspace_reap_plan", json!({})).unwrap();
    assert_eq!((&plan["dry_run"], &plan["released"][0]["id"]), (&json!(true), &json!("w1")));
    assert_eq!(world.app.call("workspace_list", json!({})).unwrap().as_array().unwrap().len(), 2);

    let (answer, messages) = world.app.long_call("workspace_reap", json!({}));
    let report = answer.unwrap();
    assert_eq!((&report["dry_run"], &report["released"]), (&json!(false), &plan["released"]));
    assert_eq!(*messages.last().unwrap(), json!({ "event": "finished", "data": report }));
    wait_for(|| events.lock().unwrap().contains(&json!({ "id": "w1", "workspace": null })).then_some(()));
}

/// The app's own code, and a daemon on the same ledger: a window is told all the same.
#[test]
fn windows_are_told_what_is_not_done_by_their_commands() {
    let world = World::new(json!(["ravi:default"]));
    let (events, progress) = (world.events("ravi://workspace"), world.events("ravi://progress"));
    let path = world.worktree();
    let request = tauri_plugin_ravi::ProvisionRequest::new(&path, "w1", "payments agent");
    let ravi = world.app.app.ravi().clone();
    tauri::async_runtime::block_on(ravi.workspaces().provision(request, |_| {})).unwrap();
    let is = |state: &str| events.lock().unwrap().iter().any(|event| event["workspace"]["state"] == state);
    wait_for(|| is("ready").then_some(()));
    wait_for(|| progress.lock().unwrap().iter().any(|step| step["step"] == "files").then_some(()));
    // Another handle on the ledger, as another program has one.
    let other = Config { state_dir: Some(ravi.state_dir()), keychain: Some(Keychain::File), ..Config::default() };
    let other = Config {
        api_url: Some(world.server.base_url().parse().unwrap()),
        api_key: Some(world.server.management_key()),
        ..other
    };
    let other = Ravi::open(other).unwrap();
    tauri::async_runtime::block_on(other.workspaces().suspend("w1")).unwrap();
    wait_for(|| is("suspended").then_some(()));
}

#[test]
fn a_workspace_sleeps_and_wakes() {
    let (world, [first, _]) = two_workspaces(json!(["ravi:workspaces"]));
    let events = world.events("ravi://workspace");
    assert_eq!(world.app.call("workspace_suspend", json!({ "target": "w1" })).unwrap()["state"], "suspended");
    let (answer, messages) = world.app.long_call("workspace_wake", json!({ "target": first }));
    let woken = answer.unwrap();
    assert_eq!(woken["state"], "ready");
    assert_eq!(*messages.last().unwrap(), json!({ "event": "finished", "data": woken }));
    let has = |state: &str| events.lock().unwrap().iter().any(|event| event["workspace"]["state"] == state);
    wait_for(|| (has("suspended") && has("ready")).then_some(()));
}

#[test]
fn a_codex_login_is_stored_and_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("codex");
    fs::create_dir(&home).unwrap();
    let auth = home.join("auth.json");
    fs::write(&auth, r#"{"OPENAI_API_KEY":"sk-made-up"}"#).unwrap();
    fs::set_permissions(&auth, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    const QUICK: &str = "RAVI_WORKSPACE_SCRYPT_WORK";
    if std::env::var_os(QUICK).is_none() {
        return in_own_process("a_codex_login_is_stored_and_put_back", QUICK, "4");
    }
    let world =
        World::new(json!(["ravi:seal", { "identifier": "ravi:codex", "allow": [{ "codexHome": folder.path() }] }]));
    world.app.call("seal_enable", json!({ "passphrase": "a made-up passphrase of some length" })).unwrap();
    let choice = json!({ "choice": { "home": home } });

    let saved = world.app.call("codex_save", choice.clone()).unwrap();
    assert_eq!((&saved["name"], &saved["stored"]["login"]["mode"]), (&json!("CODEX_SESSION_TOKEN"), &json!("apikey")));
    assert!(!saved.to_string().contains("sk-made-up"));
    assert_eq!(world.app.call("codex_status", choice.clone()).unwrap()["state"], "in_sync");
    fs::remove_file(&auth).unwrap();
    assert_eq!(world.app.call("codex_restore", choice).unwrap()["changed"], true);
    assert!(fs::read_to_string(&auth).unwrap().contains("sk-made-up"));
}

#[test]
fn a_refusal_is_in_the_trail_and_the_trail_is_whole() {
    let world = World::new(json!(["ravi:audit", "ravi:secrets-read"]));
    world.app.call("secret_get", json!({ "key": "APP_TOKEN" })).unwrap_err();
    let rows = world.app.call("audit_query", json!({ "filter": { "secret": "APP_TOKEN" } })).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    let row = &rows[0];
    assert_eq!((&row["action"], &row["outcome"]), (&json!("secret.read"), &json!("refused")));
    assert_eq!(row["reason"], "policy.scope");
    assert_eq!(world.app.call("audit_verify", json!({})).unwrap()["ok"], true);
}

#[test]
fn a_wait_ends_with_a_message_or_when_it_is_cancelled() {
    let (world, [first, _]) = two_workspaces(json!(["ravi:inbox", "ravi:workspaces"]));
    let fence = world.app.call("inbox_fence", json!({ "target": "w1" })).unwrap()["cursor"].clone();
    let address = world.app.call("workspace_status", json!({ "path": first })).unwrap()["identity"]["email"].clone();
    let mail = json!({ "to": address, "from": "shop@example.com", "subject": "Hello", "text": "Your code is 482913." });
    let send = reqwest::Client::new().post(format!("{}/_local/email", world.server.base_url())).json(&mail).send();
    let reply = tauri::async_runtime::block_on(send).unwrap();
    assert!(reply.status().is_success(), "{}", reply.status());

    let wait = json!({ "target": "w1", "call": 1, "request": { "since": fence }, "want": "code" });
    assert_eq!(world.app.call("inbox_wait", wait).unwrap()["code"]["value"], "482913");
    let listed = world.app.call("inbox_list", json!({ "target": "w1" })).unwrap();
    let id = listed[0]["id"].clone();
    let message = world.app.call("inbox_get", json!({ "target": "w1", "id": id })).unwrap();
    assert!(message["text"].as_str().unwrap().contains("482913"));
    assert_eq!(world.app.call("inbox_mark_read", json!({ "target": "w1", "id": id })).unwrap()["read"], true);

    let (window, told) = (world.app.main.clone(), world.events("ravi://message"));
    let watch = json!({ "target": "w1", "call": 3, "since": fence });
    let watching = thread::spawn(move || call(&window, LOCAL, "inbox_watch", watch));
    wait_for(|| (!told.lock().unwrap().is_empty()).then_some(()));
    // Which message, and nothing of what is in it.
    assert_eq!(*told.lock().unwrap(), [json!({ "workspace": "w1", "id": id, "kind": "email" })]);
    assert_eq!(world.app.call("call_cancel", json!({ "call": 3 })), Ok(json!(true)));
    assert_eq!(watching.join().unwrap().unwrap_err()["code"], "call.cancelled");

    let window = world.app.main.clone();
    let waiting = thread::spawn(move || call(&window, LOCAL, "inbox_wait", json!({ "target": "w1", "call": 2 })));
    wait_for(|| (world.app.call("call_cancel", json!({ "call": 2 })) == Ok(json!(true))).then_some(()));
    assert_eq!(waiting.join().unwrap().unwrap_err()["code"], "call.cancelled");
}

#[test]
fn logins_at_websites_are_listed_without_passwords_and_deleted() {
    let (world, _) = two_workspaces(json!([
        { "identifier": "ravi:registrations", "allow": [{ "workspace": "w1" }] },
        "ravi:workspaces",
        "ravi:audit",
    ]));
    let list = |target: &str| world.app.call("registration_list", json!({ "target": target }));
    assert_eq!(list("w1").unwrap(), json!([]));
    let ravi = world.app.app.ravi();
    let made = tauri::async_runtime::block_on(async {
        ravi.registrations("agent-1").register("example.com", None).await?;
        ravi.registrations("w1").register("example.com", Some("one")).await
    });
    let password = made.unwrap().password;

    let listed = list("w1").unwrap();
    assert_eq!((&listed[0]["domain"], &listed[0]["username"]), (&json!("example.com"), &json!("one")));
    assert_eq!((listed.as_array().unwrap().len(), listed[0].as_object().unwrap().len()), (1, 3), "{listed}");
    assert!(!listed.to_string().contains(password.expose_secret()));
    assert_eq!(list("agent-1").unwrap_err()["code"], "policy.scope");

    let delete = |target: &str| {
        world.app.call("registration_delete", json!({ "target": target, "domain": "example.com", "username": "one" }))
    };
    assert_eq!(delete("agent-1").unwrap_err()["code"], "policy.scope");
    assert_eq!(delete("w1").unwrap(), listed[0]);
    assert_eq!(delete("w1").unwrap_err()["code"], "registration.not_found");
    assert_eq!(list("w1").unwrap(), json!([]));
    let rows = world.app.call("audit_query", json!({ "filter": {} })).unwrap();
    let refused: Vec<&str> = rows
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["outcome"] == "refused")
        .filter_map(|row| row["action"].as_str())
        .collect();
    assert_eq!(refused, ["registration.read", "registration.delete"], "{rows}");
}

#[test]
fn a_login_that_waits_is_cancelled() {
    let world = World::with(json!(["ravi:account"]), |builder, _| builder);
    assert_eq!(world.app.call("account_cancel", json!({})).unwrap(), false);
    let window = world.app.main.clone();
    let login = thread::spawn(move || call(&window, LOCAL, "account_login", json!({ "onEvent": channel_argument(8) })));
    wait_for(|| world.app.messages(8).first().cloned());
    assert_eq!(world.app.call("account_cancel", json!({})).unwrap(), true);
    assert_eq!(login.join().unwrap().unwrap_err()["code"], "account.login_cancelled");
}

#[test]
fn a_rotated_secret_is_told_by_name_alone() {
    let world = World::new(json!([scoped("ravi:secrets-read", "APP_*"), scoped("ravi:secrets-write", "APP_*")]));
    world.app.call("secret_set", json!({ "key": "APP_TOKEN", "value": "made-up" })).unwrap();
    let events = world.events("ravi://secret");
    world.app.call("secret_rotate", json!({ "key": "app_token", "value": "made-up too" })).unwrap();
    let get = || world.app.call("secret_get", json!({ "key": "APP_TOKEN" })).unwrap();
    assert_eq!(get(), "made-up too");
    world.app.call("secret_rotate", json!({ "key": "APP_TOKEN", "length": 40 })).unwrap();
    assert_eq!(get().as_str().unwrap().len(), 40);
    let seen = wait_for(|| Some(events.lock().unwrap().clone()).filter(|seen| seen.len() >= 2));
    assert!(seen.iter().all(|event| *event == json!({ "key": "APP_TOKEN" })), "{seen:?}");
}

#[test]
fn an_undo_puts_the_file_back() {
    let world = World::new(json!([]));
    let (file, window) = settings(&world, "CODEX_MONITOR_*");
    call(&window, LOCAL, "settings_migrate", json!({ "file": file, "places": "codex-monitor" })).unwrap();
    let undone = call(&window, LOCAL, "settings_undo", json!({ "file": file })).unwrap();
    assert_eq!((&undone["restored"], &undone["aside"]), (&json!(true), &Value::Null));
    assert_eq!(fs::read_to_string(&file).unwrap(), SETTINGS);
}

/// Runs one test again with a variable set. Making a key out of a passphrase takes seconds by design; what makes it quick
/// is read from the environment, which is a process' own.
fn in_own_process(test: &str, variable: &str, value: &str) {
    let mut own = Command::new(std::env::current_exe().unwrap());
    let output = own.args([test, "--exact"]).env(variable, value).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn the_vault_is_sealed_and_says_so() {
    const QUICK: &str = "RAVI_WORKSPACE_SCRYPT_WORK";
    if std::env::var_os(QUICK).is_none() {
        return in_own_process("the_vault_is_sealed_and_says_so", QUICK, "4");
    }
    let world = World::new(json!(["ravi:seal", scoped("ravi:secrets-write", "*")]));
    assert_eq!(world.app.call("seal_status", json!({})).unwrap()["state"], "off");
    world.app.call("secret_set", json!({ "key": "APP_TOKEN", "value": "made-up" })).unwrap();
    let passphrase = json!({ "passphrase": "a made-up passphrase of some length" });
    let enabled = world.app.call("seal_enable", passphrase.clone()).unwrap();
    assert_eq!((&enabled["state"], &enabled["sealed"]), (&json!("on"), &json!(1)));
    assert_eq!(world.app.call("seal_unlock", passphrase.clone()).unwrap()["key"], enabled["key"]);
    assert_ne!(world.app.call("seal_rotate", passphrase).unwrap()["key"], enabled["key"]);
    let wrong = world.app.call("seal_unlock", json!({ "passphrase": "another made-up passphrase" })).unwrap_err();
    assert_eq!(wrong["code"], "seal.passphrase");
}

#[test]
fn doctor_reports_what_it_found() {
    let world = World::new(json!(["ravi:default"]));
    let report = world.app.call("doctor", json!({})).unwrap();
    let checks: Vec<&str> = report["findings"].as_array().unwrap().iter().filter_map(|f| f["check"].as_str()).collect();
    assert!(checks.contains(&"account") && checks.contains(&"server"), "{checks:?}");
}

#[test]
fn a_failed_call_ends_its_channel_with_the_error() {
    let world = World::new(json!(["ravi:workspaces"]));
    let missing = world.app.folder.path().join("missing");
    let calls = [
        ("workspace_provision", json!({ "request": { "path": missing, "id": "w1", "name": "nobody" } })),
        ("workspace_release", json!({ "target": "unknown" })),
    ];
    for (command, args) in calls {
        let (answer, messages) = world.app.long_call(command, args);
        let error = answer.unwrap_err();
        assert!(error["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{command}: {error}");
        assert_eq!(*messages.last().unwrap(), json!({ "event": "failed", "data": error }), "{command}");
    }
}

#[test]
fn an_unknown_option_of_a_request_is_refused() {
    let world = World::new(json!(["ravi:workspaces"]));
    let request = json!({ "path": "/nonexistent", "id": "w1", "name": "one", "envfile": ".env" });
    let (answer, messages) = world.app.long_call("workspace_provision", json!({ "request": request }));
    assert!(answer.unwrap_err().as_str().unwrap().contains("envfile"));
    assert!(messages.is_empty());
}
