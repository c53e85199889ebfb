//! Work that was begun but not finished.

use super::Finding;
use crate::api::{Identity, IdentityUuid, KeyRecord, KeyUuid};
use crate::ledger::{Binding, IdentityRow, IdentityState};
use crate::workspace::{FolderState, OwedRevocation, State, WorkspaceSummary};

/// After this time, nobody is working on a step any more.
const STUCK_AFTER_MS: i64 = 10 * 60 * 1000;

/// Checks for keys that should no longer be valid.
pub(crate) fn revocations(owed: &[OwedRevocation]) -> Finding {
    const CHECK: &str = "revocations";
    let Some(oldest) = owed.first() else { return Finding::ok(CHECK, "none owed") };
    let cause = oldest.last_error.as_deref().map(|error| format!("; last error: {error}")).unwrap_or_default();
    let message = format!(
        "{} identities of released workspaces are not put away yet: their keys may still be valid{cause}",
        owed.len()
    );
    Finding::warn(CHECK, message, "`ravi-workspace reap` tries again; or revoke them in Ravi's dashboard.")
}

/// Checks for workspaces that are half set up or half taken down, or whose folder is gone.
pub(crate) fn workspaces(all: &[WorkspaceSummary], now_ms: i64) -> Vec<Finding> {
    let stuck: Vec<Finding> = all.iter().filter_map(|workspace| flaw(workspace, now_ms)).collect();
    if stuck.is_empty() { vec![Finding::ok("workspaces", format!("{} bound, none stuck", all.len()))] } else { stuck }
}

/// What the account says of the identities and keys that this ledger uses.
pub(crate) struct AtRavi<'a> {
    pub(crate) identities: &'a [Identity],
    pub(crate) keys: &'a [KeyRecord],
}

/// Checks workspaces and free identities whose counterpart at Ravi was changed by somebody else.
pub(crate) fn counterparts(bindings: &[Binding], rows: &[IdentityRow], there: &AtRavi<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = bindings.iter().filter_map(|binding| lost(binding, rows, there)).collect();
    for row in rows.iter().filter(|row| !there.has(&row.uuid)) {
        let (name, check) = (&row.name, "workspaces");
        findings.extend(match row.state {
            IdentityState::Host => Some(Finding::fail(
                "account",
                format!("the host identity {name} no longer exists at Ravi"),
                "`ravi-workspace account --host-identity NAME` chooses another one.",
            )),
            IdentityState::Pooled => Some(Finding::warn(
                check,
                format!("the free identity {name} no longer exists at Ravi"),
                "There is nothing to do; the next workspace passes it over.",
            )),
            _ => None,
        });
    }
    findings
}

impl AtRavi<'_> {
    fn has(&self, uuid: &IdentityUuid) -> bool {
        self.identities.iter().any(|identity| identity.uuid == *uuid)
    }

    fn lives(&self, key: &KeyUuid) -> bool {
        self.keys.iter().any(|record| record.uuid == *key && record.is_active)
    }
}

fn lost(binding: &Binding, rows: &[IdentityRow], there: &AtRavi<'_>) -> Option<Finding> {
    const CHECK: &str = "workspaces";
    let (id, uuid) = (&binding.id, binding.identity.as_ref()?);
    if !there.has(uuid) {
        let fix = if binding.request.borrows() {
            format!("Release {id}, then provision it with another identity.")
        } else {
            "Provision it again; it gets another one.".to_owned()
        };
        return Some(Finding::fail(CHECK, format!("{id} has an identity that no longer exists at Ravi"), fix));
    }
    if binding.state == State::Ready && binding.key_uuid.as_ref().is_some_and(|key| !there.lives(key)) {
        let fix = format!("`ravi-workspace wake \"{id}\"` gives it a new one.");
        return Some(Finding::fail(CHECK, format!("{id} has a key that was revoked at Ravi"), fix));
    }
    let known = rows.iter().find(|row| row.uuid == *uuid)?;
    let now = there.identities.iter().find(|identity| identity.uuid == *uuid)?;
    (known.name != now.name).then(|| {
        let message = format!("{id}: its identity {} is now called {} at Ravi", known.name, now.name);
        Finding::warn(CHECK, message, "There is nothing to do; the next provision keeps the new name.")
    })
}

fn flaw(workspace: &WorkspaceSummary, now_ms: i64) -> Option<Finding> {
    let (id, path) = (&workspace.id, workspace.path.display());
    let warn = |message: String, fix: String| Some(Finding::warn("workspaces", message, fix));
    let half = match workspace.state {
        State::Ready | State::Suspended => None,
        State::Provisioning => Some(("set up", format!("Provision it again, or `ravi-workspace release \"{id}\"`."))),
        State::Releasing => Some(("taken down", format!("`ravi-workspace release \"{id}\"` finishes it."))),
    };
    match (half, &workspace.last_error) {
        (Some((what, fix)), Some(error)) => warn(format!("{id} is half {what}: {}", error.message), fix),
        (Some((what, fix)), None) if now_ms - workspace.created_at_ms > STUCK_AFTER_MS => {
            warn(format!("{id} is half {what}, and nobody is working on it"), fix)
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
