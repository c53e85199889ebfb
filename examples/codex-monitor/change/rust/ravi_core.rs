//! Ravi in CodexMonitor: what its app and its daemon share. `edits.mjs` says where it is called.
//!
//! It knows two of the app's types and nothing about windows, so that the daemon links no web view; `ravi_app.rs` is the window's part. Until a person has switched Ravi on, every call does nothing and
//! returns what the app had before; nothing is opened, created or started. A reference to a secret is never used as a token: if
//! it cannot be resolved, there is no token.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use ravi_workspace_core::vault::settings::{preset, Place};
use ravi_workspace_core::{Config, Error, ExposeSecret as _, Power, ProvisionRequest, Ravi, Settings, Start, TokenSet};
use serde_json::Value;
use tokio::time::timeout;

use crate::types::{AppSettings, WorkspaceEntry};

/// The secret that holds the daemon's token, and the variable that the daemon reads.
const DAEMON_TOKEN: &str = "CODEX_MONITOR_DAEMON_TOKEN";
/// Where the token is in the settings.
const DAEMON_TOKEN_AT: &str = "/remoteBackendToken";
/// How long the former token is accepted once there is a new one; the operator may set another time.
const GRACE: Duration = Duration::from_secs(600);
/// How often the daemon looks for a new token by itself; a client that shows an unknown one makes it look at once.
const LOOK: Duration = Duration::from_secs(30);
/// How long a person waits for a workspace's identity; if adding takes longer, it is undone and reported.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long undoing may then take; the reaper does the rest.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

type Source = Box<dyn Fn() -> Option<Ravi> + Send + Sync>;

static SOURCE: OnceLock<Source> = OnceLock::new();
static SETTINGS: Mutex<Option<HashMap<PathBuf, Settings<AppSettings>>>> = Mutex::new(None);
static TOKEN_GRACE: OnceLock<Duration> = OnceLock::new();
static TOKENS: tokio::sync::OnceCell<Option<TokenSet>> = tokio::sync::OnceCell::const_new();
/// Set if the daemon's token is the secret, and not one that an operator gave it.
static FOLLOWS_SECRET: OnceLock<()> = OnceLock::new();

// --- begin ----------------------------------------------------------------------------------------------------------

