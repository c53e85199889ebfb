//! What a command answers when it fails: every failure of [`crate::Ravi`], and what only the plugin can refuse.
//!
//! All cross IPC as the object [`ErrorBody`], never as a bare string.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

use crate::error::{Error, ErrorBody};
use crate::vault::settings::PRESETS;

/// A result whose error is [`CommandError`].
pub(crate) type Result<T> = std::result::Result<T, CommandError>;

/// A failure of a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The engine failed.
    #[error(transparent)]
    Ravi(#[from] Error),
    /// The window's capability does not name the secret. Says nothing about whether it exists.
    #[error("this window may not use the secret {key}")]
    Scope {
        /// The name as the window gave it.
        key: String,
    },
    /// The window's capability allows the command, but names no secret.
    #[error("this window's capability names no secret that it may use")]
    EmptyScope,
    /// The window's capability does not name the workspace. Says nothing about whether it exists.
    #[error("this window may not use the workspace {target}")]
    Workspace {
        /// The id or path as the window gave it; `*` where the command needs all.
        target: String,
    },
    /// The window's capability does not name the identity that a workspace is to be bound to. Says nothing about whether it
    /// exists.
    #[error("this window may not bind workspaces to that identity")]
    Identity,
    /// The window's capability does not name the settings file. Says nothing about whether it exists.
    #[error("this window may not use the settings file {}", file.display())]
    SettingsFile {
        /// The path as the window gave it.
        file: PathBuf,
    },
    /// The window's capability does not name the place in settings files, or not with that secret.
    #[error("this window may not move what is at {pointer:?} under that name")]
    Place {
        /// The pointer as the window gave it.
        pointer: String,
    },
    /// The window's capability does not name a secret that an undo would put back, or it is not known which ones that are.
    #[error("this window may not put the secrets of {} back", file.display())]
    Undo {
        /// The file as the window gave it.
        file: PathBuf,
    },
    /// The window's capability does not name the folder of Codex.
    #[error("this window may not use that folder of Codex")]
    CodexHome,
    /// A path in the capability is neither absolute nor begins with a variable, or goes up from a folder that is not there.
    #[error("the scope of this permission has the path {}, which is not absolute or leads nowhere", path.display())]
    BadScope {
        /// The path as it stands there.
        path: PathBuf,
    },
    /// An entry of a capability's scope is about nothing that the permission's commands can name.
    #[error("no command of this permission can name what this entry is about, so it keeps the window to nothing")]
    IdleScope,
    /// A path that would depend on the folder in which the app happens to run, or on a shell.
    #[error("the path {} is not absolute", path.display())]
    RelativePath {
        /// The path as the window gave it.
        path: PathBuf,
    },
    /// The window, or the end of the app, ended a call that waited.
    #[error("the call was cancelled")]
    Cancelled,
    /// The app was built without the feature that has the command.
    #[error("this app was built without the feature {feature:?} of tauri-plugin-ravi, which has the command {command}")]
    NotBuilt {
        /// The feature.
        feature: &'static str,
        /// The command as the window called it.
        command: String,
    },
    /// The window asked for places of an app that is not known.
    #[error("there is no preset {name:?} for settings files")]
    Preset {
        /// The name as the window gave it.
        name: String,
    },
}

impl CommandError {
    /// The error as a window sees it.
    pub(crate) fn body(&self) -> ErrorBody {
        match self {
            CommandError::Ravi(error) => error.body(),
            CommandError::Scope { .. } | CommandError::EmptyScope => ErrorBody {
                code: "policy.scope".into(),
                message: self.to_string(),
                hint: "Add the name, or a pattern such as {\"key\": \"CODEX_MONITOR_*\"}, to the scope of this permission \
                       in the app's capability file, and see that no deny entry covers it."
                    .into(),
            },
            CommandError::Workspace { .. } => ErrorBody {
                code: "policy.scope".into(),
                message: self.to_string(),
                hint: "Add its id, such as {\"workspace\": \"agent-*\"}, or its folder, such as {\"path\": \"$HOME/trees\"}, \
                       to the scope of this permission in the app's capability file, and see that no deny entry covers it. A \
                       new workspace needs its folder, which is the top of its checkout."
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
                       app's capability file, and see that no deny entry covers it."
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
                hint: "Let the scope of this permission allow the keys of all secrets that were moved out of the file; or \
                       `ravi-workspace settings undo` in a shell."
                    .into(),
            },
            CommandError::CodexHome => ErrorBody {
                code: "policy.scope".into(),
                message: self.to_string(),
                hint: "Add the folder, such as {\"codexHome\": \"$HOME/.codex\"}, to the scope of this permission in the \
                       app's capability file, and see that no deny entry covers it."
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
                hint: "Take it out, or write the kind of entry that docs/permissions.md has for the command.".into(),
            },
            CommandError::RelativePath { .. } => ErrorBody {
                code: "workspace.path_not_absolute".into(),
                message: self.to_string(),
                hint: "Give the whole path. In a window, homeDir() and join() of @tauri-apps/api/path make it where it begins \
                       with ~, and resolve() where it is relative."
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

/// The plugin could not start. Ends the start of the app.
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
