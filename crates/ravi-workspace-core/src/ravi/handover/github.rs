//! The GitHub login among what a workspace's processes are given.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;

use super::Workspace;
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::github;
use crate::model::reference::SecretName;
use crate::policy::Ask;
use crate::ravi::Ravi;
use crate::vault::VaultError;

/// The name of a workspace's own token in its identity's vault.
const TOKEN: &str = "GH_TOKEN";

/// The workspace's own login: its token, under the name by which programs read it, and what leads them to its hosts.
pub struct Login {
    pub(super) token: (String, SecretString),
    /// Holds no secret.
    pub(super) variables: BTreeMap<String, String>,
}

/// Returns the GitHub login of the workspace; `None` if it uses the person's.
///
/// A token that was stored since the workspace was provisioned counts here at once: its processes must not run with the
/// person's.
pub(super) async fn login(workspace: &Workspace) -> Result<Option<Login>> {
    let (token, plan) = workspace.ravi().github_login(workspace.root()).await?;
    let token = match token {
        Some(token) => Some(token),
        None => stored_since(workspace).await?,
    };
    Ok(token.map(|token| {
        let dir = github::config_dir(&workspace.state_dir(), workspace.id());
        let mut variables = BTreeMap::from([(github::CONFIG_DIR.to_owned(), dir.to_string_lossy().into_owned())]);
        let name = github::token_variable(&plan.config.hosts, |host| {
            variables.insert(github::HOST.to_owned(), host.to_string());
        });
        Login { token: (name.to_owned(), token), variables }
    }))
}

async fn stored_since(workspace: &Workspace) -> Result<Option<SecretString>> {
    let Some(session) = workspace.session().filter(|_| workspace.has_own_vault()) else { return Ok(None) };
    let Some(own) = session.secrets(workspace.identity_uuid()).find(TOKEN).await? else { return Ok(None) };
    let name = SecretName::parse(TOKEN).map_err(VaultError::from)?;
    workspace.ravi().gate().check(workspace.binding(), Ask::Meant, &[name]).await?;
    let entry = Entry::done(Action::SecretRead).workspace(workspace.id()).object(TOKEN);
    workspace.ravi().note(entry.because("github")).await?;
    Ok(Some(own.value))
}

/// Returns the folder that comes first on a child's PATH, if it can be made.
pub(super) fn shim_dir(ravi: &Ravi) -> Option<PathBuf> {
    ravi.github().shim_dir().ok()
}
