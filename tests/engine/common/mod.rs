//! A test bed: a stand-in Ravi, a state folder, a person with a git identity, and real repositories.
//!
//! Each test that uses it has its own; nothing of the machine's own configuration is read.

pub mod dmux_screen;
pub mod git_server;
pub mod leaks;
pub mod ravi_room;
pub mod real_dmux;
pub mod ssh_server;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use ravi_local::{Options, Server};
use ravi_workspace_core::api::{AnyKey, Client, ClientOptions, ManagementKey, NewIdentity, Session};
use ravi_workspace_core::{Config, Keychain, Ravi};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tempfile::TempDir;

pub const HUMAN_NAME: &str = "Hanna Human";
/// Name of the identity that the program makes for the app's own secrets.
pub const HOST: &str = ravi_workspace_core::config::DEFAULT_HOST_IDENTITY;
pub const HUMAN_EMAIL: &str = "hanna@example.com";

pub struct Bed {
    pub dir: TempDir,
    server: tokio::sync::Mutex<Option<Server>>,
    pub base_url: String,
    pub key: SecretString,
    /// Where programs are looked for; `None` is where the tests themselves look.
    pub search: Option<OsString>,
    http: reqwest::Client,
}

/// The folder with a git from before most of what git has learnt since; `None`, and said, if it is not there.
pub fn old_git() -> Option<PathBuf> {
    let folder = project().join("target/old-git/bin");
    let there = folder.join("git").exists();
    if !there {
        eprintln!("skipped: there is no old git; run scripts/setup test");
    }
    there.then_some(folder)
}

/// The folder of the whole project.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("it is there")
}

impl Bed {
    /// An account that has an identity for the app's own secrets.
    pub async fn new() -> Bed {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Bed {
        let bed = Self::bare(options).await;
        bed.make_host().await;
        bed
    }

    /// The identity that the program would make for the app's own secrets, made by another hand and without a key.
    pub async fn make_host(&self) -> String {
        let account = self.management();
        let new = NewIdentity { name: Some(HOST.into()), ..NewIdentity::default() };
        let made = account.identities().create(&new).await.expect("an identity").identity;
        for key in account.identity_keys().list().await.expect("keys") {
            if key.identity.as_ref() == Some(&made.uuid) {
                account.identity_keys().revoke(&key.uuid).await.expect("revoked");
            }
        }
        self.reset_calls().await;
        made.uuid.to_string()
    }

    /// An account as the stand-in has it, without an identity unless its plan comes with one.
    pub async fn bare(options: Options) -> Bed {
        // Fine when another test of this process was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Server::start(options).await.expect("ravi-local starts");
        let dir = tempfile::Builder::new().prefix("ravi-test-").tempdir().expect("a folder");
        let gitconfig = format!(
            "[user]\n\tname = {HUMAN_NAME}\n\temail = {HUMAN_EMAIL}\n[init]\n\tdefaultBranch = main\n[commit]\n\tgpgSign = false\n"
        );
        std::fs::write(dir.path().join("gitconfig"), gitconfig).expect("a git configuration");
        // A git before 2.32 has no variable that names it.
        std::os::unix::fs::symlink("gitconfig", dir.path().join(".gitconfig")).expect("a link");
        let (base_url, key) = (server.base_url(), server.management_key());
        let server = tokio::sync::Mutex::new(Some(server));
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Bed { dir, server, base_url, key, search: None, http }
    }

    /// Puts a folder first where programs are looked for, or goes back to where the tests themselves look.
    pub fn search_first(&mut self, folder: Option<&Path>) {
        let rest = std::env::var_os("PATH").expect("a PATH");
        let path =
            |first: &Path| std::env::join_paths([first.to_owned()].into_iter().chain(std::env::split_paths(&rest)));
        self.search = folder.map(|first| path(first).expect("a PATH"));
    }

    /// Ravi goes away, as in an outage.
    pub async fn stop_ravi(&self) {
        self.server.lock().await.take().expect("it runs").stop().await;
    }

    /// Ravi comes back at the same address; with a data folder it knows what it knew.
    pub async fn start_ravi(&self, options: Options) {
        let url: reqwest::Url = self.base_url.parse().expect("an address");
        let port = url.port().expect("a port");
        let server = Server::start(Options { port, ..options }).await.expect("ravi-local starts again");
        *self.server.lock().await = Some(server);
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().canonicalize().expect("the folder is there").join(name)
    }

    pub fn state(&self) -> PathBuf {
        self.path("state")
    }

    pub fn config(&self) -> Config {
        Config {
            api_url: Some(self.base_url.parse().expect("an address")),
            state_dir: Some(self.state()),
            api_key: Some(self.key.clone()),
            // Nothing goes to the keychain of whoever runs the tests.
            keychain: Some(Keychain::File),
            // Where the programs of this bed look: its folder is their home.
            ledger_list: Some(self.path(".local/state/ravi-workspace")),
            ..Config::default()
        }
    }

    pub fn ravi(&self) -> Ravi {
        Ravi::open(self.config()).expect("the ledger opens")
    }

    /// git as the person runs it.
    pub fn git<S: AsRef<OsStr>>(&self, folder: &Path, args: &[S]) -> String {
        let output = self.git_command(folder).args(args).output().expect("git starts");
        let shown: Vec<_> = args.iter().map(|a| a.as_ref().to_string_lossy().into_owned()).collect();
        assert!(
            output.status.success(),
            "git {shown:?} in {}: {}",
            folder.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
    }

    pub fn git_command(&self, folder: &Path) -> Command {
        let mut command = Command::new("git");
        command.current_dir(folder).stdin(Stdio::null());
        self.git_environment(&mut command);
        command
    }

    pub fn git_environment(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            command.env_remove(name);
        }
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", self.path("gitconfig"));
        command.env("HOME", self.path(""));
        if let Some(path) = &self.search {
            command.env("PATH", path);
        }
    }

    /// A repository with one commit.
    pub fn repository(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(&path).expect("a folder");
        self.git(&path, &["init", "--quiet"]);
        self.git(&path, &["commit", "--quiet", "--allow-empty", "-m", "Begin"]);
        path
    }

    /// A linked worktree of `repository` on a branch of its own.
    pub fn worktree(&self, repository: &Path, name: &str) -> PathBuf {
        let path = self.path(&format!("worktrees/{name}"));
        self.git(repository, &[OsStr::new("worktree"), "add".as_ref(), "--quiet".as_ref(), path.as_os_str()]);
        path
    }

    pub fn author(&self, folder: &Path) -> String {
        self.git(folder, &["commit", "--quiet", "--allow-empty", "-m", "Work"]);
        self.git(folder, &["log", "-1", "--format=%an <%ae>"])
    }

    /// The program, set up as this test bed's user has it.
    pub fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ravi-workspace"));
        self.git_environment(&mut command);
        command
            .env("RAVI_API_URL", &self.base_url)
            .env("RAVI_API_KEY", self.key.expose_secret())
            .env("RAVI_WORKSPACE_STATE", self.state())
            .env("RAVI_WORKSPACE_KEYCHAIN", "file")
            .env_remove("CREDENTIALS_DIRECTORY")
            .stdin(Stdio::null());
        command
    }

    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Run {
        self.program().args(args).output().expect("ravi-workspace starts").into()
    }

