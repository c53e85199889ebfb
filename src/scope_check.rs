//! Checking a window's scopes before it calls anything. Tauri reads an entry only when a command is called whose
//! permission has it, so a misspelt one would be found by whoever presses the button.
//!
//! In development builds each window is checked when it opens, and the findings are printed. Nothing here grants or
//! refuses anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::Value;
use tauri::{Manager, Runtime, Webview};

use super::command_error::CommandError;
use super::commands::resolved;
use super::reach::{Kind, Row, TABLE};
use super::scope_entry::Entry;
use ravi_workspace_core::error::ErrorBody;

const PLUGIN: &str = "ravi";

/// An entry as it stands in the capability, in whatever form. It has a type of its own because Tauri caches what it has
/// read by type.
#[derive(Debug, Clone, Deserialize)]
struct Raw(Value);

/// What has been reported already, and is not reported again for the next window or page.
#[derive(Default)]
pub(super) struct Told(Mutex<BTreeSet<String>>);

/// Returns the faulty entries in the scopes of this window's permissions.
///
/// Those are entries that cannot be read (`ipc.scope`), that have a path which leads nowhere (`policy.bad_scope`), or
/// that concern nothing that their permission's commands can name (`policy.idle_scope`). A call whose permission has an
/// entry of the first two kinds is refused.
///
/// In development builds the plugin prints them when a window opens. For a test of an app's own:
///
/// ```no_run
/// # fn test<R: tauri::Runtime>(window: tauri::WebviewWindow<R>) {
/// assert_eq!(tauri_plugin_ravi::plugin::scope_faults(window.as_ref()).len(), 0);
/// # }
/// ```
pub fn scope_faults<R: Runtime>(webview: &Webview<R>) -> Vec<ErrorBody> {
    let capabilities = capabilities();
    let faults = entries(webview).into_iter().filter_map(|(text, (entry, commands))| {
        let fault = fault(webview, &entry, &commands)?;
        let place = granted_by(&capabilities, &entry)
            .unwrap_or_else(|| format!("the window `{}`, for {}", webview.label(), commands.join(", ")));
        Some(ErrorBody { message: format!("{text} in the scope of {place}: {}", fault.message), ..fault })
    });
    faults.collect()
}

/// Prints what is wrong, once for each entry, in a development build.
pub(super) fn tell<R: Runtime>(webview: &Webview<R>) {
    if !cfg!(debug_assertions) {
        return;
    }
    let Some(told) = webview.try_state::<Told>() else { return };
    for ErrorBody { code, message, hint } in scope_faults(webview) {
        if told.0.lock().unwrap_or_else(PoisonError::into_inner).insert(message.clone()) {
            tracing::error!(code, "{message}. {hint}");
            eprintln!("error: {message}. {hint} ({code})");
        }
    }
}

/// Returns every entry that applies to a command of this window, by its text, with the commands.
fn entries<R: Runtime>(webview: &Webview<R>) -> BTreeMap<String, (Value, Vec<&'static str>)> {
    let mut found: BTreeMap<String, (Value, Vec<&'static str>)> = BTreeMap::new();
    for Row { command, .. } in TABLE {
        // Without an address yet, it is checked again when it has one.
        let Ok(Some(scope)) = webview.resolve_command_scope::<Raw>(PLUGIN, command) else { continue };
        let (own, all) = (scope.command_scope(), scope.global_scope());
        for entry in [own.allows(), own.denies(), all.allows(), all.denies()].into_iter().flatten() {
            let (_, commands) = found.entry(entry.0.to_string()).or_insert_with(|| (entry.0.clone(), Vec::new()));
            if !commands.contains(command) {
                commands.push(*command);
            }
        }
    }
    found
}

fn fault<R: Runtime>(webview: &Webview<R>, entry: &Value, commands: &[&str]) -> Option<ErrorBody> {
    match serde_json::from_value::<Entry>(entry.clone()) {
        Ok(entry) => match resolved(webview.app_handle(), &entry) {
            Err(error) => Some(error.body()),
            Ok(entry) => (!bears_on(entry.kind(), commands)).then(|| CommandError::IdleScope.body()),
        },
        Err(error) => Some(ErrorBody {
            code: "ipc.scope".into(),
            message: error.to_string(),
            hint:
                "Write one of {\"key\": …}, {\"workspace\": …}, {\"path\": …}, {\"identity\": …}, {\"codexHome\": …}, \
                   {\"file\": …}, {\"place\": …} for each entry; see docs/scopes.md."
                    .into(),
        }),
    }
}

/// Whether any of the commands can name what entries of this kind are about. A capability that seems to restrict a
/// window but does not is worse than one without an entry.
fn bears_on(kind: Kind, commands: &[&str]) -> bool {
    let rows = TABLE.iter().filter(|row| commands.contains(&row.command));
    rows.flat_map(|row| row.names).any(|(_, what)| what.narrowed_by().contains(&kind))
}

/// Returns the app's capabilities as Tauri's build script has written them. Only if cargo runs the app: a shipped one
/// does not have the file.
fn capabilities() -> Value {
    let read = || {
        let folder = std::env::var_os("CARGO_MANIFEST_DIR")?;
        let text = std::fs::read(Path::new(&folder).join("gen/schemas/capabilities.json")).ok()?;
        serde_json::from_slice(&text).ok()
    };
    read().unwrap_or_default()
}

/// Returns the capability and the permission that contain an entry.
fn granted_by(capabilities: &Value, entry: &Value) -> Option<String> {
    let has = |permission: &Value| {
        let of_plugin = permission["identifier"].as_str().is_some_and(|name| name.starts_with("ravi:"));
        let lists = [&permission["allow"], &permission["deny"]];
        of_plugin && lists.iter().filter_map(|list| list.as_array()).flatten().any(|one| one == entry)
    };
    capabilities.as_object()?.iter().find_map(|(name, capability)| {
        let permission = capability["permissions"].as_array()?.iter().find(|permission| has(permission))?;
        Some(format!("`{}`, capability `{name}`", permission["identifier"].as_str()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_is_found_in_the_capability_that_has_it() {
        let scoped = |key: &str| json!({ "identifier": "ravi:secrets-read", "allow": [{ key: "*" }] });
        let capabilities = json!({
            "about": { "permissions": ["core:default", { "identifier": "fs:read", "allow": [{ "kee": "*" }] }] },
            "default": { "permissions": ["ravi:default", scoped("key"), scoped("kee")] },
        });
        let found = granted_by(&capabilities, &json!({ "kee": "*" }));
        assert_eq!(found.as_deref(), Some("`ravi:secrets-read`, capability `default`"));
        assert_eq!(granted_by(&capabilities, &json!({ "kex": "*" })), None);
        assert_eq!(granted_by(&Value::Null, &json!({ "kee": "*" })), None);
    }

    #[test]
    fn an_entry_that_keeps_a_window_to_nothing_is_told() {
        assert!(bears_on(Kind::Key, &["secret_get"]) && bears_on(Kind::Path, &["power_on", "workspace_list"]));
        assert!(!bears_on(Kind::Workspace, &["seal_enable", "secret_get"]) && !bears_on(Kind::File, &["doctor"]));
    }
}
