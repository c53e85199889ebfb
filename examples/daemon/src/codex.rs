//! Codex's login in custody: put back before the app-server starts, followed while it runs, and stored once more at the end. If
//! another machine takes the login over, the app-server is stopped first.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ravi_workspace_core::codex::{CodexEvent, CodexOptions};
use ravi_workspace_core::{Ravi, Result};
use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// How long an app-server may take to exit by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// The watcher, and the app-server that works with the login.
pub struct Codex {
    server: Arc<AppServer>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<()>>,
}

impl Codex {
    /// Returns once the app-server is running: with the login from the vault or, if Ravi is unreachable, with the one on the disk.
    pub async fn start(ravi: Ravi, home: PathBuf, program: PathBuf) -> Result<Codex> {
        let options = CodexOptions { home: Some(home.clone()), ..CodexOptions::default() };
        let server = Arc::new(AppServer { program, home, child: Mutex::default() });
        let (stop, stopped) = oneshot::channel::<()>();
        let (started, mut begun) = watch::channel(false);
        let host = server.clone();
        let task = tokio::spawn(async move {
            let tell = |event: CodexEvent| {
                let (host, started) = (host.clone(), started.clone());
                async move {
                    let told = tokio::task::spawn_blocking(move || host.told(&event)).await;
                    started.send_replace(*started.borrow() || told.unwrap_or_default());
                }
            };
            ravi.codex().watch(&options, async { drop(stopped.await) }, tell).await.map(drop)
        });
        match begun.wait_for(|begun| *begun).await.is_ok() {
            true => Ok(Codex { server, stop, task }),
            // The watcher ended before it had a login.
            false => match task.await {
                Ok(Err(error)) => Err(error),
                _ => Ok(Codex { server, stop, task: tokio::spawn(std::future::ready(Ok(()))) }),
            },
        }
    }

    /// Stops the app-server, then stores the login that it left.
    pub async fn end(self) {
        self.server.stop();
        let _ = self.stop.send(());
        if let Ok(Err(error)) = self.task.await {
            eprintln!("the Codex login: {error}\n  hint: {}", error.hint());
        }
    }
}

/// The only app-server for the folder: two that refresh at the same time would spend one token twice.
struct AppServer {
    program: PathBuf,
    home: PathBuf,
    child: Mutex<Option<Child>>,
}

impl AppServer {
    /// Does what an event asks for; returns whether the app-server may run by now.
    fn told(&self, event: &CodexEvent) -> bool {
        match event {
            CodexEvent::Watching { .. } => self.start(),
            // Ravi is unreachable: the login on the disk is this machine's until something says otherwise.
            CodexEvent::Failed { error } => {
                eprintln!("the Codex login: {}\n  hint: {}", error.message, error.hint);
                match self.home.join("auth.json").exists() {
                    true => self.start(),
                    false => return false,
                }
            }
            // The app-server re-reads the file; because that has changed, no refresh token is spent.
            CodexEvent::Adopt => self.send("account/read", &json!({ "refreshToken": true })),
            CodexEvent::Yielding { to } => {
                eprintln!("the Codex login goes to {to}");
                self.stop();
            }
            CodexEvent::TakenOver { by, .. } => {
                eprintln!("the Codex login is {by}'s");
                self.stop();
            }
            _ => {}
        }
        true
    }

    fn start(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if child.is_some() {
            return;
        }
        let mut command = Command::new(&self.program);
        // Agents' shells inherit its environment, so nothing of ours may be in it.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RAVI_")) {
            command.env_remove(name);
        }
        command.arg("app-server").env("CODEX_HOME", &self.home).stdin(Stdio::piped()).stdout(Stdio::null());
        match command.spawn() {
            Ok(started) => *child = Some(started),
            Err(e) => eprintln!("{} does not start: {e}", self.program.display()),
        }
        drop(child);
        let client = json!({ "name": "example-daemon", "title": "Example", "version": env!("CARGO_PKG_VERSION") });
        self.send("initialize", &json!({ "clientInfo": client }));
    }

    fn send(&self, method: &str, params: &Value) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(input) = child.as_mut().and_then(|child| child.stdin.as_mut()) {
            let _ = writeln!(input, "{}", json!({ "id": method, "method": method, "params": params }));
        }
    }

    /// Closing its input makes it exit.
    fn stop(&self) {
        let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        drop(child.stdin.take());
        let asked = std::time::Instant::now();
        while matches!(child.try_wait(), Ok(None)) {
            if asked.elapsed() > PATIENCE {
                let _ = child.kill();
                let _ = child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
