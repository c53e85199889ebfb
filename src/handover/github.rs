//! Where the other rooms' GitHub token and `gh` come in.

use std::path::PathBuf;

use secrecy::SecretString;

use super::workspace::Workspace;
use crate::error::Result;
use crate::ravi::Ravi;

/// The GitHub token of the workspace; `None` where it has none of its own.
pub(super) async fn token(workspace: &Workspace) -> Result<Option<SecretString>> {
    let found = workspace.session().secrets(workspace.identity_uuid()).find("GH_TOKEN").await?;
    Ok(found.map(|secret| secret.value))
}

/// The folder for helper programs.
pub(crate) fn helper_dir(ravi: &Ravi) -> PathBuf {
    ravi.state_dir().join("bin")
}

/// The folder that stands first on a child's PATH, where there is one.
pub(super) fn shim_dir(ravi: &Ravi) -> Option<PathBuf> {
    let dir = helper_dir(ravi);
    dir.join("gh").exists().then_some(dir)
}
