//! `ravi-workspace settings …`

use std::path::Path;

use secrecy::ExposeSecret as _;
use serde::Serialize;

use super::output::{Output, path as shown_path};
use clap::Subcommand;
use ravi_workspace_core::vault::VaultError;
use ravi_workspace_core::vault::settings::{self, MigrateReport, Place};
use ravi_workspace_core::{Ravi, Result, UndoReport};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum Settings {
    /// Store the values, check that they read back, and leave ravi:// references in the file
    Migrate {
        /// The settings files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        places: Places,
        /// Only show what would be moved
        #[arg(long)]
        dry_run: bool,
    },
    /// Restore a file as it was before it was migrated, plaintext values included
    Undo {
        /// The settings file
        file: PathBuf,
    },
    /// Print the value at a place, through its reference
    Get {
        /// The settings file
        file: PathBuf,
        #[command(flatten)]
        places: Places,
    },
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Places {
    /// Places that a known app uses
    #[arg(long, value_name = "APP", value_parser = clap::builder::PossibleValuesParser::new(ravi_workspace_core::vault::settings::PRESETS))]
    pub(super) preset: Option<String>,
    /// A place as JSON pointer, `*` for every member; =KEY names its secret
    #[arg(long, value_name = "POINTER[=KEY]")]
    pub(super) pointer: Vec<String>,
}

pub(super) async fn run(ravi: &Ravi, command: Settings, output: Output) -> Result<()> {
    match command {
        Settings::Migrate { files, places, dry_run } => {
            let mut files = ravi.settings().migrate_files(&files, &to_places(&places), dry_run).await?;
            match files.len() {
                1 => output.answer(&files.remove(0), report_text),
                _ => output.answer(&Reports { files }, reports_text),
            }
        }
        Settings::Undo { file } => output.answer(&ravi.settings().undo(&file).await?, undo_text),
        Settings::Get { file, places } => {
            let pointer = one_pointer(&file, &places)?;
            let value = ravi.settings().value(&file, &pointer).await?;
            output.answer_exactly(&PointerValue { pointer: &pointer, value: value.expose_secret() }, |p| {
                p.value.to_owned()
            });
        }
    }
    Ok(())
}

/// The answer for more than one file.
#[derive(Serialize)]
struct Reports {
    files: Vec<MigrateReport>,
}

fn reports_text(reports: &Reports) -> String {
    let one = |report: &MigrateReport| format!("{}:\n{}", shown_path(&report.file), report_text(report));
    reports.files.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn undo_text(report: &UndoReport) -> String {
    let state = if report.restored {
        format!("{} is as it was before the migration.", shown_path(&report.file))
    } else {
        format!("{} was already as before the migration.", shown_path(&report.file))
    };
    match &report.aside {
        Some(aside) => format!("{state}\nIt had been changed since; that version is now {}.", shown_path(aside)),
        None => state,
    }
}

#[derive(Serialize)]
struct PointerValue<'a> {
    pointer: &'a str,
    value: &'a str,
}

fn to_places(places: &Places) -> Vec<Place> {
    if let Some(preset) = &places.preset {
        return settings::preset(preset).unwrap_or_default();
    }
    places.pointer.iter().map(|text| Place::from_text(text)).collect()
}

/// Returns the one place that `settings get` reads.
fn one_pointer(file: &Path, places: &Places) -> Result<String> {
    let all = to_places(places);
    match all.into_iter().find(|place| !place.pointer.contains('*')) {
        Some(place) => Ok(place.pointer),
        None => Err(VaultError::NoValue { file: file.to_owned(), pointer: places.pointer.join(" ") }.into()),
    }
}

fn report_text(report: &MigrateReport) -> String {
    let verb = if report.dry_run { "would move" } else { "moved" };
    let moved = report.moved.iter().map(|m| format!("{verb} {} to {}", m.pointer, m.secret));
    let already = report.already.iter().map(|m| format!("{} is {} already", m.pointer, m.reference));
    let lines: Vec<String> = moved.chain(already).collect();
    match lines.as_slice() {
        [] => "Nothing to move: no value is set at these places.".to_owned(),
        lines => lines.join("\n"),
    }
}
