//! The look at this machine.

use std::collections::HashSet;

use tauri::ipc::{CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, command};

use super::scope;
use crate::doctor::Report;
use crate::plugin::RaviExt;
use crate::plugin::error::Result;
use crate::plugin::scope_entry::Entry;

/// Everything that can be wrong on this machine, each with a fix. Changes nothing. A window that is kept to some workspaces
/// is told of those.
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
    let seen = app.ravi().workspaces().await?.into_iter().filter(|one| scope.sees(one));
    let seen: HashSet<String> = seen.map(|one| one.id).collect();
    Ok(app.ravi().doctor_of_app_for(Some(&seen)).await?)
}
