//! A person's desk: a repository, the app's data folder, a stand-in Ravi, a `gh` that says who it is, and the programs.

use std::cell::Cell;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ravi_local::{Options, Plan, Server};
use ravi_workspace_core::{Config, ExposeSecret as _, Keychain, Ravi, SecretString, WorkspaceEvent};
use serde_json::{json, Value};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub const TOKEN: &str = "made-up-daemon-token-4711";
pub const PERSON: &str = "Hanna Human <hanna@example.com>";
const LIMIT: Duration = Duration::from_secs(30);

pub struct Desk {
    _dir: TempDir,
    runtime: Runtime,
    server: Server,
    pub data: PathBuf,
    pub repository: PathBuf,
    pub original_git_config: Vec<u8>,
    root: PathBuf,
    /// Of the identity that holds the app's own secrets.
    keys_before: Cell<usize>,
}

pub struct Said {
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Said {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Said { stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Desk {
    /// Where a person switched Ravi on, and the daemon's token is in the vault.
    pub fn with_ravi() -> Desk {
        let desk = Desk::new();
        desk.switch_on();
        desk.set_secret("CODEX_MONITOR_DAEMON_TOKEN", TOKEN);
        desk
    }

    pub fn new() -> Desk {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::Builder::new().prefix("ravi-host-").tempdir().expect("a folder");
        let root = dir.path().canonicalize().expect("it is there");
        let runtime = Runtime::new().expect("a runtime");
        let options = Options { plan: Plan::Paid, ..Options::default() };
        let server = runtime.block_on(Server::start(options)).expect("ravi-local starts");
        let (data, repository) = (root.join("data"), root.join("repository"));
        for folder in [&data, &repository, &root.join("bin"), &root.join("home")] {
            std::fs::create_dir_all(folder).expect("a folder");
        }
        std::fs::create_dir(data.join("worktrees")).expect("a folder");
        let gh = root.join("bin/gh");
        std::fs::write(&gh, "#!/bin/sh\necho \"${GH_TOKEN:-the person}\"\n").expect("a program");
        std::fs::set_permissions(&gh, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("it runs");
        let mut desk = Desk {
            _dir: dir,
            runtime,
            server,
            data,
            repository,
            original_git_config: Vec::new(),
            root,
            keys_before: Cell::new(0),
        };
        desk.git(&desk.repository, &["init", "--quiet"]);
        for (name, value) in [("user.name", "Hanna Human"), ("user.email", "hanna@example.com")] {
            desk.git(&desk.repository, &["config", name, value]);
        }
        desk.git(&desk.repository, &["commit", "--quiet", "--allow-empty", "-m", "Begin"]);
        desk.original_git_config = desk.git_config();
        desk
    }

    fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for (name, _) in std::env::vars_os().filter(|(name, _)| {
            ["GIT_", "RAVI_", "GH_", "GITHUB_", "CODEX_"].iter().any(|start| name.to_string_lossy().starts_with(start))
        }) {
            command.env_remove(name);
        }
        let path = std::env::var_os("PATH").expect("a PATH");
        let path = [self.root.join("bin")].into_iter().chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(path).expect("a PATH"));
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("HOME", self.root.join("home"));
        command.env("RAVI_API_URL", self.server.base_url()).env("RAVI_WORKSPACE_KEYCHAIN", "file");
        command.env("RAVI_API_KEY", self.server.management_key().expose_secret())
    }

    pub fn git(&self, folder: &Path, args: &[&str]) -> String {
        let mut git = Command::new("git");
        let output = self.environment(&mut git).arg("-C").arg(folder).args(args).output().expect("git starts");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    pub fn author(&self, folder: &Path) -> String {
        self.git(folder, &["commit", "--quiet", "--allow-empty", "-m", "Work"]);
        self.git(folder, &["log", "-1", "--format=%an <%ae>"])
    }

    pub fn git_config(&self) -> Vec<u8> {
        std::fs::read(self.repository.join(".git/config")).expect("it is there")
    }

    pub fn settings(&self) -> String {
        std::fs::read_to_string(self.data.join("settings.json")).expect("it is there")
    }

    pub fn write_settings(&self, text: &str) {
        std::fs::write(self.data.join("settings.json"), text).expect("written");
    }

    /// As the switch in the app's settings does.
    pub fn switch_on(&self) {
        self.power().switch_on().expect("on");
        self.runtime.block_on(async {
            let ravi = self.ravi();
            ravi.account().make_host().await.expect("an identity for the app's own secrets");
        });
        self.keys_before.set(self.keys());
    }

    pub fn switch_off(&self) {
        self.power().switch_off().expect("off");
    }

    fn power(&self) -> ravi_workspace_core::Power {
        ravi_workspace_core::Power::new(Config { start: Some(ravi_workspace_core::Start::Asked), ..self.config() })
            .expect("a configuration")
    }

    fn config(&self) -> Config {
        Config {
            api_url: Some(self.server.base_url().parse().expect("an address")),
            state_dir: Some(self.data.join("ravi")),
            api_key: Some(self.server.management_key()),
            keychain: Some(Keychain::File),
            ..Config::default()
        }
    }

    fn ravi(&self) -> Ravi {
        Ravi::open(self.config()).expect("the ledger opens")
    }

    pub fn set_secret(&self, key: &str, value: &str) {
        self.runtime.block_on(self.ravi().secrets().set(key, SecretString::from(value))).expect("stored");
    }

    pub fn give_github_token(&self, tree: &Path, token: &str) {
        self.runtime.block_on(async {
            let ravi = self.ravi();
            let workspace = ravi.workspaces().get(tree).await.expect("bound");
            let name = format!("GH_TOKEN_{}", workspace.id.replace('-', "_").to_uppercase());
            ravi.secrets().set(&name, SecretString::from(token)).await.expect("stored");
            let request = ravi_workspace_core::ProvisionRequest {
                github_secret: Some(name),
                ..ravi_workspace_core::ProvisionRequest::new(tree, &workspace.id, &workspace.name)
            };
            ravi.workspaces().provision(request, |_| {}).await.expect("provisioned");
        });
    }

    /// The command line on the app's ledger.
    pub fn cli(&self, args: &[&str]) {
        match args {
            ["release", id] => {
                drop(self.runtime.block_on(self.ravi().workspaces().release(id, false, |_| {})).expect("released"))
            }
            other => panic!("not known here: {other:?}"),
        }
    }

    /// What a window on the same ledger is told.
    pub fn watch(&self) -> Arc<Mutex<Vec<String>>> {
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let (mut watch, told) = (self.ravi().workspaces().watch(), Arc::clone(&seen));
        self.runtime.spawn(async move {
            while let Ok(event) = watch.next().await {
                let WorkspaceEvent::Changed(change) = event else { continue };
                let mut told = told.lock().unwrap();
                match change.workspace {
                    Some(one) => {
                        told.extend([format!("{} {:?}", one.id, one.state), format!("{} {}", one.id, one.name)])
                    }
                    None => told.push(format!("{} gone", change.id)),
                }
            }
        });
        seen
    }

    pub fn until(&self, look: impl Fn() -> bool, what: &str) {
        let start = Instant::now();
        while !look() {
            assert!(start.elapsed() < LIMIT, "it never came: {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn daemon(&self, args: &[&str]) -> Result<Daemon, String> {
        self.start(args, &[]).map(|(daemon, _)| daemon)
    }

    pub fn daemon_and_words(&self, args: &[&str]) -> Result<(Daemon, String), String> {
        self.start(args, &[])
    }

    pub fn with_env(&self, name: &str, value: &str) -> Result<Daemon, String> {
        self.start(&[], &[(name, value)]).map(|(daemon, _)| daemon)
    }

    fn start(&self, args: &[&str], env: &[(&str, &str)]) -> Result<(Daemon, String), String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_model-daemon"));
        self.environment(&mut command).envs(env.iter().copied());
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(&self.data).args(args);
        let words = self.root.join("words");
        let file = std::fs::File::create(&words).expect("a file");
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file).spawn().expect("the daemon starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let said = std::fs::read_to_string(&words).unwrap_or_default();
        match line.trim().strip_prefix("listening on ") {
            Some(address) => Ok((Daemon { child, address: address.to_owned() }, said)),
            None => {
                let _ = child.wait();
                Err(std::fs::read_to_string(&words).unwrap_or(said))
            }
        }
    }

    pub fn ctl(&self, job: &str) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_model-ctl"));
        let daemon = env!("CARGO_BIN_EXE_model-daemon");
        self.environment(&mut command).arg(job).arg(&self.data).arg(daemon).stdin(Stdio::null());
        command.output().expect("it starts").into()
    }

    async fn local(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut request = http.request(method, format!("{}/_local/{path}", self.server.base_url()));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let text = request.send().await.expect("it answers").text().await.expect("a body");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub fn fault(&self, plan: Value) {
        self.runtime.block_on(self.local(reqwest::Method::POST, "faults", Some(plan)));
    }

    pub fn no_faults(&self) {
        self.runtime.block_on(self.local(reqwest::Method::DELETE, "faults", None));
    }

    pub fn calls(&self) -> Vec<Value> {
        let calls = self.runtime.block_on(self.local(reqwest::Method::GET, "calls", None));
        calls["log"].as_array().expect("a list").clone()
    }

    /// Keys that agents have.
    pub fn live_keys(&self) -> usize {
        self.keys() - self.keys_before.get()
    }

    fn keys(&self) -> usize {
        let state = self.runtime.block_on(self.local(reqwest::Method::GET, "state", None));
        let keys = state["keys"].as_array().expect("a list");
        keys.iter().filter(|key| !key["identity"].is_null()).count()
    }
}

pub struct Daemon {
    child: Child,
    address: String,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    pub fn client(&self) -> Client {
        let stream = TcpStream::connect(&self.address).expect("it accepts");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
        Client { lines: BufReader::new(stream) }
    }

    pub fn signed_in(&self, token: &str) -> Client {
        let mut client = self.client();
        client.call("auth", json!({ "token": token })).expect("the token lets in");
        client
    }

    pub fn threads(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("it lives").count()
    }

    pub fn proc(&self, name: &str) -> String {
        let mut text = Vec::new();
        let mut file = std::fs::File::open(format!("/proc/{}/{name}", self.child.id())).expect("it lives");
        file.read_to_end(&mut text).expect("read");
        String::from_utf8_lossy(&text).into_owned()
    }
}

pub struct Client {
    lines: BufReader<TcpStream>,
}

impl Client {
    pub fn call(&mut self, method: &str, params: Value) -> Result<Value, String> {
        let request = json!({ "id": 1, "method": method, "params": params });
        let stream = self.lines.get_mut();
        stream.write_all(format!("{request}\n").as_bytes()).map_err(|e| e.to_string())?;
        let mut line = String::new();
        self.lines.read_line(&mut line).map_err(|e| e.to_string())?;
        let mut answer: Value = serde_json::from_str(&line).map_err(|e| format!("{e}: {line}"))?;
        match answer["error"]["message"].as_str() {
            Some(message) => Err(message.to_owned()),
            None => Ok(answer["result"].take()),
        }
    }
}

/// What lies in a folder, to a depth.
pub fn files_below(folder: &Path, depth: usize) -> Vec<String> {
    fn walk(folder: &Path, depth: usize, before: &str, all: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("it is there").flatten() {
            let name = format!("{before}{}", entry.file_name().to_string_lossy());
            match entry.path().is_dir() && depth > 1 {
                true => walk(&entry.path(), depth - 1, &format!("{name}/"), all),
                false => all.push(name),
            }
        }
    }
    let mut all = Vec::new();
    walk(folder, depth, "", &mut all);
    all.sort();
    all
}
