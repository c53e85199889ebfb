//! Processes of a workspace.

use std::path::Path;

use secrecy::SecretString;

use super::Ravi;
use super::Workspace;
use crate::api::IdentityKey;
use crate::error::Result;
use crate::handover::HandoverError;
use crate::ledger::{Binding, IdentityRow};
use crate::model::target::Target;
use crate::policy::Gate;
use crate::workspace::{State, WorkspaceError};

impl super::handle::Workspaces<'_> {
    /// Opens the workspace that `path` lies in, to start processes in `path` with what the workspace has.
    ///
    /// Asks Ravi nothing, unless the workspace is suspended: then it is woken.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// let workspace = ravi.workspaces().open(Path::new("/repo/worktrees/payments")).await?;
    /// let status = workspace.command("cargo").await?.arg("test").status();
    /// # drop(status);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Nothing is bound there (`workspace.unbound`); it is not set up yet, or is being taken down (`exec.not_ready`);
    /// it is suspended and may not be woken (`workspace.suspended`), or Ravi does not answer while it is.
    pub async fn open(self, path: &Path) -> Result<Workspace> {
        let folder =
            path.canonicalize().map_err(|e| WorkspaceError::Folder { path: path.to_owned(), reason: e.to_string() })?;
        let (binding, identity, key) = self.ravi.ready(folder.as_path()).await?;
        let key = key.map(|key| (self.ravi.inner.client.with(&key), SecretString::from(key.expose())));
        Ok(Workspace::new(self.ravi, binding, identity, key, folder))
    }
}

impl Ravi {
    /// The rules about what workspaces may be given.
    pub(crate) fn gate(&self) -> Gate<'_> {
        Gate { ledger: &self.inner.ledger, ours: self.inner.config.secret_policy.as_deref().unwrap_or_default() }
    }

    /// Returns a workspace that is set up and has a key, by id or path.
    pub(super) async fn ready_with_key(&self, target: &str) -> Result<(Binding, IdentityRow, IdentityKey)> {
        let (binding, identity, key) = self.ready(target).await?;
        let key = key.ok_or_else(|| WorkspaceError::NoKey { id: binding.id.clone() })?;
        Ok((binding, identity, key))
    }

    /// Returns a workspace that is set up, by id or path, with its identity, and its key if it has one. Wakes it if it
    /// is suspended.
    pub(super) async fn ready(
        &self,
        target: impl Into<Target<'_>>,
    ) -> Result<(Binding, IdentityRow, Option<IdentityKey>)> {
        let target = target.into();
        let mut binding = self.binding_of(target).await?;
        if binding.state == State::Suspended {
            // Boxed: rare and large, it would otherwise inflate every future that needs a workspace.
            Box::pin(self.workspaces().wake_on_use(&binding)).await?;
            binding = self.binding_of(target).await?;
        }
        let not_ready = || HandoverError::NotReady { id: binding.id.clone() };
        let uuid = binding.identity.clone().filter(|_| binding.state == State::Ready).ok_or_else(not_ready)?;
        let id = binding.id.clone();
        let known = self.inner.ledger.run(move |l| Ok((l.identity(&uuid)?, l.binding_key(&id)?))).await?;
        let (Some(identity), key) = known else { return Err(not_ready().into()) };
        match key.is_some() || binding.request.no_key {
            true => Ok((binding, identity, key)),
            false => Err(not_ready().into()),
        }
    }
}
