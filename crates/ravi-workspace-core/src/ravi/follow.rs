//! Following an app that knows nothing of Ravi, by the list of workspaces that it writes.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::Ravi;
use crate::codex_monitor::{self, Entry, FollowOptions, Followed, FollowedBy, Seen};
use crate::error::{Error, Result};
use crate::ledger::{Due, LedgerError};
use crate::machine::blocking::blocking;
use crate::machine::clock::now_ms;
use crate::machine::lock::Lock;
use crate::workspace::{LONGEST_TEXT, ProvisionRequest, WorkspaceError, as_name};

/// How often the list is checked.
const EVERY: Duration = Duration::from_millis(500);
/// Longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What is remembered from one look to the next.
#[derive(Default)]
struct Memory {
    /// The last complete list; an identical one need not be recorded.
    last: Option<Vec<Entry>>,
    /// How often entries failed, and when they are tried again.
    pauses: HashMap<String, (u32, Instant)>,
}

impl super::handle::Workspaces<'_> {
    /// Follows the CodexMonitor whose data folder is `dir`, as long as it is polled.
    ///
    /// It sets up workspaces that appear in the list, follows those that move, and releases those that have been
    /// missing from it for a while. Entries that were there when the list was first followed are left alone, unless the
    /// options say otherwise. One process at a time; others wait until it ends. It may be killed at any time: the next
    /// one finishes what was begun.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// use ravi_workspace_core::codex_monitor::FollowOptions;
    ///
    /// let data = Path::new("/home/me/.local/share/com.dimillian.codexmonitor");
    /// ravi.workspaces().follow_codex_monitor(data, FollowOptions::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `dir` is not a folder; the ledger cannot be read or written. A failure of one workspace is reported and tried
    /// again.
    pub async fn follow_codex_monitor(self, dir: &Path, options: FollowOptions) -> Result<()> {
        let source = source_of(dir).await?;
        let _lock = self.ravi.follow_lock(&source).await?;
        let mut memory = Memory::default();
        loop {
            self.ravi.follow_step(&source, &options, &mut memory).await?;
            sleep(EVERY).await;
        }
    }

    /// Looks at the list once, and does everything that is due.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// use ravi_workspace_core::codex_monitor::FollowOptions;
    ///
    /// let data = Path::new("/home/me/.local/share/com.dimillian.codexmonitor");
    /// ravi.workspaces().follow_codex_monitor_once(data, FollowOptions::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`follow_codex_monitor`](crate::handle::Workspaces::follow_codex_monitor).
    pub async fn follow_codex_monitor_once(self, dir: &Path, options: FollowOptions) -> Result<()> {
        let source = source_of(dir).await?;
        let _lock = self.ravi.follow_lock(&source).await?;
        self.ravi.follow_step(&source, &options, &mut Memory::default()).await
    }
}

impl Ravi {
    async fn follow_lock(&self, source: &str) -> Result<Lock> {
        loop {
            if let Some(lock) = Lock::try_now(self.inner.ledger.dir(), &format!("follow/{source}"))? {
                return Ok(lock);
            }
            sleep(EVERY).await;
        }
    }

    async fn follow_step(&self, source: &str, options: &FollowOptions, memory: &mut Memory) -> Result<()> {
        let (dir, take_over) = (source.to_owned(), options.take_over);
        let known = source.to_owned();
        let seen = run_blocking(move || Ok(codex_monitor::read(Path::new(&dir)))).await?;
        let ledger = &self.inner.ledger;
        let whole = matches!(seen, Seen::Whole(_));
        match seen {
            Seen::Whole(entries) if memory.last.as_ref() == Some(&entries) => {}
            Seen::Whole(entries) => {
                memory.last = Some(entries.clone());
                let left = ledger.run(move |l| l.follow(&known, &entries, take_over)).await?;
                left.into_iter().for_each(|entry| options.tell(told(&entry, FollowedBy::Existing, None)));
            }
            // The app was never started, so whatever comes later is new. A list that vanished says nothing.
            Seen::Absent => ledger.run(move |l| l.follow_from_nothing(&known)).await?,
            Seen::Unclear => return Ok(()),
        }
        let gone_before = now_ms().saturating_sub(options.grace.as_millis() as i64);
        let known = source.to_owned();
        let mut due = ledger.run(move |l| l.follow_due(&known, gone_before)).await?;
        if !whole {
            // An entry is let go only if a complete list no longer has it.
            due.retain(|due| matches!(due, Due::Provision(_)));
        }
        self.follow_up(source, due, options, memory).await
    }

