//! Signing in and out.

use tauri::ipc::{Channel, CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, command};

use super::{called, noted, scope};
use crate::RaviExt;
use crate::command_error::Result;
use crate::events::{CallEvent, emit_account, finish, tell};
use crate::scope_entry::Entry;
use ravi_workspace_core::account::{Account, DevicePrompt, SignedOut};
use ravi_workspace_core::audit::Action;

/// Tells who this machine is to Ravi.
#[command]
pub(crate) async fn account_status<R: Runtime>(app: AppHandle<R>) -> Result<Account> {
    Ok(app.ravi().account().status().await?)
}

/// Signs in with a device code; the channel carries what the person has to see, then how it ended.
#[command]
pub(crate) async fn account_login<R: Runtime>(
    app: AppHandle<R>,
    on_event: Channel<CallEvent<DevicePrompt, Account>>,
) -> Result<Account> {
    let result = app.ravi().account().login(|prompt| tell(&on_event, CallEvent::Progress(prompt.clone()))).await;
    if let Ok(account) = &result {
        emit_account(&app, Some(account.clone()));
    }
    finish(&on_event, result)
}

/// Ends a login that waits for approval; `false` if there is none.
#[command]
pub(crate) async fn account_cancel<R: Runtime>(app: AppHandle<R>) -> Result<bool> {
    Ok(app.ravi().account().cancel_login())
}

/// Forgets the stored key, and revokes it if a login minted it.
#[command]
pub(crate) async fn account_logout<R: Runtime>(app: AppHandle<R>) -> Result<SignedOut> {
    let done = app.ravi().account().logout().await?;
    emit_account(&app, None);
    Ok(done)
}

/// Chooses the identity that holds the app's own secrets.
#[command]
pub(crate) async fn account_choose_host<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    identity: String,
) -> Result<Account> {
    let scope = scope(&app, &command, &global)?;
    let checked = called(&app, &scope, Some(&identity)).await.and_then(|called| scope.host(&identity, &called));
    noted(&app, Action::AccountHost, &identity, checked).await?;
    let account = app.ravi().account().choose_host(&identity).await?;
    emit_account(&app, Some(account.clone()));
    Ok(account)
}

/// Makes an identity for the app's own secrets, which uses up one of those that the plan allows.
#[command]
pub(crate) async fn account_make_host<R: Runtime>(app: AppHandle<R>) -> Result<Account> {
    let account = app.ravi().account().make_host().await?;
    emit_account(&app, Some(account.clone()));
    Ok(account)
}
