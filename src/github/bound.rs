//! A workspace that git or gh was called in, and whose login is to be used there.

use super::error::GithubError;
use super::plan::Plan;
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::helper;
use crate::ledger::{Binding, Ledger};
use crate::workspace::{GithubSource, State};

/// A workspace with what was decided for it.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) workspace: helper::Bound,
    pub(super) plan: Plan,
}

impl Bound {
    /// The workspace with its plan; one that is not set up, or is being taken down, has none.
    pub(super) fn new(workspace: helper::Bound) -> Result<Bound> {
        helper::follow(workspace.ledger.dir());
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

    /// Wakes it where it sleeps and has a login of its own. Blocks.
    pub(super) fn wake(&self, caller: &helper::Caller) -> Result<()> {
        match self.plan.source {
            GithubSource::Inherited => Ok(()),
            _ => caller.wake(&self.workspace),
        }
    }

    /// Notes that the workspace's login was used, or why it was not. What cannot be noted is not given out.
    pub(super) fn noted<T>(&self, action: Action, result: Result<Option<T>>) -> Result<Option<T>> {
        let entry = Entry::done(action).workspace(&self.binding().id);
        let entry = self.plan.token.iter().fold(entry, |entry, at| entry.object(at.secret.as_str()));
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