    async fn follow_up(&self, source: &str, due: Vec<Due>, options: &FollowOptions, memory: &mut Memory) -> Result<()> {
        let mut jobs = JoinSet::new();
        for due in due {
            let (ravi, source, id) = (self.clone(), source.to_owned(), due.entry().id.clone());
            let listed = memory.last.iter().flatten().find(|entry| entry.id == id);
            let is_clone = listed.is_some_and(Entry::is_clone);
            if memory.pauses.get(&id).is_some_and(|(_, until)| Instant::now() < *until) {
                continue;
            }
            jobs.spawn(async move {
                let done = ravi.follow_entry(&source, &due, is_clone).await;
                (due, done)
            });
        }
        while let Some(joined) = jobs.join_next().await {
            let Ok((due, done)) = joined else { continue };
            let entry = due.entry();
            match done {
                Ok(did) => {
                    memory.pauses.remove(&entry.id);
                    did.into_iter().for_each(|did| options.tell(told(entry, did, None)));
                }
                Err(error) if error.is::<LedgerError>() => return Err(error),
                Err(error) => {
                    let tries = memory.pauses.get(&entry.id).map_or(0, |(tries, _)| *tries);
                    let pause = (EVERY * 2u32.pow(tries.min(8))).min(LONGEST_PAUSE);
                    memory.pauses.insert(entry.id.clone(), (tries + 1, Instant::now() + pause));
                    options.tell(told(entry, FollowedBy::Failed, Some(&error)));
                }
            }
        }
        Ok(())
    }

    async fn follow_entry(&self, source: &str, due: &Due, is_clone: bool) -> Result<Option<FollowedBy>> {
        let ledger = &self.inner.ledger;
        let (known, id) = (source.to_owned(), due.entry().id.clone());
        match due {
            Due::Provision(entry) => {
                match self.provision_followed(entry, is_clone).await {
                    // A person works there.
                    Err(error) if matches!(error.downcast_ref(), Some(WorkspaceError::MainCheckout { .. })) => {
                        ledger.run(move |l| l.follow_leave(&known, &id)).await?;
                        return Ok(Some(FollowedBy::Main));
                    }
                    done => done?,
                }
                let entry = entry.clone();
                ledger.run(move |l| l.follow_done(&known, &entry)).await?;
                Ok(Some(FollowedBy::Provisioned))
            }
            Due::Release(entry) => {
                match self.workspaces().release(&entry.id, false, |_| {}).await {
                    Ok(_) => {}
                    Err(error) if matches!(error.downcast_ref(), Some(WorkspaceError::Unbound { .. })) => {}
                    Err(error) => return Err(error),
                }
                ledger.run(move |l| l.follow_forget(&known, &id)).await?;
                Ok(Some(FollowedBy::Released))
            }
            Due::Forget(_) => {
                ledger.run(move |l| l.follow_forget(&known, &id)).await?;
                Ok(None)
            }
        }
    }

    /// Sets an entry up as it is now. If it is now in another folder, which is not the old one moved, the old one is
    /// given up.
    async fn provision_followed(&self, entry: &Entry, is_clone: bool) -> Result<()> {
        let id = entry.id.clone();
        let before = self.inner.ledger.run(move |l| l.binding(&id)).await?;
        let name = [&entry.name, &entry.id].into_iter().find(|text| !text.trim().is_empty());
        // A person may name it with a whole sentence, or after a branch.
        let name = name.map(|text| match text.len() > LONGEST_TEXT {
            true => as_name(text, LONGEST_TEXT),
            false => text.clone(),
        });
        let request = match before {
            Some(binding) => ProvisionRequest { path: entry.path.clone(), ..binding.request },
            None => ProvisionRequest::new(&entry.path, &entry.id, name.unwrap_or_default()),
        };
        // The app lists a folder twice if its person adds it twice.
        let request = ProvisionRequest { main: request.main || is_clone, join: true, ..request };
        match self.workspaces().provision(request.clone(), |_| {}).await {
            Err(error) if matches!(error.downcast_ref(), Some(WorkspaceError::IdTaken { .. })) => {
                self.workspaces().release(&entry.id, false, |_| {}).await?;
                self.workspaces().provision(request, |_| {}).await.map(drop)
            }
            other => other.map(drop),
        }
    }
}

fn told(entry: &Entry, did: FollowedBy, error: Option<&Error>) -> Followed {
    Followed { id: entry.id.clone(), path: entry.path.clone(), did, error: error.map(Error::body) }
}

pub(super) async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    blocking(work).await.unwrap_or(Err(WorkspaceError::Stopped.into()))
}

/// Returns the name of a source: the real path of its folder.
async fn source_of(dir: &Path) -> Result<String> {
    let dir = dir.to_owned();
    run_blocking(move || {
        let fail = |reason: String| WorkspaceError::Folder { path: dir.clone(), reason };
        let real = dir.canonicalize().map_err(|e| fail(e.to_string()))?;
        match real.to_str() {
            Some(text) if real.is_dir() => Ok(text.to_owned()),
            _ => Err(fail("it is not a folder with a name in UTF-8".into()).into()),
        }
    })
    .await
}
