//! The commands a window may call: each a few lines over [`crate::Ravi`], with its scope check where it has one.
//!
//! No logic lives here. Names and arguments are what `guest-js` calls and what the permission files list.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tauri::ipc::{Channel, CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, command};

use super::RaviExt;
use super::error::{CommandError, Result};
use super::events::{CallEvent, emit_account, emit_workspace, finish, tell};
use super::scope::Scope;
use super::scope_entry::Entry;
use crate::account::{Account, DevicePrompt};
use crate::vault::settings::{MigrateReport, Place, preset};
use crate::workspace::{Progress, ProvisionRequest, Provisioned, Released, WorkspaceSummary};

/// Who this machine is to Ravi.
#[command]
pub(crate) async fn account_status<R: Runtime>(app: AppHandle<R>) -> Result<Account> {
    Ok(app.ravi().account().await?)
}

/// Signs in with a device code; the channel says what the person has to see, then how it ended.
#[command]
pub(crate) async fn account_login<R: Runtime>(
    app: AppHandle<R>,
    on_event: Channel<CallEvent<DevicePrompt, Account>>,
) -> Result<Account> {
    let result = app.ravi().login(|prompt| tell(&on_event, CallEvent::Progress(prompt.clone()))).await;
    if let Ok(account) = &result {
        emit_account(&app, Some(account.clone()));
    }
    finish(&on_event, result)
}

/// Forgets the kept key.
#[command]
pub(crate) async fn account_logout<R: Runtime>(app: AppHandle<R>) -> Result<()> {
    app.ravi().logout().await?;
    emit_account(&app, None);
    Ok(())
}

/// Reads a secret's value.
#[command]
pub(crate) async fn secret_get<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    key: String,
) -> Result<String> {
    let key = scope(&command, &global).check(&key)?;
    Ok(app.ravi().secret(&key).await?.expose_secret().to_owned())
}

/// Creates or overwrites a secret.
#[command]
pub(crate) async fn secret_set<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    key: String,
    value: SecretString,
) -> Result<()> {
    let key = scope(&command, &global).check(&key)?;
    Ok(app.ravi().set_secret(&key, value).await?)
}

/// Deletes a secret.
#[command]
pub(crate) async fn secret_delete<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    key: String,
) -> Result<()> {
    let key = scope(&command, &global).check(&key)?;
    Ok(app.ravi().delete_secret(&key).await?)
}

/// Names of the secrets.
#[command]
pub(crate) async fn secret_names<R: Runtime>(app: AppHandle<R>) -> Result<Vec<String>> {
    Ok(app.ravi().secret_names().await?)
}

/// What a migration of a settings file would do.
#[command]
pub(crate) async fn settings_plan<R: Runtime>(
    app: AppHandle<R>,
    file: PathBuf,
    places: Places,
) -> Result<MigrateReport> {
    let places = places.listed()?;
    Ok(app.ravi().migrate_settings(&file, &places, true).await?)
}

/// Moves plaintext values of a settings file into the vault, under names that the scope allows.
#[command]
pub(crate) async fn settings_migrate<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    file: PathBuf,
    places: Places,
) -> Result<MigrateReport> {
    let scope = scope(&command, &global);
    scope.check_any()?;
    let plan = app.ravi().migrate_settings(&file, &places.listed()?, true).await?;
    if plan.moved.is_empty() {
        return Ok(MigrateReport { dry_run: false, ..plan });
    }
    // Exactly what was checked is what is done: places with `*` or `<ID>` are not looked at a second time.
    let checked = plan
        .moved
        .into_iter()
        .map(|moved| Ok(Place { secret: scope.check(&moved.secret)?, pointer: moved.pointer }))
        .collect::<Result<Vec<Place>>>()?;
    let report = app.ravi().migrate_settings(&file, &checked, false).await?;
    Ok(MigrateReport { already: [plan.already, report.already].concat(), ..report })
}

/// Sets a workspace up; the channel tells each step, then how it ended.
#[command]
pub(crate) async fn workspace_provision<R: Runtime>(
    app: AppHandle<R>,
    request: ProvisionRequest,
    on_event: Channel<CallEvent<Progress, Provisioned>>,
) -> Result<Provisioned> {
    let id = request.id.clone();
    let result = app.ravi().provision(request, |step| tell(&on_event, CallEvent::Progress(step))).await;
    emit_workspace(&app, app.ravi(), &id).await;
    finish(&on_event, result)
}

/// Takes a workspace down; the channel tells each step, then how it ended.
#[command]
pub(crate) async fn workspace_release<R: Runtime>(
    app: AppHandle<R>,
    target: String,
    retire: Option<bool>,
    on_event: Channel<CallEvent<Progress, Released>>,
) -> Result<Released> {
    let retire = retire.unwrap_or_default();
    let result = app.ravi().release(&target, retire, |step| tell(&on_event, CallEvent::Progress(step))).await;
    emit_workspace(&app, app.ravi(), result.as_ref().map_or(&target, |released| &released.id)).await;
    finish(&on_event, result)
}

/// All workspaces, oldest first.
#[command]
pub(crate) async fn workspace_list<R: Runtime>(app: AppHandle<R>) -> Result<Vec<WorkspaceSummary>> {
    Ok(app.ravi().workspaces().await?)
}

/// The workspace that a path belongs to.
#[command]
pub(crate) async fn workspace_status<R: Runtime>(app: AppHandle<R>, path: PathBuf) -> Result<WorkspaceSummary> {
    Ok(app.ravi().workspace(&path).await?)
}

/// Where secrets stand in a settings file: the name of a well-known app's preset, or a list.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Places {
    Preset(String),
    Listed(Vec<Place>),
}

impl Places {
    fn listed(self) -> Result<Vec<Place>> {
        match self {
            Places::Preset(name) => preset(&name).ok_or(CommandError::Preset { name }),
            Places::Listed(places) => Ok(places),
        }
    }
}

/// The entries that apply to this call: those of the command's permission and those of the whole plugin.
fn scope(command: &CommandScope<Entry>, global: &GlobalScope<Entry>) -> Scope {
    let entries = |of_command: &[std::sync::Arc<Entry>], of_plugin: &[std::sync::Arc<Entry>]| {
        of_command.iter().chain(of_plugin).cloned().collect::<Vec<_>>()
    };
    Scope::new(entries(command.allows(), global.allows()), entries(command.denies(), global.denies()))
}
