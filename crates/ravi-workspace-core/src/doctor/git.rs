//! Whether git reads in each workspace what was set for it.

use super::Finding;
use crate::error::Explain as _;
use crate::git::{self, Feature};
use crate::workspace::signing::{self, Set};
use crate::workspace::{self, FolderState, State, WorkspaceError, WorkspaceSummary};

const CHECK: &str = "git_values";

/// Checks every workspace whose folder exists.
pub(crate) fn git(all: &[WorkspaceSummary]) -> Vec<Finding> {
    let set_up = |w: &&WorkspaceSummary| {
        w.git.is_some() && w.folder == FolderState::Present && matches!(w.state, State::Ready | State::Suspended)
    };
    let looked_at: Vec<&WorkspaceSummary> = all.iter().filter(set_up).collect();
    let mut wrong: Vec<Finding> = looked_at.iter().filter_map(|workspace| flaw(workspace)).collect();
    wrong.extend(looked_at.iter().filter_map(|workspace| open(workspace)));
    // A git that does not work has its own finding.
    if let Ok(found) = git::found() {
        wrong.extend(looked_at.iter().filter_map(|workspace| unsigned(workspace, &found)));
    }
    if wrong.is_empty() {
        vec![Finding::ok(CHECK, format!("{} workspaces have the values that were set", looked_at.len()))]
    } else {
        wrong
    }
}

/// Returns a finding if there are ways to GitHub that lead past the workspace's token.
fn open(workspace: &WorkspaceSummary) -> Option<Finding> {
    let ways = workspace.github.as_ref().map(|github| github.open.clone()).filter(|open| !open.is_empty())?;
    let error = WorkspaceError::OpenWay { id: workspace.id.clone(), ways };
    Some(Finding::warn(CHECK, error.to_string(), error.hint()))
}

/// Returns a finding if what was set for signatures does not fit the git that is there.
fn unsigned(workspace: &WorkspaceSummary, found: &git::Found) -> Option<Finding> {
    let id = &workspace.id;
    let git_dir = workspace::inspect(&workspace.path).ok()?.git?.git_dir;
    match (signing::set(&git_dir).ok()?, found.has(Feature::SshSignatures)) {
        (Set::Signs, false) => Some(Finding::fail(
            CHECK,
            format!(
                "{id}: it signs its commits, and git {found} fails on that; {} or newer is needed",
                Feature::SshSignatures.needs()
            ),
            format!("Update git, or run `ravi-workspace wake \"{id}\"` to do without signatures until then."),
        )),
        (Set::Waits, false) => {
            let error = WorkspaceError::CannotSign { id: id.clone(), found: found.to_string() };
            Some(Finding::warn(CHECK, error.to_string(), error.hint()))
        }
        (Set::Waits, true) => Some(Finding::warn(
            CHECK,
            format!("{id}: commits are not signed, because git was too old when it was set up"),
            format!("`ravi-workspace wake \"{id}\"` sets up its signatures."),
        )),
        (Set::Nothing, _) | (Set::Signs, true) => None,
    }
}

fn flaw(workspace: &WorkspaceSummary) -> Option<Finding> {
    let id = &workspace.id;
    let overridden = match workspace::overridden_at(&workspace.path) {
        Ok(Some(overridden)) if overridden.is_empty() => return None,
        Ok(Some(overridden)) => overridden.join(", "),
        Ok(None) => {
            let fix = format!("`ravi-workspace wake \"{id}\"` sets them again.");
            return Some(Finding::fail(CHECK, format!("{id}: git does not read its values"), fix));
        }
        Err(error) => return Some(Finding::warn(CHECK, format!("{id}: {error}"), error.hint())),
    };
    let message = format!("{id}: git reads other values for {overridden}");
    let fix = format!(
        "`ravi-workspace wake \"{id}\"` puts its values last; `git config --show-origin --list` in its folder names the file."
    );
    Some(Finding::fail(CHECK, message, fix))
}
