//! Calls of windows that wait.

use tauri::{Runtime, State, Webview, command};

use crate::command_error::Result;
use crate::running::Running;

/// Ends a wait of this window; `false` if it has none with this number.
#[command]
pub(crate) async fn call_cancel<R: Runtime>(
    webview: Webview<R>,
    running: State<'_, Running>,
    call: u32,
) -> Result<bool> {
    Ok(running.cancel(webview.label(), call))
}
