//! The steps of jobs, for anybody who watches: within this process by a channel, for others by small files in the
//! ledger's folder. A table would need a sync for something that is out of date a moment later.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::broadcast;

use crate::machine::files;
use crate::model::workspace::{Progress, StepState};

/// How many steps a slow watcher may lag behind.
const BACKLOG: usize = 256;
/// After this time, what a killed process left is no longer news.
const OLD: Duration = Duration::from_secs(600);

/// Where the jobs of one handle report their steps.
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

    /// Reports one step. A job does not stop because nobody can be told.
    pub(super) fn tell(&self, state_dir: &Path, progress: &Progress) {
        let _ = self.steps.send(progress.clone());
        // Others look only now and then: the beginning of a step implies that the one before is done.
        if progress.state != StepState::Skipped {
            let _ = write(state_dir, progress);
        }
    }
}

/// The file of a workspace's steps, named after the process that writes it and the workspace.
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

/// Ends the job on `id`: nothing of it is news any more.
pub(super) fn end(state_dir: &Path, id: &str) {
    let _ = std::fs::remove_file(file(state_dir, id));
}

/// Returns the newest step of each job that other processes are running.
pub(crate) fn foreign(state_dir: &Path) -> Vec<Progress> {
    let own = format!("{}-", std::process::id());
    let Ok(files) = std::fs::read_dir(folder(state_dir)) else { return Vec::new() };
    let others = files.flatten().filter(|file| !file.file_name().to_string_lossy().starts_with(&own));
    others.filter_map(|file| read(&file.path())).collect()
}

/// Reads a step. A missing or half-written file says nothing.
fn read(path: &Path) -> Option<Progress> {
    let written = path.metadata().and_then(|meta| meta.modified()).ok()?;
    if SystemTime::now().duration_since(written).is_ok_and(|age| age > OLD) {
        let _ = std::fs::remove_file(path);
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
