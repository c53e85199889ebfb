//! Processes of a workspace.

use std::path::Path;

use secrecy::SecretString;

use super::Ravi;
use crate::api::IdentityKey;
use crate::error::Result;
use crate::handover::{HandoverError, Workspace};
use crate::ledger::{Binding, IdentityRow};
use crate::policy::Gate;
use crate::workspace::{State, WorkspaceError};

impl Ravi {
    /// The rules about what workspaces may be given.
    pub(crate) fn gate(&self) -> Gate<'_> {
        Gate { ledger: &self.inner.ledger, ours: self.inner.config.secret_policy.as_deref().unwrap_or_default() }
    }

    /// The workspace that `path` lies in, to start processes in `path` with what the workspace has. Asks Ravi
    /// nothing, but where the workspace sleeps: it is woken.
    ///
    /// # Errors
    /// Nothing is bound there (`workspace.unbound`); it is not set up yet, or being taken down (`exec.not_ready`);
    /// it sleeps and may not be woken (`workspace.suspended`), or Ravi does not answer while it is.
    pub async fn open_workspace(&self, path: &Path) -> Result<Workspace> {
        let folder =
            path.canonicalize().map_err(|e| WorkspaceError::Folder { path: path.to_owned(), reason: e.to_string() })?;
        let (binding, identity, key) = self.ready(&folder.to_string_lossy()).await?;
        let key = key.map(|key| (self.inner.client.with(&key), SecretString::from(key.expose())));
        Ok(Workspace::new(self, binding, identity, key, folder))
    }

    /// A workspace that is set up and has a key, by id or path.
    pub(super) async fn ready_with_key(&self, target: &str) -> Result<(Binding, IdentityRow, IdentityKey)> {
        let (binding, identity, key) = self.ready(target).await?;
        let key = key.ok_or_else(|| WorkspaceError::NoKey { id: binding.id.clone() })?;
        Ok((binding, identity, key))
    }

    /// A workspace that is set up, by id or path, with its identity, and its key unless it is to have none. One that
    /// sleeps is woken.
    pub(super) async fn ready(&self, target: &str) -> Result<(Binding, IdentityRow, Option<IdentityKey>)> {
        let mut binding = self.binding_of(target).await?;
        if binding.state == State::Suspended {
            // Rare and large: in a box it does not weigh on every future that needs a workspace.
            Box::pin(self.wake_on_use(&binding)).await?;
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
