//! Settings files of the app.

use std::path::PathBuf;

use serde::Deserialize;
use tauri::ipc::{CommandScope, GlobalScope};
use tauri::{AppHandle, Runtime, command};

use super::scope;
use crate::UndoReport;
use crate::plugin::RaviExt;
use crate::plugin::error::{CommandError, Result};
use crate::plugin::scope_entry::Entry;
use crate::vault::settings::{MigrateReport, Place, preset};

/// What a migration of a settings file would do.
#[command]
pub(crate) async fn settings_plan<R: Runtime>(
    app: AppHandle<R>,
    file: PathBuf,
    places: Places,
) -> Result<MigrateReport> {
    let places = places.listed()?;
    Ok(app.ravi().migrate_settings(&file, &places, true).await?)
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
    let scope = scope(&app, &command, &global)?;
    scope.any_secret()?;
    let plan = app.ravi().migrate_settings(&file, &places.listed()?, true).await?;
    if plan.moved.is_empty() {
        return Ok(MigrateReport { dry_run: false, ..plan });
    }
    // Exactly what was checked is what is done: places with `*` or `<ID>` are not looked at a second time.
    let checked = plan
        .moved
        .into_iter()
        .map(|moved| Ok(Place { secret: scope.secret(&moved.secret)?, pointer: moved.pointer }))
        .collect::<Result<Vec<Place>>>()?;
    let report = app.ravi().migrate_settings(&file, &checked, false).await?;
    Ok(MigrateReport { already: [plan.already, report.already].concat(), ..report })
}

/// Puts a settings file back as it was before it was migrated, plaintext values included.
#[command]
pub(crate) async fn settings_undo<R: Runtime>(
    app: AppHandle<R>,
    command: CommandScope<Entry>,
    global: GlobalScope<Entry>,
    file: PathBuf,
) -> Result<UndoReport> {
    scope(&app, &command, &global)?.any_secret()?;
    Ok(app.ravi().undo_settings(&file).await?)
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
