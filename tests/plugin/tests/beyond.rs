//! Ways by which a page came to more than its capability names, each as it was tried.
#![cfg(feature = "full")]

use std::fs;
use std::path::{Path, PathBuf};

use plugin_tests::world::{World, git};
use plugin_tests::{LOCAL, call};
use serde_json::{Value, json};
use tauri_plugin_ravi::{ProvisionRequest, RaviExt as _};

fn code(answer: &Result<Value, Value>) -> Option<&str> {
    answer.as_ref().err()?.get("code")?.as_str()
}

fn scoped(identifier: &str, allow: Value) -> Value {
    json!([{ "identifier": identifier, "allow": allow }])
}

/// A main checkout `mono`, with worktrees in `mono/trees` and a plain folder beside them.
fn mono(world: &World) -> PathBuf {
    let folder = world.app.folder.path().canonicalize().unwrap();
    git(&folder, &["init", "-q", "-b", "main", "mono"]);
    let mono = folder.join("mono");
    git(&mono, &["config", "user.name", "A Human"]);
    git(&mono, &["config", "user.email", "human@example.com"]);
    git(&mono, &["commit", "-q", "--allow-empty", "-m", "first"]);
    git(&mono, &["worktree", "add", "-q", "-b", "one", "trees/one"]);
    fs::create_dir_all(mono.join("trees/x")).unwrap();
    fs::create_dir_all(mono.join("trees/one/src")).unwrap();
    mono
}

fn provision(world: &World, permissions: &Value, request: Value) -> Result<Value, Value> {
    let window = world.app.window(permissions.clone());
    call(&window, LOCAL, "workspace_provision", json!({ "request": request, "onEvent": "__CHANNEL__:9" }))
}

#[test]
fn a_plain_folder_below_an_allowed_one_does_not_bind_the_checkout_around_it() {
    let world = World::new(json!([]));
    let mono = mono(&world);
    let permissions = scoped("ravi:default", json!([{ "path": mono.join("trees") }]));
    std::os::unix::fs::symlink(&mono, mono.join("trees/link")).unwrap();
    for path in
        ["trees/x", "trees/x/", "trees/./x", "trees/one/../x", "trees", "trees/link", "trees/link/trees/x", "trees/.."]
    {
        for main in [false, true] {
            let request = json!({ "path": mono.join(path), "id": "w1", "name": "agent", "main": main });
            assert_eq!(code(&provision(&world, &permissions, request)), Some("policy.scope"), "{path} {main}");
        }
    }
    assert_eq!(git(&mono, &["config", "user.name"]), "A Human");
    // Nor does a window without a scope bind what it did not name.
    let below = json!({ "path": mono.join("trees/one/src"), "id": "w1", "name": "agent" });
    for permissions in [&permissions, &json!(["ravi:default"])] {
        assert_eq!(code(&provision(&world, permissions, below.clone())), Some("workspace.sub_folder"));
    }
    let bound = json!({ "path": mono.join("trees/one/"), "id": "w1", "name": "agent" });
    assert_eq!(provision(&world, &permissions, bound).unwrap()["path"], json!(mono.join("trees/one")));
    assert_eq!(
        provision(&world, &permissions, below).unwrap()["id"],
        "w1",
        "a folder of a workspace means the workspace"
    );
    // Bound by a person, the checkout is still not the window's.
    let request = ProvisionRequest { main: true, ..ProvisionRequest::new(&mono, "person", "person") };
    tauri::async_runtime::block_on(world.app.app.ravi().workspaces().provision(request, |_| {})).unwrap();
    let window = world.app.window(permissions);
    for command in ["workspace_status", "workspace_env"] {
        assert_eq!(code(&call(&window, LOCAL, command, json!({ "path": mono.join("trees/x") }))), Some("policy.scope"));
    }
}

