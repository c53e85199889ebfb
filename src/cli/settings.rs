//! `ravi-workspace settings …`

use std::path::Path;

use secrecy::ExposeSecret as _;
use serde::Serialize;

use super::args::{Places, Settings};
use super::output::Output;
use crate::vault::VaultError;
use crate::vault::settings::{self, MigrateReport, Place};
use crate::{Ravi, Result};

pub(super) async fn run(ravi: &Ravi, command: Settings, output: Output) -> Result<()> {
    match command {
        Settings::Migrate { file, places, dry_run } => {
            let report = ravi.migrate_settings(&file, &to_places(&places)?, dry_run).await?;
            output.answer(&report, report_text);
        }
        Settings::Get { file, places } => {
            let pointer = one_pointer(&file, &places)?;
            let value = ravi.settings_value(&file, &pointer).await?;
            output.answer(&PointerValue { pointer: &pointer, value: value.expose_secret() }, |p| p.value.to_owned());
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct PointerValue<'a> {
    pointer: &'a str,
    value: &'a str,
}

fn to_places(places: &Places) -> Result<Vec<Place>> {
    if let Some(preset) = &places.preset {
        return Ok(settings::preset(preset).unwrap_or_default());
    }
    places.pointer.iter().map(|text| to_place(text)).collect()
}

fn to_place(text: &str) -> Result<Place> {
    let (pointer, secret) = match text.rsplit_once('=') {
        Some((pointer, secret)) => (pointer.to_owned(), secret.to_owned()),
        None => (text.to_owned(), settings::secret_name_for(text)),
    };
    Ok(Place { pointer, secret })
}

/// The one place that `settings get` reads.
fn one_pointer(file: &Path, places: &Places) -> Result<String> {
    let all = to_places(places)?;
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
