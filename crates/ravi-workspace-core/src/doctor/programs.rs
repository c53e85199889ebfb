//! The programs that are called: git, gh, Ravi's own `ravi`, and our shims for the last two.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::Finding;
use crate::error::Explain as _;
use crate::git::{check_version, found};
use crate::launcher::is_launcher;
use crate::machine::os::is_executable;
use crate::machine::process::output_within;

/// How long a program may take to print its version. It may be a different program from the expected one, and do
/// anything.
const PATIENCE: Duration = Duration::from_secs(5);

/// Checks git, gh, ravi, and whether the shims in the state folder for the last two are reached.
pub(crate) fn programs(state_dir: &Path) -> Vec<Finding> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let [gh_shim, ravi_shim] = ["gh", "ravi"].map(|name| state_dir.join("bin").join(name));
    let mut findings = vec![git(), gh(&path, &gh_shim), ravi(&path, &ravi_shim)];
    findings.extend(shim(&gh_shim, "gh", &path));
    findings.extend(shim(&ravi_shim, "ravi", &path));
    findings
}

fn git() -> Finding {
    const CHECK: &str = "git";
    // What a workspace needs and does not have is said of the workspace (`git_values`).
    match check_version().and_then(|()| found()) {
        Ok(found) if found.lacks().is_empty() => Finding::ok(CHECK, format!("git version {found}")),
        Ok(found) => Finding::ok(CHECK, format!("git version {found}; it cannot {}", found.lacks().join(", nor "))),
        Err(e) => Finding::fail(CHECK, e.to_string(), e.hint()),
    }
}

fn gh(path: &OsStr, shim: &Path) -> Finding {
    let Some(gh) = real(path, "gh", shim) else {
        return Finding::ok("gh", "not installed; needed only if agents use it");
    };
    match version(&gh, "--version") {
        Some(version) => Finding::ok("gh", version),
        None => Finding::warn("gh", "gh is on PATH but does not run", "Install the GitHub command line again."),
    }
}

/// Checks `ravi`: another project's program has the same name, and reads `RAVI_API_URL` as its own.
fn ravi(path: &OsStr, shim: &Path) -> Finding {
    const CHECK: &str = "ravi";
    let Some(ravi) = real(path, "ravi", shim) else {
        return Finding::ok(CHECK, "not installed; needed only if agents use it");
    };
    match version(&ravi, "version").filter(|line| line.starts_with("ravi version ") && line.contains("(commit: ")) {
        Some(version) => Finding::ok(CHECK, format!("{}: {version}", ravi.display())),
        None => Finding::warn(
            CHECK,
            format!("{} is not Ravi's command line, and agents that call ravi get it", ravi.display()),
            "Put Ravi's own before it on PATH, and call the other one by its path.",
        ),
    }
}

/// Returns the first line of what a program says of itself.
fn version(program: &Path, question: &str) -> Option<String> {
    let said = output_within(Command::new(program).arg(question), PATIENCE).ok()?;
    let text = String::from_utf8_lossy(&said.stdout);
    said.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}

/// Returns the first program of this name that is not one of our shims.
fn real(path: &OsStr, name: &str, shim: &Path) -> Option<PathBuf> {
    let own = [Some(shim.to_owned()), std::env::current_exe().ok()];
    let own: Vec<PathBuf> = own.into_iter().flatten().filter_map(|file| file.canonicalize().ok()).collect();
    on_path(path, name).find(|file| {
        let real = file.canonicalize().unwrap_or_default();
        !own.contains(&real) && real.file_name().is_none_or(|name| name != "ravi-workspace") && !is_launcher(file)
    })
}

