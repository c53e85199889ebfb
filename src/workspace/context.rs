//! What every job of this room needs at hand, and how it tells its progress.

use crate::api::{ManagementKey, Session};
use crate::audit::Entry;
use crate::config::Config;
use crate::error::Result;
use crate::github::GithubConfig;
use crate::ledger::{Ledger, now_ms};

use super::error::WorkspaceError;
use super::listing::Listing;
use super::model::{Progress, Step, StepState};

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
}

impl Context<'_> {
    fn tell(&self, id: &str, step: Step, state: StepState) {
        (self.listener)(Progress { id: id.to_owned(), step, state, at_ms: now_ms() });
    }

    /// Runs one step and tells its beginning and end.
    pub(crate) async fn step<T>(&self, id: &str, step: Step, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.tell(id, step, StepState::Started);
        let done = work.await;
        self.tell(id, step, if done.is_ok() { StepState::Done } else { StepState::Failed });
        done
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
