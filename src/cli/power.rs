//! `power`: whether an app that is off until a person asks for it uses Ravi.

use std::process::ExitCode;

use super::args::PowerJob;
use super::output::{Output, line, path as shown_path};
use crate::power::{Power, PowerStatus, Renewed};
use crate::{Config, Result, Start};

pub(super) fn run(config: Config, job: PowerJob, output: Output) -> Result<ExitCode> {
    let power = Power::new(Config { start: Some(Start::Asked), ..config })?;
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
        (false, _) => "off".into(),
        (true, None) => "on".into(),
        (true, Some(error)) => format!("on, but {} ({})\n{}", line(&error.message), error.code, line(&error.hint)),
    }
}

fn renewed(done: &Renewed) -> String {
    match &done.aside {
        Some(aside) => format!("{}\nthe old ledger is in {}", text(&done.power), shown_path(aside)),
        None => format!("{}\nthe ledger can be read, and stays", text(&done.power)),
    }
}
