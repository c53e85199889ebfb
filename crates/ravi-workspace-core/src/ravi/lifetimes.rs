//! Workspaces that are suspended and woken, and those whose time is over.

use std::time::Duration;

use super::Ravi;
use crate::account::AccountError;
use crate::api::{AnyKey, ManagementKey, Session};
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::ledger::{Binding, Ending};
use crate::machine::clock::now_ms;
use crate::model::target::Target;
use crate::workspace::{self, Progress, Provisioned, State, Suspended, WorkspaceError};

impl super::handle::Workspaces<'_> {
    /// Suspends a workspace: its key is revoked and removed from its folder; its identity and its git values stay.
    ///
    /// Its next use wakes it, if [`Config::wake_on_use`](crate::Config::wake_on_use) allows. `target` is an id or a
    /// path.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// ravi.workspaces().suspend("w1").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Nothing is bound to the target; nobody is signed in. It is no error if Ravi does not answer: the revocation is
    /// owed.
    pub async fn suspend(self, target: &str) -> Result<Suspended> {
        let binding = self.ravi.binding_of(target).await?;
        let account = self.ravi.management("suspending a workspace").await?;
        let silent = |_| {};
        let done = workspace::suspend(self.ravi.context(&account, &silent), &binding).await;
        if let Err(error) = &done {
            self.ravi.note_failure(Entry::done(Action::WorkspaceSuspend).workspace(&binding.id).ended(error)).await;
        }
        done
    }

    /// Wakes a suspended workspace: it gets a new key, and anything else that it lacks.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// ravi.workspaces().wake("w1", |step| println!("{step:?}")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Nothing is bound to the target; nobody is signed in; Ravi does not answer.
    pub async fn wake(self, target: &str, progress: impl Fn(Progress) + Send + Sync) -> Result<Provisioned> {
        let binding = self.ravi.binding_of(target).await?;
        let account = self.ravi.waker().await?;
        let done = workspace::wake(self.ravi.context(&account, &progress), &binding).await;
        self.ravi.noted(Entry::done(Action::WorkspaceWake).workspace(&binding.id), done).await
    }

    /// Makes a workspace end after `ttl`: [`reap`](crate::handle::Workspaces::reap) or [`tend`](Ravi::tend) then
    /// suspends or releases it.
    ///
    /// An earlier end stays. Asks Ravi nothing.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::time::Duration;
    ///
    /// use ravi_workspace_core::Ending;
    ///
    /// ravi.workspaces().shorten_life("w1", Duration::from_secs(3600), Ending::Suspend).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Nothing is bound to the target.
    pub async fn shorten_life(self, target: &str, ttl: Duration, ending: Ending) -> Result<()> {
        let binding = self.ravi.binding_of(target).await?;
        let ends = now_ms().saturating_add(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX));
        Ok(self.ravi.inner.ledger.run(move |l| l.set_lifetime(&binding.id, Some(ends), ending, true)).await?)
    }

    /// Wakes the workspace of `binding`, if it is suspended and use may wake it.
    #[doc(hidden)]
    pub async fn wake_on_use(self, binding: &Binding) -> Result<()> {
        if binding.state != State::Suspended {
            return Ok(());
        }
        if !self.ravi.inner.config.wakes_on_use() {
            let refused = Entry::refused(Action::WorkspaceWake, "workspace.suspended").workspace(&binding.id);
            self.ravi.note(refused).await?;
            return Err(WorkspaceError::Suspended { id: binding.id.clone() }.into());
        }
        self.wake(&binding.id, |_| {}).await.map(drop)
    }

    /// Gives the workspace of `binding` a key again, and an identity of its own if that is gone, because Ravi refused
    /// what it had.
    #[doc(hidden)]
    pub async fn heal(self, binding: &Binding) -> Result<()> {
        let account = self.ravi.waker().await?;
        let silent = |_| {};
        let healed = Box::pin(workspace::wake(self.ravi.context(&account, &silent), binding)).await;
        let entry = Entry::done(Action::WorkspaceWake).workspace(&binding.id).because("its key was refused");
        self.ravi.noted(entry, healed.map(drop)).await
    }
}

impl Ravi {
    pub(super) async fn binding_of(&self, target: impl Into<Target<'_>>) -> Result<Binding> {
        let target = target.into();
        let found = workspace::find(&self.inner.ledger, target).await?;
        let binding = found.ok_or_else(|| WorkspaceError::Unbound { target: target.to_string() })?;
        if binding.server != self.inner.server {
            return Err(WorkspaceError::other_server(&binding, &self.inner.server).into());
        }
        Ok(binding)
    }

    /// Returns the key to wake a workspace with. An agent's own environment has its workspace's key, which is revoked;
    /// then the login of this machine is used.
    async fn waker(&self) -> Result<Session<ManagementKey>> {
        match self.management("waking a workspace").await {
            Err(error) if matches!(error.downcast_ref(), Some(AccountError::NeedsManagement { .. })) => {
                let server = self.inner.server.clone();
                let login = self.inner.ledger.run(move |l| l.login(&server)).await?;
                match login.map(|login| login.key) {
                    Some(AnyKey::Management(key)) => Ok(self.inner.client.with(&key)),
                    _ => Err(error),
                }
            }
            other => other,
        }
    }
}
