//! A workspace's messages. A window sees those of the workspaces that its scope allows.

use serde::Serialize;
use tauri::ipc::{CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, State, Webview, command};

use super::workspaces::allowed;
use crate::RaviExt;
use crate::command_error::Result;
use crate::events::emit_message;
use crate::running::Running;
use crate::scope_entry::Entry;
use ravi_workspace_core::audit::Action;
use ravi_workspace_core::inbox::{Fence, FoundCode, InboxItem, InboxMessage, MessageFilter, WaitRequest, Want};

/// Returns a workspace's newest messages, oldest first.
#[command]
pub(crate) async fn inbox_list<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    target: String,
    filter: Option<MessageFilter>,
) -> Result<Vec<InboxItem>> {
    let target = allowed(&app, &command, &global, Action::MessageRead, &target).await?;
    Ok(app.ravi().inbox(&target).list(&filter.unwrap_or_default()).await?)
}

/// Returns one message with its text.
#[command]
pub(crate) async fn inbox_get<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    target: String,
    id: String,
) -> Result<InboxMessage> {
    let target = allowed(&app, &command, &global, Action::MessageRead, &target).await?;
    Ok(app.ravi().inbox(&target).get(&id).await?)
}

/// Marks a message as read.
#[command]
pub(crate) async fn inbox_mark_read<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    target: String,
    id: String,
) -> Result<InboxItem> {
    let target = allowed(&app, &command, &global, Action::MessageRead, &target).await?;
    Ok(app.ravi().inbox(&target).mark_read(&id).await?)
}

/// Returns a fence at the last event that exists now; take it before you request a message.
#[command]
pub(crate) async fn inbox_fence<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    target: String,
) -> Result<Fence> {
    let target = allowed(&app, &command, &global, Action::MessageRead, &target).await?;
    Ok(app.ravi().inbox(&target).fence().await?)
}

/// What a wait found: a message or, with `want`, the code or link in one.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Found {
    Message(Box<InboxMessage>),
    Code(Box<FoundCode>),
}

/// Waits for the next message that matches, or for the code or link in one, until it is cancelled as `call`.
#[command]
#[allow(clippy::too_many_arguments)] // the last four are what the page gives; Tauri gives the others
pub(crate) async fn inbox_wait<R: Runtime>(
    app: AppHandle<R>,
    webview: Webview<R>,
    running: State<'_, Running>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    target: String,
    call: u32,
    request: Option<WaitRequest>,
    want: Option<Want>,
) -> Result<Found> {
    let target = allowed(&app, &command, &global, Action::MessageRead, &target).await?;
    let (ravi, request) = (app.ravi(), request.unwrap_or_default());
    let found = async {
        Ok(match want {
            None => Found::Message(Box::new(ravi.inbox(&target).wait(&request).await?)),
            Some(want) => Found::Code(Box::new(ravi.inbox(&target).wait_code(&request, want).await?)),
        })
    };
    running.wait(webview.label(), call, found).await
}

/// Emits an event for each message that reaches a workspace, from now on or after the fence `since`, until it is
/// cancelled as `call`.
#[command]
#[allow(clippy::too_many_arguments)] // the last three are what the page gives; Tauri gives the others
pub(crate) async fn inbox_watch<R: Runtime>(
    app: AppHandle<R>,
    webview: Webview<R>,
    running: State<'_, Running>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    target: String,
    call: u32,
    since: Option<i64>,
) -> Result<()> {
    let target = allowed(&app, &command, &global, Action::MessageRead, &target).await?;
    let workspace = app.ravi().workspaces().get(&target).await?.id;
    let told = async {
        let mut watch = app.ravi().inbox(&target).watch(since).await?;
        loop {
            emit_message(&app, &workspace, &watch.next().await?);
        }
    };
    running.wait(webview.label(), call, told).await
}
