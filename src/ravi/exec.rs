//! Processes of a workspace.

use std::path::Path;

use super::Ravi;
use crate::error::Result;
use crate::handover::{HandoverError, Workspace};
use crate::workspace::{self, State, WorkspaceError};

impl Ravi {
    /// The workspace that `path` lies in, to start processes in `path` with what the workspace has. Asks Ravi nothing.
    ///
    /// # Errors
    /// Nothing is bound there (`workspace.unbound`); it is not set up yet, or being taken down (`exec.not_ready`).
    pub async fn open_workspace(&self, path: &Path) -> Result<Workspace> {
        let folder =
            path.canonicalize().map_err(|e| WorkspaceError::Folder { path: path.to_owned(), reason: e.to_string() })?;
        let target = folder.to_string_lossy();
        let found = workspace::find(&self.inner.ledger, &target).await?;
        let binding = found.ok_or_else(|| WorkspaceError::Unbound { target: target.into_owned() })?;
        if binding.server != self.inner.server {
            let (theirs, ours) = (binding.server, self.inner.server.clone());
            return Err(WorkspaceError::OtherServer { id: binding.id, theirs, ours }.into());
        }
        let not_ready = || HandoverError::NotReady { id: binding.id.clone() };
        let uuid = binding.identity.clone().filter(|_| binding.state == State::Ready).ok_or_else(not_ready)?;
        let id = binding.id.clone();
        let known = self.inner.ledger.run(move |l| Ok((l.identity(&uuid)?, l.binding_key(&id)?))).await?;
        let (Some(identity), Some(key)) = known else { return Err(not_ready().into()) };
        let session = self.inner.client.with(&key);
        Ok(Workspace::new(self, binding, identity, session, &key, folder))
    }
}
