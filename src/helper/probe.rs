//! Whether a program, or a launcher, can be started and is ours: it is asked for its version and does nothing else.

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::called::{FIRST, PROBE, PROBE_SWITCH, probed_version};
use crate::process::output_within;
use crate::workspace::without_keys;

/// How long it may take. One that is another program than was thought may do anything.
const PATIENCE: Duration = Duration::from_secs(5);

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Probed {
    /// It is ours, of this version.
    Runs(String),
    /// It ran and is something else, an older version of ours perhaps.
    Other,
    /// It cannot be started, or does not end.
    Broken(String),
}

/// Asks the program at `path`.
pub(crate) fn program(path: &Path) -> Probed {
    ask(Command::new(path).args([FIRST, PROBE]))
}

/// Asks the launcher at `path`, called with `arguments`, for the program that it leads to.
pub(crate) fn launcher(path: &Path, arguments: &[&str]) -> Probed {
    ask(Command::new(path).args(arguments).env(PROBE_SWITCH, "1"))
}

fn ask(command: &mut Command) -> Probed {
    // What a file names is asked, whoever wrote it there.
    without_keys(command);
    let said = match output_within(command, PATIENCE) {
        Ok(said) => said,
        Err(e) if e.kind() == io::ErrorKind::TimedOut => {
            return Probed::Broken(format!("it did not answer within {} s", PATIENCE.as_secs()));
        }
        Err(e) => return Probed::Broken(e.to_string()),
    };
    let answer = String::from_utf8_lossy(&said.stdout);
    match probed_version(&answer) {
        Some(version) if said.status.success() => Probed::Runs(version.to_owned()),
        _ if said.status.code() == Some(3) && answer.starts_with("no program") => {
            Probed::Broken("the program that it starts is gone".to_owned())
        }
        _ => Probed::Other,
    }
}