    pub fn run_with_input<S: AsRef<OsStr>>(&self, args: &[S], input: &str) -> Run {
        use std::io::Write as _;
        let mut program = self.program();
        program.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().expect("ravi-workspace starts");
        let mut stdin = child.stdin.take().expect("its input");
        let input = input.to_owned();
        // It may end before it has read everything, which is its right.
        let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let output = child.wait_with_output().expect("it ends");
        writer.join().expect("the writer ends");
        output.into()
    }

    /// The same with the keys in the workspaces' folders.
    pub fn run_in_tree<S: AsRef<OsStr>>(&self, args: &[S]) -> Run {
        let mut program = self.program();
        program.env("RAVI_WORKSPACE_KEY_IN_TREE", "always").args(args);
        program.output().expect("ravi-workspace starts").into()
    }

    /// The file with the workspace's key, as the official command line reads it.
    pub fn key_file(&self, id: &str) -> PathBuf {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(id.as_bytes());
        let home: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.state().join("homes").join(home).join(".ravi/config.json")
    }

    pub fn provision_args(path: &Path, id: &str, name: &str) -> Vec<String> {
        let text = path.to_str().expect("text");
        let mut args = vec!["provision", text, "--id", id, "--name", name, "--json"];
        // A main checkout is bound where somebody asks for just that.
        let dot_git = path.join(".git");
        let is_submodule = std::fs::read_to_string(&dot_git).is_ok_and(|text| text.contains("/modules/"));
        if dot_git.is_dir() || is_submodule {
            args.push("--main");
        }
        args.into_iter().map(str::to_owned).collect()
    }

    pub async fn local(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.http.request(method.clone(), format!("{}/_local/{path}", self.base_url));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let reply = request.send().await.expect("ravi-local answers");
        assert!(reply.status().is_success(), "{method} {path}: {}", reply.status());
        let text = reply.text().await.expect("a body");
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") }
    }

    /// Stores a secret in the vault of any identity, as its owner may do in the dashboard.
    pub async fn put_secret(&self, identity: &str, key: &str, value: &str) {
        let session = self.account();
        let put = session.secrets(&identity.into()).put(key, &SecretString::from(value)).await;
        put.expect("the secret is stored");
    }

    pub async fn delete_secret(&self, identity: &str, key: &str) {
        let (session, identity) = (self.account(), identity.into());
        let secret = session.secrets(&identity).find(key).await.expect("Ravi answers").expect("it is there");
        session.secrets(&identity).delete(&secret.uuid).await.expect("it is deleted");
    }

