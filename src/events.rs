//! What a window is told: on the channel of a long call, and as an event when something changed.
//!
//! No type here may hold a secret.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use tauri::ipc::Channel;
use tauri::{AppHandle, Emitter, Runtime};
use tokio::sync::broadcast::{self, error::RecvError};

use super::command_error::{CommandError, Result};
use ravi_workspace_core::Ravi;
use ravi_workspace_core::account::Account;
#[cfg(feature = "codex")]
use ravi_workspace_core::codex::{CodexEvent, CodexOptions};
use ravi_workspace_core::codex_monitor::FollowOptions;
use ravi_workspace_core::error::ErrorBody;
#[cfg(feature = "inbox")]
use ravi_workspace_core::inbox::InboxMessage;
use ravi_workspace_core::internal::MessageKind;
use ravi_workspace_core::vault::reference::SecretName;
use ravi_workspace_core::{PowerStatus, WorkspaceEvent};

/// Emitted when a workspace is new, has changed, or is gone, whoever did it: a window, the app's own code, or another
/// process on the same ledger. Its payload is [`WorkspaceChange`](ravi_workspace_core::workspace::WorkspaceChange).
pub const WORKSPACE_EVENT: &str = "ravi://workspace";
/// Emitted for each step of a job on a workspace, whoever runs it. Its payload is
/// [`Progress`](ravi_workspace_core::Progress).
pub const PROGRESS_EVENT: &str = "ravi://progress";
/// Emitted when the app is switched on or off. Its payload is [`PowerStatus`].
pub const POWER_EVENT: &str = "ravi://power";
/// Emitted when a secret of the app changed: at once if this app changed it, and when it is next read if somebody else
/// did. Its payload is [`SecretChange`].
pub const SECRET_EVENT: &str = "ravi://secret";
/// Emitted when a message reaches a workspace that a window follows. Its payload is [`MessageArrived`].
pub const MESSAGE_EVENT: &str = "ravi://message";
/// Emitted by what [`Builder::watch_codex`](crate::Builder::watch_codex) started. Its payload is
/// [`CodexEvent`](ravi_workspace_core::codex::CodexEvent).
pub const CODEX_EVENT: &str = "ravi://codex";
/// Emitted after a login or logout. Its payload is [`AccountChange`].
pub const ACCOUNT_EVENT: &str = "ravi://account";

/// One message on the channel of a long call.
///
/// A command's answer and its channel travel separately, so the answer can overtake messages. For that reason the last
/// message says how the call ended, and a page waits for it, not for the answer.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(tag = "event", content = "data", rename_all = "lowercase")]
pub enum CallEvent<P, T> {
    /// A step on the way.
    Progress(P),
    /// The call is over, and this is its result. Nothing follows.
    Finished(T),
    /// The call is over and failed. Nothing follows.
    Failed(ErrorBody),
}

/// The payload of [`ACCOUNT_EVENT`].
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct AccountChange {
    /// Who this machine is now; `null` after a logout.
    pub account: Option<Account>,
}

/// The payload of [`SECRET_EVENT`].
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct SecretChange {
    /// Name of the secret; `null` if so many changed at once that names were lost. Never its value.
    pub key: Option<String>,
}

/// The payload of [`MESSAGE_EVENT`]: which message arrived, and nothing of its content.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct MessageArrived {
    /// The app's id for the workspace.
    pub workspace: String,
    /// The message's id, `email:12` or `sms:12`.
    pub id: String,
    /// How it was sent.
    pub kind: MessageKind,
}

/// Sends the end of a call as the last message of its channel, and returns the result as the command's answer.
pub(crate) fn finish<P: Serialize, T: Serialize + Clone>(
    channel: &Channel<CallEvent<P, T>>,
    result: ravi_workspace_core::Result<T>,
) -> Result<T> {
    let result = result.map_err(CommandError::from);
    tell(
        channel,
        match &result {
            Ok(value) => CallEvent::Finished(value.clone()),
            Err(error) => CallEvent::Failed(error.body()),
        },
    );
    result
}

