//! `ravi_app` without Ravi: for Windows and phones.

use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Runtime};

pub(crate) fn plugin<R: Runtime>() -> TauriPlugin<R> {
    tauri::plugin::Builder::new("ravi").build()
}

pub(crate) fn start_app<R: Runtime>(_app: &AppHandle<R>) {}