/// Called first in the daemon's `main`: git, gh and ravi call this program as their helper, and `daemonctl` asks it for the token.
pub(crate) fn helper_main() {
    ravi_workspace_helper::helper_main();
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() != Some("ravi-token") {
        return;
    }
    let data_dir = args.skip_while(|arg| arg != "--data-dir").nth(1).map(PathBuf::from);
    let token = data_dir.ok_or_else(|| "ravi-token needs --data-dir".to_string()).and_then(|dir| {
        start(&dir)?;
        secret_token()?.ok_or_else(|| "Ravi is switched off here, or has no token".to_string())
    });
    match token {
        Ok(token) => print!("{token}"),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
    std::process::exit(0);
}

/// The app uses the handle of its plugin.
pub(crate) fn use_handle_of(source: impl Fn() -> Option<Ravi> + Send + Sync + 'static) {
    let _ = SOURCE.set(Box::new(source));
}

/// The daemon's handle uses the same ledger as the app with the same data folder.
pub(crate) fn start(data_dir: &Path) -> Result<(), String> {
    let mut config = Config::default().with_env().map_err(|error| told(&error.into()))?;
    config.state_dir.get_or_insert_with(|| data_dir.join("ravi"));
    config.start.get_or_insert(Start::Asked);
    let power = Power::new(config).map_err(|error| told(&error))?;
    if let Some(error) = power.status().error {
        eprintln!("ravi: {}\n{}", error.message, error.hint);
    }
    let _ = SOURCE.set(Box::new(move || power.ravi()));
    Ok(())
}

/// `None` until a person has switched Ravi on, and in the app's own tests.
fn handle() -> Option<Ravi> {
    SOURCE.get().and_then(|source| source())
}

/// The text for a person: the cause, and the next step.
fn told(error: &Error) -> String {
    format!("{error}\n{}", error.hint())
}

// --- settings -------------------------------------------------------------------------------------------------------

fn places() -> Vec<Place> {
    preset("codex-monitor").unwrap_or_default()
}

fn kept<T>(work: impl FnOnce(&mut HashMap<PathBuf, Settings<AppSettings>>) -> T) -> T {
    let mut kept = SETTINGS.lock().unwrap_or_else(PoisonError::into_inner);
    work(kept.get_or_insert_default())
}

/// The settings that the app has read and migrated itself, with references replaced by their values; `None` in place of a
/// reference that cannot be resolved now.
pub(crate) fn resolve_settings(path: &Path, settings: AppSettings) -> AppSettings {
    let resolved = match handle() {
        Some(ravi) => Settings::resolve_blocking(&ravi, path, places(), settings.clone()),
        None => Settings::offline(path, places(), settings.clone()),
    };
    match resolved {
        Ok(resolved) => {
            for nowhere in resolved.unresolved() {
                eprintln!(
                    "ravi: {} in the settings: {}\n{}",
                    nowhere.reference, nowhere.error.message, nowhere.error.hint
                );
            }
            // If the settings have no references, they are the app's own, unchanged.
            let value = if resolved.references().is_empty() { settings } else { (*resolved).clone() };
            kept(|kept| kept.insert(path.to_owned(), resolved));
            value
        }
        Err(error) => {
            eprintln!("ravi: {}", told(&error));
            without_references(settings)
        }
    }
}

/// Removes all references: whatever is wrong with one, it must not be used as a token.
fn without_references(mut settings: AppSettings) -> AppSettings {
    let is_reference = |token: &String| token.trim_start().starts_with("ravi://");
    settings.remote_backend_token = settings.remote_backend_token.filter(|token| !is_reference(token));
    for backend in &mut settings.remote_backends {
        backend.token = backend.token.take().filter(|token| !is_reference(token));
    }
    settings
}

/// Saves what the window sent back, with references in place of the secrets that it was shown. `None`: the settings have no
/// references, and the app writes them as it always has.
pub(crate) fn save_settings(path: &Path, settings: &AppSettings) -> Option<Result<(), String>> {
    let ravi = handle();
    let known = kept(|kept| kept.remove(path)).filter(|known| known.is_offline() == ravi.is_none());
    let known = known.or_else(|| as_on_disk(ravi.as_ref(), path));
    let mut settings_now = match (known, &ravi) {
        (Some(known), None) if known.references().is_empty() => return None,
        (Some(known), _) => known,
        (None, Some(ravi)) => Settings::new(ravi, path, places(), settings.clone()),
        (None, None) => return None,
    };
    *settings_now = settings.clone();
    let saved = settings_now.save_blocking().map_err(|error| told(&error));
    kept(|kept| kept.insert(path.to_owned(), settings_now));
    Some(saved)
}

/// The file as it is, for settings that were read before Ravi was switched on or off.
fn as_on_disk(ravi: Option<&Ravi>, path: &Path) -> Option<Settings<AppSettings>> {
    let read: AppSettings = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    match ravi {
        Some(ravi) => Settings::resolve_blocking(ravi, path, places(), read).ok(),
        None => Settings::offline(path, places(), read).ok(),
    }
}

// --- the daemon's token ---------------------------------------------------------------------------------------------

/// `--token-grace TIME`, such as 90s, 10m or 2h.
pub(crate) fn set_token_grace(text: Option<String>) -> Result<(), String> {
    let grace = text.as_deref().and_then(time);
    let grace = grace.ok_or_else(|| "--token-grace requires a time such as 90s, 10m or 2h".to_string())?;
    let _ = TOKEN_GRACE.set(grace);
    Ok(())
}

fn time(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    Some(Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?))
}

/// The grace period that the operator chose.
fn token_grace() -> Duration {
    let variable = || std::env::var("CODEX_MONITOR_TOKEN_GRACE").ok().and_then(|text| time(&text));
    TOKEN_GRACE.get().copied().or_else(variable).unwrap_or(GRACE)
}

