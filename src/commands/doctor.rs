//! The inspection of this machine.

use std::collections::HashSet;

use tauri::ipc::{CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, command};

use super::scope;
use crate::RaviExt;
use crate::command_error::Result;
use crate::scope_entry::Entry;
use ravi_workspace_core::doctor::Report;

/// Checks everything that can be wrong on this machine, with a fix for each. Changes nothing. A window that is limited
/// to some workspaces only hears of those.
#[command]
pub(crate) async fn doctor<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
) -> Result<Report> {
    let scope = scope(&app, &command, &global)?;
    if scope.every_workspace() {
        return Ok(app.ravi().doctor_of_app().await?);
    }
    let seen = app.ravi().workspaces().list().await?.into_iter().filter(|one| scope.sees(one));
    let seen: HashSet<String> = seen.map(|one| one.id).collect();
    Ok(app.ravi().doctor_of_app_for(Some(&seen)).await?)
}
