//! Hooks of git, Claude Code and Jean.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Ravi;
use super::hooks::{Wish, on_files, provisioned, run_blocking};
use crate::error::Result;
use crate::hooks::claude::Payload;
use crate::hooks::{Did, HookError, HookFile, HookReport, Script};
use crate::workspace::{Progress, inspect};

impl Ravi {
    /// git's `post-checkout OLD NEW FLAG`, run in `folder`: a linked worktree whose first checkout this is, is set up.
    /// Every other checkout is none of our business.
    ///
    /// # Errors
    /// The worktree cannot be set up.
    pub async fn hook_git_post_checkout(
        &self,
        folder: &Path,
        arguments: &[String],
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<HookReport> {
        let first = arguments.first().is_some_and(|old| !old.is_empty() && old.bytes().all(|b| b == b'0'));
        if !first || arguments.get(2).is_none_or(|flag| flag != "1") {
            return Ok(HookReport::nothing("this is no first checkout"));
        }
        let at = folder.to_owned();
        let place = run_blocking(move || Ok(inspect(&at)?)).await?;
        match place.git {
            Some(git) if git.git_dir != git.common_dir => {
                let wish = Wish::new(&place.root, "git", &folder_name(&place.root));
                Ok(provisioned(&self.set_up(wish, None, &progress).await?))
            }
            _ => Ok(HookReport::nothing("this is no linked worktree")),
        }
    }

    /// Installs the hook in the repository that `path` lies in, where git looks for hooks. One that is there is called as
    /// well.
    ///
    /// # Errors
    /// `core.hooksPath` is relative; the folder cannot be written; two hooks of the person's are in the way.
    pub async fn install_git_hook(&self, path: &Path) -> Result<HookFile> {
        let path = path.to_owned();
        on_files(move || git_hook(&path)?.install()).await
    }

    /// Takes it out again; what was there before comes back byte for byte.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub async fn uninstall_git_hook(&self, path: &Path) -> Result<HookFile> {
        let path = path.to_owned();
        on_files(move || Script::uninstall(&git_hook(&path)?.path)).await
    }

