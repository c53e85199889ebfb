//! Ravi in CodexMonitor: what the app has beyond what it shares with the daemon (`ravi_core.rs`).

use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Runtime};
use tauri_plugin_ravi::{Config, RaviExt as _, Start};

/// The plugin for the app's windows. Off until a person switches it on.
pub(crate) fn plugin<R: Runtime>() -> TauriPlugin<R, Option<Config>> {
    tauri_plugin_ravi::Builder::new().start(Start::Asked).build()
}

/// The app uses the plugin's handle.
pub(crate) fn start_app<R: Runtime>(app: &AppHandle<R>) {
    let app = app.clone();
    crate::ravi_core::use_handle_of(move || app.try_ravi());
}
