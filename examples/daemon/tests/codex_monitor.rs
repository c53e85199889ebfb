//! The calls of docs/codex-monitor.md (`examples/codex-monitor/change/rust/ravi_core.rs` itself), in the order in which an app and its
//! daemon make them, on the files that both keep (`settings.json` and `workspaces.json`, in CodexMonitor's shapes) and over
//! the daemon's wire protocol; then taken out again. `examples/codex-monitor/try-changes` runs it and shows each step.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tauri_plugin_ravi::local::{Options, Plan, Server};
use tauri_plugin_ravi::vault::settings::preset;
use tauri_plugin_ravi::{Config, ExposeSecret as _, Keychain, Ravi};
use tokio::runtime::Runtime;

const TOKEN: &str = "made-up-daemon-token-0000";
const OFFICE: &str = "made-up-office-token-0000";

#[allow(dead_code)]
#[path = "../../codex-monitor/change/rust/ravi_core.rs"]
mod ravi_core;

/// What the app's own types know of both files.
mod types {
    use serde::{Deserialize, Serialize};
    use serde_json::Value;

    /// Handed to the window, token included.
    #[derive(Clone, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct AppSettings {
        pub(crate) theme: String,
        pub(crate) remote_backend_token: Option<String>,
        pub(crate) remote_backends: Vec<Value>,
    }

    /// One of `workspaces.json`.
    #[derive(Clone, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct WorkspaceEntry {
        pub(crate) id: String,
        pub(crate) name: String,
        pub(crate) path: String,
        pub(crate) kind: String,
        pub(crate) parent_id: Option<String>,
        pub(crate) worktree: Option<Value>,
        pub(crate) settings: Value,
    }
}

use types::{AppSettings, WorkspaceEntry};

/// The app: its data folder, and a person's repository.
struct App {
    dir: tempfile::TempDir,
    repository: PathBuf,
    entries: Vec<WorkspaceEntry>,
}

impl App {
    fn new() -> App {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().canonicalize().expect("it is there");
        let app = App { dir, repository: root.join("repository"), entries: Vec::new() };
        std::fs::create_dir_all(&app.repository).expect("a folder");
        std::fs::create_dir_all(root.join("data")).expect("a folder");
        app.git(&app.repository, &["init", "--quiet"]);
        for (name, value) in [("user.name", "Hanna Human"), ("user.email", "hanna@example.com")] {
            app.git(&app.repository, &["config", name, value]);
        }
        app.git(&app.repository, &["commit", "--quiet", "--allow-empty", "-m", "Begin"]);
        app
    }

    fn data(&self, name: &str) -> PathBuf {
        self.repository.with_file_name("data").join(name)
    }

    fn git(&self, folder: &Path, args: &[&str]) -> String {
        let mut git = Command::new("git");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            git.env_remove(name);
        }
        git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("HOME", self.dir.path());
        let output = git.arg("-C").arg(folder).args(args).output().expect("git starts");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    fn author(&self, folder: &Path) -> String {
        self.git(folder, &["commit", "--quiet", "--allow-empty", "-m", "Work"]);
        self.git(folder, &["log", "-1", "--format=%an <%ae>"])
    }

    fn add(&mut self, id: &str, path: &Path, worktree: bool) -> WorkspaceEntry {
        let kind = if worktree { "worktree" } else { "main" };
        let entry = WorkspaceEntry {
            id: id.to_owned(),
            name: format!("{id} agent"),
            path: path.to_str().expect("text").to_owned(),
            kind: kind.to_owned(),
            parent_id: worktree.then(|| "main".to_owned()),
            worktree: worktree.then(|| json!({ "branch": id })),
            settings: json!({ "sidebarCollapsed": false, "groupId": null }),
        };
        self.entries.push(entry.clone());
        self.store();
        entry
    }

    fn store(&self) {
        let text = serde_json::to_string_pretty(&self.entries).expect("JSON");
        std::fs::write(self.data("workspaces.json"), text).expect("written");
    }

