//! What the state folder holds besides the ledger.

use std::path::{Path, PathBuf};

use crate::machine::files;

/// Folder of the workspaces' homes, in the state folder.
const HOMES: &str = "homes";

/// The workspace's own home in the state folder.
pub fn home(state_dir: &Path, id: &str) -> PathBuf {
    state_dir.join(HOMES).join(files::name_for(id))
}
