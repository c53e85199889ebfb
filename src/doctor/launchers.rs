//! What other programs call to reach ours: the launchers in the state folder, and what workspaces' git configuration names.
//!
//! Each is started, and asked for its version. That a file is there says nothing: after an upgrade it may lead to nobody.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::helper::{self, Probed};
use crate::workspace::named_programs;

const CHECK: &str = "launchers";

/// Looks at the launchers of the state folder, and at what each workspace's git configuration calls.
pub(crate) fn launchers(state_dir: &Path, workspaces: &[(String, PathBuf)]) -> Vec<Finding> {
    let dir = state_dir.join(helper::SHIM_DIR);
    let names = helper::NAMES.into_iter().chain([helper::SIGNER, helper::LAUNCHER]);
    let there: Vec<PathBuf> = names.map(|name| dir.join(name)).filter(|path| path.symlink_metadata().is_ok()).collect();
    let mut wrong: Vec<Finding> = there.iter().filter_map(|path| broken(path)).collect();
    wrong.extend(named(workspaces));
    if !wrong.is_empty() {
        return wrong;
    }
    let target = helper::target(state_dir).filter(|_| !there.is_empty());
    vec![Finding::ok(
        CHECK,
        match target {
            Some(target) => format!("all {} start {}", there.len(), target.display()),
            None => "none made; the first workspace with a login of its own gets them".to_owned(),
        },
    )]
}

/// Why a launcher does not lead to us.
fn broken(path: &Path) -> Option<Finding> {
    let reason = match helper::probe_launcher(path, &["--version"]) {
        Probed::Runs(_) => return None,
        Probed::Other => "it starts no program of ours, or one that is too old".to_owned(),
        Probed::Broken(reason) => reason,
    };
    let message = format!("{} does not work: {reason}", path.display());
    Some(Finding::fail(CHECK, message, "Install ravi-workspace, or start the app, and run any command of it."))
}

/// Programs that workspaces' git configuration names: a launcher outlives every version, anything else does not.
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
    let fix = format!("`ravi-workspace provision` again for {ids}, or `ravi-workspace reap`, which heals all of them.");
    if !helper::is_launcher(program) {
        return Some(match program.exists() {
            true => Finding::warn(CHECK, format!("git in {ids} calls {shown}, which goes with its version"), fix),
            false => Finding::fail(CHECK, format!("git in {ids} calls {shown}, which is not there any more"), fix),
        });
    }
    match helper::probe_launcher(program, &["--version"]) {
        Probed::Runs(_) => None,
        Probed::Broken(reason) => Some(Finding::fail(CHECK, format!("git in {ids} calls {shown}: {reason}"), fix)),
        Probed::Other => {
            Some(Finding::fail(CHECK, format!("git in {ids} calls {shown}, which starts no program of ours"), fix))
        }
    }
}
