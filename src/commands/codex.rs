//! The Codex login in the vault. A window never gets any of its tokens.

use std::path::PathBuf;

use serde::Deserialize;
use tauri::ipc::{CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, command};

use super::{noted, scope};
use crate::RaviExt;
use crate::command_error::Result;
use crate::scope::real;
use crate::scope_entry::Entry;
use ravi_workspace_core::audit::Action;
use ravi_workspace_core::codex::{CodexOptions, CodexRestored, CodexSaved, CodexStatus, DEFAULT_NAME, default_home};

/// Which login, and where.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts", optional_fields))]
#[serde(deny_unknown_fields, default)]
pub struct CodexChoice {
    /// Codex's folder; by default, the one that Codex uses by itself.
    pub home: Option<PathBuf>,
    /// Name of the secret that holds the login; any but the default one needs a scope that names it.
    pub name: Option<String>,
    /// Take the login from the machine that holds it; default: no.
    pub take_over: Option<bool>,
    /// Continue even if another account, or a newer login, would be overwritten; default: no.
    pub force: Option<bool>,
}

/// Returns the state of a login: the file, what is stored, and who holds it.
#[command]
pub(crate) async fn codex_status<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    choice: Option<CodexChoice>,
) -> Result<CodexStatus> {
    let options = allowed(&app, &command, &global, Action::CodexSave, choice).await?;
    Ok(app.ravi().codex().status(&options, None).await?)
}

/// Stores the login of Codex's folder, and makes this machine its holder.
#[command]
pub(crate) async fn codex_save<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    choice: Option<CodexChoice>,
) -> Result<CodexSaved> {
    let options = allowed(&app, &command, &global, Action::CodexSave, choice).await?;
    Ok(app.ravi().codex().save(&options).await?)
}

/// Puts the stored login into Codex's folder.
#[command]
pub(crate) async fn codex_restore<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    choice: Option<CodexChoice>,
) -> Result<CodexRestored> {
    let options = allowed(&app, &command, &global, Action::CodexRestore, choice).await?;
    Ok(app.ravi().codex().restore(&options).await?)
}

/// Returns the choice, if the window may make it.
async fn allowed<R: Runtime>(
    app: &AppHandle<R>,
    command: &CommandScope<Entry>,
    global: &GlobalScope<Entry>,
    action: Action,
    choice: Option<CodexChoice>,
) -> Result<CodexOptions> {
    let CodexChoice { home, name, take_over, force } = choice.unwrap_or_default();
    let own = default_home().map_err(ravi_workspace_core::Error::from)?;
    let checked = scope(app, command, global).and_then(|scope| {
        scope.codex_home(home.as_deref(), &own)?;
        scope.codex_login(name.as_deref(), DEFAULT_NAME)
    });
    noted(app, action, name.as_deref().unwrap_or(DEFAULT_NAME), checked).await?;
    // What was checked is what is used, even if a link is redirected in the meantime.
    let home = home.map(|home| real(&home).unwrap_or(home));
    let (take_over, force) = (take_over.unwrap_or_default(), force.unwrap_or_default());
    Ok(CodexOptions { home, name, take_over, force, ..CodexOptions::default() })
}
