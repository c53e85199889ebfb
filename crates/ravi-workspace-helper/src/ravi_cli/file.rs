//! The file that `ravi` reads in a workspace, checked before it does.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::error::RaviCliError;
use ravi_workspace_core::api::IdentityKey;
use ravi_workspace_core::internal::files::{self, FileError};
use ravi_workspace_core::internal::ledger::{self, Binding};

/// Where `ravi` looks, below the current folder and below the home folder.
const PLACE: &str = ".ravi/config.json";

/// Larger than the file needs to be.
const LIMIT: usize = 64 * 1024;

#[derive(Deserialize)]
struct Kept {
    management_key: Option<SecretString>,
    identity_key: Option<SecretString>,
}

/// Returns the folder with the workspace's file: its own home, or its worktree if the key was chosen to be there.
pub(super) fn home(state_dir: &Path, binding: &Binding) -> PathBuf {
    let home = ledger::home(state_dir, &binding.id);
    if home.join(PLACE).exists() { home } else { binding.path.clone() }
}

/// Refuses everything but the file as it was written for the workspace: in a worktree it lies among files that others
/// write, and git replaces an ignored file silently.
pub(super) fn check(root: &Path, id: &str, key: &IdentityKey) -> Result<(), RaviCliError> {
    let path = root.join(PLACE);
    let refuse = |reason| RaviCliError::File { path: path.clone(), id: id.to_owned(), reason };
    let bytes = files::read_bounded(&path, LIMIT).map(Zeroizing::new).map_err(|e| match e {
        FileError::NotFound { .. } => refuse("it is missing"),
        _ => refuse("it cannot be read"),
    })?;
    let kept: Kept = serde_json::from_slice(&bytes).map_err(|_| refuse("it is not Ravi's JSON"))?;
    match (kept.management_key, kept.identity_key) {
        (Some(_), _) => Err(refuse("it holds a key for the whole account")),
        (None, Some(given)) if given.expose_secret() == key.expose() => Ok(()),
        _ => Err(refuse("it holds another key")),
    }
}

/// Returns a file of the current folder that `ravi` would read before the one in `home`.
pub(super) fn other(folder: &Path, home: &Path) -> Option<PathBuf> {
    let path = folder.join(PLACE);
    (folder != home && path.exists()).then_some(path)
}
