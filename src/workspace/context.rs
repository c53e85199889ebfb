//! What every job of this room needs at hand, and how it tells its progress.

use std::sync::{Mutex, PoisonError};

use crate::account::{Host, HostSearch};
use crate::api::{ManagementKey, Session};
use crate::audit::Entry;
use crate::config::{Config, KeyInTree};
use crate::error::{Error, ErrorBody, Result};
use crate::github::GithubConfig;
use crate::ledger::{Chosen, Ledger, now_ms};
use crate::policy::Gate;

use super::error::WorkspaceError;
use super::listing::Listing;
use super::model::{Progress, Step, StepState};
use super::told::Told;

/// Told each step while a job runs.
pub(crate) type Listener<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// One job's surroundings.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) account: &'a Session<ManagementKey>,
    pub(crate) server: &'a str,
    pub(crate) config: &'a Config,
    pub(crate) github: &'a GithubConfig,
    pub(crate) listing: &'a Listing,
    pub(crate) listener: Listener<'a>,
    /// Told the same, for whoever watches.
    pub(crate) told: &'a Told,
    /// Where a job leaves what a person should know of it.
    pub(crate) warnings: Option<&'a Warnings>,
}

/// What a person should know of a job that was done.
#[derive(Debug, Default)]
pub(crate) struct Warnings(Mutex<Vec<ErrorBody>>);

impl Warnings {
    pub(crate) fn take(&self) -> Vec<ErrorBody> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Context<'_> {
    /// Where the host identity is looked for.
    pub(crate) fn host_search(&self) -> HostSearch<'_> {
        HostSearch { ledger: self.ledger, server: self.server, wanted: self.config.host_wanted() }
    }

    /// The host identity, or why it cannot be told which one it is. All who ask at about the same time share one list.
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

    /// What holds for workspace `id`: what is said now, else what was said before.
    pub(crate) async fn chosen(&self, id: &str) -> Result<Chosen> {
        let id = id.to_owned();
        let kept = self.ledger.run(move |l| l.chosen(&id)).await?;
        Ok(kept.or_said_by(self.config))
    }

    /// Whether the workspace's key is to lie in its folder.
    pub(crate) async fn key_in_tree(&self, id: &str) -> Result<bool> {
        Ok(self.chosen(id).await?.key_in_tree.unwrap_or_default() == KeyInTree::Always)
    }

    fn tell(&self, id: &str, step: Step, state: StepState) {
        let progress = Progress { id: id.to_owned(), step, state, at_ms: now_ms() };
        self.told.tell(self.ledger.dir(), &progress);
        (self.listener)(progress);
    }

    /// Runs one step and tells its beginning and end.
    pub(crate) async fn step<T>(&self, id: &str, step: Step, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.tell(id, step, StepState::Started);
        let done = work.await;
        self.tell(id, step, if done.is_ok() { StepState::Done } else { StepState::Failed });
        done
    }

    /// Says what a person should know.
    pub(crate) fn warn(&self, warning: impl Into<Error>) {
        let warning = warning.into();
        tracing::debug!(code = warning.code(), "{warning}");
        if let Some(warnings) = self.warnings {
            warnings.0.lock().unwrap_or_else(PoisonError::into_inner).push(warning.body());
        }
    }

    /// Notes what was done in the audit trail.
    pub(crate) async fn note(&self, entry: Entry) -> Result<()> {
        Ok(self.ledger.run(move |l| l.note(entry)).await?)
    }

    /// A step that this workspace does not need.
    pub(crate) fn skip(&self, id: &str, step: Step) {
        self.tell(id, step, StepState::Skipped);
    }
}

/// Runs work that blocks (git, files) where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WorkspaceError> + Send + 'static,
) -> Result<T, WorkspaceError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(WorkspaceError::Stopped))
}
