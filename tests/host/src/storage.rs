//! The app's two files, read with its own migrations and written in place.

use std::path::Path;

use serde_json::Value;

use crate::types::{AppSettings, WorkspaceEntry};

pub(crate) fn read_settings(path: &Path) -> Result<AppSettings, String> {
    if !path.exists() {
        return Ok(AppSettings::default());
    }
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let mut value: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    steer(&mut value);
    let settings = match serde_json::from_value(value.clone()) {
        Ok(settings) => settings,
        Err(_) => {
            value["remoteBackendProvider"] = "tcp".into();
            serde_json::from_value(value).map_err(|e| e.to_string())?
        }
    };
    Ok(crate::ravi_core::resolve_settings(path, settings))
}

/// An older switch became a choice.
fn steer(value: &mut Value) {
    if value.get("followUpMessageBehavior").is_none() {
        let steers = value.get("steerEnabled").and_then(Value::as_bool).unwrap_or(true);
        value["followUpMessageBehavior"] = if steers { "steer" } else { "queue" }.into();
    }
}

pub(crate) fn write_settings(path: &Path, settings: &AppSettings) -> Result<(), String> {
    if let Some(saved) = crate::ravi_core::save_settings(path, settings) {
        return saved;
    }
    let text = serde_json::to_string_pretty(settings).map_err(|e| e.to_string())?;
    std::fs::write(path, text).map_err(|e| e.to_string())
}

pub(crate) fn read_workspaces(path: &Path) -> Result<Vec<WorkspaceEntry>, String> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    serde_json::from_str(&text).map_err(|e| e.to_string())
}

pub(crate) fn write_workspaces(path: &Path, entries: &[WorkspaceEntry]) -> Result<(), String> {
    let text = serde_json::to_string_pretty(entries).map_err(|e| e.to_string())?;
    std::fs::write(path, text).map_err(|e| e.to_string())
}