/// Ends the channel of a call that was refused before it began, and returns the refusal.
pub(crate) fn refuse<P: Serialize, T: Serialize>(
    channel: &Channel<CallEvent<P, T>>,
    refusal: CommandError,
) -> CommandError {
    tell(channel, CallEvent::Failed(refusal.body()));
    refusal
}

/// Sends one message. The work does not stop because a window was closed in the meantime.
pub(crate) fn tell<P: Serialize, T: Serialize>(channel: &Channel<CallEvent<P, T>>, event: CallEvent<P, T>) {
    if let Err(error) = channel.send(event) {
        tracing::debug!(%error, "nobody listens on the channel any more");
    }
}

/// Tells every window what becomes of workspaces, whoever causes it, as long as it is polled.
pub(crate) async fn emit_workspaces<R: Runtime>(app: AppHandle<R>, ravi: Ravi) {
    // Its first look at the ledger would delay the app's start.
    let Ok(mut watch) = tokio::task::spawn_blocking(move || ravi.workspaces().watch()).await else { return };
    loop {
        match watch.next().await {
            Ok(WorkspaceEvent::Changed(change)) => emit(&app, WORKSPACE_EVENT, *change),
            Ok(WorkspaceEvent::Progress(step)) => emit(&app, PROGRESS_EVENT, step),
            Err(error) => {
                tracing::warn!(code = error.code(), "windows could not be told of a change");
                tokio::time::sleep(WATCH_AGAIN).await;
            }
        }
    }
}

/// Tells every window whether the app uses Ravi.
pub(crate) fn emit_power<R: Runtime>(app: &AppHandle<R>, power: &PowerStatus) {
    emit(app, POWER_EVENT, power.clone());
}

/// Tells every window who this machine is now.
pub(crate) fn emit_account<R: Runtime>(app: &AppHandle<R>, account: Option<Account>) {
    emit(app, ACCOUNT_EVENT, AccountChange { account });
}

/// Tells every window which secrets change, as long as it is polled.
pub(crate) async fn emit_secrets<R: Runtime>(app: AppHandle<R>, mut changes: broadcast::Receiver<SecretName>) {
    loop {
        let key = match changes.recv().await {
            Ok(name) => Some(name.as_str().to_owned()),
            Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => return,
        };
        emit(&app, SECRET_EVENT, SecretChange { key });
    }
}

/// Tells every window that a message arrived.
#[cfg(feature = "inbox")]
pub(crate) fn emit_message<R: Runtime>(app: &AppHandle<R>, workspace: &str, message: &InboxMessage) {
    let (workspace, id) = (workspace.to_owned(), message.item.id.clone());
    emit(app, MESSAGE_EVENT, MessageArrived { workspace, id, kind: message.item.kind });
}

/// How long to wait before a ledger that could not be read is read again.
const WATCH_AGAIN: Duration = Duration::from_secs(5);
/// How long to wait before looking again for a list that cannot be followed.
const FOLLOW_AGAIN: Duration = Duration::from_secs(10);

/// Follows the host app's list of workspaces as long as it is polled.
pub(crate) async fn follow_codex_monitor(ravi: Ravi, dir: PathBuf) {
    loop {
        if let Err(error) = ravi.workspaces().follow_codex_monitor(&dir, FollowOptions::default()).await {
            tracing::warn!(code = error.code(), "the app's list of workspaces is not followed now");
        }
        tokio::time::sleep(FOLLOW_AGAIN).await;
    }
}

/// Follows a Codex login until `stop` ends, and tells every window what happens to it.
#[cfg(feature = "codex")]
pub(crate) async fn watch_codex<R: Runtime>(
    app: AppHandle<R>,
    ravi: Ravi,
    login: CodexOptions,
    stop: impl Future<Output = ()> + Send,
) {
    let told = async |event: CodexEvent| emit(&app, CODEX_EVENT, event);
    if let Err(error) = ravi.codex().watch(&login, stop, told).await {
        tracing::warn!(code = error.code(), "the Codex login is not watched");
        emit(&app, CODEX_EVENT, CodexEvent::Failed { error: error.body() });
    }
}

fn emit<R: Runtime, T: Serialize + Clone>(app: &AppHandle<R>, event: &str, payload: T) {
    if let Err(error) = app.emit(event, payload) {
        tracing::warn!(%error, event, "an event was not emitted");
    }
}
