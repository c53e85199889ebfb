//! What a window is told: on the channel of a long call, and as an event when something changed.
//!
//! No type here may hold a secret.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tauri::ipc::Channel;
use tauri::{AppHandle, Emitter, Runtime};
use tokio::sync::broadcast::{self, error::RecvError};

use super::RaviExt;
use super::error::{CommandError, Result};
use crate::Ravi;
use crate::account::Account;
#[cfg(feature = "codex")]
use crate::codex::{CodexEvent, CodexOptions};
use crate::codex_monitor::{FollowOptions, Followed};
use crate::error::ErrorBody;
#[cfg(feature = "inbox")]
use crate::inbox::InboxMessage;
use crate::messages::MessageKind;
use crate::vault::reference::SecretName;
use crate::workspace::WorkspaceSummary;

/// Emitted after a workspace was provisioned or released, or after that failed. Its payload is [`WorkspaceChange`].
pub const WORKSPACE_EVENT: &str = "ravi://workspace";
/// Emitted when a secret of the app changed: by this app, or by others, which is seen when it is read again. Its payload is
/// [`SecretChange`].
pub const SECRET_EVENT: &str = "ravi://secret";
/// Emitted when a message comes to a workspace that a window follows. Its payload is [`MessageArrived`].
pub const MESSAGE_EVENT: &str = "ravi://message";
/// Emitted by what [`Builder::watch_codex`](crate::Builder::watch_codex) started. Its payload is
/// [`CodexEvent`](crate::codex::CodexEvent).
pub const CODEX_EVENT: &str = "ravi://codex";
/// Emitted after a login or logout. Its payload is [`AccountChange`].
pub const ACCOUNT_EVENT: &str = "ravi://account";

/// One message on the channel of a long call.
///
/// A command's answer and its channel travel separately, so the answer can overtake messages. The last message carries
/// the end for that reason; a page waits for it and not for the answer.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(tag = "event", content = "data", rename_all = "lowercase")]
pub enum CallEvent<P, T> {
    /// A step on the way.
    Progress(P),
    /// The call is over and this is its result. Nothing follows.
    Finished(T),
    /// The call is over and failed. Nothing follows.
    Failed(ErrorBody),
}

/// The payload of [`WORKSPACE_EVENT`].
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct WorkspaceChange {
    /// The app's id for the workspace.
    pub id: String,
    /// How it stands now; `null` once it is released.
    pub workspace: Option<WorkspaceSummary>,
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
    /// Name of the secret; `null` where so many changed at once that names were lost. Never its value.
    pub key: Option<String>,
}

/// The payload of [`MESSAGE_EVENT`]: which message, and nothing of what is in it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct MessageArrived {
    /// The app's id for the workspace.
    pub workspace: String,
    /// The message's id, `email:12` or `sms:12`.
    pub id: String,
    /// How it came.
    pub kind: MessageKind,
}

/// Sends the end of a call as the last message of its channel, and hands the result on as the command's answer.
pub(crate) fn finish<P: Serialize, T: Serialize + Clone>(
    channel: &Channel<CallEvent<P, T>>,
    result: crate::Result<T>,
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

/// Ends the channel of a call that was refused before it began, and gives the refusal back.
pub(crate) fn refuse<P: Serialize, T: Serialize>(
    channel: &Channel<CallEvent<P, T>>,
    refusal: CommandError,
) -> CommandError {
    tell(channel, CallEvent::Failed(refusal.body()));
    refusal
}

/// Sends one message. A window that has been closed meanwhile does not stop the work.
pub(crate) fn tell<P: Serialize, T: Serialize>(channel: &Channel<CallEvent<P, T>>, event: CallEvent<P, T>) {
    if let Err(error) = channel.send(event) {
        tracing::debug!(%error, "nobody listens on the channel any more");
    }
}

/// Tells every window how the workspace `target` (an id or a path) stands now.
pub(crate) async fn emit_workspace<R: Runtime>(app: &AppHandle<R>, ravi: &Ravi, target: &str) {
    let workspace = match ravi.workspaces().await {
        Ok(all) => all.into_iter().find(|one| one.id == target || one.path.as_os_str() == target),
        Err(error) => {
            tracing::warn!(%error, "windows could not be told of a change");
            return;
        }
    };
    let id = workspace.as_ref().map_or_else(|| target.to_owned(), |one| one.id.clone());
    emit(app, WORKSPACE_EVENT, WorkspaceChange { id, workspace });
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

/// Tells every window that a message came.
#[cfg(feature = "inbox")]
pub(crate) fn emit_message<R: Runtime>(app: &AppHandle<R>, workspace: &str, message: &InboxMessage) {
    let (workspace, id) = (workspace.to_owned(), message.item.id.clone());
    emit(app, MESSAGE_EVENT, MessageArrived { workspace, id, kind: message.item.kind });
}

/// How long to wait before a list that cannot be followed is looked for again.
const FOLLOW_AGAIN: Duration = Duration::from_secs(10);

/// Follows the host app's list of workspaces as long as it is polled, and tells every window what changed by it.
pub(crate) async fn follow_codex_monitor<R: Runtime>(app: AppHandle<R>, ravi: Ravi, dir: PathBuf) {
    let told = app.clone();
    let listener: Arc<dyn Fn(Followed) + Send + Sync> = Arc::new(move |followed: Followed| {
        let app = told.clone();
        tauri::async_runtime::spawn(async move { emit_workspace(&app, app.ravi(), &followed.id).await });
    });
    loop {
        let options = FollowOptions { listener: Some(listener.clone()), ..FollowOptions::default() };
        if let Err(error) = ravi.follow_codex_monitor(&dir, options).await {
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
    if let Err(error) = ravi.codex_watch(&login, stop, told).await {
        tracing::warn!(code = error.code(), "the Codex login is not watched");
        emit(&app, CODEX_EVENT, CodexEvent::Failed { error: error.body() });
    }
}

fn emit<R: Runtime, T: Serialize + Clone>(app: &AppHandle<R>, event: &str, payload: T) {
    if let Err(error) = app.emit(event, payload) {
        tracing::warn!(%error, event, "an event was not emitted");
    }
}
