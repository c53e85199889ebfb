//! The parts of the handle: one small type for each subject, made by a method of [`Ravi`] and gone with the expression
//! that uses it.
//!
//! ```no_run
//! # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
//! let token = ravi.secrets().get("DAEMON_TOKEN").await?;
//! for workspace in ravi.workspaces().list().await? {
//!     println!("{} {}", workspace.id, workspace.path.display());
//! }
//! # drop(token);
//! # Ok(())
//! # }
//! ```
//!
//! Each method stands in the file of its subject, next to what it needs. The parts are those of the TypeScript package;
//! their methods mostly have its names too, though not all: `registrations(id).remove` is `registrations.delete` there,
//! and `workspaces().get` is `workspaces.status`.

use super::Ravi;

/// Who this machine is signed in as, and which identity is the app's own.
///
/// Made by [`Ravi::account`].
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    pub(super) ravi: &'a Ravi,
}

/// The app's secrets: those of the host identity.
///
/// Made by [`Ravi::secrets`].
#[derive(Debug, Clone, Copy)]
pub struct Secrets<'a> {
    pub(super) ravi: &'a Ravi,
}

/// The seal on the app's vault: its secrets are encrypted before they leave this machine.
///
/// Made by [`Ravi::seal`].
#[cfg(feature = "seal")]
#[derive(Debug, Clone, Copy)]
pub struct Seal<'a> {
    pub(super) ravi: &'a Ravi,
}

/// Settings files whose secrets are kept in the vault.
///
/// Made by [`Ravi::settings`].
#[derive(Debug, Clone, Copy)]
pub struct SettingsFiles<'a> {
    pub(super) ravi: &'a Ravi,
}

/// Workspaces: set up, listed, suspended, woken and released.
///
/// Made by [`Ravi::workspaces`].
#[derive(Debug, Clone, Copy)]
pub struct Workspaces<'a> {
    pub(super) ravi: &'a Ravi,
}

/// The GitHub login of workspaces.
///
/// Made by [`Ravi::github`].
#[derive(Debug, Clone, Copy)]
pub struct Github<'a> {
    pub(super) ravi: &'a Ravi,
}

/// The messages of one workspace, read with its own key.
///
/// Made by [`Ravi::inbox`].
#[cfg(feature = "inbox")]
#[derive(Debug, Clone, Copy)]
pub struct Inbox<'a> {
    pub(super) ravi: &'a Ravi,
    pub(super) target: &'a str,
}

/// The accounts that one workspace has at websites.
///
/// Made by [`Ravi::registrations`].
#[cfg(feature = "inbox")]
#[derive(Debug, Clone, Copy)]
pub struct Registrations<'a> {
    pub(super) ravi: &'a Ravi,
    pub(super) target: &'a str,
}

/// The Codex login that machines share, and Codex's own configuration.
///
/// Made by [`Ravi::codex`].
#[cfg(feature = "codex")]
#[derive(Debug, Clone, Copy)]
pub struct Codex<'a> {
    pub(super) ravi: &'a Ravi,
}

/// The hooks of dmux, Claude Code, Jean and git: installed, removed and answered.
///
/// Made by [`Ravi::hooks`].
#[cfg(feature = "hooks")]
#[derive(Debug, Clone, Copy)]
pub struct Hooks<'a> {
    pub(super) ravi: &'a Ravi,
}

/// The audit trail: which workspace used what.
///
/// Made by [`Ravi::audit`].
#[derive(Debug, Clone, Copy)]
pub struct Audit<'a> {
    pub(super) ravi: &'a Ravi,
}

impl Ravi {
    /// Who this machine is signed in as, and which identity is the app's own.
    pub fn account(&self) -> Account<'_> {
        Account { ravi: self }
    }

    /// The app's secrets: those of the host identity.
    pub fn secrets(&self) -> Secrets<'_> {
        Secrets { ravi: self }
    }

    /// The seal on the app's vault: its secrets are encrypted before they leave this machine.
    #[cfg(feature = "seal")]
    pub fn seal(&self) -> Seal<'_> {
        Seal { ravi: self }
    }

    /// Settings files whose secrets are kept in the vault.
    pub fn settings(&self) -> SettingsFiles<'_> {
        SettingsFiles { ravi: self }
    }

    /// Workspaces: set up, listed, suspended, woken and released.
    pub fn workspaces(&self) -> Workspaces<'_> {
        Workspaces { ravi: self }
    }

    /// The GitHub login of workspaces.
    pub fn github(&self) -> Github<'_> {
        Github { ravi: self }
    }

    /// The messages of one workspace, read with its own key.
    ///
    /// `target` is a workspace's id or a path in it.
    #[cfg(feature = "inbox")]
    pub fn inbox<'a>(&'a self, target: &'a str) -> Inbox<'a> {
        Inbox { ravi: self, target }
    }

    /// The accounts that one workspace has at websites.
    ///
    /// `target` is a workspace's id or a path in it.
    #[cfg(feature = "inbox")]
    pub fn registrations<'a>(&'a self, target: &'a str) -> Registrations<'a> {
        Registrations { ravi: self, target }
    }

    /// The Codex login that machines share, and Codex's own configuration.
    #[cfg(feature = "codex")]
    pub fn codex(&self) -> Codex<'_> {
        Codex { ravi: self }
    }

    /// The hooks of dmux, Claude Code, Jean and git: installed, removed and answered.
    #[cfg(feature = "hooks")]
    pub fn hooks(&self) -> Hooks<'_> {
        Hooks { ravi: self }
    }

    /// The audit trail: which workspace used what.
    pub fn audit(&self) -> Audit<'_> {
        Audit { ravi: self }
    }
}
