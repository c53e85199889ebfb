//! Where the GitHub login of a workspace comes in.

use std::path::PathBuf;

use secrecy::SecretString;

use super::workspace::Workspace;
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::ravi::Ravi;

/// The name that a workspace's own token has in its identity's vault.
const TOKEN: &str = "GH_TOKEN";

/// The GitHub token of the workspace; `None` where it uses the person's login. A token that was stored since the
/// workspace was provisioned counts here at once: its process must not run with the person's.
pub(super) async fn token(workspace: &Workspace) -> Result<Option<SecretString>> {
    if let Some(token) = workspace.ravi().github_token(workspace.root()).await? {
        return Ok(Some(token));
    }
    let Some(session) = workspace.session().filter(|_| workspace.has_own_vault()) else { return Ok(None) };
    let own = session.secrets(workspace.identity_uuid()).find(TOKEN).await?;
    if own.is_some() {
        let entry = Entry::done(Action::SecretRead).workspace(workspace.id()).object(TOKEN);
        workspace.ravi().note(entry.because("github")).await?;
    }
    Ok(own.map(|secret| secret.value))
}

/// The folder that stands first on a child's PATH, where it can be made.
pub(super) fn shim_dir(ravi: &Ravi) -> Option<PathBuf> {
    ravi.github_shim_dir().ok()
}
