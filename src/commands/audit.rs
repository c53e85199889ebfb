//! The audit trail: names, ids and codes, never a value.

use tauri::ipc::{CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, command};

use super::scope;
use crate::RaviExt;
use crate::command_error::{CommandError, Result};
use crate::scope_entry::Entry;
use ravi_workspace_core::audit::{AuditFilter, AuditReport, AuditRow};

/// Returns what was done on this machine, oldest first. It mentions every workspace and secret, so only windows that
/// may name them all can call it.
#[command]
pub(crate) async fn audit_query<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    filter: Option<AuditFilter>,
) -> Result<Vec<AuditRow>> {
    if !scope(&app, &command, &global)?.every_deed() {
        return Err(CommandError::Workspace { target: "*".into() });
    }
    Ok(app.ravi().audit().query(&filter.unwrap_or_default()).await?)
}

/// Verifies that the trail is what was written.
#[command]
pub(crate) async fn audit_verify<R: Runtime>(app: AppHandle<R>) -> Result<AuditReport> {
    Ok(app.ravi().audit().verify().await?)
}
