//! Files that only this user may read.

use std::io;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::account::official;
use crate::ledger;
use crate::machine::os::{Facts, Kind, access};

const CHECK: &str = "files";

/// Files in the state folder.
const OURS: [&str; 5] = ["ledger.db", "ledger.db-wal", "ledger.db-shm", "machine.key", "machine-key.json"];

/// Checks the ledger's files, the official command line's, and each workspace's. `workspaces` are their ids and
/// folders.
pub(crate) fn files(state_dir: &Path, workspaces: &[(String, PathBuf)]) -> Vec<Finding> {
    let ours = OURS.iter().map(|name| state_dir.join(name));
    let homes = workspaces.iter().flat_map(|(id, path)| [ledger::home(state_dir, id), path.clone()]);
    let theirs = homes.map(|home| home.join(".ravi/config.json"));
    let all: Vec<PathBuf> =
        std::iter::once(state_dir.to_owned()).chain(ours).chain(official::path()).chain(theirs).collect();
    let mut looked_at = 0;
    let mut findings = Vec::new();
    for path in all {
        match Facts::of_name(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => findings.push(Finding::warn(CHECK, format!("{}: {e}", path.display()), "Check its folder.")),
            Ok(facts) => findings.extend(flaw(&path, &facts)),
        }
        looked_at += 1;
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, format!("{looked_at} files and folders are private to this user")));
    }
    findings
}

fn flaw(path: &Path, facts: &Facts) -> Option<Finding> {
    let shown = path.display();
    if !facts.is_mine() {
        let message = format!("{shown} belongs to another user");
        return Some(Finding::fail(CHECK, message, access::how_to_own(path)));
    }
    if facts.kind() == Kind::Link || facts.is_closed() {
        return None;
    }
    let message = format!("other users can open {shown} ({})", facts.access());
    Some(Finding::fail(CHECK, message, access::how_to_close(path, facts.kind() == Kind::Folder)))
}
