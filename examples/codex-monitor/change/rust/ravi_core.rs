//! Ravi in CodexMonitor: what its app, its daemon and its `daemonctl` share. Put it into `src-tauri/src/` and call it at the
//! places that `docs/codex-monitor.md` lists.
//!
//! It knows the app's two types and nothing of windows. Where no handle is kept (the app's own tests, `daemonctl` without an
//! account) everything is as it was without it.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use tauri_plugin_ravi::codex::{CodexEvent, CodexOptions};
use tauri_plugin_ravi::vault::VaultError;
use tauri_plugin_ravi::vault::settings::{Place, preset};
use tauri_plugin_ravi::workspace::WorkspaceError;
use tauri_plugin_ravi::{Config, Error, ExposeSecret as _, ProvisionRequest, Ravi, Settings};

use crate::types::{AppSettings, WorkspaceEntry};

const DAEMON_TOKEN: &str = "CODEX_MONITOR_DAEMON_TOKEN";

/// How long a daemon waits for Codex's login before it listens.
const PATIENCE: Duration = Duration::from_secs(5);

static RAVI: OnceLock<Ravi> = OnceLock::new();

/// The app keeps the plugin's handle.
pub(crate) fn keep(ravi: Ravi) {
    let _ = RAVI.set(ravi);
}

/// Daemon and `daemonctl` open the ledger that the app has: the same workspaces, one writer at a time.
pub(crate) fn open(data_dir: &Path) -> Result<(), String> {
    let mut config = Config::default().with_env().map_err(|error| told(error.into()))?;
    config.state_dir.get_or_insert_with(|| data_dir.join("ravi"));
    keep(Ravi::open(config).map_err(told)?);
    Ok(())
}

pub(crate) fn handle() -> Option<&'static Ravi> {
    RAVI.get()
}

/// What a person is shown: the cause, and the next step.
pub(crate) fn told(error: Error) -> String {
    format!("{error}\n{}", error.hint())
}

/// The app's settings with references resolved; `None` where one cannot be resolved: Ravi is away, nobody is signed in, the
/// secret was deleted. A person mends that in the window, so the app must start: it reads the file as before, references
/// stay text in memory, and a save writes them back as they are. A file that cannot be read is an error.
pub(crate) fn load_settings(path: &Path) -> Result<Option<AppSettings>, String> {
    let Some(ravi) = handle() else { return Ok(None) };
    match Settings::<AppSettings>::load_blocking(ravi, path, places()) {
        Ok(settings) => Ok(Some((*settings).clone())),
        Err(error) if is_unresolved(&error) => {
            eprintln!("ravi: {}", told(error));
            Ok(None)
        }
        Err(error) => Err(told(error)),
    }
}

/// What the window sent back, without the secrets that it was shown; `false` where there is nobody to keep them.
pub(crate) fn save_settings(path: &Path, settings: &AppSettings) -> Result<bool, String> {
    let Some(ravi) = handle() else { return Ok(false) };
    let mut kept = match Settings::<AppSettings>::load_blocking(ravi, path, places()) {
        Ok(kept) => kept,
        Err(error) if !path.exists() || is_unresolved(&error) => Settings::new(ravi, path, places(), settings.clone()),
        Err(error) => return Err(told(error)),
    };
    *kept = settings.clone();
    kept.save_blocking().map(|()| true).map_err(told)
}

fn is_unresolved(error: &Error) -> bool {
    matches!(error, Error::Vault(VaultError::Unresolved { .. }))
}

fn places() -> Vec<Place> {
    preset("codex-monitor").unwrap_or_default()
}

/// The token of a daemon that nobody gave one.
pub(crate) fn daemon_token() -> Result<Option<String>, String> {
    let Some(ravi) = handle() else { return Ok(None) };
    let token = ravi.secret_blocking(DAEMON_TOKEN).map_err(told)?;
    Ok(Some(token.expose_secret().trim().to_owned()).filter(|token| !token.is_empty()))
}

/// A workspace that is being added. Dropped before [`keep`](Added::keep), it is released again.
#[must_use = "a workspace that is not kept is released again"]
pub(crate) struct Added(Option<String>);

impl Added {
    pub(crate) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Added {
    fn drop(&mut self) {
        if let Some(id) = self.0.take() {
            tokio::spawn(async move { release(&id).await });
        }
    }
}

/// Before an added workspace is stored, and once more where it was renamed. An agent that starts after it is its own.
pub(crate) async fn provision(entry: &WorkspaceEntry) -> Result<Added, String> {
    let Some(ravi) = handle() else { return Ok(Added(None)) };
    ravi.provision(ProvisionRequest::new(&entry.path, &entry.id, &entry.name), |_| {}).await.map_err(told)?;
    Ok(Added(Some(entry.id.clone())))
}

/// Before the worktree is removed. What fails here, the reaper does later.
pub(crate) async fn release(id: &str) {
    let Some(ravi) = handle() else { return };
    if let Err(error) = ravi.release(id, false, |_| {}).await {
        eprintln!("ravi: {}", told(error));
    }
}

/// For `thread/start`, `thread/resume` and `thread/fork`: one Codex process serves all workspaces.
pub(crate) async fn thread_config(cwd: &str, mut params: Value) -> Result<Value, String> {
    let Some(ravi) = handle() else { return Ok(params) };
    match ravi.open_workspace(Path::new(cwd)).await {
        Ok(workspace) => params["config"] = workspace.codex_thread_config().map_err(told)?,
        // One that was there before, and was not set up.
        Err(Error::Workspace(WorkspaceError::Unbound { .. })) => {}
        Err(error) => return Err(told(error)),
    }
    Ok(params)
}

/// What a daemon does beside its work: revocations that are owed, and worktrees that are gone. The plugin does it itself.
pub(crate) fn tend() {
    if let Some(ravi) = handle() {
        tokio::spawn(ravi.tend());
    }
}

/// Codex's login from the vault, and each rotation back to it. Returns when an app-server may be started.
pub(crate) async fn watch_codex_login() {
    let Some(ravi) = handle() else { return };
    let (begun, mut has_begun) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        let tell = |event: CodexEvent| {
            if let CodexEvent::Failed { error } = &event {
                eprintln!("ravi: the Codex login: {}\n{}", error.message, error.hint);
            }
            begun.send_replace(true);
            std::future::ready(())
        };
        let watched = ravi.codex_watch(&CodexOptions::default(), std::future::pending(), &tell).await;
        if let Err(error) = watched {
            eprintln!("ravi: the Codex login: {}", told(error));
        }
    });
    // It may also have ended; and while Ravi hangs, the login on the disk is this machine's until another one says otherwise.
    let _ = tokio::time::timeout(PATIENCE, has_begun.wait_for(|begun| *begun)).await;
}
