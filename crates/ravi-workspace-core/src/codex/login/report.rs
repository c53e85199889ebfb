//! What callers are told about a login. Holds no token.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::CodexError;
use crate::error::ErrorBody;

/// The kind of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CodexMode {
    /// A ChatGPT account: tokens rotate, and work on one machine at a time.
    ChatGpt,
    /// An API key: it never changes, and may be used anywhere.
    ApiKey,
}

impl CodexMode {
    /// Its name in Codex's `auth_mode`.
    pub(crate) fn codex_name(self) -> &'static str {
        match self {
            CodexMode::ChatGpt => "chatgpt",
            CodexMode::ApiKey => "apikey",
        }
    }
}

/// A login, without its secrets. Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct CodexLogin {
    /// Its kind.
    pub mode: CodexMode,
    /// Whose it is, in words.
    pub account: String,
    /// The account's mail address, if the login contains one.
    pub email: Option<String>,
    /// When Codex last refreshed it.
    #[cfg_attr(feature = "__typescript", ts(type = "number | null"))]
    pub last_refresh_ms: Option<i64>,
    /// When its access token expires; Codex then fetches the next one by itself.
    #[cfg_attr(feature = "__typescript", ts(type = "number | null"))]
    pub expires_ms: Option<i64>,
}

/// The machine that may use a login. Times are Unix milliseconds, by Ravi's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct CodexHolder {
    /// Its name.
    pub host: String,
    /// Codex's folder there.
    pub home: PathBuf,
    /// Since when.
    #[cfg_attr(feature = "__typescript", ts(type = "number"))]
    pub since_ms: i64,
    /// Until when it is kept for that machine, if nothing more is heard of it.
    #[cfg_attr(feature = "__typescript", ts(type = "number"))]
    pub until_ms: i64,
    /// Whether a watcher is there to hand the login over when asked.
    pub watched: bool,
    /// Whether it is this machine, and the folder in question.
    pub here: bool,
    /// Its time is over; any machine may take it.
    pub expired: bool,
}

/// A stored login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct CodexStored {
    /// What it is.
    pub login: CodexLogin,
    /// Which version of it; one more for each rotation.
    #[cfg_attr(feature = "__typescript", ts(type = "number"))]
    pub generation: i64,
    /// When it was stored; Unix milliseconds, by Ravi's clock.
    #[cfg_attr(feature = "__typescript", ts(type = "number"))]
    pub saved_ms: i64,
    /// Who has it; an API key has no holder.
    pub holder: Option<CodexHolder>,
}

/// The result of [`ravi.codex().save`](crate::handle::Codex::save).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct CodexSaved {
    /// The secret that holds it.
    pub name: String,
    /// Codex's folder.
    pub home: PathBuf,
    /// What is stored now.
    pub stored: CodexStored,
    /// Whether what was stored differs from before.
    pub changed: bool,
}

/// The result of [`ravi.codex().restore`](crate::handle::Codex::restore).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct CodexRestored {
    /// The secret that holds it.
    pub name: String,
    /// Codex's folder.
    pub home: PathBuf,
    /// What is now stored, and on disk.
    pub stored: CodexStored,
    /// Whether the file was changed. If so, every running app-server must be sent `account/read {"refreshToken":true}`
    /// once, which makes it read the file; if not, that call would use up a refresh.
    pub changed: bool,
    /// The disk had a newer one, which went to the vault.
    pub pushed: bool,
    /// Where the replaced file is, if it was not already in the vault.
    pub aside: Option<PathBuf>,
}

/// The file of a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct CodexFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds; `None` if there is none.
    pub login: Option<CodexLogin>,
    /// Why it cannot be used.
    pub error: Option<ErrorBody>,
}

/// How file and vault compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "snake_case")]
pub enum CodexState {
    /// Both have the same login.
    InSync,
    /// The file is newer; the next save, or a watcher, stores it in the vault.
    FileNewer,
    /// The vault is newer; the next restore puts it on disk.
    VaultNewer,
    /// There is no usable file.
    NoFile,
    /// Nothing is stored.
    NotStored,
    /// They hold different accounts.
    OtherAccount,
    /// Ravi could not be asked.
    Unknown,
}

/// Whether Codex can work with the login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum CodexHealth {
    /// Codex has a token.
    Alive,
    /// Codex has none: somebody must sign in again.
    Dead,
    /// Codex was not asked. Nothing on disk tells: `codex login status` says the same about a dead login.
    Unknown,
}

