//! The look at this machine.

use tauri::{AppHandle, Runtime, command};

use crate::doctor::Report;
use crate::plugin::RaviExt;
use crate::plugin::error::Result;

/// Everything that can be wrong on this machine, each with a fix. Changes nothing.
#[command]
pub(crate) async fn doctor<R: Runtime>(app: AppHandle<R>) -> Result<Report> {
    Ok(app.ravi().doctor_of_app().await?)
}
