//! Which program git calls as helper, and the shim leads to.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::error::GithubError;

/// The program's name.
const NAME: &str = "ravi-workspace";

/// The program that acts as helper: one shipped beside the running one, one on PATH, else the running one itself, which
/// then has to call [`super::helper_main`] first.
pub(crate) fn program() -> Result<PathBuf, GithubError> {
    let own = std::env::current_exe().ok().filter(|path| path.exists());
    let beside = own.as_deref().and_then(Path::parent).map(|dir| dir.join(NAME)).filter(|path| is_executable(path));
    let found = beside.or_else(|| std::env::var_os("PATH").and_then(|path| on_path(&path, NAME)));
    found.or(own).ok_or(GithubError::NoProgram)
}

fn on_path(path: &OsStr, name: &str) -> Option<PathBuf> {
    let absolute = std::env::split_paths(path).filter(|dir| dir.is_absolute());
    absolute.map(|dir| dir.join(name)).find(|path| is_executable(path))
}

pub(super) fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