/// An app-server's reply to `getAuthStatus {"includeToken":true}`, without the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthStatus {
    method: Option<String>,
    has_token: bool,
}

impl AuthStatus {
    /// Reads a reply, or its `result`. The token is dropped.
    ///
    /// # Errors
    /// It is not such a reply (`codex.auth_status`).
    pub fn from_json(text: &str) -> Result<AuthStatus, CodexError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Reply {
            auth_method: Option<String>,
            auth_token: Option<secrecy::SecretString>,
            #[serde(rename = "requiresOpenaiAuth")]
            _requires: Option<bool>,
        }
        #[derive(Deserialize)]
        struct Whole {
            result: Reply,
        }
        #[derive(Deserialize)]
        struct Shape {
            #[serde(rename = "authMethod", default, deserialize_with = "present")]
            there: bool,
        }
        /// Tells an absent member from one that is null.
        fn present<'d, D: serde::Deserializer<'d>>(from: D) -> Result<bool, D::Error> {
            serde::de::IgnoredAny::deserialize(from).map(|_| true)
        }
        let reply = match serde_json::from_str::<Whole>(text) {
            Ok(whole) => whole.result,
            Err(_) => {
                let shape: Shape = serde_json::from_str(text).map_err(|_| CodexError::AuthStatus)?;
                if !shape.there {
                    return Err(CodexError::AuthStatus);
                }
                serde_json::from_str(text).map_err(|_| CodexError::AuthStatus)?
            }
        };
        Ok(AuthStatus { method: reply.auth_method, has_token: reply.auth_token.is_some() })
    }

    /// What that means. `chatgpt` without a token is a login that can no longer be refreshed.
    pub fn health(&self) -> CodexHealth {
        match (&self.method, self.has_token) {
            (Some(_), true) => CodexHealth::Alive,
            _ => CodexHealth::Dead,
        }
    }
}

/// What is known about a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct CodexStatus {
    /// The secret that holds it.
    pub name: String,
    /// Codex's folder.
    pub home: PathBuf,
    /// Whether Codex can work with it, as far as an app-server was asked.
    pub health: CodexHealth,
    /// How file and vault compare.
    pub state: CodexState,
    /// The file.
    pub file: CodexFile,
    /// What is stored; `None` if nothing is, or Ravi could not be asked.
    pub stored: Option<CodexStored>,
    /// Why Ravi could not be asked.
    pub vault_error: Option<ErrorBody>,
    /// Whether a rotation is waiting, sealed in the ledger, to be stored.
    pub pending: bool,
    /// When this machine last stored a rotation; Unix milliseconds.
    #[cfg_attr(feature = "__typescript", ts(type = "number | null"))]
    pub pushed_ms: Option<i64>,
}

/// What a watcher reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum CodexEvent {
    /// The login belongs to this machine and is followed from now on: app-servers may be started.
    Watching {
        /// Which version of it.
        #[cfg_attr(feature = "__typescript", ts(type = "number"))]
        generation: i64,
    },
    /// A rotation is in the vault.
    Pushed {
        /// Which version it is.
        #[cfg_attr(feature = "__typescript", ts(type = "number"))]
        generation: i64,
    },
    /// The file was replaced by a newer one: send each app-server `account/read {"refreshToken":true}` once.
    Adopt,
    /// Something did not work, and is retried. A rotation that could not be stored is sealed in the ledger.
    Failed {
        /// What.
        error: ErrorBody,
    },
    /// Another machine wants the login. Stop the app-servers now: when the listener returns, the file is stored for the
    /// last time and moved aside.
    Yielding {
        /// The other machine's name.
        to: String,
    },
    /// The login belongs to another machine. Stop any app-servers that are still running; the watcher ends.
    TakenOver {
        /// The other machine's name.
        by: String,
        /// Where the file is now; `None` if there was none.
        aside: Option<PathBuf>,
    },
}

/// Why a watcher ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "snake_case")]
pub enum WatchEnd {
    /// It was told to stop.
    Stopped,
    /// The login belongs to another machine.
    TakenOver,
}

/// The result of watching.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct CodexWatched {
    /// Why it ended.
    pub end: WatchEnd,
    /// How many rotations it stored.
    #[cfg_attr(feature = "__typescript", ts(type = "number"))]
    pub pushed: u64,
    /// Whether a rotation is waiting, sealed in the ledger, for the next watcher to store it.
    pub pending: bool,
}