    fn settings_text(&self) -> String {
        std::fs::read_to_string(self.data("settings.json")).expect("it is there")
    }
}

struct Daemon(Child, String);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Daemon {
    fn start(app: &App, server: &Server) -> Daemon {
        let mut command = Command::new(env!("CARGO_BIN_EXE_example-daemon"));
        command.args(["--listen", "127.0.0.1:0"]).stdin(Stdio::null()).stdout(Stdio::piped());
        command.env("RAVI_API_URL", server.base_url()).env("RAVI_API_KEY", server.management_key().expose_secret());
        command.env("RAVI_WORKSPACE_STATE", app.dir.path().join("daemon")).env("RAVI_WORKSPACE_KEYCHAIN", "file");
        let mut child = command.spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("its output")).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on ").map(str::to_owned);
        Daemon(child, address.unwrap_or_else(|| panic!("it does not listen: {line}")))
    }

    /// What a remote app sends first, and what it is answered.
    fn auth(&self, token: &str) -> Value {
        let mut stream = TcpStream::connect(&self.1).expect("it accepts");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
        let request = json!({ "id": 1, "method": "auth", "params": { "token": token } });
        stream.write_all(format!("{request}\n").as_bytes()).expect("written");
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).expect("an answer");
        serde_json::from_str(&line).expect("JSON")
    }
}

async fn live_keys(server: &Server) -> usize {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let state = http.get(format!("{}/_local/state", server.base_url())).send().await.expect("it answers");
    let state: Value = state.json().await.expect("JSON");
    state["keys"].as_array().expect("a list").iter().filter(|key| !key["identity"].is_null()).count()
}

/// `AppState::load`, on a thread without a runtime.
fn load(app: &App) -> Result<Option<AppSettings>, String> {
    ravi_core::load_settings(&app.data("settings.json"))
}

fn save(app: &App, settings: &AppSettings) {
    assert!(ravi_core::save_settings(&app.data("settings.json"), settings).expect("saved"));
}

#[test]
fn an_app_and_its_daemon_with_the_documented_calls_and_without_them_again() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = Runtime::new().expect("a runtime");
    let server =
        runtime.block_on(Server::start(Options { plan: Plan::Paid, ..Options::default() })).expect("ravi-local starts");
    let mut app = App::new();
    let config = Config {
        api_url: Some(server.base_url().parse().expect("an address")),
        state_dir: Some(app.dir.path().join("app")),
        api_key: Some(server.management_key()),
        keychain: Some(Keychain::File),
        ..Config::default()
    };
    let ravi = Ravi::open(config).expect("the ledger opens");

    nobody(&app);
    ravi_core::keep(ravi.clone());
    away(&runtime, &app, &server);
    settings(&runtime, &ravi, &app);
    token(&runtime, &app, &server);
    workspaces(&runtime, &mut app, &server);
    runtime.block_on(server.stop());
}

/// Without a handle everything is left to the app's own code.
fn nobody(app: &App) {
    let settings = AppSettings { theme: "dark".into(), remote_backend_token: None, remote_backends: Vec::new() };
    assert!(load(app).expect("nothing is asked").is_none());
    assert!(!ravi_core::save_settings(&app.data("settings.json"), &settings).expect("nothing is written"));
    assert!(!app.data("settings.json").exists());
}

/// Ravi does not answer, or has no such secret: the app starts, and what it saves are the references.
fn away(runtime: &Runtime, app: &App, server: &Server) {
    let text =
        r#"{ "theme": "system", "remoteBackendToken": "ravi://CODEX_MONITOR_DAEMON_TOKEN", "remoteBackends": [] }"#;
    std::fs::write(app.data("settings.json"), text).expect("written");
    runtime.block_on(faults(server, Some(json!({ "path": "/api/*", "drop": true, "times": 1000 }))));
    assert!(load(app).expect("no failure").is_none());
    runtime.block_on(faults(server, None));
    assert!(load(app).expect("no failure").is_none(), "Ravi answers, and has no such secret");
    runtime.block_on(faults(server, Some(json!({ "path": "/api/*", "drop": true, "times": 1000 }))));
    let mut settings: AppSettings = serde_json::from_str(text).expect("as the app reads it");
    settings.theme = "dark".into();
    save(app, &settings);
    assert_eq!(app.settings_text(), text.replace("system", "dark"));
    runtime.block_on(faults(server, None));
    println!("settings.json: while Ravi is away the app starts, saves, and keeps its references");
}

