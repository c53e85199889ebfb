//! The names of launchers and of the files beside them, and of the folder that they are in, which comes first on PATH.

use std::path::Path;

/// Names of other programs for which launchers stand in.
pub const NAMES: [&str; 2] = ["gh", "ravi"];

/// Name of the launcher that git signs with.
pub const SIGNER: &str = "ravi-ssh-sign";

/// Variable that makes a call of `ravi` a plain one.
pub const RAVI_SWITCH: &str = "RAVI_WORKSPACE_RAVI";

/// The folder's name in a state folder.
pub(crate) const DIR: &str = "bin";

/// File that names the program that acts for launchers: its path, then its version.
pub(super) const PROGRAM: &str = ".program";

/// The same for what needs `ravi-workspace` itself, with its commands.
pub(super) const CLI: &str = ".cli";

/// File that lists the workspaces outside any repository, one path per line: launchers do not read the ledger.
pub(super) const FOLDERS: &str = ".folders";

/// Name of the launcher of our own program.
pub(crate) const LAUNCHER: &str = "ravi-launch";

/// The state folder that a folder on PATH belongs to, if it is one of ours by its name.
pub fn state_of(dir: &Path) -> Option<&Path> {
    dir.parent().filter(|_| dir.file_name().is_some_and(|name| name == DIR))
}
