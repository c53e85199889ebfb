//! dmux: its events, what it tells its hooks, and where its hooks are.
//!
//! Read from dmux 5.7.1. Hooks get no arguments; everything comes through the environment, and the current folder is
//! the root of the project. `DMUX_ROOT` may be another dmux's, so it is ignored. A pane's id is neither lasting nor
//! unique, so it only tells panes apart. Everything that dmux says is checked with git.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::HookError;
use super::script::{self, HookFile, HookFileState, Script};
use crate::machine::files;
use crate::machine::os::is_executable;
use crate::machine::places;

/// First version whose `worktree_created` holds the agent back until the hook is done.
pub const OLDEST: (u32, u32) = (5, 7);

/// The events that we hook.
pub(crate) const HOOKED: [&str; 5] =
    ["worktree_created", "before_worktree_remove", "worktree_removed", "pane_closed", "post_merge"];

/// Other events of dmux, which need nothing.
const OTHERS: [&str; 6] =
    ["before_pane_create", "pane_created", "before_pane_close", "pre_merge", "run_test", "run_dev"];

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A worktree was made; the agent waits.
    WorktreeCreated,
    /// A worktree is about to be removed; dmux waits for up to 30 s.
    BeforeWorktreeRemove,
    /// dmux tried to remove a worktree.
    WorktreeRemoved,
    /// A pane was closed; its worktree may be kept, and may have other panes.
    PaneClosed,
    /// A worktree's branch was merged; pane, agent and worktree continue.
    PostMerge,
    /// Any other event.
    Other,
}

impl Event {
    /// Returns the event of this name.
    ///
    /// # Errors
    /// dmux has no such event (`hook.event`).
    pub fn parse(name: &str) -> Result<Event, HookError> {
        Ok(match name {
            "worktree_created" => Event::WorktreeCreated,
            "before_worktree_remove" => Event::BeforeWorktreeRemove,
            "worktree_removed" => Event::WorktreeRemoved,
            "pane_closed" => Event::PaneClosed,
            "post_merge" => Event::PostMerge,
            other if OTHERS.contains(&other) => Event::Other,
            other => return Err(HookError::Event { tool: "dmux", event: other.to_owned() }),
        })
    }
}

/// What dmux says about the pane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaneInfo {
    /// The folder that the hook runs in.
    pub root: PathBuf,
    /// dmux's id of the pane.
    pub pane_id: Option<String>,
    /// The worktree's short name.
    pub slug: Option<String>,
    /// The worktree.
    pub worktree: Option<PathBuf>,
    /// What a line on standard output must begin with to be shown as status.
    pub status_prefix: Option<String>,
}

impl PaneInfo {
    /// Reads the current folder and the environment, but not the prompt in it.
    pub fn from_env() -> PaneInfo {
        let var = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let progress = var("DMUX_PROGRESS").is_some_and(|text| text == "1");
        PaneInfo {
            root: std::env::current_dir().unwrap_or_default(),
            pane_id: var("DMUX_PANE_ID"),
            slug: var("DMUX_SLUG"),
            worktree: var("DMUX_WORKTREE_PATH").map(PathBuf::from),
            status_prefix: progress.then(|| var("DMUX_STATUS_PREFIX").unwrap_or_else(|| "DMUX_STATUS:".into())),
        }
    }

    /// Returns what people call the pane: the worktree's short name.
    pub(crate) fn name(&self) -> String {
        let folder = || Some(self.worktree.as_ref()?.file_name()?.to_string_lossy().into_owned());
        self.slug.clone().or_else(folder).unwrap_or_else(|| "pane".into())
    }
}

/// Writes the hook files into `folder`; they call `launcher`. `project`: they also call the user's hooks that they
/// replace.
pub(crate) fn install(
    folder: &Path,
    user: &Path,
    project: Option<&Path>,
    launcher: &Path,
) -> Result<Vec<HookFile>, HookError> {
    places::outside_git_dirs(folder)?;
    let mut done = Vec::with_capacity(HOOKED.len());
    for event in HOOKED {
        let call = script::call(launcher, &format!("hook dmux {event}"));
        let instead_of = (folder != user).then(|| user.join(event));
        let mut file = Script { path: folder.join(event), call, instead_of }.install()?;
        if project.and_then(|root| shadow(root, folder, event)).is_some() {
            file.state = HookFileState::Shadowed;
        }
        done.push(file);
    }
    Ok(done)
}

/// Removes the hook files from `folder`.
pub(crate) fn uninstall(folder: &Path) -> Result<Vec<HookFile>, HookError> {
    HOOKED.iter().map(|event| Script::uninstall(&folder.join(event))).collect()
}

/// Returns the file that dmux runs instead of the one in `folder`: the first executable one in the project's
/// `.dmux-hooks`, its `.dmux/hooks`, or the user's folder.
pub(crate) fn shadow(root: &Path, folder: &Path, event: &str) -> Option<PathBuf> {
    let folders = [root.join(".dmux-hooks"), root.join(".dmux/hooks")];
    let first = folders.into_iter().take_while(|other| other != folder);
    let mut files = first.map(|other| other.join(event));
    files.find(|file| is_executable(file) && !calls_us(file))
}

/// Whether one of the hook files in `folder` is ours.
pub(crate) fn installed(folder: &Path) -> bool {
    HOOKED.iter().any(|event| script::is_ours(&folder.join(event)))
}

/// Whether the file is ours, or one of the person's that calls this program.
fn calls_us(file: &Path) -> bool {
    let bytes = files::read_bounded_following(file, 1024 * 1024).unwrap_or_default();
    String::from_utf8_lossy(&bytes).contains("ravi-workspace hook dmux") || script::is_ours(file)
}

/// Returns the version of the dmux on PATH, from the package that it belongs to.
pub(crate) fn version() -> Option<(u32, u32)> {
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    let path = std::env::var_os("PATH")?;
    let program = std::env::split_paths(&path).map(|dir| dir.join("dmux")).find(|file| is_executable(file))?;
    let real = program.canonicalize().ok()?;
    let manifests = real.ancestors().skip(1).take(4).map(|dir| dir.join("package.json"));
    let read = |file: PathBuf| serde_json::from_slice::<Package>(&files::read_bounded(&file, 1024 * 1024).ok()?).ok();
    let package = manifests.filter_map(read).find(|package| package.name == "dmux")?;
    let mut numbers = package.version.split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_known_by_name_and_typos_are_not() {
        for name in HOOKED {
            assert_ne!(Event::parse(name).unwrap(), Event::Other, "{name}");
        }
        assert_eq!(Event::parse("pre_merge").unwrap(), Event::Other);
        assert!(Event::parse("worktree-created").is_err());
    }
}
