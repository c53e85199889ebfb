//! The programs that are called: git, gh, and our own in its place.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Finding;
use crate::error::Explain as _;
use crate::workspace::check_version;

/// Looks at git, gh, and whether the shim for gh in the state folder is reached.
pub(crate) fn programs(state_dir: &Path) -> Vec<Finding> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut findings = vec![git(), gh(&path)];
    findings.extend(shim(&state_dir.join("bin/gh"), &path));
    findings
}

fn git() -> Finding {
    match check_version() {
        Ok(()) => Finding::ok("git", version("git").unwrap_or_default()),
        Err(e) => Finding::fail("git", e.to_string(), e.hint()),
    }
}

fn gh(path: &OsStr) -> Finding {
    if on_path(path, "gh").next().is_none() {
        return Finding::ok("gh", "not installed; needed only where agents use it");
    }
    match version("gh") {
        Some(version) => Finding::ok("gh", version),
        None => Finding::warn("gh", "gh is on PATH and does not run", "Install the GitHub command line anew."),
    }
}

/// First line of `PROGRAM --version`.
fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}

/// A shim that something else on PATH comes before is never called; one that is not on PATH is for workspaces only.
fn shim(shim: &Path, path: &OsStr) -> Option<Finding> {
    const CHECK: &str = "shim";
    if !shim.exists() {
        return None;
    }
    let ours = shim.canonicalize().ok();
    let reached: Vec<PathBuf> = on_path(path, "gh").collect();
    let is_ours = |found: &PathBuf| found.as_path() == shim || (ours.is_some() && found.canonicalize().ok() == ours);
    Some(match reached.iter().position(is_ours) {
        None => Finding::ok(CHECK, "the shim for gh is not on this PATH; workspaces get it"),
        Some(0) => Finding::ok(CHECK, "the shim for gh comes first on PATH"),
        Some(_) => Finding::warn(
            CHECK,
            format!(
                "{} comes before the shim {} on PATH, so agents would use your login",
                reached[0].display(),
                shim.display()
            ),
            format!("Put {} first on PATH.", shim.parent().unwrap_or(shim).display()),
        ),
    })
}

/// Executables of this name, in the order of PATH.
fn on_path<'a>(path: &'a OsStr, name: &'a str) -> impl Iterator<Item = PathBuf> + 'a {
    let candidates = std::env::split_paths(path).map(move |folder| folder.join(name));
    candidates.filter(|file| file.metadata().is_ok_and(|meta| meta.is_file() && meta.mode() & 0o111 != 0))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::FindingState;
    use super::*;

    #[test]
    fn a_shim_behind_another_gh_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let [ours, theirs] = ["ours", "theirs"].map(|name| {
            let folder = dir.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("gh"), "#!/bin/sh\n").unwrap();
            std::fs::set_permissions(folder.join("gh"), std::fs::Permissions::from_mode(0o755)).unwrap();
            folder
        });
        let state = |folders: &[&PathBuf]| {
            let path = std::env::join_paths(folders).unwrap();
            shim(&ours.join("gh"), &path).map(|finding| finding.state)
        };
        assert_eq!(state(&[&ours, &theirs]), Some(FindingState::Ok));
        assert_eq!(state(&[&theirs, &ours]), Some(FindingState::Warn));
        assert_eq!(state(&[&theirs]), Some(FindingState::Ok));
        assert_eq!(shim(&dir.path().join("none"), OsStr::new("")), None);
    }
}
