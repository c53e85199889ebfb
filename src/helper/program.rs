//! Which program git calls as helper, and the shims lead to.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::HelperError;

/// The program's name.
const NAME: &str = "ravi-workspace";

/// Whether the running program looks first whether it was called as helper.
static ACTS: AtomicBool = AtomicBool::new(false);

/// The running program has looked whether it was called as helper, so it can be called as one.
pub(super) fn acts_as_helper() {
    ACTS.store(true, Ordering::Relaxed);
}

/// The program that acts as helper: one shipped beside the running one, one on PATH, else the running one itself, where
/// it calls [`crate::helper_main`] first. One that does not would open its window whenever git or gh is called.
pub(crate) fn program() -> Result<PathBuf, HelperError> {
    let own = std::env::current_exe().ok().filter(|path| path.exists());
    let beside = own.as_deref().and_then(Path::parent).map(|dir| dir.join(NAME)).filter(|path| is_executable(path));
    let found = beside.or_else(|| std::env::var_os("PATH").and_then(|path| on_path(&path, NAME).next()));
    let own = own.filter(|_| ACTS.load(Ordering::Relaxed));
    found.or(own).ok_or(HelperError::NoProgram)
}

/// Whether the running program's file has this name itself, so that being called by it says nothing.
pub(crate) fn own_name_is(name: &str) -> bool {
    // Some systems answer the link that was called.
    let own = std::env::current_exe().and_then(|path| path.canonicalize());
    own.is_ok_and(|path| path.file_name().is_some_and(|own| own == name))
}

/// The programs of this name, in the order of PATH.
pub(super) fn on_path<'a>(path: &'a OsStr, name: &'a str) -> impl Iterator<Item = PathBuf> + 'a {
    // An empty entry means the current folder, which may be anybody's.
    let absolute = std::env::split_paths(path).filter(|dir| dir.is_absolute());
    absolute.map(move |dir| dir.join(name)).filter(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
