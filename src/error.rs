//! What can go wrong, as a caller of [`crate::Ravi`] sees it.
//!
//! Every layer has its own error enum; this module joins them and gives each case three things that callers may rely
//! on: a stable code (`workspace.not_a_folder`), a message that names the cause, and a hint that names the next step.
//! It must not know Tauri or the command line: how an error is shown there is their business.

use serde::{Deserialize, Serialize};

use crate::account::AccountError;
use crate::api::ApiError;
use crate::bundle::BundleError;
use crate::config::ConfigError;
use crate::github::GithubError;
use crate::handover::HandoverError;
use crate::helper::HelperError;
use crate::ledger::LedgerError;
use crate::policy::PolicyError;
use crate::ravi_cli::RaviCliError;
use crate::vault::VaultError;
use crate::workspace::WorkspaceError;

/// Any failure of [`crate::Ravi`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration is not usable.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Ravi refused, answered garbage, or did not answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// No usable key, or the key may not do this.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The ledger on disk could not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A secret or a settings file.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A workspace could not be set up or taken down.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A workspace and its GitHub login.
    #[error(transparent)]
    Github(#[from] GithubError),
    /// A rule forbids it.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A program of ours was called in place of another one.
    #[error(transparent)]
    Helper(#[from] HelperError),
    /// The official command line cannot act as the workspace.
    #[error(transparent)]
    RaviCli(#[from] RaviCliError),
    /// A Codex login.
    #[cfg(feature = "codex")]
    #[error(transparent)]
    Codex(#[from] crate::codex::CodexError),
    /// A workspace could not be given its bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A process of a workspace could not be given what it needs.
    #[error(transparent)]
    Handover(#[from] HandoverError),
    /// A hook of an orchestrator, or its installation.
    #[cfg(feature = "hooks")]
    #[error(transparent)]
    Hook(#[from] crate::hooks::HookError),
    /// A message, or a login at a website.
    #[cfg(feature = "inbox")]
    #[error(transparent)]
    Inbox(#[from] crate::inbox::InboxError),
}

/// A result whose error is [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a failure means for the caller; decides the exit code of `ravi-workspace`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// It did not work for a reason of its own (exit code 1).
    Failed,
    /// The caller asked for something that makes no sense (2).
    Usage,
    /// Not signed in, or the key was refused (3).
    Account,
    /// The thing asked for does not exist (4).
    NotFound,
    /// Ravi could not be reached (5).
    Unreachable,
    /// A rule of the configuration or of safety forbids it (6).
    Policy,
}

impl Kind {
    /// The exit code of `ravi-workspace` for this kind of failure.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Account => 3,
            Kind::NotFound => 4,
            Kind::Unreachable => 5,
            Kind::Policy => 6,
        }
    }
}

/// What every layer's error can tell about itself.
pub(crate) trait Explain {
    /// A stable code, `room.case`, that programs may compare.
    fn code(&self) -> String;
    /// The next step for the person who sees it.
    fn hint(&self) -> String;
    /// What it means for the caller.
    fn kind(&self) -> Kind;
}

impl Error {
    fn layer(&self) -> &dyn Explain {
        match self {
            Error::Config(e) => e,
            Error::Api(e) => e,
            Error::Account(e) => e,
            Error::Ledger(e) => e,
            Error::Vault(e) => e,
            Error::Workspace(e) => e,
            Error::Github(e) => e,
            Error::Policy(e) => e,
            Error::Helper(e) => e,
            Error::RaviCli(e) => e,
            #[cfg(feature = "codex")]
            Error::Codex(e) => e,
            Error::Bundle(e) => e,
            Error::Handover(e) => e,
            #[cfg(feature = "hooks")]
            Error::Hook(e) => e,
            #[cfg(feature = "inbox")]
            Error::Inbox(e) => e,
        }
    }

    /// A stable code, `room.case`, that programs may compare. New codes may appear, old ones keep their meaning.
    pub fn code(&self) -> String {
        self.layer().code()
    }

    /// The next step for the person who sees the error; one sentence.
    pub fn hint(&self) -> String {
        self.layer().hint()
    }

    /// What the failure means for the caller.
    pub fn kind(&self) -> Kind {
        self.layer().kind()
    }

    /// The error as it crosses a border (JSON of the command line, IPC of the plugin).
    pub fn body(&self) -> ErrorBody {
        ErrorBody { code: self.code(), message: self.to_string(), hint: self.hint() }
    }
}

/// An error as other programs see it. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct ErrorBody {
    /// Stable code, `room.case`.
    pub code: String,
    /// What happened, naming the cause.
    pub message: String,
    /// The next step.
    pub hint: String,
}
