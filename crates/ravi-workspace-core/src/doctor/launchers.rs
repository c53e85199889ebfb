//! What other programs call to reach ours: the launchers in the state folder, and what workspaces' git configuration
//! names.
//!
//! Each is started and asked for its version. That the file exists proves nothing: after an upgrade it may lead
//! nowhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::launcher::{self, Probed};
use crate::workspace::named_programs;

const CHECK: &str = "launchers";

/// Checks the launchers of the state folder, and what each workspace's git configuration calls.
pub(crate) fn launchers(state_dir: &Path, workspaces: &[(String, PathBuf)]) -> Vec<Finding> {
    let dir = state_dir.join(launcher::SHIM_DIR);
    let names = launcher::NAMES.into_iter().chain([launcher::SIGNER, launcher::LAUNCHER]);
    let there: Vec<PathBuf> = names.map(|name| dir.join(name)).filter(|path| path.symlink_metadata().is_ok()).collect();
    let mut wrong: Vec<Finding> = there.iter().filter_map(|path| broken(path)).collect();
    wrong.extend(named(workspaces));
    if !wrong.is_empty() {
        return wrong;
    }
    let target = launcher::target(state_dir).filter(|_| !there.is_empty());
    vec![Finding::ok(
        CHECK,
        match target {
            Some(target) => format!("all {} start {}", there.len(), target.display()),
            None => "none yet; they are made with the first workspace that has a login of its own".to_owned(),
        },
    )]
}

/// Returns a finding if a launcher does not lead to us.
fn broken(path: &Path) -> Option<Finding> {
    let reason = match launcher::probe_launcher(path, &["--version"]) {
        Probed::Runs(_) => return None,
        Probed::Other => "it starts a program that is not ours or too old".to_owned(),
        Probed::Broken(reason) => reason,
    };
    let message = format!("{} does not work: {reason}", path.display());
    Some(Finding::fail(CHECK, message, "Install ravi-workspace, or start the app, and run any of its commands."))
}

/// Checks the programs that workspaces' git configuration names: a launcher outlives every version, anything else does
/// not.
fn named(workspaces: &[(String, PathBuf)]) -> Vec<Finding> {
    let mut all: BTreeMap<PathBuf, Vec<&str>> = BTreeMap::new();
    for (id, git_dir) in workspaces {
        for program in named_programs(git_dir) {
            all.entry(program).or_default().push(id);
        }
    }
    all.iter().filter_map(|(program, ids)| flaw(program, &ids.join(", "))).collect()
}

fn flaw(program: &Path, ids: &str) -> Option<Finding> {
    let shown = program.display();
    let fix =
        format!("Run `ravi-workspace provision` again for {ids}, or `ravi-workspace reap`, which repairs all of them.");
    if !launcher::is_launcher(program) {
        return Some(if program.exists() {
            Finding::warn(CHECK, format!("git in {ids} calls {shown}, which an upgrade removes"), fix)
        } else {
            Finding::fail(CHECK, format!("git in {ids} calls {shown}, which is not there any more"), fix)
        });
    }
    match launcher::probe_launcher(program, &["--version"]) {
        Probed::Runs(_) => None,
        Probed::Broken(reason) => Some(Finding::fail(CHECK, format!("git in {ids} calls {shown}: {reason}"), fix)),
        Probed::Other => {
            Some(Finding::fail(CHECK, format!("git in {ids} calls {shown}, which starts another program"), fix))
        }
    }
}
