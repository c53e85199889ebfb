//! The commands a window may call: each a few lines over [`crate::Ravi`], with its scope check where it has one.
//!
//! No logic lives here. Names and arguments are what `guest-js` calls and what the permission files list.

use std::path::Path;
use std::sync::Arc;

use tauri::ipc::{CommandScope, GlobalScope};
use tauri::{AppHandle, Manager, Runtime};

use super::RaviExt;
use super::error::{CommandError, Result};
use super::scope::{Scope, real};
use super::scope_entry::Entry;
use crate::audit::{Action, Entry as Line};

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

/// The entries that apply to this call: those of the command's permission and those of the whole plugin.
fn scope<R: Runtime>(app: &AppHandle<R>, command: &CommandScope<Entry>, global: &GlobalScope<Entry>) -> Result<Scope> {
    let entries = |of_command: &[Arc<Entry>], of_plugin: &[Arc<Entry>]| {
        of_command.iter().chain(of_plugin).map(|entry| resolved(app, entry)).collect::<Result<Vec<Entry>>>()
    };
    Ok(Scope::new(entries(command.allows(), global.allows())?, entries(command.denies(), global.denies())?))
}

/// The entry with variables such as `$HOME` replaced. One that cannot be read could be a deny entry: the call is refused.
pub(super) fn resolved<R: Runtime>(app: &AppHandle<R>, entry: &Entry) -> Result<Entry> {
    let folder = |path: &Path| match app.path().parse(path) {
        // One that leads nowhere (`missing/..`) would deny nothing.
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

/// What else the identity is called that a page names (`None`: the host identity), where entries deny some: an entry may name
/// it otherwise than the page does.
async fn called<R: Runtime>(app: &AppHandle<R>, scope: &Scope, asked: Option<&str>) -> Result<Vec<String>> {
    match scope.denies_identities() {
        true => Ok(app.ravi().identity_names(asked).await?),
        false => Ok(Vec::new()),
    }
}

/// Notes a refusal in the audit trail, and gives the result back.
async fn noted<R: Runtime, T>(app: &AppHandle<R>, action: Action, object: &str, result: Result<T>) -> Result<T> {
    if let Err(refusal) = &result {
        // A page gives the name: what is no name is not written down.
        let sound = object.len() <= 256 && !object.contains(|c: char| c.is_control());
        let entry = Line::refused(action, &refusal.body().code).object(if sound { object } else { "?" });
        if let Err(unnoted) = app.ravi().note(entry).await {
            tracing::warn!(code = unnoted.code(), "a refusal could not be noted");
        }
    }
    result
}
