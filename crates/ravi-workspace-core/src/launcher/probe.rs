//! Checks whether a program or launcher can be started and is ours: it is asked for its version and does nothing else.

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::protocol::{FIRST, PROBE, PROBE_SWITCH, probed_version};
use crate::git::command::without_keys;
use crate::machine::process::output_within;

/// How long it may take. If it is not the program we think it is, it may do anything.
const PATIENCE: Duration = Duration::from_secs(5);

/// The result of a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Probed {
    /// It is ours, of this version.
    Runs(String),
    /// It ran and is something else, perhaps an older version of ours.
    Other,
    /// It cannot be started, or does not end.
    Broken(String),
}

/// Asks the program at `path`.
pub(crate) fn program(path: &Path) -> Probed {
    ask(Command::new(path).args([FIRST, PROBE]))
}

/// Asks the launcher at `path`, called with `arguments`, for the program that it starts.
pub(crate) fn launcher(path: &Path, arguments: &[&str]) -> Probed {
    ask(Command::new(path).args(arguments).env(PROBE_SWITCH, "1"))
}

fn ask(command: &mut Command) -> Probed {
    // The program was named in a file, and anybody may have written that.
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
