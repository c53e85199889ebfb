//! What a failed command returns: every failure of [`ravi_workspace_core::Ravi`], and what only the plugin can refuse.
//!
//! All of them cross IPC as the object [`ErrorBody`], never as a bare string.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

use ravi_workspace_core::error::{Error, ErrorBody};
use ravi_workspace_core::vault::settings::PRESETS;

/// A result whose error is [`CommandError`].
pub(crate) type Result<T> = std::result::Result<T, CommandError>;

/// A failure of a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The engine failed.
    #[error(transparent)]
    Ravi(#[from] Error),
    /// The window's capability does not name the secret. Does not reveal whether it exists.
    #[error("this window may not use the secret {key}")]
    Scope {
        /// The name that the window gave.
        key: String,
    },
    /// The window's capability allows the command, but names no secret.
    #[error("this window's capability names no secret that it may use")]
    EmptyScope,
    /// The window's capability does not name the workspace. Does not reveal whether it exists.
    #[error("this window may not use the workspace {target}")]
    Workspace {
        /// The id or path that the window gave; `*` if the command needs all of them.
        target: String,
    },
    /// The window's capability does not name the identity to which a workspace would be bound. Does not reveal whether
    /// it exists.
    #[error("this window may not bind workspaces to that identity")]
    Identity,
    /// The window's capability does not name the settings file. Does not reveal whether it exists.
    #[error("this window may not use the settings file {}", file.display())]
    SettingsFile {
        /// The path that the window gave.
        file: PathBuf,
    },
    /// The window's capability does not name the place in settings files, or not with that secret.
    #[error("this window may not move what is at {pointer:?} under that name")]
    Place {
        /// The pointer that the window gave.
        pointer: String,
    },
    /// The window's capability does not name a secret that an undo would put back, or it is unknown which secrets those
    /// are.
    #[error("this window may not put the secrets of {} back", file.display())]
    Undo {
        /// The file that the window gave.
        file: PathBuf,
    },
    /// The window's capability does not name the Codex folder.
    #[error("this window may not use that folder of Codex")]
    CodexHome,
    /// A path in the capability is not absolute and does not begin with a variable, or goes up from a folder that does
    /// not exist.
    #[error("the scope of this permission has the path {}, which is not absolute or leads nowhere", path.display())]
    BadScope {
        /// The path as written there.
        path: PathBuf,
    },
    /// An entry of a capability's scope concerns nothing that the permission's commands can name.
    #[error("no command of this permission can name what this entry is about, so it restricts nothing")]
    IdleScope,
    /// A path that would depend on the folder in which the app happens to run, or on a shell.
    #[error("the path {} is not absolute", path.display())]
    RelativePath {
        /// The path that the window gave.
        path: PathBuf,
    },
    /// The window, or the end of the app, ended a waiting call.
    #[error("the call was cancelled")]
    Cancelled,
    /// The app was built without the feature that has the command.
    #[error("this app was built without the feature {feature:?} of tauri-plugin-ravi, which has the command {command}")]
    NotBuilt {
        /// The feature.
        feature: &'static str,
        /// The command that the window called.
        command: String,
    },
    /// The window asked for the places of an unknown app.
    #[error("there is no preset {name:?} for settings files")]
    Preset {
        /// The name that the window gave.
        name: String,
    },
}