/// The token that was given, or else a placeholder while the daemon follows the secret. A reference does not count as a token.
pub(crate) fn daemon_token(given: Option<String>, insecure: bool) -> Result<Option<String>, String> {
    if handle().is_some() {
        // Codex and everything it starts would inherit it. No thread has been started yet.
        std::env::remove_var(DAEMON_TOKEN);
    }
    let given = given.filter(|text| !text.trim_start().starts_with("ravi://"));
    if given.is_some() || insecure {
        return Ok(given);
    }
    let Some(_) = secret_token()? else { return Ok(None) };
    let _ = FOLLOWS_SECRET.set(());
    // The token itself is not needed here, and nobody can guess this placeholder.
    Ok(Some(uuid::Uuid::new_v4().to_string()))
}

fn secret_token() -> Result<Option<String>, String> {
    let Some(ravi) = handle() else { return Ok(None) };
    let token = ravi.secrets().get_blocking(DAEMON_TOKEN).map_err(|error| told(&error))?;
    Ok(Some(token.expose_secret().trim().to_owned()).filter(|token| !token.is_empty()))
}

/// The expected and the given token for the daemon to compare: equal if the given one is to be accepted.
pub(crate) async fn compared(expected: String, given: String) -> (String, String) {
    if handle().is_none() {
        return (expected, given);
    }
    let tokens = TOKENS.get_or_init(|| follow(&expected)).await;
    let accepted = match tokens {
        Some(tokens) => tokens.accepts(&given).await,
        None => false,
    };
    if accepted {
        (expected.clone(), expected)
    } else {
        (expected, String::new())
    }
}

async fn follow(expected: &str) -> Option<TokenSet> {
    if FOLLOWS_SECRET.get().is_none() {
        return Some(TokenSet::fixed(expected));
    }
    match TokenSet::follow(&handle()?, DAEMON_TOKEN, LOOK, token_grace()).await {
        Ok(tokens) => Some(tokens),
        Err(error) => {
            eprintln!("ravi: the daemon's token: {}", told(&error));
            None
        }
    }
}

/// Starts the daemon without a token in its arguments or environment, if the daemon can find the token by itself because the
/// settings have a reference to it. `None`: the app starts the daemon as it always has.
pub(crate) fn spawn_daemon(
    program: &Path,
    listen: &str,
    data_dir: &Path,
) -> Option<Result<tokio::process::Child, String>> {
    handle()?;
    let is_it = |(at, _): &(String, String)| at == DAEMON_TOKEN_AT;
    if !kept(|kept| kept.values().any(|settings| settings.references().iter().any(is_it))) {
        return None;
    }
    let mut command = tokio::process::Command::new(program);
    command.arg("--listen").arg(listen).arg("--data-dir").arg(data_dir);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Some(command.spawn().map_err(|error| format!("Failed to start the daemon: {error}")))
}

// --- workspaces -----------------------------------------------------------------------------------------------------

/// A workspace that is being added. If it is dropped before [`keep`](Added::keep), it is released again; if the app is killed
/// before that, the reaper releases it.
#[must_use = "a workspace that is not kept is released again"]
pub(crate) struct Added(Option<(Ravi, String)>);

impl Added {
    /// The app has stored it.
    pub(crate) fn keep(mut self) {
        let Some((ravi, id)) = self.0.take() else { return };
        tokio::spawn(async move {
            if let Err(error) = ravi.workspaces().keep(&id).await {
                eprintln!("ravi: {}", told(&error));
            }
        });
    }
}

impl Drop for Added {
    fn drop(&mut self) {
        if let Some((ravi, id)) = self.0.take() {
            tokio::spawn(async move { release(&ravi, &id).await });
        }
    }
}

/// Called before an added worktree is stored, so that an agent that starts afterwards has its own identity. If there is no
/// identity for it, `undo` removes what the app has made.
pub(crate) async fn provision<F: Future>(entry: &WorkspaceEntry, undo: impl FnOnce() -> F) -> Result<Added, String> {
    add(entry, false, undo).await
}

/// The same for a clone that the app made for an agent. Other main checkouts belong to the person and are left alone.
pub(crate) async fn provision_clone<F: Future>(
    entry: &WorkspaceEntry,
    undo: impl FnOnce() -> F,
) -> Result<Added, String> {
    add(entry, true, undo).await
}

