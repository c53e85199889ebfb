//! A workspace that git or gh was called in, and whose login they should use.

use crate as helper;
use ravi_workspace_core::audit::{Action, Entry};
use ravi_workspace_core::error::Result;
use ravi_workspace_core::internal::github::{GithubError, Plan};
use ravi_workspace_core::internal::launcher;
use ravi_workspace_core::internal::ledger::{Binding, Ledger};
use ravi_workspace_core::internal::workspace::{GithubSource, State};

/// A workspace with what was decided for it.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) workspace: helper::Bound,
    pub(super) plan: Plan,
}

impl Bound {
    /// Pairs the workspace with its plan; one that is not set up, or is being taken down, has none.
    pub(super) fn new(workspace: helper::Bound) -> Result<Bound> {
        launcher::follow(workspace.ledger.dir());
        let binding = &workspace.binding;
        let not_ready = || GithubError::NotReady { id: binding.id.clone() };
        if binding.state == State::Releasing {
            return Err(not_ready().into());
        }
        let plan = workspace.ledger.github_plan(&binding.id)?.ok_or_else(not_ready)?;
        Ok(Bound { workspace, plan })
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.workspace.ledger
    }

    pub(super) fn binding(&self) -> &Binding {
        &self.workspace.binding
    }

    /// Wakes it, if it is suspended and has a login of its own. Blocks.
    pub(super) fn wake(&self, caller: &helper::Caller) -> Result<()> {
        match self.plan.source {
            GithubSource::Inherited => Ok(()),
            _ => caller.wake(&self.workspace),
        }
    }

    /// Notes that the workspace's login was used, or why not. What cannot be noted is not handed out.
    pub(super) fn noted<T>(&self, action: Action, result: Result<Option<T>>) -> Result<Option<T>> {
        let entry = Entry::done(action).workspace(&self.binding().id);
        let entry = entry.object_if(self.plan.token.as_ref().map(|at| at.secret.as_str()));
        let entry = match &result {
            Ok(Some(_)) => entry,
            Ok(None) => entry.because("inherited"),
            Err(error) => entry.ended(error),
        };
        let noted = self.ledger().note(entry);
        let value = result?;
        noted?;
        Ok(value)
    }
}
