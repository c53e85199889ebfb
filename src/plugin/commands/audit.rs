//! The audit trail: names, ids and codes, never a value.

use tauri::ipc::{CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, command};

use super::scope;
use crate::audit::{AuditFilter, AuditReport, AuditRow};
use crate::plugin::RaviExt;
use crate::plugin::error::{CommandError, Result};
use crate::plugin::scope_entry::Entry;

/// What was done on this machine, oldest first. It tells of every workspace and secret, so it is for windows that may name
/// them all.
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
    Ok(app.ravi().audit(&filter.unwrap_or_default()).await?)
}

/// Whether the trail is what was written.
#[command]
pub(crate) async fn audit_verify<R: Runtime>(app: AppHandle<R>) -> Result<AuditReport> {
    Ok(app.ravi().verify_audit().await?)
}
