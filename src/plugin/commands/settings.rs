//! Settings files of the app.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tauri::ipc::{CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, command};

use super::workspaces::absolute;
use super::{noted, scope};
use crate::UndoReport;
use crate::audit::Action;
use crate::plugin::RaviExt;
use crate::plugin::error::{CommandError, Result};
use crate::plugin::scope_entry::Entry;
use crate::vault::settings::{MigrateReport, Place, preset};

/// What a migration of a settings file would do.
#[command]
pub(crate) async fn settings_plan<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    file: PathBuf,
    places: Places,
) -> Result<MigrateReport> {
    let places = places.listed()?;
    let planned = plan(&app, &command, &global, &file, &places).await;
    Ok(noted(&app, Action::SettingsMigrate, &file.to_string_lossy(), planned).await?.report)
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
    let places = places.listed()?;
    let planned = plan(&app, &command, &global, &file, &places).await;
    let Planned { real, report } = noted(&app, Action::SettingsMigrate, &file.to_string_lossy(), planned).await?;
    if report.moved.is_empty() {
        return Ok(MigrateReport { dry_run: false, ..report });
    }
    // Exactly what was checked is what is done: places with `*` or `<ID>` are not looked at a second time.
    let checked = report.moved.into_iter().map(|moved| Place { secret: moved.secret, pointer: moved.pointer });
    let done = app.ravi().migrate_settings(&real, &checked.collect::<Vec<_>>(), false).await?;
    Ok(MigrateReport { file, already: [report.already, done.already].concat(), ..done })
}

/// Puts a settings file back as it was before it was migrated, plaintext values included.
#[command]
pub(crate) async fn settings_undo<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    file: PathBuf,
) -> Result<UndoReport> {
    let undone = undo(&app, &command, &global, &file).await;
    noted(&app, Action::SettingsUndo, &file.to_string_lossy(), undone).await
}

async fn undo<R: Runtime>(
    app: &AppHandle<R>,
    command: &CommandScope<Entry>,
    global: &GlobalScope<Entry>,
    file: &Path,
) -> Result<UndoReport> {
    absolute(file)?;
    let scope = scope(app, command, global)?;
    scope.any_secret()?;
    let real = scope.files.file(file)?;
    // None are known where an earlier version did not write them down: that is not a window's to undo.
    let may_put_back = |secrets: &[String]| match secrets {
        [_, ..] if secrets.iter().all(|secret| scope.secret(secret).is_ok()) => Ok(()),
        _ => Err(CommandError::Undo { file: file.to_owned() }),
    };
    let undone = app.ravi().undo_settings_if(&real, may_put_back).await?;
    Ok(UndoReport { file: file.to_owned(), ..undone })
}

/// What a migration would do, and where the file really lies.
struct Planned {
    real: PathBuf,
    report: MigrateReport,
}

/// Looks at a file that the window may name, at places that it may name, for secrets that it may name.
async fn plan<R: Runtime>(
    app: &AppHandle<R>,
    command: &CommandScope<Entry>,
    global: &GlobalScope<Entry>,
    file: &Path,
    places: &[Place],
) -> Result<Planned> {
    absolute(file)?;
    let scope = scope(app, command, global)?;
    scope.any_secret()?;
    let real = scope.files.file(file)?;
    places.iter().try_for_each(|place| scope.files.place(place))?;
    let mut report = app.ravi().migrate_settings(&real, places, true).await?;
    for moved in &mut report.moved {
        moved.secret = scope.secret(&moved.secret)?;
        scope.files.pointer(&moved.pointer)?;
    }
    report.already.retain(|moved| scope.secret(&moved.secret).is_ok() && scope.files.pointer(&moved.pointer).is_ok());
    Ok(Planned { real, report: MigrateReport { file: file.to_owned(), ..report } })
}

/// Where secrets stand in a settings file: the name of a well-known app's preset, or a list.
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
