//! Secrets that are still in plaintext in files of known programs. Names places, never values.

use std::path::{Path, PathBuf};

use super::Finding;
use crate::account::official;
use crate::error::{Explain as _, Kind};
use crate::vault::settings::{SettingsFile, preset};

const CHECK: &str = "plaintext";

/// Settings of known apps: preset, and the file below the platform's data folder.
const SETTINGS: [(&str, &str); 1] = [("codex-monitor", "com.dimillian.codexmonitor/settings.json")];

/// Checks the known files; a missing one holds nothing.
pub(crate) fn plaintext() -> Vec<Finding> {
    let mut findings: Vec<Finding> = official_key().into_iter().collect();
    for (name, file) in SETTINGS {
        if let Some(file) = data_folder().map(|folder| folder.join(file)) {
            findings.extend(settings(name, &file));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, "no plaintext secrets in the known files"));
    }
    findings
}

/// Returns the folder where apps keep their data, as Tauri finds it.
fn data_folder() -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    Some(etcetera::base_strategy::choose_native_strategy().ok()?.data_dir())
}

fn official_key() -> Option<Finding> {
    let file = official::path().filter(|file| official::holds_management_key(file))?;
    Some(Finding::warn(
        CHECK,
        format!("{} holds a key for the whole account, which every agent of this user can read", file.display()),
        "`ravi-workspace login --import` imports it; then sign the official command line out (`ravi auth logout`).",
    ))
}

fn settings(name: &str, file: &Path) -> Option<Finding> {
    let places = preset(name).unwrap_or_default();
    let found = match SettingsFile::read(file).and_then(|read| read.find(&places)) {
        Ok(found) => found,
        Err(e) if e.kind() == Kind::NotFound => return None,
        Err(e) => return Some(Finding::warn(CHECK, e.to_string(), e.hint())),
    };
    let pointers: Vec<String> = found.plain.iter().map(|plain| plain.pointer.to_string()).collect();
    (!pointers.is_empty()).then(|| {
        Finding::warn(
            CHECK,
            format!("{} holds plaintext secrets at {}", file.display(), pointers.join(", ")),
            format!("Run `ravi-workspace settings migrate \"{}\" --preset {name}`", file.display()),
        )
    })
}