    /// Claude Code's `WorktreeCreate`: makes the worktree, sets it up, and answers its path. A worktree that cannot be set
    /// up is removed again.
    ///
    /// # Errors
    /// The name is none; git cannot make the worktree; it cannot be set up.
    pub async fn claude_worktree_create(
        &self,
        payload: &Payload,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<PathBuf> {
        let (name, cwd) = (payload.safe_name()?.to_owned(), payload.cwd.clone());
        let known = name.clone();
        let (path, made) = run_blocking(move || Ok(make_worktree(&cwd, &known)?)).await?;
        let done = self.set_up(Wish::new(&path, "claude", &name), Some(&payload.cwd), &progress).await;
        match done {
            Ok(done) => Ok(done.path),
            Err(error) => {
                if made {
                    let cwd = payload.cwd.clone();
                    // It is empty yet; what cannot be removed now is left to the person.
                    let _ = run_blocking(move || Ok(remove_worktree(&cwd, &path, Some(&name))?)).await;
                }
                Err(error)
            }
        }
    }

    /// Claude Code's `WorktreeRemove`: takes the workspace down and removes the worktree, as Claude Code does not.
    ///
    /// # Errors
    /// git does not remove the worktree, such as one with changes.
    pub async fn claude_worktree_remove(&self, payload: &Payload) -> Result<HookReport> {
        let missing = HookError::Missing { tool: "Claude Code", what: "worktree_path" };
        let path = payload.worktree_path.clone().ok_or(missing)?;
        let report = self.take_down(&path).await?;
        if path.exists() {
            run_blocking(move || Ok(remove_worktree(&path, &path, None)?)).await?;
        }
        Ok(report)
    }

    /// Claude Code's `SessionStart`: a workspace that sleeps wakes. Answers what a shell of the session may read, where
    /// the folder is a workspace's.
    ///
    /// # Errors
    /// It cannot be woken.
    pub async fn claude_session_start(&self, payload: &Payload) -> Result<Option<crate::Environment>> {
        match self.open_workspace(&payload.cwd).await {
            Ok(workspace) => Ok(Some(workspace.environment())),
            Err(error) if error.code() == "workspace.unbound" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Jean's `setup`, in its worktree.
    ///
    /// # Errors
    /// It is no worktree; it cannot be set up.
    pub async fn jean_setup(&self, path: &Path, progress: impl Fn(Progress) + Send + Sync) -> Result<HookReport> {
        let wish = Wish::new(path, "jean", &folder_name(path));
        Ok(provisioned(&self.set_up(wish, None, &progress).await?))
    }

    /// Jean's `teardown`. Never keeps Jean from deleting: what cannot be done now is written down.
    ///
    /// # Errors
    /// The ledger cannot be read or written.
    pub async fn jean_teardown(&self, path: &Path) -> Result<HookReport> {
        let report = self.take_down(path).await?;
        Ok(match report.did {
            Did::Noted => report,
            _ => HookReport { message: None, ..report },
        })
    }
}

fn folder_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "worktree".into(), |name| name.to_string_lossy().into_owned())
}

/// The hook file where git looks for it. A relative `core.hooksPath` is looked up in each worktree (git-config(1)), where
/// a file would have to be committed.
fn git_hook(path: &Path) -> Result<Script, HookError> {
    let set = git(path, "read core.hooksPath", &["config", "--get", "core.hooksPath"]).unwrap_or_default();
    if !set.is_empty() && !set.starts_with(['/', '~', '%']) {
        return Err(HookError::HooksPath { path: set.into() });
    }
    let arguments = ["rev-parse", "--path-format=absolute", "--git-path", "hooks/post-checkout"];
    let file = PathBuf::from(git(path, "find its hooks", &arguments)?);
    let call = format!("{} hook git post-checkout \"$@\"", crate::hooks::program());
    Ok(Script { path: file, call, instead_of: None })
}

/// Makes `.claude/worktrees/NAME` on the branch `worktree-NAME`, as Claude Code itself does; `false` when it was there.
fn make_worktree(cwd: &Path, name: &str) -> Result<(PathBuf, bool), HookError> {
    let common = git(cwd, "find the repository", &["rev-parse", "--path-format=absolute", "--git-common-dir"])?;
    let root = Path::new(&common).parent().unwrap_or(cwd).to_owned();
    let path = root.join(".claude/worktrees").join(name);
    if path.join(".git").exists() {
        return Ok((path, false));
    }
    let text = path.to_string_lossy().into_owned();
    let branch = format!("worktree-{name}");
    let known = git(cwd, "look for the branch", &["rev-parse", "--verify", "--quiet", &format!("refs/heads/{branch}")]);
    match known {
        Ok(_) => git(cwd, "make the worktree", &["worktree", "add", "--quiet", &text, &branch])?,
        Err(_) => git(cwd, "make the worktree", &["worktree", "add", "--quiet", "-b", &branch, &text])?,
    };
    Ok((path, true))
}

fn remove_worktree(cwd: &Path, path: &Path, branch: Option<&str>) -> Result<(), HookError> {
    let common = git(cwd, "find the repository", &["rev-parse", "--path-format=absolute", "--git-common-dir"])?;
    let root = Path::new(&common).parent().unwrap_or(cwd).to_owned();
    git(&root, "remove the worktree", &["worktree", "remove", &path.to_string_lossy()])?;
    if let Some(name) = branch {
        // Only a branch that has nothing of its own goes.
        let _ = git(&root, "remove the branch", &["branch", "--quiet", "-d", &format!("worktree-{name}")]);
    }
    Ok(())
}

fn git(folder: &Path, doing: &'static str, arguments: &[&str]) -> Result<String, HookError> {
    let fail = |message: String| HookError::Git { doing, message };
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    // A hook of git's has its repository in the environment; the folder is what counts.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"] {
        command.env_remove(name);
    }
    let output = command.output().map_err(|e| fail(e.to_string()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(fail(text.lines().next().unwrap_or("it says nothing").to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
