//! The steps of jobs, for whoever watches them: in this process by a channel, in others by small files in the ledger's
//! folder, since no table is worth a sync for what is old a moment later.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::broadcast;

use super::model::{Progress, StepState};
use crate::files;

/// Steps that a slow watcher may lag behind.
const BACKLOG: usize = 256;
/// What a process that was killed left is no news after this time.
const OLD: Duration = Duration::from_secs(600);

/// Where the jobs of one handle tell their steps.
#[derive(Debug)]
pub(crate) struct Told {
    steps: broadcast::Sender<Progress>,
}

impl Default for Told {
    fn default() -> Told {
        Told { steps: broadcast::Sender::new(BACKLOG) }
    }
}

impl Told {
    pub(crate) fn listen(&self) -> broadcast::Receiver<Progress> {
        self.steps.subscribe()
    }

    /// Tells one step. That nobody can be told stops no job.
    pub(super) fn tell(&self, state_dir: &Path, progress: &Progress) {
        let _ = self.steps.send(progress.clone());
        // Others look now and then: the beginning of the next step says that the one before is done.
        if progress.state != StepState::Skipped {
            let _ = write(state_dir, progress);
        }
    }
}

/// What the file of a workspace's steps is called: the process that writes it, and the workspace.
fn file(state_dir: &Path, id: &str) -> PathBuf {
    folder(state_dir).join(format!("{}-{}.json", std::process::id(), files::name_for(id)))
}

fn folder(state_dir: &Path) -> PathBuf {
    state_dir.join("progress")
}

fn write(state_dir: &Path, progress: &Progress) -> std::io::Result<()> {
    let path = file(state_dir, &progress.id);
    let text = serde_json::to_vec(progress)?;
    match std::fs::write(&path, &text) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            std::fs::create_dir_all(folder(state_dir))?;
            std::fs::write(&path, &text)
        }
        done => done,
    }
}

/// The job on `id` is over: nothing of it is news any more.
pub(super) fn end(state_dir: &Path, id: &str) {
    let _ = std::fs::remove_file(file(state_dir, id));
}

/// The newest step of each job that other processes have at work.
pub(crate) fn foreign(state_dir: &Path) -> Vec<Progress> {
    let own = format!("{}-", std::process::id());
    let Ok(files) = std::fs::read_dir(folder(state_dir)) else { return Vec::new() };
    let others = files.flatten().filter(|file| !file.file_name().to_string_lossy().starts_with(&own));
    others.filter_map(|file| read(&file.path())).collect()
}

/// Half a file, or none, says nothing.
fn read(path: &Path) -> Option<Progress> {
    let written = path.metadata().and_then(|meta| meta.modified()).ok()?;
    if SystemTime::now().duration_since(written).is_ok_and(|age| age > OLD) {
        let _ = std::fs::remove_file(path);
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
