//! Made-up Codex logins, machines that share one, and a token server that rotates as Codex's does.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ravi_workspace_core::codex::{CodexEvent, CodexOptions, CodexWatched, DEFAULT_NAME};
use ravi_workspace_core::{Config, Ravi};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::common::{Bed, Run};

pub const PASSPHRASE: &str = "made up words for a recovery";
pub const ACCOUNT: &str = "acct-made-up-1";

/// Seconds since 1970 at which the first made-up login was refreshed.
static REFRESHED: AtomicI64 = AtomicI64::new(1_790_000_000);

pub fn jwt(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.made-up-signature", part(&json!({ "alg": "none" })), part(claims))
}

pub fn id_token(account: &str) -> String {
    let auth = json!({ "chatgpt_account_id": account, "chatgpt_plan_type": "pro", "chatgpt_user_id": "user-made-up" });
    jwt(&json!({ "email": "dev@example.com", "https://api.openai.com/auth": auth }))
}

pub fn access_token(refresh: &str) -> String {
    // Far away: Codex refreshes when it is told to, and not by itself.
    jwt(&json!({ "exp": 4_000_000_000_i64, "made_for": refresh }))
}

/// The file of a ChatGPT login, refreshed later than all that were made before.
pub fn chatgpt(account: &str, refresh: &str) -> String {
    let at = REFRESHED.fetch_add(1, Ordering::SeqCst);
    let at = jiff::Timestamp::from_second(at).expect("a time");
    let tokens = json!({
        "id_token": id_token(account), "access_token": access_token(refresh), "refresh_token": refresh, "account_id": account,
    });
    let file =
        json!({ "auth_mode": "chatgpt", "OPENAI_API_KEY": null, "tokens": tokens, "last_refresh": at.to_string() });
    serde_json::to_string_pretty(&file).expect("JSON")
}

pub fn api_key(key: &str) -> String {
    json!({ "auth_mode": "apikey", "OPENAI_API_KEY": key }).to_string()
}

/// Puts a file in place as Codex does: a new inode, mode 0600.
pub fn put(path: &Path, text: &str) {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let temp = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(&temp).expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    std::fs::rename(temp, path).expect("in place");
}

/// The refresh token in a file.
pub fn refresh_token(text: &str) -> String {
    let file: Value = serde_json::from_str(text).expect("JSON");
    file["tokens"]["refresh_token"].as_str().expect("text").to_owned()
}

/// One machine: a state folder and a folder of Codex's.
#[derive(Debug, Clone)]
pub struct Machine {
    pub state: PathBuf,
    pub home: PathBuf,
}

impl Machine {
    /// A machine of this test bed that has the vault key.
    pub fn new(bed: &Bed, name: &str) -> Machine {
        let machine = Machine { state: bed.path(&format!("{name}-state")), home: bed.path(&format!("{name}-codex")) };
        std::fs::create_dir_all(&machine.home).expect("a folder");
        let first = !bed.path("sealed").exists();
        std::fs::write(bed.path("sealed"), "").expect("a file");
        machine.run_with(bed, &["seal", if first { "enable" } else { "unlock" }], PASSPHRASE).ok();
        machine
    }

    pub fn file(&self) -> PathBuf {
        self.home.join("auth.json")
    }

    pub fn text(&self) -> String {
        std::fs::read_to_string(self.file()).expect("a login")
    }

    pub fn put(&self, text: &str) {
        put(&self.file(), text);
    }

    pub fn config(&self, bed: &Bed) -> Config {
        Config { state_dir: Some(self.state.clone()), ..bed.config() }
    }

    pub fn ravi(&self, bed: &Bed) -> Ravi {
        Ravi::open(self.config(bed)).expect("the ledger opens")
    }

    pub fn options(&self) -> CodexOptions {
        CodexOptions {
            home: Some(self.home.clone()),
            look_every: Some(std::time::Duration::from_millis(100)),
            ..CodexOptions::default()
        }
    }

    pub fn program(&self, bed: &Bed) -> std::process::Command {
        let mut program = bed.program();
        program.env("RAVI_WORKSPACE_STATE", &self.state).env("RAVI_WORKSPACE_SCRYPT_WORK", "4");
        program.env("CODEX_HOME", &self.home);
        program
    }

    pub fn run_with(&self, bed: &Bed, args: &[&str], input: &str) -> Run {
        use std::io::Write as _;
        let mut program = self.program(bed);
        program.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().expect("it starts");
        // It may end before it has read everything.
        let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
        child.wait_with_output().expect("it ends").into()
    }

    /// `ravi-workspace codex … --json`
    pub fn codex(&self, bed: &Bed, args: &[&str]) -> Run {
        let args = [&["codex"], args, &["--json"]].concat();
        self.program(bed).args(args).output().expect("it starts").into()
    }

    /// The file in the record that is stored, as this machine opens it.
    pub async fn stored(&self, bed: &Bed) -> Value {
        let ravi = self.ravi(bed);
        let value = ravi.secrets().refresh(DEFAULT_NAME).await.expect("it is stored");
        serde_json::from_str(secrecy::ExposeSecret::expose_secret(&value)).expect("a record")
    }

    pub async fn stored_token(&self, bed: &Bed) -> String {
        refresh_token(self.stored(bed).await["auth"].as_str().expect("text"))
    }

    pub async fn store_key(&self, bed: &Bed, name: &str, key: &str) {
        self.ravi(bed).secrets().set(name, SecretString::from(key)).await.expect("stored");
    }
}

/// Waits for a condition.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let started = std::time::Instant::now();
    while !condition().await {
        assert!(started.elapsed() < std::time::Duration::from_secs(90), "{what}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A watcher in this process.
pub struct Watcher {
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<ravi_workspace_core::Result<CodexWatched>>,
    told: Arc<Mutex<Vec<CodexEvent>>>,
}

impl Watcher {
    pub fn start(ravi: Ravi, options: CodexOptions) -> Watcher {
        Self::start_with(ravi, options, |_| {})
    }

    /// One whose host app does something when it is told.
    pub fn start_with(
        ravi: Ravi,
        options: CodexOptions,
        host: impl Fn(&CodexEvent) + Send + Sync + 'static,
    ) -> Watcher {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let told = Arc::new(Mutex::new(Vec::new()));
        let events = told.clone();
        let task = tokio::spawn(async move {
            let stop = async move { drop(stopped.await) };
            let tell = |event: CodexEvent| {
                host(&event);
                events.lock().expect("whole").push(event);
                std::future::ready(())
            };
            ravi.codex().watch(&options, stop, tell).await
        });
        Watcher { stop: Some(stop), task, told }
    }

    pub fn told(&self, what: impl Fn(&CodexEvent) -> bool) -> bool {
        self.told.lock().expect("whole").iter().any(what)
    }

    pub fn events(&self) -> Vec<CodexEvent> {
        self.told.lock().expect("whole").clone()
    }

    pub fn is_watching(&self) -> bool {
        self.told(|event| matches!(event, CodexEvent::Watching { .. }))
    }

    pub fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    pub async fn watching(self) -> Watcher {
        until("it watches", async || {
            assert!(!self.has_ended(), "it ended: {:?}", self.events());
            self.is_watching()
        })
        .await;
        self
    }

    /// It dies without another word.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    pub async fn stop(mut self) -> ravi_workspace_core::Result<CodexWatched> {
        let _ = self.stop.take().expect("once").send(());
        self.task.await.expect("no panic")
    }

    pub async fn end(self) -> ravi_workspace_core::Result<CodexWatched> {
        self.task.await.expect("no panic")
    }
}
