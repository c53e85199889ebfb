//! The audit trail: names, ids and codes, never a value.

use tauri::{AppHandle, Runtime, command};

use crate::audit::{AuditFilter, AuditReport, AuditRow};
use crate::plugin::RaviExt;
use crate::plugin::error::Result;

/// What was done on this machine, oldest first.
#[command]
pub(crate) async fn audit_query<R: Runtime>(app: AppHandle<R>, filter: Option<AuditFilter>) -> Result<Vec<AuditRow>> {
    Ok(app.ravi().audit(&filter.unwrap_or_default()).await?)
}

/// Whether the trail is what was written.
#[command]
pub(crate) async fn audit_verify<R: Runtime>(app: AppHandle<R>) -> Result<AuditReport> {
    Ok(app.ravi().verify_audit().await?)
}
