//! Workspaces. Where a window's scope names some, it sees and touches no others.

use std::path::{Path, PathBuf};

use tauri::ipc::{Channel, CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, command};

use super::{noted, scope};
use crate::audit::Action;
use crate::handover::Environment;
use crate::plugin::RaviExt;
use crate::plugin::error::{CommandError, Result};
use crate::plugin::events::{CallEvent, finish, refuse, tell};
use crate::plugin::scope::{Scope, real};
use crate::plugin::scope_entry::Entry;
use crate::workspace::{
    OwedRevocation, Progress, ProvisionRequest, Provisioned, ReapReport, Released, Suspended, WorkspaceSummary,
};

/// Sets a workspace up; the channel tells each step, then how it ended.
#[command]
pub(crate) async fn workspace_provision<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    mut request: ProvisionRequest,
    on_event: Channel<CallEvent<Progress, Provisioned>>,
) -> Result<Provisioned> {
    let id = request.id.clone();
    absolute(&request.path).map_err(|error| refuse(&on_event, error))?;
    let checked = scope(&app, &command, &global).and_then(|scope| {
        checked(&scope, &id, &request.path)?;
        // Whoever has a key to an identity reads its mail and its vault.
        match (request.identity.is_some() || request.share) && !request.no_key {
            true => scope.identity(request.identity.as_deref()),
            false => Ok(()),
        }
    });
    noted(&app, Action::WorkspaceProvision, &id, checked).await.map_err(|error| refuse(&on_event, error))?;
    // What was checked is what is used, also where a link is bent meanwhile.
    if let Some(real) = real(&request.path) {
        request.path = real;
    }
    let result = app.ravi().provision(request, |step| tell(&on_event, CallEvent::Progress(step))).await;
    finish(&on_event, result)
}

/// Takes a workspace down; the channel tells each step, then how it ended.
#[command]
pub(crate) async fn workspace_release<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    target: String,
    retire: Option<bool>,
    on_event: Channel<CallEvent<Progress, Released>>,
) -> Result<Released> {
    let allowed = allowed(&app, &command, &global, Action::WorkspaceRelease, &target).await;
    allowed.map_err(|error| refuse(&on_event, error))?;
    let retire = retire.unwrap_or_default();
    let result = app.ravi().release(&target, retire, |step| tell(&on_event, CallEvent::Progress(step))).await;
    finish(&on_event, result)
}

/// Revokes a workspace's key and keeps its identity, until it is used again.
#[command]
pub(crate) async fn workspace_suspend<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    target: String,
) -> Result<Suspended> {
    allowed(&app, &command, &global, Action::WorkspaceSuspend, &target).await?;
    let result = app.ravi().suspend(&target).await;
    Ok(result?)
}

/// Gives a suspended workspace a key again; the channel tells each step, then how it ended.
#[command]
pub(crate) async fn workspace_wake<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    target: String,
    on_event: Channel<CallEvent<Progress, Provisioned>>,
) -> Result<Provisioned> {
    let allowed = allowed(&app, &command, &global, Action::WorkspaceWake, &target).await;
    allowed.map_err(|error| refuse(&on_event, error))?;
    let result = app.ravi().wake(&target, |step| tell(&on_event, CallEvent::Progress(step))).await;
    finish(&on_event, result)
}

/// The workspaces that the window may see, oldest first.
#[command]
pub(crate) async fn workspace_list<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
) -> Result<Vec<WorkspaceSummary>> {
    let scope = scope(&app, &command, &global)?;
    let all = app.ravi().workspaces().await?;
    Ok(all.into_iter().filter(|one| scope.has_workspace(&one.id, &one.path)).collect())
}

/// The workspace that a path belongs to, or that has an id.
#[command]
pub(crate) async fn workspace_status<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    path: PathBuf,
) -> Result<WorkspaceSummary> {
    allowed(&app, &command, &global, Action::WorkspaceStatus, &path.to_string_lossy()).await?;
    Ok(app.ravi().workspace(&path).await?)
}

/// What the processes of a workspace are given; holds no secret.
#[command]
pub(crate) async fn workspace_env<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    path: PathBuf,
) -> Result<Environment> {
    allowed(&app, &command, &global, Action::WorkspaceStatus, &path.to_string_lossy()).await?;
    Ok(app.ravi().open_workspace(&path).await?.environment())
}

/// Revocations that Ravi has not taken yet, oldest first.
#[command]
pub(crate) async fn workspace_owed<R: Runtime>(app: AppHandle<R>) -> Result<Vec<OwedRevocation>> {
    Ok(app.ravi().owed().await?)
}

/// What a reap would do; changes nothing. It looks at every workspace, so it is for windows that may name them all.
#[command]
pub(crate) async fn workspace_reap_plan<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
) -> Result<ReapReport> {
    every(&scope(&app, &command, &global)?)?;
    Ok(app.ravi().reap(true, |_| {}).await?)
}

/// Releases what nobody will release; the channel tells each step, then how it ended.
#[command]
pub(crate) async fn workspace_reap<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    on_event: Channel<CallEvent<Progress, ReapReport>>,
) -> Result<ReapReport> {
    let checked = scope(&app, &command, &global).and_then(|scope| every(&scope));
    checked.map_err(|error| refuse(&on_event, error))?;
    let result = app.ravi().reap(false, |step| tell(&on_event, CallEvent::Progress(step))).await;
    finish(&on_event, result)
}

/// Refuses a target (an id or a path) that the window may not name, in the same words whether or not it is bound.
pub(super) async fn allowed<R: Runtime>(
    app: &AppHandle<R>,
    command: &CommandScope<Entry>,
    global: &GlobalScope<Entry>,
    action: Action,
    target: &str,
) -> Result<()> {
    let scope = scope(app, command, global)?;
    let path = Path::new(target);
    if needs_a_shell(target) && app.ravi().workspace(path).await.is_err() {
        absolute(path)?;
    }
    if scope.every_workspace() {
        return Ok(());
    }
    let allowed = match app.ravi().workspace(path).await {
        Ok(bound) => scope.has_workspace(&bound.id, &bound.path),
        Err(_) => scope.has_workspace(target, path),
    };
    let checked = if allowed { Ok(()) } else { Err(CommandError::Workspace { target: target.to_owned() }) };
    noted(app, action, target, checked).await
}

/// Refuses a path that means another folder wherever the app is started, or that only a shell can read.
fn absolute(path: &Path) -> Result<()> {
    match path.is_absolute() {
        true => Ok(()),
        false => Err(CommandError::RelativePath { path: path.to_owned() }),
    }
}

/// Whether a target is a path that was meant for a shell. Any other could be an id, which may hold a slash.
fn needs_a_shell(target: &str) -> bool {
    target.starts_with('~') || matches!(target.split('/').next(), Some("." | ".."))
}

fn checked(scope: &Scope, id: &str, path: &Path) -> Result<()> {
    match scope.has_workspace(id, path) {
        true => Ok(()),
        false => Err(CommandError::Workspace { target: id.to_owned() }),
    }
}

fn every(scope: &Scope) -> Result<()> {
    if scope.every_workspace() { Ok(()) } else { Err(CommandError::Workspace { target: "*".into() }) }
}