async fn faults(server: &Server, plan: Option<Value>) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/_local/faults", server.base_url());
    let request = match plan {
        Some(plan) => http.post(url).json(&plan),
        None => http.delete(url),
    };
    request.send().await.expect("it answers").error_for_status().expect("it is planned");
}

fn settings(runtime: &Runtime, ravi: &Ravi, app: &App) {
    let places = preset("codex-monitor").expect("a preset");
    let original = serde_json::to_string_pretty(&json!({
        "theme": "system", "backendMode": "remote", "remoteBackendToken": TOKEN,
        "remoteBackends": [{
            "id": "office", "name": "Office", "provider": "tcp", "host": "10.0.0.7:4732", "token": OFFICE,
            "lastConnectedAtMs": null,
        }],
        "activeRemoteBackendId": "office",
    }));
    let original = original.expect("JSON");
    std::fs::write(app.data("settings.json"), &original).expect("written");
    runtime.block_on(ravi.migrate_settings(&app.data("settings.json"), &places, false)).expect("moved");
    let moved = app.settings_text();
    assert!(!moved.contains("made-up") && moved.contains("ravi://CODEX_MONITOR_DAEMON_TOKEN"), "{moved}");

    // The window gets the settings, token included, and sends them back with a change.
    let settings = load(app).expect("loaded").expect("resolved");
    let mut window = serde_json::to_value(&settings).expect("JSON");
    assert_eq!((&window["remoteBackendToken"], &window["remoteBackends"][0]["token"]), (&json!(TOKEN), &json!(OFFICE)));
    window["theme"] = json!("dark");
    save(app, &serde_json::from_value(window).expect("settings"));
    assert_eq!(app.settings_text(), moved.replace("\"system\"", "\"dark\""), "nothing else, and no value");
    println!("settings.json: the values are in the vault; what a window sends back does not reach the file");

    // Half a file is an error, and stays for the person to look at.
    let whole = app.settings_text();
    std::fs::write(app.data("settings.json"), &whole[..whole.len() / 2]).expect("written");
    assert!(load(app).is_err());
    assert!(ravi_core::save_settings(&app.data("settings.json"), &settings).is_err());
    assert_eq!(app.settings_text(), whole[..whole.len() / 2]);
    std::fs::write(app.data("settings.json"), &moved).expect("written");
    runtime.block_on(ravi.undo_settings(&app.data("settings.json"))).expect("undone");
    assert_eq!(app.settings_text(), original, "byte for byte");
    runtime.block_on(ravi.migrate_settings(&app.data("settings.json"), &places, false)).expect("moved again");
    println!("settings.json: taken out and in again, byte for byte");
}

fn token(runtime: &Runtime, app: &App, server: &Server) {
    let settings = load(app).expect("loaded").expect("resolved");
    let shown = settings.remote_backend_token.as_deref().expect("a token");
    let daemon = Daemon::start(app, server);
    assert_eq!(daemon.auth(shown), json!({ "id": 1, "result": { "ok": true } }));
    assert_eq!(daemon.auth("made-up-other-token")["error"]["message"], "unauthorized");
    for place in ["cmdline", "environ"] {
        let bytes = std::fs::read(format!("/proc/{}/{place}", daemon.0.id())).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&bytes).contains(TOKEN), "{place}");
    }
    println!("daemon: lets in who shows the token of the app's settings; it is in no argument");

    // Asked in `main`, and inside a runtime too.
    assert_eq!(ravi_core::daemon_token().expect("read").as_deref(), Some(TOKEN));
    assert_eq!(runtime.block_on(async { ravi_core::daemon_token() }).expect("read").as_deref(), Some(TOKEN));
}