#[test]
fn a_page_makes_up_no_id_for_a_folder() {
    let world = World::new(json!([]));
    let (mono, ravi) = (mono(&world), world.app.app.ravi().clone());
    let one = mono.join("trees/one");
    let permissions = scoped("ravi:default", json!([{ "workspace": "agent-*" }]));
    let asked = |id: &str, path: &Path, join: bool| {
        provision(&world, &permissions, json!({ "path": path, "id": id, "name": "agent", "join": join }))
    };
    for path in [&one, &mono, &world.app.folder.path().to_owned()] {
        assert_eq!(code(&asked("agent-1", path, false)), Some("policy.scope"), "{}", path.display());
    }
    let bind = |id: &str| {
        tauri::async_runtime::block_on(ravi.workspaces().provision(ProvisionRequest::new(&one, id, id), |_| {}))
    };
    // A workspace that is there is named by its id; no other id gets it, and another workspace's place stays unsaid.
    bind("agent-1").unwrap();
    assert_eq!(asked("agent-1", &one, false).unwrap()["id"], "agent-1");
    assert_eq!(code(&asked("prod-1", &one, true)), Some("policy.scope"));
    tauri::async_runtime::block_on(ravi.workspaces().release("agent-1", false, |_| {})).unwrap();
    bind("prod-1").unwrap();
    let refused = asked("agent-1", &one, true);
    assert_eq!(code(&refused), Some("policy.scope"), "joining would make the id mean what is not the window's");
    assert!(!format!("{refused:?}").contains("prod-1"));
    let window = world.app.window(scoped("ravi:default", json!([{ "path": mono.join("elsewhere") }])));
    fs::create_dir(mono.join("elsewhere")).unwrap();
    let request = json!({ "path": mono.join("elsewhere"), "id": "prod-1", "name": "agent" });
    let refused =
        call(&window, LOCAL, "workspace_provision", json!({ "request": request, "onEvent": "__CHANNEL__:9" }));
    assert!(!format!("{refused:?}").contains("trees/one"), "{refused:?}");
}

#[test]
fn a_secret_is_named_by_an_entry_whatever_the_command() {
    let world = World::new(json!([]));
    let one = mono(&world).join("trees/one");
    let request = |secret: &str| json!({ "path": one, "id": "w1", "name": "agent", "github_secret": secret });
    let default = json!(["ravi:default"]);
    for secret in ["PROD_DATABASE_PASSWORD", "prod_database_password", "GITHUB_TOKEN"] {
        assert_eq!(code(&provision(&world, &default, request(secret))), Some("policy.scope"), "{secret}");
    }
    let read = json!(["ravi:default", { "identifier": "ravi:secrets-read", "allow": [{ "key": "*" }] }]);
    assert_eq!(
        code(&provision(&world, &read, request("A_TOKEN"))),
        Some("policy.scope"),
        "an entry for reading is none"
    );
    let named = scoped("ravi:default", json!([{ "key": "A_*" }]));
    assert_ne!(code(&provision(&world, &named, request("a_token"))), Some("policy.scope"));
}

const SETTINGS: &str = r#"{ "theme": "dark", "remoteBackendToken": "made-up daemon token" }"#;

#[test]
fn a_page_moves_no_string_that_is_no_secrets_place() {
    let world = World::new(json!([]));
    let folder = world.app.folder.path().canonicalize().unwrap();
    let (file, other) = (folder.join("settings.json"), folder.join("other.json"));
    fs::write(&file, SETTINGS).unwrap();
    fs::write(&other, SETTINGS).unwrap();
    let key = json!({ "key": "CODEX_MONITOR_*" });
    let window = world.app.window(scoped("ravi:settings", json!([key, { "file": file }])));
    let ask = |command: &str, file: &Path, places: Value| {
        call(&window, LOCAL, command, json!({ "file": file, "places": places }))
    };
    let moved = |pointer: &str, secret: &str| json!([{ "pointer": pointer, "secret": secret }]);
    for command in ["settings_plan", "settings_migrate"] {
        for path in [&other, &folder.join("none.json"), &folder.join("other.json/"), &PathBuf::from("/etc/passwd")] {
            assert_eq!(code(&ask(command, path, json!("codex-monitor"))), Some("policy.scope"), "{}", path.display());
        }
        for (pointer, secret) in
            [("/theme", "CODEX_MONITOR_X"), ("/remoteBackendToken", "CODEX_MONITOR_X"), ("/*", "CODEX_MONITOR_X")]
        {
            assert_eq!(code(&ask(command, &file, moved(pointer, secret))), Some("policy.scope"), "{pointer}");
        }
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), SETTINGS);
    // A file that is not there reads as one that is.
    let refusal = |path: &Path| ask("settings_plan", path, json!("codex-monitor")).unwrap_err().to_string();
    assert_eq!(refusal(&other).replace("other", "none"), refusal(&folder.join("none.json")));
    let own = json!([{ "key": "APP_*" }, { "file": file }, { "place": "/theme=APP_THEME" }]);
    let window = world.app.window(scoped("ravi:settings", own));
    let args = json!({ "file": file, "places": moved("/theme", "APP_THEME") });
    assert_eq!(call(&window, LOCAL, "settings_migrate", args).unwrap()["moved"][0]["secret"], "APP_THEME");
}

