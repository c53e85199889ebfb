//! `power`: whether an app that is off until a person switches it on uses Ravi.

use std::process::ExitCode;

use super::output::{Output, line, path as shown_path};
use clap::Subcommand;
use ravi_workspace_core::{Config, Result, Start};
use ravi_workspace_core::{Power, PowerStatus, Renewed};

/// They concern the app whose state folder RAVI_WORKSPACE_STATE names.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum PowerJob {
    /// Show whether it is on
    Status,
    /// Switch it on
    On,
    /// Switch it off; existing workspaces stay set up
    Off,
    /// Move an unreadable ledger aside and start a new one
    Renew,
}

pub(super) fn run(config: Config, job: PowerJob, output: Output) -> Result<ExitCode> {
    let power = Power::new(Config { start: config.start.or(Some(Start::Asked)), ..config })?;
    match job {
        PowerJob::Status => output.answer(&power.status(), text),
        PowerJob::On => output.answer(&power.switch_on()?, text),
        PowerJob::Off => output.answer(&power.switch_off()?, text),
        PowerJob::Renew => output.answer(&power.renew()?, renewed),
    }
    Ok(ExitCode::SUCCESS)
}

fn text(status: &PowerStatus) -> String {
    match (status.on, &status.error) {
        (false, _) => "off: an app that is off by default does not use Ravi; one that is always on does not ask".into(),
        (true, None) => "on".into(),
        (true, Some(error)) => format!("on, but {} ({})\n{}", line(&error.message), error.code, line(&error.hint)),
    }
}

fn renewed(done: &Renewed) -> String {
    match &done.aside {
        Some(aside) => format!("{}\nthe old ledger is in {}", text(&done.power), shown_path(aside)),
        None => format!("{}\nthe ledger can be read, and was kept", text(&done.power)),
    }
}