    /// Everything in the vault of an identity, by name.
    pub async fn secrets_of(&self, identity: &str) -> BTreeMap<String, String> {
        let (session, identity) = (self.account(), identity.into());
        let all = session.secrets(&identity).list().await.expect("Ravi answers").into_iter();
        all.map(|secret| (secret.key, secret.value.expose_secret().to_owned())).collect()
    }

    /// The same as whoever has `key` reads it.
    pub async fn secrets_with(&self, key: &str, identity: &str) -> BTreeMap<String, String> {
        let client = Client::new(ClientOptions::new(self.base_url.parse().expect("an address"))).expect("a client");
        let (session, identity) =
            (client.with(&AnyKey::parse(SecretString::from(key)).expect("a key")), identity.into());
        let all = session.secrets(&identity).list().await.expect("Ravi answers").into_iter();
        all.map(|secret| (secret.key, secret.value.expose_secret().to_owned())).collect()
    }

    /// The audit trail, oldest first: action, workspace, object, outcome, reason.
    pub fn audit_trail(&self) -> Vec<[String; 5]> {
        let ledger = rusqlite::Connection::open(self.state().join("ledger.db")).expect("the ledger opens");
        let columns = "action, workspace, object, outcome, reason".split(", ").map(|c| format!("ifnull({c}, '')"));
        let query = format!("SELECT {} FROM audit ORDER BY seq", columns.collect::<Vec<_>>().join(", "));
        let mut statement = ledger.prepare(&query).expect("the table is there");
        let rows = statement.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?]));
        rows.expect("rows").map(|row| row.expect("a row")).collect()
    }

    /// The account, as a person's other tools reach it.
    pub fn management(&self) -> Session<ManagementKey> {
        let client = Client::new(ClientOptions::new(self.base_url.parse().expect("an address"))).expect("a client");
        client.with(&ManagementKey::parse(self.key.clone()).expect("a key"))
    }

    fn account(&self) -> Session<AnyKey> {
        let client = Client::new(ClientOptions::new(self.base_url.parse().expect("an address"))).expect("a client");
        client.with(&AnyKey::parse(self.key.clone()).expect("a key"))
    }

    /// How often a call was made since the last reset, such as `POST /api/identities/`.
    pub async fn calls(&self, what: &str) -> u64 {
        let calls = self.local(reqwest::Method::GET, "calls", None).await;
        calls["counts"][what].as_u64().unwrap_or(0)
    }

    /// All calls since the last reset, in order.
    pub async fn call_log(&self) -> Vec<String> {
        let calls = self.local(reqwest::Method::GET, "calls", None).await;
        let log = calls["log"].as_array().expect("a list").iter();
        log.map(|c| format!("{} {}", c["method"].as_str().expect("text"), c["path"].as_str().expect("text"))).collect()
    }

    pub async fn reset_calls(&self) {
        self.local(reqwest::Method::DELETE, "calls", None).await;
    }

    pub async fn fault(&self, fault: Value) {
        self.local(reqwest::Method::POST, "faults", Some(fault)).await;
    }

    /// Identities, live keys and names of secrets as the server has them.
    pub async fn server_state(&self) -> Value {
        self.local(reqwest::Method::GET, "state", None).await
    }

    pub async fn live_keys(&self) -> usize {
        let state = self.server_state().await;
        let keys = state["keys"].as_array().expect("a list");
        keys.iter().filter(|key| !key["identity"].is_null()).count()
    }

    /// How many identities there are besides the one for the app's own secrets.
    pub async fn identity_count(&self) -> usize {
        let state = self.server_state().await;
        state["identities"].as_array().expect("a list").iter().filter(|identity| identity["name"] != HOST).count()
    }

    pub async fn drop_next(&self, method: &str, path: &str) {
        self.fault(json!({ "method": method, "path": path, "drop": true })).await;
    }
}

/// What a run of the program gave.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Run {
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

impl Run {
    /// The one JSON document on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("no JSON ({e}): {self:?}"))
    }

    pub fn ok(self) -> Run {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// The code of the error that was answered.
    pub fn error_code(&self) -> String {
        assert_ne!(self.code, 0, "{self:?}");
        let answer = self.json();
        assert!(answer["error"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{self:?}");
        answer["error"]["code"].as_str().expect("a code").to_owned()
    }
}

/// Every file below `folder` (not through links) whose bytes contain `needle`.
pub fn files_with(folder: &Path, needle: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() {
            found.extend(files_with(&path, needle));
        } else if kind.is_file() {
            let bytes = std::fs::read(&path).unwrap_or_default();
            if bytes.windows(needle.len()).any(|window| window == needle.as_bytes()) {
                found.push(path);
            }
        }
    }
    found
}
