//! Whether git reads in each workspace what was set for it.

use super::Finding;
use crate::error::Explain as _;
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
