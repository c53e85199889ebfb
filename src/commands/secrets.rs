//! The app's secrets. A window names them within its scope.

use secrecy::{ExposeSecret, SecretString};
use tauri::ipc::{CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, command};

use super::{noted, scope};
use crate::RaviExt;
use crate::command_error::Result;
use crate::scope_entry::Entry;
use ravi_workspace_core::audit::Action;
use ravi_workspace_core::vault::{DEFAULT_LENGTH, NewValue};

/// Reads a secret's value.
#[command]
pub(crate) async fn secret_get<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    key: String,
) -> Result<String> {
    let key = allowed(&app, &command, &global, Action::SecretRead, &key).await?;
    Ok(app.ravi().secrets().get(&key).await?.expose_secret().to_owned())
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
    let key = allowed(&app, &command, &global, Action::SecretSet, &key).await?;
    Ok(app.ravi().secrets().set(&key, value).await?)
}

/// Deletes a secret.
#[command]
pub(crate) async fn secret_delete<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    key: String,
) -> Result<()> {
    let key = allowed(&app, &command, &global, Action::SecretDelete, &key).await?;
    Ok(app.ravi().secrets().delete(&key).await?)
}

/// Replaces a secret's value with a given one, or with a generated one of the given length.
#[command]
pub(crate) async fn secret_rotate<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    key: String,
    value: Option<SecretString>,
    length: Option<usize>,
) -> Result<()> {
    let key = allowed(&app, &command, &global, Action::SecretRotate, &key).await?;
    let made = || NewValue::Generated(length.unwrap_or(DEFAULT_LENGTH));
    Ok(app.ravi().secrets().rotate(&key, value.map_or_else(made, NewValue::Given)).await?)
}

/// Returns the names of the secrets; only those in the window's scope, if it names some.
#[command]
pub(crate) async fn secret_names<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
) -> Result<Vec<String>> {
    let scope = scope(&app, &command, &global)?;
    let all = app.ravi().secrets().names().await?;
    Ok(all.into_iter().filter(|name| scope.lists_secret(name)).collect())
}

/// Returns the name under which Ravi knows `key`, if the window may name it.
async fn allowed<R: Runtime>(
    app: &AppHandle<R>,
    command: &CommandScope<Entry>,
    global: &GlobalScope<Entry>,
    action: Action,
    key: &str,
) -> Result<String> {
    let checked = scope(app, command, global).and_then(|scope| scope.secret(key));
    noted(app, action, key, checked).await
}
