//! Where the GitHub login of a workspace comes in.

use std::path::PathBuf;

use secrecy::SecretString;

use super::workspace::Workspace;
use crate::error::Result;
use crate::ravi::Ravi;

/// The GitHub token of the workspace; `None` where it uses the person's login.
pub(super) async fn token(workspace: &Workspace) -> Result<Option<SecretString>> {
    workspace.ravi().github_token(workspace.root()).await
}

/// The folder that stands first on a child's PATH, where it can be made.
pub(super) fn shim_dir(ravi: &Ravi) -> Option<PathBuf> {
    ravi.github_shim_dir().ok()
}
