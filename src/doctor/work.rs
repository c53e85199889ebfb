//! Work that was begun and is not finished.

use super::Finding;
use crate::workspace::{FolderState, OwedRevocation, State, WorkspaceSummary};

/// A step may take this long; after that nobody is working on it.
const STUCK_AFTER_MS: i64 = 10 * 60 * 1000;

/// Keys that should not live any more.
pub(crate) fn revocations(owed: &[OwedRevocation]) -> Finding {
    const CHECK: &str = "revocations";
    let Some(oldest) = owed.first() else { return Finding::ok(CHECK, "none owed") };
    let cause = oldest.last_error.as_deref().map(|error| format!("; last error: {error}")).unwrap_or_default();
    let message = format!("keys of {} identities are not revoked yet{cause}", owed.len());
    Finding::warn(CHECK, message, "`ravi-workspace reap` tries again; or revoke them in Ravi's dashboard.")
}

/// Workspaces that are half set up, half taken down, or whose folder is gone.
pub(crate) fn workspaces(all: &[WorkspaceSummary], now_ms: i64) -> Vec<Finding> {
    let stuck: Vec<Finding> = all.iter().filter_map(|workspace| flaw(workspace, now_ms)).collect();
    match stuck.is_empty() {
        true => vec![Finding::ok("workspaces", format!("{} bound, none stuck", all.len()))],
        false => stuck,
    }
}

fn flaw(workspace: &WorkspaceSummary, now_ms: i64) -> Option<Finding> {
    let (id, path) = (&workspace.id, workspace.path.display());
    let warn = |message: String, fix: String| Some(Finding::warn("workspaces", message, fix));
    let half = match workspace.state {
        State::Ready | State::Suspended => None,
        State::Provisioning => Some(("set up", format!("Provision it again, or `ravi-workspace release \"{id}\"`."))),
        State::Releasing => Some(("taken down", format!("`ravi-workspace release \"{id}\"` goes on."))),
    };
    match (half, &workspace.last_error) {
        (Some((what, fix)), Some(error)) => warn(format!("{id} is half {what}: {}", error.message), fix),
        (Some((what, fix)), None) if now_ms - workspace.created_at_ms > STUCK_AFTER_MS => {
            warn(format!("{id} is half {what}, and nobody goes on with it"), fix)
        }
        (Some(_), None) => None,
        (None, _) => match workspace.folder {
            FolderState::Present => None,
            FolderState::Gone => warn(format!("{id}: its folder {path} is gone"), "`ravi-workspace reap`".to_owned()),
            FolderState::Unseen => {
                warn(format!("{id}: its folder {path} cannot be seen"), "Mount the disk that it is on.".to_owned())
            }
        },
    }
}
