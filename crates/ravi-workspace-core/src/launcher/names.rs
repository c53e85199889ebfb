//! The folder of launchers in a state folder, which comes first on PATH, and the names in it.

use std::path::{Path, PathBuf};

use super::error::HelperError;
use super::target::{self, LAUNCHER};

/// Names of other programs for which launchers stand in.
pub const NAMES: [&str; 2] = ["gh", "ravi"];

/// Name of the launcher that git signs with.
pub const SIGNER: &str = "ravi-ssh-sign";

/// Variable that makes a call of `ravi` a plain one.
pub const RAVI_SWITCH: &str = "RAVI_WORKSPACE_RAVI";

/// The folder's name in a state folder.
pub(crate) const DIR: &str = "bin";

/// Makes the folder of shims in `state_dir` and returns its path, which goes first on PATH.
pub fn shim_dir(state_dir: &Path) -> Result<PathBuf, HelperError> {
    target::make(state_dir)
}

/// The launcher of our own program, called by git's configuration and by hooks.
pub(crate) fn launcher_path(state_dir: &Path) -> Result<PathBuf, HelperError> {
    Ok(target::make(state_dir)?.join(LAUNCHER))
}

/// The launcher that git signs with.
pub(crate) fn signer_path(state_dir: &Path) -> Result<PathBuf, HelperError> {
    Ok(target::make(state_dir)?.join(SIGNER))
}

/// The state folder that a folder on PATH belongs to, if it is one of ours by its name.
pub fn state_of(dir: &Path) -> Option<&Path> {
    dir.parent().filter(|_| dir.file_name().is_some_and(|name| name == DIR))
}
