//! Workspaces. If a window's scope names some, the window sees and touches no others.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use tauri::ipc::{Channel, CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, command};

use super::{called, noted, scope};
use crate::RaviExt;
use crate::command_error::{CommandError, Result};
use crate::events::{CallEvent, finish, refuse, tell};
use crate::scope::{Scope, real};
use crate::scope_entry::Entry;
use ravi_workspace_core::Ravi;
use ravi_workspace_core::audit::Action;
use ravi_workspace_core::handover::Environment;
use ravi_workspace_core::workspace::{
    OwedRevocation, Progress, ProvisionRequest, Provisioned, ReapReport, Released, Sharing, Suspended, WorkspaceSummary,
};

/// Sets up a workspace; the channel reports each step, then how it ended.
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
    let checked = may_provision(&app, &command, &global, &mut request).await;
    let scope =
        noted(&app, Action::WorkspaceProvision, &id, checked).await.map_err(|error| refuse(&on_event, error))?;
    let result = app.ravi().workspaces().provision(request, |step| tell(&on_event, CallEvent::Progress(step))).await;
    finish(&on_event, result.map(|done| provisioned(&app, &scope, done)))
}

/// Releases a workspace; the channel reports each step, then how it ended.
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
    let target = allowed.map_err(|error| refuse(&on_event, error))?;
    let retire = retire.unwrap_or_default();
    let result =
        app.ravi().workspaces().release(&target, retire, |step| tell(&on_event, CallEvent::Progress(step))).await;
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
    let target = allowed(&app, &command, &global, Action::WorkspaceSuspend, &target).await?;
    Ok(app.ravi().workspaces().suspend(&target).await?)
}

/// Gives a suspended workspace a key again; the channel reports each step, then how it ended.
#[command]
pub(crate) async fn workspace_wake<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    target: String,
    on_event: Channel<CallEvent<Progress, Provisioned>>,
) -> Result<Provisioned> {
    let allowed = allowed(&app, &command, &global, Action::WorkspaceWake, &target).await;
    let target = allowed.map_err(|error| refuse(&on_event, error))?;
    let scope = scope(&app, &command, &global).map_err(|error| refuse(&on_event, error))?;
    let result = app.ravi().workspaces().wake(&target, |step| tell(&on_event, CallEvent::Progress(step))).await;
    finish(&on_event, result.map(|done| provisioned(&app, &scope, done)))
}

/// Returns the workspaces that the window may see, oldest first.
#[command]
pub(crate) async fn workspace_list<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
) -> Result<Vec<WorkspaceSummary>> {
    let scope = scope(&app, &command, &global)?;
    let all = app.ravi().workspaces().list().await?.into_iter().filter(|one| scope.sees(one));
    Ok(all.map(|one| summary(&app, &scope, one)).collect())
}

/// Returns the workspace that a path belongs to, or that has an id.
#[command]
pub(crate) async fn workspace_status<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    path: PathBuf,
) -> Result<WorkspaceSummary> {
    let target = allowed(&app, &command, &global, Action::WorkspaceStatus, &path.to_string_lossy()).await?;
    let scope = scope(&app, &command, &global)?;
    Ok(summary(&app, &scope, app.ravi().workspaces().get(target.as_str()).await?))
}

/// Returns what the processes of a workspace are given; holds no secret.
#[command]
pub(crate) async fn workspace_env<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    path: PathBuf,
) -> Result<Environment> {
    let target = allowed(&app, &command, &global, Action::WorkspaceStatus, &path.to_string_lossy()).await?;
    Ok(app.ravi().workspaces().open(Path::new(&target)).await?.environment())
}

/// Returns revocations that Ravi has not carried out yet, oldest first. A window that is limited to some workspaces
/// only hears of those that their identities owe.
#[command]
pub(crate) async fn workspace_owed<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
) -> Result<Vec<OwedRevocation>> {
    let scope = scope(&app, &command, &global)?;
    let mut owed = app.ravi().workspaces().owed().await?;
    if !scope.every_workspace() {
        let all = app.ravi().workspaces().list().await?.into_iter().filter(|one| scope.sees(one));
        let seen: HashSet<String> = all.filter_map(|one| Some(one.identity?.uuid)).collect();
        owed.retain(|owed| seen.contains(&owed.identity));
    }
    Ok(owed)
}

/// Returns what a reap would do; changes nothing. It looks at every workspace, so only windows that may name them all
/// can call it.
#[command]
pub(crate) async fn workspace_reap_plan<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
) -> Result<ReapReport> {
    every(&scope(&app, &command, &global)?)?;
    Ok(app.ravi().workspaces().reap(true, |_| {}).await?)
}

/// Releases what nobody else will; the channel reports each step, then how it ended.
#[command]
pub(crate) async fn workspace_reap<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    on_event: Channel<CallEvent<Progress, ReapReport>>,
) -> Result<ReapReport> {
    let checked = scope(&app, &command, &global).and_then(|scope| every(&scope));
    checked.map_err(|error| refuse(&on_event, error))?;
    let result = app.ravi().workspaces().reap(false, |step| tell(&on_event, CallEvent::Progress(step))).await;
    finish(&on_event, result)
}

