//! One entry of a capability's scope, as it stands in the capability file.
//!
//! The build script compiles this file too, to make the schema against which editors check capability files. So it must
//! know nothing but serde and, there, schemars.

use std::path::PathBuf;

use serde::Deserialize;

/// What a window may name: one rule, such as `{ "key": "CODEX_MONITOR_*" }`. In patterns, `*` stands for any characters
/// and `?` for one. Paths are absolute or begin with a variable of Tauri's such as `$HOME`, and include everything
/// below.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(not(plugin_runtime), derive(schemars::JsonSchema), allow(dead_code))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Entry {
    /// A pattern for the names of the host identity's secrets; case does not matter. Without one, no secret may be
    /// named.
    Key(String),
    /// A pattern for the ids of existing workspaces. Without this and `path`, every workspace may be named.
    Workspace(String),
    /// A folder whose workspaces may be named, and in which new ones may be bound.
    Path(PathBuf),
    /// A pattern for identities of the account that workspaces may be bound to, as the window names them: by name, uuid
    /// or address. `host` is the one that holds the app's own secrets, if a key to it is requested. Without one,
    /// workspaces get identities of their own.
    Identity(String),
    /// A Codex folder (`CODEX_HOME`). Without one, only the folder that Codex uses by itself may be used.
    CodexHome(PathBuf),
    /// A settings file whose secrets may be moved and put back; exactly this one. Without one, no file may be named.
    File(PathBuf),
    /// A place in settings files that may be moved, `POINTER=KEY`: a JSON pointer, in which `*` stands for every
    /// member, and the name of its secret. Without `=KEY`, the name is made from the pointer. The places of the presets
    /// need no entry.
    Place(String),
}
