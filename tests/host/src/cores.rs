//! What the app does with workspaces, for its window and its daemon alike.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::process::{gh, git};
use crate::storage::{read_settings, read_workspaces, write_settings, write_workspaces};
use crate::types::{AppSettings, WorkspaceEntry, WorkspaceInfo};

pub(crate) struct Host {
    data_dir: PathBuf,
    entries: Mutex<Vec<WorkspaceEntry>>,
    settings: Mutex<AppSettings>,
}

impl Host {
    pub(crate) fn load(data_dir: &Path) -> Result<Host, String> {
        let entries = read_workspaces(&data_dir.join("workspaces.json"))?;
        let settings = read_settings(&data_dir.join("settings.json"))?;
        Ok(Host { data_dir: data_dir.to_owned(), entries: Mutex::new(entries), settings: Mutex::new(settings) })
    }

    async fn entry(&self, id: &str) -> Result<WorkspaceEntry, String> {
        let entries = self.entries.lock().await;
        entries.iter().find(|entry| entry.id == id).cloned().ok_or_else(|| "workspace not found".to_string())
    }

    async fn change(&self, change: impl FnOnce(&mut Vec<WorkspaceEntry>)) -> Result<(), String> {
        let mut entries = self.entries.lock().await;
        change(&mut entries);
        write_workspaces(&self.data_dir.join("workspaces.json"), &entries)
    }

    pub(crate) async fn list(&self) -> Vec<WorkspaceInfo> {
        self.entries.lock().await.iter().map(info).collect()
    }

    pub(crate) async fn settings(&self) -> AppSettings {
        self.settings.lock().await.clone()
    }

    /// What a window sent back.
    pub(crate) async fn update_settings(&self, new: AppSettings) -> Result<AppSettings, String> {
        write_settings(&self.data_dir.join("settings.json"), &new)?;
        *self.settings.lock().await = new.clone();
        Ok(new)
    }

    /// A folder of the person's.
    pub(crate) async fn add(&self, path: &str) -> Result<WorkspaceInfo, String> {
        let name = Path::new(path).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let entry = new_entry(&name, path, "main", None);
        self.change(|all| all.push(entry.clone())).await?;
        Ok(info(&entry))
    }

    pub(crate) async fn add_worktree(&self, parent: &str, branch: &str, dies: bool) -> Result<WorkspaceInfo, String> {
        let parent = self.entry(parent).await?;
        let repository = PathBuf::from(&parent.path);
        let path = self.data_dir.join("worktrees").join(branch);
        let text = path.to_string_lossy().into_owned();
        git(&repository, &["worktree", "add", "--quiet", "-b", branch, &text]).await?;
        let entry = new_entry(branch, &text, "worktree", Some(parent.id));
        let undo = ["worktree", "remove", "--force", &text];
        let undo = || git(&repository, &undo);
        let added = crate::ravi_core::provision(&entry, undo).await?;
        if dies {
            // As kill -9 does.
            std::process::abort();
        }
        self.change(|all| all.push(entry.clone())).await?;
        added.keep();
        Ok(info(&entry))
    }

    /// A worktree that is there already, as a person adds it by hand, or again after a failure.
    pub(crate) async fn add_folder_of_agent(&self, path: &str) -> Result<WorkspaceInfo, String> {
        let name = Path::new(path).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let entry = new_entry(&name, path, "worktree", None);
        let added = crate::ravi_core::provision(&entry, || async {}).await?;
        self.change(|all| all.push(entry.clone())).await?;
        added.keep();
        Ok(info(&entry))
    }

    pub(crate) async fn add_clone(&self, source: &str, name: &str) -> Result<WorkspaceInfo, String> {
        let source = self.entry(source).await?;
        let path = self.data_dir.join(name);
        let text = path.to_string_lossy().into_owned();
        git(&self.data_dir, &["clone", "--quiet", &source.path, &text]).await?;
        let entry = new_entry(name, &text, "main", None);
        let undo = || tokio::fs::remove_dir_all(&path);
        let added = crate::ravi_core::provision_clone(&entry, undo).await?;
        self.change(|all| all.push(entry.clone())).await?;
        added.keep();
        Ok(info(&entry))
    }

    pub(crate) async fn remove_worktree(&self, id: &str) -> Result<(), String> {
        let entry = self.entry(id).await?;
        let path = PathBuf::from(&entry.path);
        if path.exists() {
            git(&repository_of(&path).await?, &["worktree", "remove", "--force", &entry.path]).await?;
        }
        self.change(|all| all.retain(|one| one.id != id)).await?;
        crate::ravi_core::removed(&entry.id);
        Ok(())
    }

    pub(crate) async fn rename_worktree(&self, id: &str, branch: &str) -> Result<WorkspaceInfo, String> {
        let mut entry = self.entry(id).await?;
        let next = self.data_dir.join("worktrees").join(branch).to_string_lossy().into_owned();
        git(Path::new(&entry.path), &["branch", "-m", branch]).await?;
        let repository = repository_of(Path::new(&entry.path)).await?;
        git(&repository, &["worktree", "move", &entry.path, &next]).await?;
        (entry.name, entry.path) = (branch.to_owned(), next);
        let renamed = entry.clone();
        self.change(|all| all.iter_mut().filter(|one| one.id == id).for_each(|one| *one = renamed.clone())).await?;
        crate::ravi_core::renamed(&entry).await;
        Ok(info(&entry))
    }

    /// What Codex is sent to start a thread.
    pub(crate) async fn thread(&self, id: &str) -> Result<Value, String> {
        let entry = self.entry(id).await?;
        let params = serde_json::json!({ "cwd": entry.path, "approvalPolicy": "on-request" });
        crate::ravi_core::thread_config(id, params).await
    }

    /// The app's own look at a pull request, say.
    pub(crate) async fn gh(&self, id: &str) -> Result<String, String> {
        gh(Path::new(&self.entry(id).await?.path), &["api", "user"]).await
    }
}

async fn repository_of(worktree: &Path) -> Result<PathBuf, String> {
    // Joined here: git before 2.31 has no option for it.
    git(worktree, &["rev-parse", "--git-common-dir"]).await.map(|path| worktree.join(path))
}

fn new_entry(name: &str, path: &str, kind: &str, parent_id: Option<String>) -> WorkspaceEntry {
    let id = Uuid::new_v4().to_string();
    WorkspaceEntry { id, name: name.to_owned(), path: path.to_owned(), kind: kind.to_owned(), parent_id }
}

fn info(entry: &WorkspaceEntry) -> WorkspaceInfo {
    WorkspaceInfo {
        ravi: crate::ravi_core::describe(&entry.id),
        id: entry.id.clone(),
        name: entry.name.clone(),
        path: entry.path.clone(),
    }
}