async fn add<F: Future>(entry: &WorkspaceEntry, main: bool, undo: impl FnOnce() -> F) -> Result<Added, String> {
    let Some(ravi) = handle() else { return Ok(Added(None)) };
    let request = ProvisionRequest {
        main,
        join: true,
        unconfirmed: true,
        ..ProvisionRequest::new(&entry.path, &entry.id, &entry.name)
    };
    let failed = match timeout(PATIENCE, ravi.workspaces().provision(request, |_| {})).await {
        Ok(Ok(_)) => return Ok(Added(Some((ravi, entry.id.clone())))),
        Ok(Err(error)) => told(&error),
        Err(_) => format!("Ravi did not answer within {} s; nothing was added. Try again.", PATIENCE.as_secs()),
    };
    // Release what was begun first, while its folder still exists; what Ravi cannot revoke now remains owed.
    let _ = timeout(LAST_PATIENCE, release(&ravi, &entry.id)).await;
    undo().await;
    Err(failed)
}

async fn release(ravi: &Ravi, id: &str) {
    match ravi.workspaces().release(id, false, |_| {}).await {
        Ok(_) => {}
        Err(error) if error.code() == "workspace.unbound" => {}
        // The reaper continues from there.
        Err(error) => eprintln!("ravi: {}", told(&error)),
    }
}

/// Called after a worktree was removed and the list was written. The reaper later does whatever could not be done at once.
pub(crate) fn removed(id: &str) {
    let Some(ravi) = handle() else { return };
    let id = id.to_owned();
    tokio::spawn(async move { release(&ravi, &id).await });
}

/// Called after a rename, which stands whatever happens here: the identity stays, and follows the name and the folder.
pub(crate) async fn renamed(entry: &WorkspaceEntry) {
    let Some(ravi) = handle() else { return };
    if !matches!(ravi.workspaces().get_now(&entry.id), Ok(Some(_))) {
        return;
    }
    let request = ProvisionRequest { join: true, ..ProvisionRequest::new(&entry.path, &entry.id, &entry.name) };
    let follow = tokio::spawn(async move {
        if let Err(error) = ravi.workspaces().provision(request, |_| {}).await {
            eprintln!("ravi: {}", told(&error));
        }
    });
    // Usually this finishes at once, so that a removal that follows does not overlap with it; otherwise it continues on its own.
    let _ = timeout(LAST_PATIENCE, follow).await;
}

/// Who the agent of a workspace is, for windows to show with the workspace, including windows on another machine.
pub(crate) fn describe(id: &str) -> Option<Value> {
    let workspace = handle()?.workspaces().get_now(id).ok().flatten()?;
    serde_json::to_value(workspace).ok()
}

/// For `thread/start`, `thread/resume` and `thread/fork`, because one Codex process serves all workspaces. It is an error if a
/// workspace no longer has the identity that it had: its agent would act as the person.
pub(crate) async fn thread_config(id: &str, mut params: Value) -> Result<Value, String> {
    let Some(ravi) = handle() else { return Ok(params) };
    match ravi.workspaces().get_now(id).map_err(|error| told(&error))? {
        Some(workspace) => {
            let workspace = ravi.workspaces().open(&workspace.path).await.map_err(|error| told(&error))?;
            params["config"] = workspace.codex_thread_config().map_err(|error| told(&error))?;
        }
        None if ravi.workspaces().is_released(id).await.map_err(|error| told(&error))? => {
            return Err(
                "This workspace's identity was released; its agent would act as you. Remove it or add it again.".into(),
            );
        }
        // A main checkout, where the person works, or a workspace that existed before Ravi was switched on.
        None => {}
    }
    Ok(params)
}

/// What to run in place of a program: for `gh`, the one that acts as the workspace whose folder it is run in.
pub(crate) fn program(name: &OsStr) -> OsString {
    match name.to_str() {
        Some("gh") => handle().map_or_else(|| name.to_owned(), |ravi| ravi.program("gh").into_os_string()),
        _ => name.to_owned(),
    }
}

// --- beside ---------------------------------------------------------------------------------------------------------

/// What the daemon does in the background: owed revocations, and worktrees that are gone. In the app the plugin does this itself.
pub(crate) fn tend() {
    if let Some(ravi) = handle() {
        tokio::spawn(async move { ravi.tend().await });
    }
}
