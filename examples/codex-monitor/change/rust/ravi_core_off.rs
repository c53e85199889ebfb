//! `ravi_core` without Ravi: for Windows and phones, and for `daemonctl`. Every call does nothing and returns what the app had
//! before.

use std::ffi::{OsStr, OsString};
use std::future::Future;
use std::path::Path;

use serde_json::Value;

use crate::types::{AppSettings, WorkspaceEntry};

pub(crate) fn helper_main() {}

pub(crate) fn start(_data_dir: &Path) -> Result<(), String> {
    Ok(())
}

/// A reference is not a token, and nothing here can resolve it.
pub(crate) fn daemon_token(token: Option<String>, _insecure: bool) -> Result<Option<String>, String> {
    Ok(token.filter(|text| !text.trim_start().starts_with("ravi://")))
}

pub(crate) fn set_token_grace(_text: Option<String>) -> Result<(), String> {
    Err("--token-grace needs Ravi, which this program was built without.".to_string())
}

pub(crate) async fn compared(expected: String, given: String) -> (String, String) {
    (expected, given)
}

pub(crate) fn spawn_daemon(
    _program: &Path,
    _listen: &str,
    _data_dir: &Path,
) -> Option<Result<tokio::process::Child, String>> {
    None
}

pub(crate) fn resolve_settings(_path: &Path, settings: AppSettings) -> AppSettings {
    settings
}

pub(crate) fn save_settings(_path: &Path, _settings: &AppSettings) -> Option<Result<(), String>> {
    None
}

pub(crate) struct Added;

impl Added {
    pub(crate) fn keep(self) {}
}

pub(crate) async fn provision<F: Future>(_entry: &WorkspaceEntry, _undo: impl FnOnce() -> F) -> Result<Added, String> {
    Ok(Added)
}

pub(crate) async fn provision_clone<F: Future>(
    _entry: &WorkspaceEntry,
    _undo: impl FnOnce() -> F,
) -> Result<Added, String> {
    Ok(Added)
}

pub(crate) async fn renamed(_entry: &WorkspaceEntry) {}

pub(crate) fn removed(_id: &str) {}

pub(crate) async fn thread_config(_id: &str, params: Value) -> Result<Value, String> {
    Ok(params)
}

pub(crate) fn program(name: &OsStr) -> OsString {
    name.to_os_string()
}

pub(crate) fn describe(_id: &str) -> Option<Value> {
    None
}

pub(crate) fn tend() {}
