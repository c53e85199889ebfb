//! The folder of launchers below a state folder, which stands first on PATH, and the names in it.

use std::path::{Path, PathBuf};

use super::error::HelperError;
use super::launcher::{self, LAUNCHER};

/// Other programs' names, whose launchers stand in for them.
pub(crate) const NAMES: [&str; 2] = ["gh", "ravi"];

/// Name of the launcher that git signs with.
pub(crate) const SIGNER: &str = "ravi-ssh-sign";

/// Variable that makes a call of `ravi` plain.
pub(crate) const RAVI_SWITCH: &str = "RAVI_WORKSPACE_RAVI";

/// The folder's name below a state folder.
pub(crate) const DIR: &str = "bin";

/// Makes the folder that has the shims, below `state_dir`, and answers its path, which goes first on PATH.
pub(crate) fn shim_dir(state_dir: &Path) -> Result<PathBuf, HelperError> {
    launcher::make(state_dir)
}

/// The launcher of our own program, which git's configuration and hooks call.
pub(crate) fn launcher_path(state_dir: &Path) -> Result<PathBuf, HelperError> {
    Ok(launcher::make(state_dir)?.join(LAUNCHER))
}

/// The launcher that git signs with.
pub(crate) fn signer_path(state_dir: &Path) -> Result<PathBuf, HelperError> {
    Ok(launcher::make(state_dir)?.join(SIGNER))
}

/// The state folder that a folder on PATH belongs to, where it is one of ours by its name.
pub(super) fn state_of(dir: &Path) -> Option<&Path> {
    dir.parent().filter(|_| dir.file_name().is_some_and(|name| name == DIR))
}
