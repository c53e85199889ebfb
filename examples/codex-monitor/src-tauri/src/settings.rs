//! `settings.json`, in CodexMonitor's shape.
//!
//! The page never gets the daemon's token: it moves it into the vault by its place, and sees a fingerprint.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tauri::{AppHandle, State};
use tauri_plugin_ravi::{ExposeSecret as _, RaviExt as _, Settings};

use crate::error::{Result, ravi};

/// The settings that this app knows. Others, and references in place of secrets, stay in the file as they are.
#[derive(Default, Serialize, Deserialize)]
struct Known {
    #[serde(default)]
    theme: Theme,
}

/// How the window looks.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

pub struct SettingsFile(PathBuf);

impl SettingsFile {
    pub fn new(data: &Path) -> SettingsFile {
        SettingsFile(data.join("settings.json"))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes what CodexMonitor leaves behind today, with made-up tokens in plaintext, unless the file exists.
    pub fn write_sample(&self) -> io::Result<()> {
        let sample = json!({
            "theme": "system",
            "backendMode": "remote",
            "remoteBackendToken": "made-up-daemon-token-0000",
            "remoteBackends": [{
                "id": "office", "name": "Office", "provider": "tcp", "host": "10.0.0.7:4732",
                "token": "made-up-office-token-0000", "lastConnectedAtMs": null,
            }],
            "activeRemoteBackendId": "office",
        });
        match std::fs::File::create_new(&self.0) {
            Ok(file) => Ok(serde_json::to_writer_pretty(file, &sample)?),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn load(&self, app: &AppHandle) -> Result<Settings<Known>> {
        if !self.0.exists() {
            return Ok(Settings::new(app.ravi(), &self.0, Vec::new(), Known::default()));
        }
        // No places: what this app knows is not secret, so nothing is resolved and no call is made.
        Settings::load(app.ravi(), &self.0, Vec::new()).await.map_err(ravi)
    }
}

#[tauri::command]
pub async fn theme(app: AppHandle, settings: State<'_, SettingsFile>) -> Result<Theme> {
    Ok(settings.load(&app).await?.theme)
}

#[tauri::command]
pub async fn set_theme(app: AppHandle, settings: State<'_, SettingsFile>, theme: Theme) -> Result<()> {
    let mut known = settings.load(&app).await?;
    known.theme = theme;
    known.save().await.map_err(ravi)
}

/// Tells the daemon's tokens apart without showing them: the beginning of a hash. `None` if there is no token.
#[tauri::command]
pub async fn daemon_token(app: AppHandle, settings: State<'_, SettingsFile>) -> Result<Option<String>> {
    match app.ravi().settings().value(settings.path(), "/remoteBackendToken").await {
        Ok(token) => {
            let digest = Sha256::digest(token.expose_secret());
            Ok(Some(digest[..4].iter().map(|byte| format!("{byte:02x}")).collect()))
        }
        Err(error) if matches!(error.code().as_str(), "settings.no_value" | "settings.not_found") => Ok(None),
        Err(error) => Err(ravi(error)),
    }
}
