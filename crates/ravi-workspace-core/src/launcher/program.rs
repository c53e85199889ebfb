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

/// The `ravi-workspace` that is shipped with the program `own`: in its folder, or where Tauri's packages for Linux have an
/// app's own files, since the packages of two apps cannot both have one in `/usr/bin`.
pub(super) fn beside(own: &Path) -> Option<PathBuf> {
    let (dir, name) = (own.parent()?, own.file_name()?);
    let files = dir.parent().map(|prefix| prefix.join("lib").join(name).join(NAME));
    files.into_iter().chain([dir.join(NAME)]).find(|path| is_executable(path))
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_program_shipped_with_an_app_is_beside_it_or_among_its_own_files() {
        let dir = tempfile::tempdir().unwrap();
        let app = dir.path().join("bin/monitor");
        let put = |at: &str| {
            let file = dir.path().join(at);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, "x").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        put("bin/monitor");
        put("lib/another-app/ravi-workspace");
        assert_eq!(beside(&app), None);
        put("bin/ravi-workspace");
        assert_eq!(beside(&app), Some(dir.path().join("bin/ravi-workspace")));
        // The one in the common folder may be another package's.
        put("lib/monitor/ravi-workspace");
        assert_eq!(beside(&app), Some(dir.path().join("lib/monitor/ravi-workspace")));
    }
}
