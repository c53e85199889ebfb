//! GitHub as a workspace, for callers of the library.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use secrecy::SecretString;

use super::Ravi;
use super::github_token::{self, Login};
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::github;
use crate::launcher;
use crate::ledger::Plan;
use crate::workspace::{self, WorkspaceError};

impl super::handle::Github<'_> {
    /// Returns the folder with the shims for `gh` and Ravi's own `ravi`, made if it is missing.
    ///
    /// First on PATH, it makes both act as the workspace whose folder they are run in, and leaves every other call as
    /// it is.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// println!("put {} first in PATH", ravi.github().shim_dir()?.display());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The folder cannot be made; there is no program to call.
    pub fn shim_dir(self) -> Result<PathBuf> {
        Ok(launcher::shim_dir(&self.ravi.state_dir())?)
    }

    /// Returns the GitHub token of the workspace that `path` lies in: from the cache while it is fresh, else with one
    /// API call.
    ///
    /// `None` if the workspace uses the person's login.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// let token = ravi.github().token(Path::new("/repo/worktrees/payments")).await?;
    /// # drop(token);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// No workspace is bound there; it has no token and may not use the person's login (`github.denied`); its token
    /// cannot be read. It never falls back to the person's login then.
    pub async fn token(self, path: &Path) -> Result<Option<SecretString>> {
        Ok(self.ravi.github_login(path).await?.0)
    }
}

impl Ravi {
    /// Returns what to run instead of `name`: for `gh` and `ravi` the path of the shim, for everything else the name
    /// itself.
    ///
    /// The shim acts as the workspace whose folder it is run in; outside of one it is the person's own program. This is
    /// for apps that run `gh` themselves: they need not change their PATH, which a process with threads cannot do
    /// safely.
    ///
    /// ```no_run
    /// # fn example(ravi: ravi_workspace_core::Ravi, worktree: &std::path::Path) -> std::io::Result<()> {
    /// std::process::Command::new(ravi.program("gh")).arg("pr").arg("list").current_dir(worktree).status()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn program(&self, name: &str) -> PathBuf {
        if !launcher::NAMES.contains(&name) {
            return name.into();
        }
        self.inner.asked_program.store(true, Ordering::Relaxed);
        // A shim that another program of ours made will do as well.
        let made = self.inner.ledger.dir().join(launcher::SHIM_DIR).join(name);
        match self.github().shim_dir() {
            Ok(dir) => dir.join(name),
            Err(_) if made.exists() => made,
            Err(error) => {
                tracing::warn!(code = error.code(), name, "there is no shim; the person's own program is run");
                name.into()
            }
        }
    }

    /// Returns the token and what was decided for the workspace.
    pub(crate) async fn github_login(&self, path: &Path) -> Result<(Option<SecretString>, Plan)> {
        let ledger = &self.inner.ledger;
        let binding = workspace::find(ledger, path).await?;
        let binding = binding.ok_or_else(|| WorkspaceError::Unbound { target: path.display().to_string() })?;
        self.workspaces().wake_on_use(&binding).await?;
        let id = binding.id.clone();
        let plan = ledger.run(move |l| l.github_plan(&id)).await?;
        let plan = plan.ok_or_else(|| github::GithubError::NotReady { id: binding.id.clone() })?;
        let token = match github_token::read(ledger, &binding, &plan, &self.inner.config).await {
            Ok(Login::Inherited) => return Ok((None, plan)),
            Ok(Login::Token { token, .. }) => Ok(Some(token)),
            Err(error) => Err(error),
        };
        let entry = Entry::done(Action::SecretRead).workspace(&binding.id).because("github");
        let entry = entry.object_if(plan.token.as_ref().map(|at| at.secret.as_str()));
        Ok((self.noted(entry, token).await?, plan))
    }
}
