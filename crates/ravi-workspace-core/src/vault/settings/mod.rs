//! Secrets in the JSON settings files of an app.
//!
//! A secret at a known place is moved into the vault and replaced by a reference; every other byte of the file stays:
//! order of keys, white space, the way numbers and strings are written. So the file is never parsed into values and
//! written out again; instead, the bytes of that one string are found and replaced. This module knows files and JSON,
//! but must not know the network. Whatever keeps the secrets is passed in as a [`SecretStore`].

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::ErrorBody;

mod error;
mod file;
mod json;
mod merge;
mod migrate;
mod pointer;
#[cfg(test)]
mod tests;

pub use error::{JsonType, SettingsError};
pub use file::{Findings, MAX_SIZE, PlainValue, Referenced, SettingsFile, Value};
pub use json::MAX_DEPTH;
pub use migrate::{Backup, MigrateError, SecretStore, migrate};
pub use pointer::{Pointer, PointerError};

pub use file::{Held, Slot, real_path};
pub use pointer::{Step, pattern};

/// A place in a settings file whose value is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Place {
    /// JSON pointer (RFC 6901); a segment `*` stands for every member of an array or object.
    pub pointer: String,
    /// Name of the secret; `<ID>` stands for the `id` of the array member matched by `*`.
    pub secret: String,
}

impl Place {
    /// A place as people write it: `POINTER=KEY`, or just the pointer, in which case the name is made from it.
    pub fn from_text(text: &str) -> Place {
        let (pointer, secret) = match text.rsplit_once('=') {
            Some((pointer, secret)) => (pointer.to_owned(), secret.to_owned()),
            None => (text.to_owned(), secret_name_for(text)),
        };
        Place { pointer, secret }
    }
}

/// What a migration did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct MigrateReport {
    /// The file.
    pub file: PathBuf,
    /// Nothing was changed; this is what would be done.
    pub dry_run: bool,
    /// Values that were moved into the vault.
    pub moved: Vec<Moved>,
    /// Values that were already references.
    pub already: Vec<Moved>,
}

/// A value that is now in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Moved {
    /// Where it was in the file.
    pub pointer: String,
    /// Name of the secret.
    pub secret: String,
    /// What the file now holds instead, `ravi://KEY`.
    pub reference: String,
}

/// A place whose reference currently leads to no value. The settings that the app is given have nothing there; saving
/// them keeps the reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Unresolved {
    /// Where it is in the settings.
    pub pointer: String,
    /// What is in the file.
    pub reference: String,
    /// Why it leads nowhere.
    pub error: ErrorBody,
}

/// The names that [`preset`] knows.
pub const PRESETS: [&str; 1] = ["codex-monitor"];

/// The places where a well-known app keeps secrets; `None` if it is not one of [`PRESETS`].
///
/// `codex-monitor`: `settings.json` in the data folder of CodexMonitor 0.7. `remoteBackendToken` is the token of its
/// daemon, which reads the same name from its environment; `remoteBackends` lists other daemons. The active one's token
/// is usually a copy of the first. These are two places and two secrets, since the app changes them separately.
pub fn preset(name: &str) -> Option<Vec<Place>> {
    let place = |pointer: &str, secret: &str| Place { pointer: pointer.into(), secret: secret.into() };
    match name {
        "codex-monitor" => Some(vec![
            place("/remoteBackendToken", "CODEX_MONITOR_DAEMON_TOKEN"),
            place("/remoteBackends/*/token", "CODEX_MONITOR_BACKEND_TOKEN_<ID>"),
        ]),
        _ => None,
    }
}

/// Makes a name for the secret at a place that nobody named: `/remoteBackendToken` → `REMOTE_BACKEND_TOKEN`,
/// `/remotes/*/token` → `REMOTES_<ID>_TOKEN`.
pub fn secret_name_for(pointer: &str) -> String {
    let segments = pointer.split('/').filter(|segment| !segment.is_empty());
    segments
        .map(|segment| if segment == "*" { "<ID>".to_owned() } else { screaming(segment) })
        .collect::<Vec<_>>()
        .join("_")
}

fn screaming(segment: &str) -> String {
    let mut name = String::new();
    let mut small_before = false;
    for character in segment.chars() {
        if character.is_ascii_uppercase() && small_before {
            name.push('_');
        }
        small_before = character.is_ascii_lowercase() || character.is_ascii_digit();
        name.push(if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' });
    }
    name
}