#[test]
fn an_undo_puts_no_secret_back_that_the_scope_does_not_name() {
    let world = World::new(json!([]));
    let file = world.app.folder.path().canonicalize().unwrap().join("settings.json");
    fs::write(&file, SETTINGS).unwrap();
    let window = |key: &str| world.app.window(scoped("ravi:settings", json!([{ "key": key }, { "file": file }])));
    let (all, ui) = (window("*"), window("CODEX_MONITOR_UI_*"));
    let undo = |window| call(window, LOCAL, "settings_undo", json!({ "file": file }));
    assert_eq!(code(&undo(&ui)), Some("settings.no_backup"));
    call(&all, LOCAL, "settings_migrate", json!({ "file": file, "places": "codex-monitor" })).unwrap();
    let migrated = fs::read_to_string(&file).unwrap();
    assert_eq!(code(&undo(&ui)), Some("policy.scope"));
    // Also where the app has taken the reference out meanwhile: what was kept of the file has the token still.
    fs::write(&file, r#"{ "theme": "light" }"#).unwrap();
    assert_eq!(code(&undo(&ui)), Some("policy.scope"));
    assert_eq!(fs::read_to_string(&file).unwrap(), r#"{ "theme": "light" }"#);
    fs::write(&file, migrated).unwrap();
    assert_eq!(undo(&all).unwrap()["restored"], true);
    assert_eq!(fs::read_to_string(&file).unwrap(), SETTINGS);
}

#[test]
fn doctor_tells_a_window_of_its_own_workspaces_alone() {
    let world = World::new(json!([]));
    let (mono, ravi) = (mono(&world), world.app.app.ravi().clone());
    git(&mono, &["worktree", "add", "-q", "-b", "two", "trees/two"]);
    for (id, tree) in [("agent-1", "one"), ("hidden-77", "two")] {
        let request = ProvisionRequest::new(mono.join("trees").join(tree), id, id);
        tauri::async_runtime::block_on(ravi.workspaces().provision(request, |_| {})).unwrap();
        fs::remove_dir_all(mono.join("trees").join(tree)).unwrap();
    }
    let told =
        |permissions: Value| call(&world.app.window(permissions), LOCAL, "doctor", json!({})).unwrap().to_string();
    let all = told(json!(["ravi:default"]));
    assert!(all.contains("agent-1") && all.contains("hidden-77"), "{all}");
    for entries in [json!([{ "workspace": "agent-*" }]), json!([{ "path": mono.join("trees/one") }])] {
        let some = told(scoped("ravi:default", entries));
        assert!(some.contains("agent-1") && !some.contains("hidden-77") && !some.contains("trees/two"), "{some}");
    }
}

#[test]
fn a_denied_identity_is_denied_by_each_of_its_names() {
    let world = World::new(json!([]));
    let (mono, ravi) = (mono(&world), world.app.app.ravi().clone());
    git(&mono, &["worktree", "add", "-q", "-b", "two", "trees/two"]);
    let request = ProvisionRequest::new(mono.join("trees/two"), "two", "Prod");
    let prod = tauri::async_runtime::block_on(ravi.workspaces().provision(request, |_| {})).unwrap().identity;
    let permissions = json!([{
        "identifier": "ravi:default",
        "allow": [{ "identity": "*" }],
        "deny": [{ "identity": "Prod" }, { "identity": "host" }],
    }]);
    let ask = |identity: &str| {
        let request = json!({ "path": mono.join("trees/one"), "id": "w1", "name": "agent", "identity": identity, "no_key": true });
        provision(&world, &permissions, request)
    };
    for name in [&prod.name, &prod.uuid, &prod.email] {
        assert_eq!(code(&ask(name)), Some("policy.scope"), "{name}");
    }
    assert_eq!(code(&ask("nobody")), Some("workspace.no_identity"));
}

#[test]
fn an_env_file_lies_in_nothing_of_gits() {
    let world = World::new(json!(["ravi:default"]));
    let mono = mono(&world);
    let config = fs::read(mono.join(".git/config")).unwrap();
    for (path, file) in
        [("", ".git/config"), ("", ".GIT/config"), ("trees/one", ".git"), ("trees/one", ".ravi/config.json")]
    {
        let request = json!({ "path": mono.join(path), "id": "w1", "name": "agent", "main": true, "env_file": file });
        let refused = provision(&world, &json!(["ravi:default"]), request);
        assert!(code(&refused).is_some_and(|code| code.starts_with("place.")), "{file}: {refused:?}");
    }
    assert_eq!(fs::read(mono.join(".git/config")).unwrap(), config);
}
