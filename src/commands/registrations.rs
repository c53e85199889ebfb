//! A workspace's logins at websites, without their passwords: programs make and read those, never a page.

use tauri::ipc::{CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, command};

use super::workspaces::allowed;
use crate::RaviExt;
use crate::command_error::Result;
use crate::scope_entry::Entry;
use ravi_workspace_core::audit::Action;
use ravi_workspace_core::inbox::Registration;

/// Returns a workspace's logins, by website.
#[command]
pub(crate) async fn registration_list<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    target: String,
) -> Result<Vec<Registration>> {
    let target = allowed(&app, &command, &global, Action::RegistrationRead, &target).await?;
    Ok(app.ravi().registrations(&target).list().await?)
}

/// Deletes a workspace's login at a website, and returns which one it was.
#[command]
pub(crate) async fn registration_delete<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    target: String,
    domain: String,
    username: Option<String>,
) -> Result<Registration> {
    let target = allowed(&app, &command, &global, Action::RegistrationDelete, &target).await?;
    Ok(app.ravi().registrations(&target).remove(&domain, username.as_deref()).await?)
}
