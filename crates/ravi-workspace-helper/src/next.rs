//! The real program behind a shim: the next one of its name on PATH.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::called::Called;
use ravi_workspace_core::internal::launcher::{is_launcher, on_path};
use ravi_workspace_core::internal::os::FileId;

/// Real programs call others, which may call the shim; more calls than this mean a loop.
const MOST_DEPTH: u32 = 16;

/// A name by which we are called, and the variables through which its calls inform each other.
#[derive(Debug)]
pub(crate) struct Shim {
    pub(crate) name: &'static str,
    /// Set to `off`, it makes one call plain.
    pub(crate) switch: &'static str,
    /// Shims that this call has been through.
    pub(crate) passed: &'static str,
    /// How often shims have called each other.
    pub(crate) depth: &'static str,
}

/// Why there is no next program.
#[derive(Debug)]
pub(crate) enum NoNext {
    /// Nothing else has the name.
    Missing,
    /// Shims call each other for ever.
    Loop { next: PathBuf },
    /// This program's own file cannot be told from others.
    Own(io::Error),
}

impl Shim {
    /// Returns the next program of this name, as a command without arguments.
    pub(crate) fn next(&self, called: &Called) -> Result<Command, NoNext> {
        let passed = self.passed(called).map_err(NoNext::Own)?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let next = first_but(&path, self.name, &passed).ok_or(NoNext::Missing)?;
        let depth = std::env::var(self.depth).ok().and_then(|text| text.parse().ok()).unwrap_or(0u32);
        if depth >= MOST_DEPTH {
            return Err(NoNext::Loop { next });
        }
        let mut command = Command::new(next);
        command.env(self.depth, (depth + 1).to_string()).env(self.passed, passed);
        Ok(command)
    }

    pub(crate) fn is_off(&self) -> bool {
        std::env::var_os(self.switch).is_some_and(|switch| switch == "off")
    }

    /// Returns the shims that this call has been through, this one included: the launcher, and the program, to which
    /// links of earlier versions lead. There may be several, of an app, of another app, of a shell, and nobody controls
    /// their order on PATH.
    fn passed(&self, called: &Called) -> io::Result<String> {
        let own = std::env::current_exe().and_then(|path| file_id(&path))?;
        let launcher = called.launcher.as_deref().and_then(|path| file_id(path).ok());
        let before = std::env::var(self.passed).unwrap_or_default();
        let mut passed: Vec<&str> = before.split_ascii_whitespace().collect();
        for id in launcher.iter().chain([&own]) {
            if !passed.contains(&id.as_str()) {
                passed.push(id);
            }
        }
        Ok(passed.join(" "))
    }
}

/// Returns the first program of this name that is neither a launcher nor a shim that the call has been through.
fn first_but(path: &OsStr, name: &str, passed: &str) -> Option<PathBuf> {
    let is_passed = |path: &PathBuf| file_id(path).is_ok_and(|id| passed.split(' ').any(|other| other == id));
    on_path(path, name).find(|path| !is_passed(path) && !is_launcher(path))
}

/// Returns an id that tells a file from every other one, whatever names lead to it.
pub(super) fn file_id(path: &Path) -> io::Result<String> {
    FileId::of(path).map(|id| id.to_string())
}
