//! What becomes of workspaces, whoever causes it: this handle, another one of this process, or another process on the
//! same ledger, such as a daemon or the command line.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::Ravi;
use super::follow::run_blocking;
use crate::error::Result;
use crate::workspace::{self, Progress, State, WorkspaceChange, WorkspaceSummary};

/// How often to check whether another process has changed something.
const EVERY: Duration = Duration::from_secs(1);
/// The same, while one of them is running a job.
const OFTEN: Duration = Duration::from_millis(200);
/// Changes come in bursts; this is how long a burst lasts.
const BURST: Duration = Duration::from_millis(20);

/// What a watcher is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkspaceEvent {
    /// A workspace is new, has changed, or is gone.
    Changed(Box<WorkspaceChange>),
    /// A step of a job that is running on one.
    Progress(Progress),
}

/// Watches the workspaces of a ledger; see [`ravi.workspaces().watch`](crate::handle::Workspaces::watch).
#[derive(Debug)]
pub struct WorkspaceWatch {
    ravi: Ravi,
    /// The workspaces as they were last seen; `None`: they could not be read.
    known: Option<HashMap<String, WorkspaceSummary>>,
    changes: watch::Receiver<u64>,
    /// Whether something has changed since they were last seen.
    stale: bool,
    steps: broadcast::Receiver<Progress>,
    foreign: Option<i64>,
    foreign_steps: HashMap<String, Progress>,
    events: VecDeque<WorkspaceEvent>,
    next_look: Instant,
}

impl super::handle::Workspaces<'_> {
    /// Watches all workspaces of this ledger from now on: each change and each step, whoever makes it.
    ///
    /// What another process does is noticed within about a second. This thread waits for one read of the ledger; Ravi
    /// is not asked.
    ///
    /// ```no_run
    /// # async fn example(ravi: ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let mut watch = ravi.workspaces().watch();
    /// loop {
    ///     println!("{:?}", watch.next().await?);
    /// }
    /// # }
    /// ```
    pub fn watch(self) -> WorkspaceWatch {
        let ledger = &self.ravi.inner.ledger;
        // Listen before looking, so that nothing in between is missed.
        let (changes, steps, foreign) =
            (ledger.changes(), self.ravi.inner.told.listen(), ledger.foreign_version().ok());
        let known = workspace::summaries_now(ledger).ok().map(by_id);
        WorkspaceWatch {
            ravi: self.ravi.clone(),
            known,
            changes,
            stale: false,
            steps,
            foreign,
            foreign_steps: HashMap::new(),
            events: VecDeque::new(),
            next_look: Instant::now() + EVERY,
        }
    }
}

impl WorkspaceWatch {
    /// Waits for the next event. The call may be dropped while it waits; nothing is lost.
    ///
    /// # Errors
    /// The ledger cannot be read; the next call tries again.
    pub async fn next(&mut self) -> Result<WorkspaceEvent> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            if self.stale {
                sleep(BURST).await;
                self.changes.mark_unchanged();
                self.compare().await?;
                continue;
            }
            tokio::select! {
                biased;
                step = self.steps.recv() => match step {
                    Ok(step) => return Ok(WorkspaceEvent::Progress(step)),
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    // This watch holds the handle, so its channel is open.
                    Err(broadcast::error::RecvError::Closed) => sleep(EVERY).await,
                },
                _ = self.changes.changed() => self.stale = true,
                () = sleep_until(self.next_look) => self.look_at_others().await?,
            }
        }
    }

    /// Looks at what other processes have done.
    async fn look_at_others(&mut self) -> Result<()> {
        let dir = self.ravi.state_dir();
        let steps = run_blocking(move || Ok(workspace::foreign(&dir))).await?;
        self.next_look = Instant::now() + if steps.is_empty() { EVERY } else { OFTEN };
        for step in &steps {
            if self.foreign_steps.get(&step.id) != Some(step) {
                self.events.push_back(WorkspaceEvent::Progress(step.clone()));
            }
        }
        self.foreign_steps = steps.into_iter().map(|step| (step.id.clone(), step)).collect();
        let version = self.ravi.inner.ledger.run(|l| l.foreign_version()).await?;
        self.stale |= self.foreign.replace(version) != Some(version);
        Ok(())
    }

    /// Reports what has changed.
    async fn compare(&mut self) -> Result<()> {
        let now = by_id(self.ravi.workspaces().list().await?);
        self.stale = false;
        let Some(before) = self.known.replace(now) else { return Ok(()) };
        let now = self.known.iter().flatten();
        let changed = now.filter(|(id, one)| before.get(*id) != Some(one));
        let changed: Vec<_> = changed.map(|(id, one)| (id.clone(), Some(one.clone()))).collect();
        let is_gone = |id: &String| self.known.as_ref().is_none_or(|known| !known.contains_key(id));
        let gone: Vec<_> = before.into_keys().filter(is_gone).map(|id| (id, None)).collect();
        for (id, workspace) in changed.into_iter().chain(gone) {
            // Its next step comes soon.
            if workspace.as_ref().is_some_and(|one| matches!(one.state, State::Provisioning | State::Releasing)) {
                self.next_look = self.next_look.min(Instant::now() + OFTEN);
            }
            self.events.push_back(WorkspaceEvent::Changed(Box::new(WorkspaceChange { id, workspace })));
        }
        Ok(())
    }
}

fn by_id(all: Vec<WorkspaceSummary>) -> HashMap<String, WorkspaceSummary> {
    all.into_iter().map(|one| (one.id.clone(), one)).collect()
}
