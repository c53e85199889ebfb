//! `workspaces.json`, in CodexMonitor's shape, and the worktrees on the disk.
//!
//! Repositories are of the kind `main`; agents work in linked worktrees of them. Identities are not kept here: the plugin
//! has them under the same ids.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tauri::State;
use tauri_plugin_ravi::files::{Mode, write_atomic};
use uuid::Uuid;

use crate::error::{Result, failure};
use crate::git::git;

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    id: Uuid,
    name: String,
    path: PathBuf,
    kind: Kind,
    #[serde(default)]
    parent_id: Option<Uuid>,
    #[serde(default)]
    worktree: Option<Worktree>,
    /// CodexMonitor's own settings; kept as they are.
    #[serde(default)]
    settings: serde_json::Map<String, serde_json::Value>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Main,
    Worktree,
}

#[derive(Clone, Serialize, Deserialize)]
struct Worktree {
    branch: String,
}

/// The latest commit of a worktree.
#[derive(Serialize)]
pub struct Commit {
    subject: String,
    author: String,
    email: String,
}

pub struct Workspaces {
    data: PathBuf,
    entries: Mutex<Vec<Entry>>,
}

impl Workspaces {
    pub fn open(data: &Path) -> std::io::Result<Workspaces> {
        let entries = match std::fs::read(data.join("workspaces.json")) {
            Ok(text) => serde_json::from_slice(&text)?,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Workspaces { data: data.to_owned(), entries: Mutex::new(entries) })
    }

    /// Held while git is working, too, so that there is one change at a time.
    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(&self, entries: &[Entry]) -> Result<()> {
        let failed = |error: &dyn std::fmt::Display| failure("save", error, "Check that the data folder is writable.");
        let text = serde_json::to_vec_pretty(entries).map_err(|error| failed(&error))?;
        write_atomic(&self.data.join("workspaces.json"), &text, Mode::Exact(0o644)).map_err(|error| failed(&error))
    }
}

fn find(entries: &[Entry], id: Uuid) -> Result<&Entry> {
    let hint = "It may have been removed in the meantime.";
    entries.iter().find(|entry| entry.id == id).ok_or_else(|| failure("unknown", "there is no such workspace", hint))
}

#[tauri::command]
pub fn workspace_entries(workspaces: State<'_, Workspaces>) -> Vec<Entry> {
    workspaces.lock().clone()
}

/// Adds a repository.
#[tauri::command(async)]
pub fn add_workspace(workspaces: State<'_, Workspaces>, path: PathBuf) -> Result<Entry> {
    let no_repository = |_| {
        let hint = "Enter the folder of a git repository.";
        failure("no_repository", format!("{} is not a git repository", path.display()), hint)
    };
    let path = PathBuf::from(git(&path, &["rev-parse", "--show-toplevel"]).map_err(no_repository)?);
    let mut entries = workspaces.lock();
    if let Some(known) = entries.iter().find(|entry| entry.path == path) {
        return Ok(known.clone());
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let (kind, settings) = (Kind::Main, serde_json::Map::new());
    let entry = Entry { id: Uuid::new_v4(), name, path, kind, parent_id: None, worktree: None, settings };
    entries.push(entry.clone());
    workspaces.save(&entries)?;
    Ok(entry)
}

/// Makes a linked worktree of a repository, on a new branch or on one that exists.
#[tauri::command(async)]
pub fn add_worktree(workspaces: State<'_, Workspaces>, parent: Uuid, branch: String) -> Result<Entry> {
    let mut entries = workspaces.lock();
    let repository = find(&entries, parent)?.path.clone();
    let name = branch.replace(['/', '\\'], "-");
    let path = workspaces.data.join("worktrees").join(parent.to_string()).join(&name);
    let folder = path.to_string_lossy();
    let exists = git(&repository, &["show-ref", "--verify", "--quiet", &format!("refs/heads/{branch}")]).is_ok();
    let add: &[&str] = if exists { &[&*folder, &branch] } else { &["-b", &branch, &*folder] };
    git(&repository, &[&["worktree", "add", "--quiet"], add].concat())?;
    let (kind, worktree) = (Kind::Worktree, Some(Worktree { branch }));
    let settings = serde_json::Map::new();
    let entry = Entry { id: Uuid::new_v4(), name, path, kind, parent_id: Some(parent), worktree, settings };
    entries.push(entry.clone());
    workspaces.save(&entries)?;
    Ok(entry)
}

/// Removes a worktree from the disk, or a repository from the list; a repository's folder stays.
#[tauri::command(async)]
pub fn remove_workspace(workspaces: State<'_, Workspaces>, id: Uuid) -> Result<()> {
    let mut entries = workspaces.lock();
    let entry = find(&entries, id)?.clone();
    if entries.iter().any(|other| other.parent_id == Some(id)) {
        return Err(failure("has_worktrees", "the repository still has worktrees", "Remove its worktrees first."));
    }
    if entry.kind == Kind::Worktree
        && let Some(parent) = entries.iter().find(|other| Some(other.id) == entry.parent_id)
    {
        if entry.path.exists() {
            git(&parent.path, &["worktree", "remove", "--force", &entry.path.to_string_lossy()])?;
        }
        git(&parent.path, &["worktree", "prune"])?;
    }
    entries.retain(|other| other.id != id);
    workspaces.save(&entries)
}

/// The latest commit; `None` if there is none or git cannot tell.
#[tauri::command(async)]
pub fn last_commit(workspaces: State<'_, Workspaces>, id: Uuid) -> Result<Option<Commit>> {
    let path = find(&workspaces.lock(), id)?.path.clone();
    let Ok(line) = git(&path, &["log", "-1", "--format=%s%x1f%an%x1f%ae"]) else { return Ok(None) };
    let mut parts = line.split('\x1f').map(str::to_owned);
    Ok(match (parts.next(), parts.next(), parts.next()) {
        (Some(subject), Some(author), Some(email)) => Some(Commit { subject, author, email }),
        _ => None,
    })
}
