//! Programs: which files are some, and how they are started and ended.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command};

use rustix::process::{Pid, Signal};

use super::cores;

/// Whether a path leads to a file that may be started.
pub(crate) fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Becomes another program: its arguments, streams, terminal, signals and exit code are that program's from then on.
/// Returns only if that failed, with the reason.
pub fn turn_into(command: &mut Command) -> io::Error {
    cores::allow_others();
    command.exec()
}

/// A program that was started together with everything it may start: a process group of its own.
#[derive(Debug)]
pub(crate) struct Family {
    group: Option<Pid>,
}

impl Family {
    /// Starts a program.
    pub(crate) fn start(command: &mut Command) -> io::Result<(Child, Family)> {
        let child = command.process_group(0).spawn()?;
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Ok((child, Family { group }))
    }

    /// Ends all of it. The program itself may have ended, but must not have been waited for: its number could be
    /// another program's by then.
    pub(crate) fn end(&self) {
        if let Some(group) = self.group {
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
    }
}