/// Refuses a target (an id or a path) that the window may not name, in the same words whether or not it is bound.
/// Returns what was checked: for a path the workspace's own, even if a link is redirected in the meantime.
pub(super) async fn allowed<R: Runtime>(
    app: &AppHandle<R>,
    command: &CommandScope<Entry>,
    global: &GlobalScope<Entry>,
    action: Action,
    target: &str,
) -> Result<String> {
    let scope = scope(app, command, global)?;
    let path = Path::new(target);
    let bound = app.ravi().workspaces().get(target).await;
    // A workspace that the window may not see reads as none: whether there is one is not revealed either.
    if needs_a_shell(target) && !bound.as_ref().is_ok_and(|bound| scope.sees(bound)) {
        absolute(path)?;
    }
    if scope.every_workspace() {
        return Ok(target.to_owned());
    }
    let checked = match bound {
        Ok(bound) if !scope.sees(&bound) => Err(unseen(target)),
        Ok(bound) if bound.id == target || bound.also.iter().any(|id| id == target) => Ok(target.to_owned()),
        Ok(bound) => Ok(bound.path.to_string_lossy().into_owned()),
        Err(_) if scope.has_workspace(target, path) => Ok(target.to_owned()),
        Err(_) => Err(unseen(target)),
    };
    noted(app, action, target, checked).await
}

fn unseen(target: &str) -> CommandError {
    CommandError::Workspace { target: target.to_owned() }
}

/// Checks everything that a request names against the scope, and puts what was checked into the request.
async fn may_provision<R: Runtime>(
    app: &AppHandle<R>,
    command: &CommandScope<Entry>,
    global: &GlobalScope<Entry>,
    request: &mut ProvisionRequest,
) -> Result<Scope> {
    let scope = scope(app, command, global)?;
    // What was checked is what is used, even if a link is redirected in the meantime.
    if let Some(real) = real(&request.path) {
        request.path = real;
    }
    may_bind(app.ravi(), &scope, &request.id, &request.path).await?;
    // git's helper prints it in the workspace, so this names a secret like any other call.
    if let Some(secret) = &mut request.github_secret {
        *secret = scope.secret(secret)?;
    }
    let asked = request.identity.as_deref();
    if asked.is_some() || request.share {
        let called = called(app, &scope, asked).await?;
        // A named identity, and a key to the host identity, need an entry: whoever has a key reads mail and vault.
        let free = asked.is_none() && request.no_key && !scope.denies_identity(None, &called);
        if !free {
            scope.identity(asked, &called)?;
        }
    }
    Ok(scope)
}

/// Whether the folder that would be bound may be: the window sees the workspace that has it, or a path entry has the
/// folder. A page may name any folder in it, and any id.
async fn may_bind(ravi: &Ravi, scope: &Scope, id: &str, named: &Path) -> Result<()> {
    if scope.every_workspace() {
        return Ok(());
    }
    let refusal = || unseen(if id.is_empty() { "*" } else { id });
    let top = ravi.workspaces().top_of(named).await.unwrap_or_else(|_| named.to_owned());
    let (here, of_id) = (ravi.workspaces().get(&top).await.ok(), ravi.workspaces().get_now(id)?);
    if here.iter().chain(&of_id).any(|bound| !scope.sees(bound)) {
        return Err(refusal());
    }
    let is_bound = here.is_some() || of_id.is_some_and(|bound| bound.path == top);
    let allowed = match is_bound {
        // It may get the id as a second one.
        true => id.is_empty() || scope.has_workspace(id, &top),
        // The engine refuses to bind a folder whose top was not named; by then it may be a different one.
        false => scope.may_bind(id, &top) && scope.may_bind(id, named),
    };
    if allowed { Ok(()) } else { Err(refusal()) }
}

/// Removes the ids of workspaces that the window does not see from an answer.
fn hide_strangers<R: Runtime>(app: &AppHandle<R>, scope: &Scope, sharing: Option<&mut Sharing>) {
    let seen = |id: &String| matches!(app.ravi().workspaces().get_now(id), Ok(Some(one)) if scope.sees(&one));
    if let Some(sharing) = sharing.filter(|_| !scope.every_workspace()) {
        sharing.with.retain(seen);
    }
}

/// Does the same for the result of setting up.
fn provisioned<R: Runtime>(app: &AppHandle<R>, scope: &Scope, mut done: Provisioned) -> Provisioned {
    hide_strangers(app, scope, done.sharing.as_mut());
    done
}

/// Does the same for a workspace as people see it.
fn summary<R: Runtime>(app: &AppHandle<R>, scope: &Scope, mut one: WorkspaceSummary) -> WorkspaceSummary {
    hide_strangers(app, scope, one.sharing.as_mut());
    one
}

/// Refuses a path that depends on where the app is started, or that only a shell can read.
pub(super) fn absolute(path: &Path) -> Result<()> {
    match path.is_absolute() {
        true => Ok(()),
        false => Err(CommandError::RelativePath { path: path.to_owned() }),
    }
}

/// Whether a target is a path that was meant for a shell. Any other could be an id, which may contain a slash.
fn needs_a_shell(target: &str) -> bool {
    target.starts_with('~') || matches!(target.split('/').next(), Some("." | ".."))
}

fn every(scope: &Scope) -> Result<()> {
    if scope.every_workspace() { Ok(()) } else { Err(CommandError::Workspace { target: "*".into() }) }
}