/// Checks whether the `gh` that a host app runs by itself is the workspace's: the app got the shim's path from us, or
/// finds the shim first on the PATH that its process really has.
pub(crate) fn own_gh(state_dir: &Path, has_asked: bool) -> Finding {
    const CHECK: &str = "own_gh";
    let shim = state_dir.join("bin").join("gh");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let first = on_path(&path, "gh").next();
    let is_shim = first.is_some_and(|found| found == shim || found.canonicalize().ok() == shim.canonicalize().ok());
    match (has_asked, is_shim) {
        (true, _) => Finding::ok(CHECK, "this app runs gh by the shim's path"),
        (false, true) => Finding::ok(CHECK, "the shim for gh comes first on this app's PATH"),
        (false, false) => Finding::warn(
            CHECK,
            "if this app runs gh by itself, gh acts as the person in every folder",
            "Where the app runs gh, run `Ravi::program(\"gh\")` instead. An app that never runs gh needs nothing.",
        ),
    }
}

/// Checks a shim. It is never called if something else comes before it on PATH; if it is not on PATH, only workspaces
/// use it.
fn shim(shim: &Path, name: &str, path: &OsStr) -> Option<Finding> {
    const CHECK: &str = "shim";
    if !shim.exists() {
        return None;
    }
    let ours = shim.canonicalize().ok();
    let reached: Vec<PathBuf> = on_path(path, name).collect();
    let is_ours = |found: &PathBuf| found.as_path() == shim || (ours.is_some() && found.canonicalize().ok() == ours);
    Some(match reached.iter().position(is_ours) {
        None => Finding::ok(CHECK, format!("the shim for {name} is not on this PATH; workspaces get it")),
        Some(0) => Finding::ok(CHECK, format!("the shim for {name} comes first on PATH")),
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

/// Returns executables of this name, in the order of PATH.
fn on_path<'a>(path: &'a OsStr, name: &'a str) -> impl Iterator<Item = PathBuf> + 'a {
    let candidates = std::env::split_paths(path).map(move |folder| folder.join(name));
    candidates.filter(|file| is_executable(file))
}

#[cfg(test)]
mod tests {
    use super::super::FindingState;
    use super::*;

    fn folder_with(dir: &Path, folder: &str, name: &str, script: &str) -> PathBuf {
        let folder = dir.join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let text = folder.join("text");
        std::fs::write(&text, script).unwrap();
        // In another process: a file that this one has open for writing cannot be started, not even while a child that
        // another thread started has inherited it.
        let made = Command::new("install").args(["-m", "755"]).arg(&text).arg(folder.join(name)).status();
        assert!(made.unwrap().success());
        folder
    }

    #[test]
    fn a_shim_behind_another_program_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["gh", "ravi"] {
            let [ours, theirs] = ["ours", "theirs"].map(|folder| folder_with(dir.path(), folder, name, "#!/bin/sh\n"));
            let state = |folders: &[&PathBuf]| {
                let path = std::env::join_paths(folders).unwrap();
                shim(&ours.join(name), name, &path).map(|finding| finding.state)
            };
            assert_eq!(state(&[&ours, &theirs]), Some(FindingState::Ok));
            assert_eq!(state(&[&theirs, &ours]), Some(FindingState::Warn));
            assert_eq!(state(&[&theirs]), Some(FindingState::Ok));
            assert_eq!(shim(&dir.path().join("none"), name, OsStr::new("")), None);
        }
    }

    #[test]
    fn another_projects_ravi_is_told_from_ravis() {
        let dir = tempfile::tempdir().unwrap();
        let seen = |folder: &Path| ravi(folder.as_os_str(), Path::new("/nowhere"));
        let said = "#!/bin/sh\n[ \"$1\" = version ] && echo 'ravi version 0.7.5 (commit: abc, built: today)'\n";
        let official = seen(&folder_with(dir.path(), "official", "ravi", said));
        assert!(official.state == FindingState::Ok && official.message.contains("ravi version 0.7.5"), "{official:?}");
        for (folder, script) in [("bot", "#!/bin/sh\necho ravi.bot 3.1.0\n"), ("broken", "#!/bin/sh\nexit 1\n")] {
            let other = seen(&folder_with(dir.path(), folder, "ravi", script));
            assert!(other.state == FindingState::Warn && other.message.contains(folder), "{other:?}");
        }
        assert_eq!(seen(&dir.path().join("none")).state, FindingState::Ok);
    }
}
