//! Who works in a worktree right now: panes of dmux and tmux, and processes whose current folder is in it.
//!
//! Panes may be killed and orchestrators may end without notice. So this only decides whether a workspace is suspended,
//! from which its next use wakes it; whatever cannot be told counts as in use.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::ledger::Binding;
use crate::machine::files;
use crate::machine::os::works_in;
use crate::machine::process::output_within;

/// Larger than any state file of dmux.
const LIMIT: usize = 16 * 1024 * 1024;

/// Where dmux keeps its list of panes, in the project that it was started in.
const LIST: &str = ".dmux/dmux.config.json";

/// A pane as dmux lists it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pane {
    /// dmux's id of the pane; neither lasting nor unique.
    pub(crate) id: String,
    /// tmux's id of it (`%N`).
    #[serde(default)]
    pane_id: Option<String>,
    #[serde(default)]
    worktree_path: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Session {
    panes: Vec<Pane>,
}

/// Returns the folder of the main checkout, if dmux made the worktree at `path`: it makes them in
/// `<repo>/.dmux/worktrees`.
fn dmux_root<'a>(path: &Path, common_dir: Option<&'a Path>) -> Option<&'a Path> {
    common_dir?.parent().filter(|root| path.starts_with(root.join(".dmux/worktrees")))
}

/// Returns the panes that dmux has for the worktree at `path`; `None` if it has no list, or one that cannot be read
/// now.
///
/// A dmux that shows several projects keeps all of their panes in the list of the project that it was started in.
pub(crate) fn dmux_panes(path: &Path, common_dir: Option<&Path>) -> Option<Vec<Pane>> {
    let own = dmux_root(path, common_dir)?.join(LIST);
    let lists: BTreeSet<PathBuf> = session_lists().into_iter().chain([own]).collect();
    let here = |pane: &Pane| {
        let real = pane.worktree_path.as_deref().and_then(|other| other.canonicalize().ok());
        real.as_deref() == Some(path)
    };
    let mut found: Option<Vec<Pane>> = None;
    for list in lists {
        match std::fs::symlink_metadata(&list) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            _ => found.get_or_insert_default().extend(read(&list)?.into_iter().filter(here)),
        }
    }
    found
}

fn read(list: &Path) -> Option<Vec<Pane>> {
    let bytes = files::read_bounded_following(list, LIMIT).ok()?;
    serde_json::from_slice(&bytes).ok().map(|session: Session| session.panes)
}

/// Returns the lists of the dmux instances that run now: each names its list in its tmux session.
fn session_lists() -> Vec<PathBuf> {
    let text = tmux(&["list-sessions", "-F", "#{@dmux_config_path}"]).unwrap_or_default();
    text.lines().map(PathBuf::from).filter(|path| path.is_absolute()).collect()
}

/// Whether the worktree is dmux's and nobody works in it: its panes are gone or dead.
pub(super) fn left_by_dmux(binding: &Binding) -> bool {
    match dmux_panes(&binding.path, binding.common_dir.as_deref()) {
        None => false,
        Some(panes) => !in_use(&binding.path, &panes),
    }
}

/// Whether somebody works in the workspace's folder.
pub(super) fn is_used(binding: &Binding) -> bool {
    let panes = dmux_panes(&binding.path, binding.common_dir.as_deref()).unwrap_or_default();
    in_use(&binding.path, &panes)
}

fn in_use(path: &Path, panes: &[Pane]) -> bool {
    // A system that does not tell may well have a process there.
    works_in(path).unwrap_or(true) || has_tmux_pane(path, panes)
}

/// Whether a pane is alive: one that dmux names, or one whose current folder is in the worktree. dmux's ids may be
/// stale after a restart of tmux; an id that now means another pane errs on the side of use.
fn has_tmux_pane(path: &Path, panes: &[Pane]) -> bool {
    // Without tmux, or without a server, there are no panes.
    let text = match tmux(&["list-panes", "-a", "-F", "#{pane_id} #{pane_current_path}"]) {
        // A tmux that does not answer may well have the pane.
        Err(e) if e.kind() == io::ErrorKind::TimedOut => return true,
        text => text.unwrap_or_default(),
    };
    text.lines().filter_map(|line| line.split_once(' ')).any(|(id, folder)| {
        panes.iter().any(|pane| pane.pane_id.as_deref() == Some(id)) || Path::new(folder).starts_with(path)
    })
}

fn tmux(args: &[&str]) -> io::Result<String> {
    let output = output_within(Command::new("tmux").args(args), PATIENCE)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// How long tmux may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
