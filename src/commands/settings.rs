//! Settings files of the app.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tauri::ipc::{CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, command};

use super::workspaces::absolute;
use super::{noted, scope};
use crate::RaviExt;
use crate::command_error::{CommandError, Result};
use crate::scope::Scope;
use crate::scope_entry::Entry;
use ravi_workspace_core::UndoReport;
use ravi_workspace_core::audit::Action;
use ravi_workspace_core::vault::settings::{MigrateReport, Place, preset};

/// Returns what a migration of a settings file would do.
#[command]
pub(crate) async fn settings_plan<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    file: PathBuf,
    places: Places,
) -> Result<MigrateReport> {
    Ok(plan(&app, &command, &global, &file, &places.listed()?).await?.report)
}

/// Moves plaintext values of a settings file into the vault, under names that the scope allows.
#[command]
pub(crate) async fn settings_migrate<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    file: PathBuf,
    places: Places,
) -> Result<MigrateReport> {
    let Planned { real, report } = plan(&app, &command, &global, &file, &places.listed()?).await?;
    if report.moved.is_empty() {
        return Ok(MigrateReport { dry_run: false, ..report });
    }
    // Exactly what was checked is done: places with `*` or `<ID>` are not looked up a second time.
    let checked = report.moved.into_iter().map(|moved| Place { secret: moved.secret, pointer: moved.pointer });
    let done = app.ravi().settings().migrate(&real, &checked.collect::<Vec<_>>(), false).await?;
    Ok(MigrateReport { file, already: [report.already, done.already].concat(), ..done })
}

/// Restores a settings file as it was before it was migrated, plaintext values included.
#[command]
pub(crate) async fn settings_undo<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    file: PathBuf,
) -> Result<UndoReport> {
    absolute(&file)?;
    let shown = file.to_string_lossy().into_owned();
    let checked = scope(&app, &command, &global).and_then(|scope| named(scope, &file, &[]));
    let (scope, real) = noted(&app, Action::SettingsUndo, &shown, checked).await?;
    // None are known if an earlier version did not record them; a window may not undo that.
    let may_put_back = |secrets: &[String]| match secrets {
        [_, ..] if secrets.iter().all(|secret| scope.secret(secret).is_ok()) => Ok(()),
        _ => Err(CommandError::Undo { file: file.clone() }),
    };
    match app.ravi().settings().undo_if(&real, may_put_back).await {
        Err(refusal @ CommandError::Undo { .. }) => noted(&app, Action::SettingsUndo, &shown, Err(refusal)).await,
        done => Ok(UndoReport { file, ..done? }),
    }
}

/// Returns the scope and the file's real path, if the window may name the file and the places.
fn named(scope: Scope, file: &Path, places: &[Place]) -> Result<(Scope, PathBuf)> {
    scope.any_secret()?;
    let real = scope.files.file(file)?;
    places.iter().try_for_each(|place| scope.files.place(place))?;
    Ok((scope, real))
}

/// What a migration would do, and the file's real path.
struct Planned {
    real: PathBuf,
    report: MigrateReport,
}

/// Inspects a file, places and secrets, all of which the window must be allowed to name.
async fn plan<R: Runtime>(
    app: &AppHandle<R>,
    command: &CommandScope<Entry>,
    global: &GlobalScope<Entry>,
    file: &Path,
    places: &[Place],
) -> Result<Planned> {
    absolute(file)?;
    let shown = file.to_string_lossy();
    let checked = scope(app, command, global).and_then(|scope| named(scope, file, places));
    let (scope, real) = noted(app, Action::SettingsMigrate, &shown, checked).await?;
    let mut report = app.ravi().settings().migrate(&real, places, true).await?;
    let checked = report.moved.iter_mut().try_for_each(|moved| {
        moved.secret = scope.secret(&moved.secret)?;
        scope.files.pointer(&moved.pointer)
    });
    noted(app, Action::SettingsMigrate, &shown, checked).await?;
    report.already.retain(|moved| scope.secret(&moved.secret).is_ok() && scope.files.pointer(&moved.pointer).is_ok());
    Ok(Planned { real, report: MigrateReport { file: file.to_owned(), ..report } })
}

/// Where the secrets are in a settings file: the name of a well-known app's preset, or a list.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected the name of a preset, such as \"codex-monitor\", or a list of objects with \"pointer\" and \"secret\""
)]
pub(crate) enum Places {
    Preset(String),
    Listed(Vec<Place>),
}

impl Places {
    fn listed(self) -> Result<Vec<Place>> {
        match self {
            Places::Preset(name) => preset(&name).ok_or(CommandError::Preset { name }),
            Places::Listed(places) => Ok(places),
        }
    }
}
