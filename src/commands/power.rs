//! The switch of an app that is off until a person switches it on.

use tauri::{AppHandle, Manager, Runtime, command};

use crate::command_error::Result;
use crate::events::emit_power;
use crate::powered::Powered;
use ravi_workspace_core::{PowerStatus, Renewed};

/// Whether the app uses Ravi.
#[command]
pub(crate) async fn power_status<R: Runtime>(app: AppHandle<R>) -> Result<PowerStatus> {
    Ok(app.state::<Powered>().status())
}

/// Switches Ravi on.
#[command]
pub(crate) async fn power_on<R: Runtime>(app: AppHandle<R>) -> Result<PowerStatus> {
    switch(&app, true)
}

/// Switches Ravi off. Workspaces that are set up stay so.
#[command]
pub(crate) async fn power_off<R: Runtime>(app: AppHandle<R>) -> Result<PowerStatus> {
    switch(&app, false)
}

fn switch<R: Runtime>(app: &AppHandle<R>, on: bool) -> Result<PowerStatus> {
    let status = app.state::<Powered>().switch(app, on)?;
    emit_power(app, &status);
    Ok(status)
}

/// Puts a ledger that cannot be read aside and begins a new one.
#[command]
pub(crate) async fn power_renew<R: Runtime>(app: AppHandle<R>) -> Result<Renewed> {
    let renewed = app.state::<Powered>().renew(&app)?;
    emit_power(&app, &renewed.power);
    Ok(renewed)
}
