//! `ravi-workspace settings …`

use std::path::Path;

use secrecy::ExposeSecret as _;
use serde::Serialize;

use super::args::{Places, Settings};
use super::output::{Output, path as shown_path};
use crate::vault::VaultError;
use crate::vault::settings::{self, MigrateReport, Place};
use crate::{Ravi, Result, UndoReport};

pub(super) async fn run(ravi: &Ravi, command: Settings, output: Output) -> Result<()> {
    match command {
        Settings::Migrate { files, places, dry_run } => {
            let mut files = ravi.migrate_settings_files(&files, &to_places(&places), dry_run).await?;
            match files.len() {
                1 => output.answer(&files.remove(0), report_text),
                _ => output.answer(&Reports { files }, reports_text),
            }
        }
        Settings::Undo { file } => output.answer(&ravi.undo_settings(&file).await?, undo_text),
        Settings::Get { file, places } => {
            let pointer = one_pointer(&file, &places)?;
            let value = ravi.settings_value(&file, &pointer).await?;
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
    let state = match report.restored {
        true => format!("{} is as it was before the migration.", shown_path(&report.file)),
        false => format!("{} was as before the migration already.", shown_path(&report.file)),
    };
    match &report.aside {
        Some(aside) => format!("{state}\nIt was changed since; that version is {}.", shown_path(aside)),
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

/// The one place that `settings get` reads.
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
