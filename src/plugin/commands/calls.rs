//! Calls of windows that wait.

use tauri::{Runtime, State, Webview, command};

use crate::plugin::error::Result;
use crate::plugin::running::Running;

/// Ends a wait of this window; `false` where it has none of this number.
#[command]
pub(crate) async fn call_cancel<R: Runtime>(
    webview: Webview<R>,
    running: State<'_, Running>,
    call: u32,
) -> Result<bool> {
    Ok(running.cancel(webview.label(), call))
}
