//! Whether a program, or a launcher, can be started and is ours: it is asked for its version and does nothing else.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::called::{FIRST, PROBE, PROBE_SWITCH, probed_version};
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
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(e) => return Probed::Broken(e.to_string()),
    };
    let begun = Instant::now();
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(2)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Probed::Broken(format!("it did not answer within {} s", PATIENCE.as_secs()));
            }
        }
    };
    let mut bytes = Vec::new();
    let read = child.stdout.take().map(|output| output.take(4096).read_to_end(&mut bytes));
    let answer = String::from_utf8_lossy(&bytes);
    match (probed_version(&answer), read) {
        (Some(version), Some(Ok(_))) if ended.success() => Probed::Runs(version.to_owned()),
        _ if ended.code() == Some(3) && answer.starts_with("no program") => {
            Probed::Broken("the program that it starts is gone".to_owned())
        }
        _ => Probed::Other,
    }
}