impl CommandError {
    /// Returns the error as a window sees it.
    pub(crate) fn body(&self) -> ErrorBody {
        match self {
            CommandError::Ravi(error) => error.body(),
            CommandError::Scope { .. } | CommandError::EmptyScope => ErrorBody {
                code: "policy.scope".into(),
                message: self.to_string(),
                hint: "Add the name, or a pattern such as {\"key\": \"CODEX_MONITOR_*\"}, to the scope of this permission \
                       in the app's capability file, and make sure that no deny entry covers it."
                    .into(),
            },
            CommandError::Workspace { .. } => ErrorBody {
                code: "policy.scope".into(),
                message: self.to_string(),
                hint: "Add its id, such as {\"workspace\": \"agent-*\"}, or its folder, such as {\"path\": \"$HOME/trees\"}, \
                       to the scope of this permission in the app's capability file, and make sure that no deny entry \
                       covers it. A new workspace needs its folder, which is the top of its checkout."
                    .into(),
            },
            CommandError::Identity => ErrorBody {
                code: "policy.scope".into(),
                message: self.to_string(),
                hint: "Let the workspace have an identity of its own, or add this one, such as {\"identity\": \"Agents\"} or {\"identity\": \
                       \"host\"}, to the scope of this permission in the app's capability file."
                    .into(),
            },
            CommandError::SettingsFile { .. } => ErrorBody {
                code: "policy.scope".into(),
                message: self.to_string(),
                hint: "Add the file, such as {\"file\": \"$APPDATA/settings.json\"}, to the scope of this permission in the \
                       app's capability file, and make sure that no deny entry covers it."
                    .into(),
            },
            CommandError::Place { .. } => ErrorBody {
                code: "policy.scope".into(),
                message: self.to_string(),
                hint: "Name a preset, or add the place, such as {\"place\": \"/remotes/*/token=REMOTE_TOKEN_<ID>\"}, to the \
                       scope of this permission in the app's capability file."
                    .into(),
            },
            CommandError::Undo { .. } => ErrorBody {
                code: "policy.scope".into(),
                message: self.to_string(),
                hint: "Let the scope of this permission allow the keys of all secrets that were moved out of the \
                       file, or run `ravi-workspace settings undo` in a shell."
                    .into(),
            },
            CommandError::CodexHome => ErrorBody {
                code: "policy.scope".into(),
                message: self.to_string(),
                hint: "Add the folder, such as {\"codexHome\": \"$HOME/.codex\"}, to the scope of this permission in the \
                       app's capability file, and make sure that no deny entry covers it."
                    .into(),
            },
            CommandError::BadScope { .. } => ErrorBody {
                code: "policy.bad_scope".into(),
                message: self.to_string(),
                hint: "Write an absolute path, or one that begins with a variable such as $HOME or $APPDATA.".into(),
            },
            CommandError::IdleScope => ErrorBody {
                code: "policy.idle_scope".into(),
                message: self.to_string(),
                hint: "Remove it, or write the kind of entry that docs/permissions.md lists for the command.".into(),
            },
            CommandError::RelativePath { .. } => ErrorBody {
                code: "workspace.path_not_absolute".into(),
                message: self.to_string(),
                hint: "Give the whole path. In a window, homeDir() and join() of @tauri-apps/api/path make it if it \
                       begins with ~, and resolve() if it is relative."
                    .into(),
            },
            CommandError::Cancelled => ErrorBody {
                code: "call.cancelled".into(),
                message: self.to_string(),
                hint: "Call it again.".into(),
            },
            CommandError::NotBuilt { feature, .. } => ErrorBody {
                code: format!("{feature}.not_built"),
                message: self.to_string(),
                hint: format!("Add {feature:?} to the features of tauri-plugin-ravi in src-tauri/Cargo.toml."),
            },
            CommandError::Preset { .. } => ErrorBody {
                code: "settings.preset".into(),
                message: self.to_string(),
                hint: format!("Use one of {}, or list the places.", PRESETS.join(", ")),
            },
        }
    }
}

impl Serialize for CommandError {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.body().serialize(serializer)
    }
}

/// The plugin could not start, and neither can the app.
#[derive(Debug, thiserror::Error)]
#[error("the plugin `ravi` could not start: {cause} ({code}). {hint}")]
pub(crate) struct SetupError {
    cause: Error,
    code: String,
    hint: String,
}

impl From<Error> for SetupError {
    fn from(cause: Error) -> SetupError {
        SetupError { code: cause.code(), hint: cause.hint(), cause }
    }
}
