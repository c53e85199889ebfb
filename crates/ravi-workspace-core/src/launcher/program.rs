//! The running program and others: whether it can be called as a helper, and what is beside it and on PATH.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::machine::os::is_executable;

/// Name of the command line, which is also the program that launchers prefer.
pub(super) const NAME: &str = "ravi-workspace";

/// Whether the running program checks first whether it was called as a helper.
static ACTS: AtomicBool = AtomicBool::new(false);

/// Notes that the running program has checked whether it was called as a helper, so it can be called as one.
pub fn acts_as_helper() {
    ACTS.store(true, Ordering::Relaxed);
}

/// Whether the running program can be called as a helper. One that does not first check how it was called would open
/// its window whenever git or gh is run.
pub(super) fn acts() -> bool {
    ACTS.load(Ordering::Relaxed)
}

/// The `ravi-workspace` that is shipped beside the program `own`.
pub(super) fn beside(own: &Path) -> Option<PathBuf> {
    own.parent().map(|dir| dir.join(NAME)).filter(|path| is_executable(path))
}

/// Whether the running program's own file has this name, so that being called by it means nothing.
pub fn own_name_is(name: &str) -> bool {
    // Some systems return the link that was called.
    let own = std::env::current_exe().and_then(|path| path.canonicalize());
    own.is_ok_and(|path| path.file_name().is_some_and(|own| own == name))
}

/// The programs of this name, in the order of PATH.
pub fn on_path<'a>(path: &'a OsStr, name: &'a str) -> impl Iterator<Item = PathBuf> + 'a {
    // An empty entry means the current folder, which may belong to anybody.
    let absolute = std::env::split_paths(path).filter(|dir| dir.is_absolute());
    absolute.map(move |dir| dir.join(name)).filter(|path| is_executable(path))
}
