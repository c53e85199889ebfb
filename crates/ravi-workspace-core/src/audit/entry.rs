//! One line of the trail.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind};
use crate::machine::clock::now_ms;

/// What was done. Written as its name with dots, such as `secret.read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[non_exhaustive]
pub enum Action {
    /// A secret's value was handed out, from the cache or from Ravi.
    #[serde(rename = "secret.read")]
    SecretRead,
    /// A secret was stored.
    #[serde(rename = "secret.set")]
    SecretSet,
    /// A secret was deleted.
    #[serde(rename = "secret.delete")]
    SecretDelete,
    /// A secret was replaced by a new value.
    #[serde(rename = "secret.rotate")]
    SecretRotate,
    /// A value of a credential bundle was put into a workspace's vault.
    #[serde(rename = "bundle.give")]
    BundleGive,
    /// A value of a credential bundle was taken back.
    #[serde(rename = "bundle.take")]
    BundleTake,
    /// A workspace was set up.
    #[serde(rename = "workspace.provision")]
    WorkspaceProvision,
    /// A workspace was taken down.
    #[serde(rename = "workspace.release")]
    WorkspaceRelease,
    /// A workspace was looked at. Noted if it was refused.
    #[serde(rename = "workspace.status")]
    WorkspaceStatus,
    /// A workspace's key was revoked and its identity kept, until it is used again.
    #[serde(rename = "workspace.suspend")]
    WorkspaceSuspend,
    /// A suspended workspace got a key again.
    #[serde(rename = "workspace.wake")]
    WorkspaceWake,
    /// A key was minted.
    #[serde(rename = "key.mint")]
    KeyMint,
    /// A key was revoked.
    #[serde(rename = "key.revoke")]
    KeyRevoke,
    /// git asked for a workspace's GitHub token.
    #[serde(rename = "github.git")]
    GithubGit,
    /// gh was run as a workspace.
    #[serde(rename = "github.gh")]
    GithubGh,
    /// The official command line was run as a workspace.
    #[serde(rename = "ravi.cli")]
    RaviCli,
    /// A commit or tag was signed with a workspace's key.
    #[serde(rename = "git.sign")]
    GitSign,
    /// A process was given what a workspace has.
    #[serde(rename = "exec.run")]
    ExecRun,
    /// This machine was signed in.
    #[serde(rename = "account.login")]
    AccountLogin,
    /// This machine was signed out.
    #[serde(rename = "account.logout")]
    AccountLogout,
    /// The identity that holds the app's own secrets was chosen, made, or replaced.
    #[serde(rename = "account.host")]
    AccountHost,
    /// What another host identity held was copied.
    #[serde(rename = "account.merge_host")]
    AccountMergeHost,
    /// The ledger was moved to another address of the same Ravi.
    #[serde(rename = "account.move_server")]
    AccountMoveServer,
    /// Secrets were moved out of a settings file.
    #[serde(rename = "settings.migrate")]
    SettingsMigrate,
    /// Secrets were put back into a settings file.
    #[serde(rename = "settings.undo")]
    SettingsUndo,
    /// The key that opens what is kept on this machine was moved.
    #[serde(rename = "machine_key.move")]
    MachineKeyMove,
    /// Sealing was turned on, opened, or its key replaced.
    #[serde(rename = "seal.change")]
    SealChange,
    /// A Codex login was stored.
    #[serde(rename = "codex.save")]
    CodexSave,
    /// A Codex login was put back.
    #[serde(rename = "codex.restore")]
    CodexRestore,
    /// A Codex login was taken over from another machine.
    #[serde(rename = "codex.take_over")]
    CodexTakeOver,
    /// A message was read or listed.
    #[serde(rename = "message.read")]
    MessageRead,
    /// A message was sent.
    #[serde(rename = "message.send")]
    MessageSend,
    /// A code or link was handed out.
    #[serde(rename = "message.code")]
    MessageCode,
    /// A login at a website was made.
    #[serde(rename = "registration.create")]
    RegistrationCreate,
    /// A login at a website was read.
    #[serde(rename = "registration.read")]
    RegistrationRead,
    /// A login at a website was deleted.
    #[serde(rename = "registration.delete")]
    RegistrationDelete,
    /// Old entries were removed from the trail.
    #[serde(rename = "audit.prune")]
    AuditPrune,
    /// The record of the newest entry was gone or damaged, and was made again.
    #[serde(rename = "audit.head_lost")]
    AuditHeadLost,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It went wrong.
    Failed,
    /// A rule forbade it.
    Refused,
}

/// What to note.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    pub(crate) action: Action,
    pub(crate) workspace: Option<String>,
    pub(crate) object: Option<String>,
    pub(crate) outcome: Outcome,
    pub(crate) reason: Option<String>,
}

impl Entry {
    /// An entry for something that was done.
    pub fn done(action: Action) -> Entry {
        Entry { action, workspace: None, object: None, outcome: Outcome::Done, reason: None }
    }

    /// An entry for something that a rule forbade. The reason is a code such as `policy.secret`.
    pub fn refused(action: Action, reason: impl Into<String>) -> Entry {
        Entry { outcome: Outcome::Refused, reason: Some(reason.into()), ..Entry::done(action) }
    }

    /// The workspace that used it, by the app's id.
    pub fn workspace(mut self, id: impl Into<String>) -> Entry {
        self.workspace = Some(id.into());
        self
    }

    /// What it was done to: a secret's name, a key's uuid, a message's id. Never a value.
    pub fn object(mut self, object: impl Into<String>) -> Entry {
        self.object = Some(object.into());
        self
    }

    /// [`workspace`](Entry::workspace), if there was one.
    pub fn workspace_if(self, id: Option<impl Into<String>>) -> Entry {
        match id {
            Some(id) => self.workspace(id),
            None => self,
        }
    }

    /// [`object`](Entry::object), if it is known.
    pub fn object_if(self, object: Option<impl Into<String>>) -> Entry {
        match object {
            Some(object) => self.object(object),
            None => self,
        }
    }

    /// More about it, such as where a token came from.
    pub fn because(mut self, reason: impl Into<String>) -> Entry {
        self.reason = Some(reason.into());
        self
    }

    /// It ended with an error: a rule forbade it, or it failed. The reason is the error's code.
    pub fn ended(self, error: &Error) -> Entry {
        let outcome = if error.kind() == Kind::Policy { Outcome::Refused } else { Outcome::Failed };
        Entry { outcome, reason: Some(error.code()), ..self }
    }
}

/// An entry with the time when it happened.
#[derive(Debug, Clone)]
pub(crate) struct Stamped {
    pub(crate) at_ms: i64,
    pub(crate) entry: Entry,
    /// How often it happened, if the same thing happened so often at once that it was only counted.
    pub(crate) times: u32,
}

impl Stamped {
    /// Stamps an entry with the current time.
    pub(crate) fn now(entry: Entry) -> Stamped {
        Stamped { at_ms: now_ms(), entry, times: 1 }
    }
}
