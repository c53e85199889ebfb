//! The commands that a window may call: each is a few lines over [`ravi_workspace_core::Ravi`], with its scope check if
//! it has one.
//!
//! No logic lives here. Names and arguments are what `guest-js` calls and what the permission files list.

use std::path::Path;
use std::sync::Arc;

use tauri::ipc::{CommandScope, GlobalScope};
use tauri::{AppHandle, Manager, Runtime};

use super::RaviExt;
use super::command_error::{CommandError, Result};
use super::scope::{Scope, real};
use super::scope_entry::Entry;
use ravi_workspace_core::audit::{Action, Entry as Line};

pub(super) mod account;
pub(super) mod audit;
pub(super) mod calls;
#[cfg(feature = "codex")]
pub(super) mod codex;
pub(super) mod doctor;
#[cfg(feature = "inbox")]
pub(super) mod inbox;
pub(super) mod power;
#[cfg(feature = "inbox")]
pub(super) mod registrations;
#[cfg(feature = "seal")]
pub(super) mod seal;
pub(super) mod secrets;
pub(super) mod settings;
pub(super) mod workspaces;

/// Returns the entries that apply to this call: those of the command's permission and those of the whole plugin.
fn scope<R: Runtime>(app: &AppHandle<R>, command: &CommandScope<Entry>, global: &GlobalScope<Entry>) -> Result<Scope> {
    let entries = |of_command: &[Arc<Entry>], of_plugin: &[Arc<Entry>]| {
        of_command.iter().chain(of_plugin).map(|entry| resolved(app, entry)).collect::<Result<Vec<Entry>>>()
    };
    Ok(Scope::new(entries(command.allows(), global.allows())?, entries(command.denies(), global.denies())?))
}

/// Returns the entry with variables such as `$HOME` replaced. An unreadable one might be a deny entry, so the call is
/// refused.
pub(super) fn resolved<R: Runtime>(app: &AppHandle<R>, entry: &Entry) -> Result<Entry> {
    let folder = |path: &Path| match app.path().parse(path) {
        // A path that leads nowhere (`missing/..`) would deny nothing.
        Ok(folder) if real(&folder).is_some() => Ok(folder),
        _ => Err(CommandError::BadScope { path: path.to_owned() }),
    };
    Ok(match entry {
        Entry::Path(path) => Entry::Path(folder(path)?),
        Entry::CodexHome(path) => Entry::CodexHome(folder(path)?),
        Entry::File(path) => Entry::File(folder(path)?),
        other => other.clone(),
    })
}

/// Returns the other names of the identity that a page names (`None`: the host identity), if entries deny some: an
/// entry may use another name than the page does.
async fn called<R: Runtime>(app: &AppHandle<R>, scope: &Scope, asked: Option<&str>) -> Result<Vec<String>> {
    match scope.denies_identities() {
        true => Ok(app.ravi().account().identity_names(asked).await?),
        false => Ok(Vec::new()),
    }
}

/// Notes a refusal in the audit trail, and returns the result.
async fn noted<R: Runtime, T>(app: &AppHandle<R>, action: Action, object: &str, result: Result<T>) -> Result<T> {
    if let Err(refusal) = &result {
        // A page chooses the name: one that is not valid is not recorded.
        let sound = object.len() <= 256 && !object.contains(|c: char| c.is_control());
        let entry = Line::refused(action, &refusal.body().code).object(if sound { object } else { "?" });
        if let Err(unnoted) = app.ravi().note(entry).await {
            tracing::warn!(code = unnoted.code(), "a refusal could not be noted");
        }
    }
    result
}
