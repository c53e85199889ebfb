//! What every job of this room needs, and how it reports its progress.

use std::sync::{Mutex, PoisonError};

use crate::account::{Host, HostSearch};
use crate::api::{ManagementKey, Session};
use crate::audit::Entry;
use crate::config::GithubConfig;
use crate::config::{Config, KeyInTree};
use crate::error::{Error, ErrorBody, Result};
use crate::ledger::{Chosen, Ledger};
use crate::machine::clock::now_ms;
use crate::policy::Gate;

use super::error::WorkspaceError;
use super::listing::Listing;
use super::told::Told;
use crate::model::workspace::{Progress, Step, StepState};

/// Called with each step while a job runs.
pub(crate) type Listener<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// Everything that one job works with.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) account: &'a Session<ManagementKey>,
    pub(crate) server: &'a str,
    pub(crate) config: &'a Config,
    pub(crate) github: &'a GithubConfig,
    pub(crate) listing: &'a Listing,
    pub(crate) listener: Listener<'a>,
    /// Gets the same steps, for anybody who watches.
    pub(crate) told: &'a Told,
    /// Where a job leaves warnings for people.
    pub(crate) warnings: Option<&'a Warnings>,
}

/// Warnings about a job that was done all the same.
#[derive(Debug, Default)]
pub(crate) struct Warnings(Mutex<Vec<ErrorBody>>);

impl Warnings {
    pub(crate) fn take(&self) -> Vec<ErrorBody> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Context<'_> {
    /// How to look for the host identity.
    pub(crate) fn host_search(&self) -> HostSearch<'_> {
        HostSearch { ledger: self.ledger, server: self.server, wanted: self.config.host_wanted() }
    }

    /// Returns the host identity, or why it cannot be told which one it is.
    ///
    /// Callers that ask at about the same time share one list.
    pub(crate) async fn find_host(&self) -> Result<Host> {
        match self.host_search().known().await? {
            Some(known) => Ok(Host::Known(known)),
            None => self.host_search().settle(&self.listing.of(self.account).await?.all).await,
        }
    }

    /// The rules about what workspaces may be given.
    pub(crate) fn gate(&self) -> Gate<'_> {
        Gate { ledger: self.ledger, ours: self.config.secret_policy.as_deref().unwrap_or_default() }
    }

    /// Returns the choices for workspace `id`: what is configured now, else what was chosen before.
    pub(crate) async fn chosen(&self, id: &str) -> Result<Chosen> {
        let id = id.to_owned();
        let kept = self.ledger.run(move |l| l.chosen(&id)).await?;
        Ok(kept.or_said_by(self.config))
    }

    /// Whether the workspace's key belongs in its folder.
    pub(crate) async fn key_in_tree(&self, id: &str) -> Result<bool> {
        Ok(self.chosen(id).await?.key_in_tree.unwrap_or_default() == KeyInTree::Always)
    }

    fn tell(&self, id: &str, step: Step, state: StepState) {
        let progress = Progress { id: id.to_owned(), step, state, at_ms: now_ms() };
        self.told.tell(self.ledger.dir(), &progress);
        (self.listener)(progress);
    }

    /// Runs one step and reports its beginning and its end.
    pub(crate) async fn step<T>(&self, id: &str, step: Step, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.tell(id, step, StepState::Started);
        let done = work.await;
        self.tell(id, step, if done.is_ok() { StepState::Done } else { StepState::Failed });
        done
    }

    /// Records a warning for people.
    pub(crate) fn warn(&self, warning: impl Into<Error>) {
        let warning = warning.into();
        tracing::debug!(code = warning.code(), "{warning}");
        if let Some(warnings) = self.warnings {
            warnings.0.lock().unwrap_or_else(PoisonError::into_inner).push(warning.body());
        }
    }

    /// Writes an entry into the audit trail.
    pub(crate) async fn note(&self, entry: Entry) -> Result<()> {
        Ok(self.ledger.run(move |l| l.note(entry)).await?)
    }

    /// Reports a step that this workspace does not need.
    pub(crate) fn skip(&self, id: &str, step: Step) {
        self.tell(id, step, StepState::Skipped);
    }
}

/// Runs blocking work (git, files) on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WorkspaceError> + Send + 'static,
) -> Result<T, WorkspaceError> {
    crate::machine::blocking::blocking(work).await.unwrap_or(Err(WorkspaceError::Stopped))
}
