//! What can go wrong with a Codex login.

use std::path::PathBuf;

use super::record::Holder;
use crate::error::{Explain, Kind};
use crate::files::FileError;

/// A failure around a Codex login. Holds nothing of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "fields are paths, names and accounts")]
pub enum CodexError {
    /// Nobody knows where Codex keeps its files.
    #[error("Codex's folder cannot be used: {reason}")]
    Home { reason: String },
    /// Codex's configuration cannot be read.
    #[error("{} cannot be read: {reason}", file.display())]
    Config { file: PathBuf, reason: String },
    /// Codex keeps its login elsewhere than in a file.
    #[error("{} says that Codex keeps its login in {store:?}, not in a file", file.display())]
    Store { file: PathBuf, store: String },
    /// There is no login.
    #[error("there is no Codex login in {}", home.display())]
    NoLogin { home: PathBuf },
    /// The file of the login.
    #[error(transparent)]
    File(#[from] FileError),
    /// Others may read it.
    #[error("{} has mode {mode:o}: other users of this machine can read or write the login", path.display())]
    Exposed { path: PathBuf, mode: u32 },
    /// It is half written, or holds no login.
    #[error("{} holds no usable Codex login: {reason}", path.display())]
    Damaged { path: PathBuf, reason: &'static str },
    /// A kind of login that is not kept.
    #[error("{} holds a login of the kind {mode:?}, which is not kept", path.display())]
    Mode { path: PathBuf, mode: String },
    /// The vault and the disk have different accounts.
    #[error("{name} holds the {stored}, and {} that of the {found}", path.display())]
    OtherAccount { name: String, stored: String, path: PathBuf, found: String },
    /// Another machine has it.
    #[error("the login {name} is in use at {}", holder.in_words())]
    Held { name: String, holder: Box<Holder> },
    /// The machine that has it watches it and does not hand it over.
    #[error("the login {name} is in use at {}, which did not answer", holder.in_words())]
    HolderSilent { name: String, holder: Box<Holder> },
    /// Another machine takes it at this moment.
    #[error("the login {name} is being taken by {host}")]
    Contended { name: String, host: String },
    /// The vault has a newer one.
    #[error("the login in {} is older than the one stored as {name}", path.display())]
    Older { name: String, path: PathBuf },
    /// The vault is not sealed.
    #[error("a Codex login is kept in a vault that is sealed end to end only, and this one is not")]
    NotSealed,
    /// The secret is something else.
    #[error("the secret {name} is not a Codex login that this program stored")]
    Record { name: String },
    /// The secret was written by a newer version.
    #[error("the secret {name} was stored by a newer version of this program")]
    Newer { name: String },
    /// Codex holds its locks.
    #[error("Codex holds the lock {} for too long", path.display())]
    Locked { path: PathBuf },
    /// Another process does.
    #[error("the login in {} is watched already, by another process", home.display())]
    Watched { home: PathBuf },
    /// Codex cannot be run.
    #[error("{} cannot be run: {source}", program.display())]
    Program { program: PathBuf, source: std::io::Error },
    /// Codex did not sign in.
    #[error("`codex login` did not succeed")]
    SignIn,
    /// What was given is no reply of `getAuthStatus`.
    #[error("what was given is no reply to getAuthStatus")]
    AuthStatus,
}

impl Explain for CodexError {
    fn code(&self) -> String {
        let case = match self {
            CodexError::Home { .. } => "home",
            CodexError::Config { .. } => "config",
            CodexError::Store { .. } => "store",
            CodexError::NoLogin { .. } => "no_login",
            CodexError::File(e) => return format!("codex.file_{}", e.case()),
            CodexError::Exposed { .. } => "exposed",
            CodexError::Damaged { .. } => "damaged",
            CodexError::Mode { .. } => "mode",
            CodexError::OtherAccount { .. } => "other_account",
            CodexError::Held { .. } => "held",
            CodexError::HolderSilent { .. } => "holder_silent",
            CodexError::Contended { .. } => "contended",
            CodexError::Older { .. } => "older",
            CodexError::NotSealed => "not_sealed",
            CodexError::Record { .. } => "record",
            CodexError::Newer { .. } => "newer",
            CodexError::Locked { .. } => "locked",
            CodexError::Watched { .. } => "watched",
            CodexError::Program { source, .. } if source.kind() != std::io::ErrorKind::NotFound => "start",
            CodexError::Program { .. } => "program",
            CodexError::SignIn => "sign_in",
            CodexError::AuthStatus => "auth_status",
        };
        format!("codex.{case}")
    }

    fn hint(&self) -> String {
        match self {
            CodexError::Home { .. } => "Name the folder with --codex-home.".into(),
            CodexError::Config { .. } => "Put the file right; `codex doctor` says what is wrong with it.".into(),
            CodexError::Store { .. } => {
                "Set cli_auth_credentials_store = \"file\" in it, then sign in again: `ravi-workspace codex sign-in`."
                    .into()
            }
            CodexError::NoLogin { .. } => {
                "`ravi-workspace codex restore` puts a stored login there; for a first one, `ravi-workspace codex sign-in` \
                 shows a code to enter in any browser (`codex login --device-auth`), or takes an API key from the vault \
                 (--api-key KEY)."
                    .into()
            }
            CodexError::File(e) => e.hint(),
            CodexError::Exposed { path, .. } => format!("Run `chmod 600 '{}'`, then the same command again.", path.display()),
            CodexError::Damaged { .. } => {
                "If Codex is writing it, try again; else move the file aside and run `ravi-workspace codex restore`.".into()
            }
            CodexError::Mode { .. } => "Sign in with ChatGPT (`codex login --device-auth`) or an API key.".into(),
            CodexError::OtherAccount { .. } => {
                "Keep the other account under a name of its own (--name), or overwrite with --force.".into()
            }
            CodexError::Held { .. } => {
                "Stop Codex there and use --take-over; or sign in on this machine and save that login under its own --name."
                    .into()
            }
            CodexError::HolderSilent { .. } => {
                "If that machine is gone for good, use --take-over --force. If it lives, a token it could not store yet \
                 would be lost and the login with it."
                    .into()
            }
            CodexError::Contended { .. } => "Try again in two minutes.".into(),
            CodexError::Older { .. } => {
                "Run `ravi-workspace codex restore`; --force stores the older one all the same.".into()
            }
            CodexError::NotSealed => "Run `ravi-workspace seal enable` first; on another machine `seal unlock`.".into(),
            CodexError::Record { .. } => "Choose another --name, or delete the secret and save again.".into(),
            CodexError::Newer { .. } => "Update this program.".into(),
            CodexError::Locked { .. } => "See whether a Codex process hangs, then try again.".into(),
            CodexError::Watched { .. } => "Nothing is to be done: one watcher is enough.".into(),
            CodexError::Program { source, .. } if source.kind() != std::io::ErrorKind::NotFound => {
                "Check the program's rights and what the system allows (open files, processes, memory), then try again.".into()
            }
            CodexError::Program { .. } => "Install Codex, or name the program with --codex.".into(),
            CodexError::SignIn => {
                "Read what Codex said. Your ChatGPT workspace must allow device codes; an API key works without (--api-key)."
                    .into()
            }
            CodexError::AuthStatus => "Give the `result` of getAuthStatus {\"includeToken\":true} as JSON.".into(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            CodexError::NoLogin { .. } => Kind::NotFound,
            CodexError::File(e) => e.kind(),
            CodexError::AuthStatus => Kind::Usage,
            CodexError::Store { .. }
            | CodexError::Exposed { .. }
            | CodexError::OtherAccount { .. }
            | CodexError::Held { .. }
            | CodexError::HolderSilent { .. }
            | CodexError::Older { .. }
            | CodexError::NotSealed => Kind::Policy,
            _ => Kind::Failed,
        }
    }
}
