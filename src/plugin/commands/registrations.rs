//! A workspace's logins at websites, without their passwords: those are made and read by programs, never by a page.

use tauri::ipc::{CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, command};

use super::workspaces::allowed;
use crate::audit::Action;
use crate::inbox::Registration;
use crate::plugin::RaviExt;
use crate::plugin::error::Result;
use crate::plugin::scope_entry::Entry;

/// A workspace's logins, by website.
#[command]
pub(crate) async fn registration_list<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    target: String,
) -> Result<Vec<Registration>> {
    let target = allowed(&app, &command, &global, Action::RegistrationRead, &target).await?;
    Ok(app.ravi().registrations(&target).await?)
}

/// Deletes a workspace's login at a website, and answers which it was.
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
    Ok(app.ravi().unregister(&target, &domain, username.as_deref()).await?)
}