fn workspaces(runtime: &Runtime, app: &mut App, server: &Server) {
    let repository = app.repository.clone();
    let before = std::fs::read(repository.join(".git/config")).expect("it is there");
    app.add("main", &repository, false);
    let trees = app.data("worktrees");
    for branch in ["one", "two"] {
        let tree = trees.join(branch);
        app.git(&repository, &["worktree", "add", "--quiet", "-b", branch, tree.to_str().expect("text")]);
        let entry = app.add(branch, &tree, true);
        runtime.block_on(ravi_core::provision(&entry)).expect("provisioned").keep();
        let params = json!({ "cwd": entry.path, "approvalPolicy": "on-request" });
        let params = runtime.block_on(ravi_core::thread_config(&entry.path, params)).expect("a configuration");
        let email = params["config"]["shell_environment_policy.set.GIT_AUTHOR_EMAIL"].as_str().expect("an address");
        assert_eq!(params["approvalPolicy"], "on-request");
        assert_eq!(app.author(&tree), format!("{branch} agent <{email}>"));
        println!("workspace {branch}: commits and threads are its own, as {email}");
    }
    assert_eq!(app.author(&repository), "Hanna Human <hanna@example.com>");
    assert_eq!(runtime.block_on(live_keys(server)), 2);

    // The person's own checkout, which nobody set up.
    let own = runtime.block_on(ravi_core::thread_config(repository.to_str().expect("text"), json!({})));
    assert_eq!(own.expect("no failure"), json!({}));

    // One that cannot be set up, and one that the app gave up after it was.
    let broken = app.add("broken", &trees.join("not-there"), true);
    let error = runtime.block_on(ravi_core::provision(&broken)).err().expect("there is no folder");
    assert!(error.lines().count() > 1, "the cause, and what to do: {error}");
    let tree = trees.join("given-up");
    app.git(&repository, &["worktree", "add", "--quiet", "--detach", tree.to_str().expect("text")]);
    let given_up = app.add("given-up", &tree, true);
    runtime.block_on(async {
        drop(ravi_core::provision(&given_up).await.expect("provisioned"));
        while live_keys(server).await != 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    app.git(&repository, &["worktree", "remove", "--force", tree.to_str().expect("text")]);
    app.entries.retain(|entry| entry.parent_id.is_none() || trees.join(&entry.id).exists());
    assert_eq!(app.entries.len(), 3);
    app.store();
    println!("workspace given-up: no key is left of one that did not come to be");

    // Renamed: branch and folder are others, who works there is not.
    let (old, new) = (trees.join("one"), trees.join("renamed"));
    let author = app.author(&old);
    app.git(&repository, &["branch", "-m", "one", "renamed"]);
    app.git(&repository, &["worktree", "move", old.to_str().expect("text"), new.to_str().expect("text")]);
    let entry = app.entries.iter_mut().find(|entry| entry.id == "one").expect("it is there");
    entry.path = new.to_str().expect("text").to_owned();
    let entry = entry.clone();
    app.store();
    runtime.block_on(ravi_core::provision(&entry)).expect("followed").keep();
    assert_eq!((app.author(&new), runtime.block_on(live_keys(server))), (author, 2));
    println!("workspace one: renamed and moved, the same author");

    for (id, folder) in [("one", "renamed"), ("two", "two")] {
        // Repeated calls change nothing.
        runtime.block_on(ravi_core::release(id));
        runtime.block_on(ravi_core::release(id));
        let folder = trees.join(folder);
        app.git(&repository, &["worktree", "remove", "--force", folder.to_str().expect("text")]);
        app.entries.retain(|entry| entry.id != id);
        app.store();
    }
    assert_eq!(runtime.block_on(live_keys(server)), 0);
    assert_eq!(std::fs::read(repository.join(".git/config")).expect("it is there"), before, "byte for byte");
    println!("released: no key is left, and the repository's configuration is as it was");
}
