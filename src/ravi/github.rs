//! GitHub as a workspace, for callers of the library.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use secrecy::SecretString;

use super::Ravi;
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::github::{self, Login, Plan};
use crate::helper;
use crate::workspace::{self, WorkspaceError};

impl Ravi {
    /// The folder that has the shims for `gh` and Ravi's own `ravi`; made where it is missing. First on PATH, it makes both
    /// act as the workspace whose folder they are run in, and leaves every other call as it is.
    ///
    /// # Errors
    /// The folder cannot be made; there is no program to call.
    pub fn github_shim_dir(&self) -> Result<PathBuf> {
        Ok(helper::shim_dir(&self.state_dir())?)
    }

    /// What to run in place of `name`: for `gh` and `ravi` the shim by its path, for everything else the name. The shim acts as
    /// the workspace whose folder it is run in, and outside of one it is the person's own program. For apps that run `gh`
    /// themselves: their PATH need not be changed, which a process that has threads cannot do.
    ///
    /// ```no_run
    /// # fn example(ravi: tauri_plugin_ravi::Ravi, worktree: &std::path::Path) -> std::io::Result<()> {
    /// std::process::Command::new(ravi.program("gh")).arg("pr").arg("list").current_dir(worktree).status()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn program(&self, name: &str) -> PathBuf {
        if !helper::NAMES.contains(&name) {
            return name.into();
        }
        self.inner.asked_program.store(true, Ordering::Relaxed);
        // One that another program of ours made does as well.
        let made = self.inner.ledger.dir().join(helper::SHIM_DIR).join(name);
        match self.github_shim_dir() {
            Ok(dir) => dir.join(name),
            Err(_) if made.exists() => made,
            Err(error) => {
                tracing::warn!(code = error.code(), name, "there is no shim; the person's own program is run");
                name.into()
            }
        }
    }

    /// The GitHub token of the workspace that `path` lies in: from the cache while it is fresh, else one API call. `None`
    /// where the workspace uses the person's login.
    ///
    /// # Errors
    /// No workspace is bound there; it has no token and may not use the person's login (`github.denied`); its token
    /// cannot be read. Never answered with the person's login then.
    pub async fn github_token(&self, path: &Path) -> Result<Option<SecretString>> {
        Ok(self.github_login(path).await?.0)
    }

    /// The token with what was decided for the workspace.
    pub(crate) async fn github_login(&self, path: &Path) -> Result<(Option<SecretString>, Plan)> {
        let target = path.to_string_lossy();
        let ledger = &self.inner.ledger;
        let binding = workspace::find(ledger, &target).await?;
        let binding = binding.ok_or_else(|| WorkspaceError::Unbound { target: target.into_owned() })?;
        self.wake_on_use(&binding).await?;
        let id = binding.id.clone();
        let plan = ledger.run(move |l| l.github_plan(&id)).await?;
        let plan = plan.ok_or_else(|| github::GithubError::NotReady { id: binding.id.clone() })?;
        let token = match github::read_token(ledger, &binding, &plan, &self.inner.config).await {
            Ok(Login::Inherited) => return Ok((None, plan)),
            Ok(Login::Token { token, .. }) => Ok(Some(token)),
            Err(error) => Err(error),
        };
        let entry = Entry::done(Action::SecretRead).workspace(&binding.id).because("github");
        let entry = plan.token.iter().fold(entry, |entry, at| entry.object(at.secret.as_str()));
        Ok((self.noted(entry, token).await?, plan))
    }
}
