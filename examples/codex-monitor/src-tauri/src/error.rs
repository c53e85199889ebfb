//! Errors of the app's own commands: the same three parts as the plugin's, so that the page shows both alike.

use std::fmt::Display;

use tauri_plugin_ravi::ErrorBody;

/// What a command of the app returns.
pub type Result<T> = std::result::Result<T, ErrorBody>;

/// A failure with a code of the app's own.
pub fn failure(code: &str, message: impl Display, hint: &str) -> ErrorBody {
    ErrorBody { code: format!("app.{code}"), message: message.to_string(), hint: hint.to_owned() }
}

/// A failure of the engine.
pub fn ravi(error: tauri_plugin_ravi::Error) -> ErrorBody {
    ErrorBody { code: error.code(), message: error.to_string(), hint: error.hint() }
}
