//! The running program and others: whether it may be called as helper, and what lies beside it and on PATH.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::candidate::NAME;

/// Whether the running program looks first whether it was called as helper.
static ACTS: AtomicBool = AtomicBool::new(false);

/// The running program has looked whether it was called as helper, so it can be called as one.
pub(super) fn acts_as_helper() {
    ACTS.store(true, Ordering::Relaxed);
}

/// Whether the running program may be called as helper. One that does not look first how it was called would open its
/// window whenever git or gh is run.
pub(super) fn acts() -> bool {
    ACTS.load(Ordering::Relaxed)
}

/// The `ravi-workspace` that is shipped beside the program `own`.
pub(super) fn beside(own: &Path) -> Option<PathBuf> {
    own.parent().map(|dir| dir.join(NAME)).filter(|path| is_executable(path))
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

/// Whether there is a file that may be started.
pub(crate) fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
