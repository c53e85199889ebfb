//! The folder that stands first on PATH: other programs' names, which all lead to ours.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::error::HelperError;
use super::program::program;

/// The names.
pub(crate) const NAMES: [&str; 2] = ["gh", "ravi"];

/// The folder's name below a state folder.
pub(crate) const DIR: &str = "bin";

/// Makes the folder that has the shims, below `state_dir`, and answers its path, which goes first on PATH.
pub(crate) fn shim_dir(state_dir: &Path) -> Result<PathBuf, HelperError> {
    let (dir, program) = (state_dir.join(DIR), program()?);
    let fail = |source| HelperError::Io { path: dir.clone(), doing: "made", source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(fail)?;
    // A program that has such a name itself could not tell how it was called.
    for name in NAMES.into_iter().filter(|name| program.file_name().is_none_or(|own| own != *name)) {
        lead(&dir, name, &program).map_err(fail)?;
    }
    Ok(dir)
}

fn lead(dir: &Path, name: &str, program: &Path) -> std::io::Result<()> {
    let shim = dir.join(name);
    if std::fs::read_link(&shim).is_ok_and(|target| target == program) {
        return Ok(());
    }
    // Put in place at once: whoever calls it meanwhile finds the old one or the new one.
    let make = |path: &Path| std::os::unix::fs::symlink(program, path);
    let temporary = tempfile::Builder::new().prefix(&format!(".{name}-")).make_in(dir, make)?;
    temporary.persist(&shim).map_err(|e| e.error)
}

/// The state folder that a folder on PATH belongs to, where it is one of ours by its name.
pub(super) fn state_of(dir: &Path) -> Option<&Path> {
    dir.parent().filter(|_| dir.file_name().is_some_and(|name| name == DIR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shims_lead_to_the_program_and_follow_it() {
        // As if this test's program began with `helper_main`.
        super::super::program::acts_as_helper();
        let state = tempfile::tempdir().unwrap();
        let dir = shim_dir(state.path()).unwrap();
        for name in NAMES {
            let target = std::fs::read_link(dir.join(name)).unwrap();
            assert_eq!(target, program().unwrap());
            std::fs::remove_file(dir.join(name)).unwrap();
            std::os::unix::fs::symlink("/nowhere", dir.join(name)).unwrap();
            assert_eq!(shim_dir(state.path()).unwrap(), dir);
            assert_eq!(std::fs::read_link(dir.join(name)).unwrap(), target);
        }
        let mut names: Vec<_> = std::fs::read_dir(&dir).unwrap().flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        assert_eq!(names, NAMES, "nothing else is left");
    }
}
