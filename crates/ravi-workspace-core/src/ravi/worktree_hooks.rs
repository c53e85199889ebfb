//! Hooks of git, Claude Code and Jean.

use std::path::{Path, PathBuf};

use super::Ravi;
use super::Workspace;
use super::follow::run_blocking;
use super::hooks::{Wish, on_files, provisioned};
use crate::error::Result;
use crate::git::{self, GitError};
use crate::handover::Environment;
use crate::hooks::claude::{self, Payload};
use crate::hooks::claude_settings::ClaudeHooks;
use crate::hooks::jean::JeanScripts;
use crate::hooks::{
    Did, HookError, HookFile, HookReport, JsonFile, Script, claude_worktree, first_checkout, git_hook_file,
};
use crate::launcher;
use crate::machine::lock::Lock;
use crate::workspace::{Progress, WorkspaceError, common_dir_of, inspect};

impl super::handle::Hooks<'_> {
    /// Handles git's `post-checkout OLD NEW FLAG`, run in `folder`: sets up a linked worktree at its first checkout.
    ///
    /// That may come later than the worktree itself (`--no-checkout`, `--orphan`). Every other checkout is none of our
    /// business.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    /// ravi.hooks().git_post_checkout(Path::new("."), &arguments, |_| {}).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The worktree cannot be set up.
    pub async fn git_post_checkout(
        self,
        folder: &Path,
        arguments: &[String],
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<HookReport> {
        let old = match arguments {
            [old, _, flag, ..] if flag == "1" => old.clone(),
            _ => return Ok(HookReport::nothing("this is not a checkout of a branch")),
        };
        let (at, state_dir) = (folder.to_owned(), self.ravi.state_dir());
        // A hook that an earlier version wrote disappears with that version; but failing to rewrite it is no reason to
        // fail here.
        let renewed = run_blocking(move || renew_git_hook(&at, &state_dir)).await;
        if let Err(error) = renewed {
            tracing::debug!(code = error.code(), "git's hook stays as it is");
        }
        let at = folder.to_owned();
        let place = run_blocking(move || Ok(inspect(&at)?)).await?;
        match place.git {
            Some(git) if git.git_dir != git.common_dir && !first_checkout::is_first(&old, &git.git_dir) => {
                Ok(HookReport::nothing("this is not a first checkout"))
            }
            Some(git) if git.git_dir != git.common_dir => {
                let wish = Wish::new(&place.root, "git", &folder_name(&place.root));
                Ok(provisioned(&self.ravi.set_up(wish, None, &progress).await?))
            }
            _ => Ok(HookReport::nothing("this is not a linked worktree")),
        }
    }

    /// Installs the hook in the repository that `path` lies in, where git looks for hooks. An existing hook is called
    /// as well.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// println!("{:?}", ravi.hooks().install_git(Path::new("/repo")).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `core.hooksPath` is relative; the folder cannot be written; two hooks of the person's are in the way.
    pub async fn install_git(self, path: &Path) -> Result<HookFile> {
        let (state_dir, path) = (self.ravi.state_dir(), path.to_owned());
        run_blocking(move || {
            // The hook would refuse each worktree.
            git::check_version()?;
            Ok(git_hook(&path, &launcher::launcher_path(&state_dir)?)?.install()?)
        })
        .await
    }

    /// Uninstalls it; what was there before is restored byte for byte.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// println!("{:?}", ravi.hooks().uninstall_git(Path::new("/repo")).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The folder cannot be written.
    pub async fn uninstall_git(self, path: &Path) -> Result<HookFile> {
        let path = path.to_owned();
        on_files(move || Script::uninstall(&git_hook_file(&path)?)).await
    }

    /// Installs Claude Code's hooks for this user, or only for the project at `project`, in the file that is not
    /// shared.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// println!("{:?}", ravi.hooks().install_claude(None).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The file is not in the form of Claude Code's settings, or cannot be written.
    pub async fn install_claude(self, project: Option<&Path>) -> Result<HookFile> {
        let (state_dir, project) = (self.ravi.state_dir(), project.map(Path::to_owned));
        run_blocking(move || {
            let hooks = ClaudeHooks::calling(&launcher::launcher_path(&state_dir)?);
            Ok(claude_settings(project.as_deref(), &state_dir)?.install(&hooks)?)
        })
        .await
    }

    /// Uninstalls them; what was there before is restored byte for byte.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// println!("{:?}", ravi.hooks().uninstall_claude(None).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`install_claude`](crate::handle::Hooks::install_claude).
    pub async fn uninstall_claude(self, project: Option<&Path>) -> Result<HookFile> {
        let (state_dir, project) = (self.ravi.state_dir(), project.map(Path::to_owned));
        let hooks = ClaudeHooks::calling(Path::new(""));
        run_blocking(move || Ok(claude_settings(project.as_deref(), &state_dir)?.uninstall(&hooks)?)).await
    }

    /// Adds our commands to the scripts in the `jean.json` of the project at `project`, before those that are there.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// println!("{:?}", ravi.hooks().install_jean(Path::new("/repo")).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The file is not in the form of Jean's, or cannot be written.
    pub async fn install_jean(self, project: &Path) -> Result<HookFile> {
        let (state_dir, project) = (self.ravi.state_dir(), project.to_owned());
        run_blocking(move || Ok(jean_json(&project, &state_dir)?.install(&JeanScripts)?)).await
    }

    /// Removes them; what was there before is restored byte for byte.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// println!("{:?}", ravi.hooks().uninstall_jean(Path::new("/repo")).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`install_jean`](crate::handle::Hooks::install_jean).
    pub async fn uninstall_jean(self, project: &Path) -> Result<HookFile> {
        let (state_dir, project) = (self.ravi.state_dir(), project.to_owned());
        run_blocking(move || Ok(jean_json(&project, &state_dir)?.uninstall(&JeanScripts)?)).await
    }

    /// Handles Claude Code's `WorktreeCreate`: makes the worktree, sets it up, and returns its path.
    ///
    /// A worktree that cannot be set up is removed again.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::hooks::claude::Payload;
    ///
    /// let said = r#"{ "hook_event_name": "WorktreeCreate", "cwd": "/repo", "name": "payments" }"#;
    /// let worktree = ravi.hooks().claude_worktree_create(&Payload::parse(said)?, |_| {}).await?;
    /// println!("{}", worktree.display());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The name is not valid; git cannot make the worktree; it cannot be set up.
    pub async fn claude_worktree_create(
        self,
        payload: &Payload,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<PathBuf> {
        let (name, cwd) = (payload.safe_name()?, payload.cwd.clone());
        let known = name.clone();
        // Hooks of the user and of the project run at once.
        let key = format!("hook/claude/{}/{name}", cwd.display());
        let _lock = Lock::wait(self.ravi.inner.ledger.dir(), &key, &name).await?;
        let make = move || {
            git::check_version()?;
            Ok(claude_worktree::make(&cwd, &known, claude::config_dir().as_deref())?)
        };
        let (path, made) = run_blocking(make).await?;
        let done = self.ravi.set_up(Wish::new(&path, "claude", &name), Some(&payload.cwd), &progress).await;
        match done {
            Ok(done) => Ok(done.path),
            Err(error) => {
                if made {
                    let cwd = payload.cwd.clone();
                    // Nobody has worked in it yet; what cannot be removed now is left to the person.
                    let _ = run_blocking(move || Ok(claude_worktree::unmake(&cwd, &path, &name)?)).await;
                }
                Err(error)
            }
        }
    }

    /// Handles Claude Code's `WorktreeRemove`: removes the worktree, which Claude Code does not, and releases the
    /// workspace.
    ///
    /// A worktree that git does not remove stays a workspace.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::hooks::claude::Payload;
    ///
    /// let said = r#"{ "hook_event_name": "WorktreeRemove", "cwd": "/repo", "worktree_path": "/repo/payments" }"#;
    /// ravi.hooks().claude_worktree_remove(&Payload::parse(said)?).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// git does not remove the worktree, for example because it has changes.
    pub async fn claude_worktree_remove(self, payload: &Payload) -> Result<HookReport> {
        let missing = HookError::Missing { tool: "Claude Code", what: "worktree_path" };
        let path = payload.worktree_path.clone().ok_or(missing)?;
        if path.exists() {
            let path = path.clone();
            run_blocking(move || Ok(claude_worktree::remove(&path)?)).await?;
        }
        self.ravi.take_down(&path).await
    }

    /// Handles Claude Code's `SessionStart`: wakes a suspended workspace, and sets up a worktree that Claude Code made
    /// by itself.
    ///
    /// Returns what a shell of the session should read, if anything.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::hooks::claude::Payload;
    ///
    /// let said = r#"{ "hook_event_name": "SessionStart", "cwd": "/repo/.claude/worktrees/payments" }"#;
    /// if let Some(text) = ravi.hooks().claude_session_start(&Payload::parse(said)?).await? {
    ///     print!("{text}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// It cannot be woken or set up.
    pub async fn claude_session_start(self, payload: &Payload) -> Result<Option<String>> {
        let opened = match self.ravi.workspaces().open(&payload.cwd).await {
            Err(error) if matches!(error.downcast_ref(), Some(WorkspaceError::Unbound { .. })) => {
                self.ravi.claude_own_worktree(&payload.cwd).await?
            }
            // In the repository itself, outside all worktrees.
            Err(error) if matches!(error.downcast_ref(), Some(WorkspaceError::Git(GitError::Bare { .. }))) => None,
            opened => Some(opened?),
        };
        if let Some(workspace) = opened {
            let git_dir = workspace.git_dirs().map(|(own, _)| own);
            return Ok(Some(claude::session_script(git_dir, workspace.environment())));
        }
        // A session outside the workspaces may enter one, or send agents there: `gh` must then be the workspace's.
        // Elsewhere the shim is the real `gh`.
        let at = payload.cwd.clone();
        let in_repository = run_blocking(move || Ok(common_dir_of(&at)?)).await?.is_some();
        let path_prepend = self.ravi.github().shim_dir().ok().filter(|_| in_repository);
        Ok(path_prepend
            .map(|dir| claude::session_script(None, Environment { path_prepend: Some(dir), ..Environment::default() })))
    }

    /// Handles Jean's `setup`, in its worktree.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// ravi.hooks().jean_setup(Path::new("/repo/worktrees/payments"), |_| {}).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// It is not a worktree; it cannot be set up.
    pub async fn jean_setup(self, path: &Path, progress: impl Fn(Progress) + Send + Sync) -> Result<HookReport> {
        let wish = Wish::new(path, "jean", &folder_name(path));
        Ok(provisioned(&self.ravi.set_up(wish, None, &progress).await?))
    }

    /// Handles Jean's `teardown`. Never keeps Jean from deleting: what cannot be done now is recorded for later.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// ravi.hooks().jean_teardown(Path::new("/repo/worktrees/payments")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The ledger cannot be read or written.
    pub async fn jean_teardown(self, path: &Path) -> Result<HookReport> {
        let report = self.ravi.take_down(path).await?;
        Ok(match report.did {
            Did::Noted => report,
            _ => HookReport { message: None, ..report },
        })
    }
}

impl Ravi {
    /// Opens a worktree of Claude Code's own. Without a `WorktreeCreate` hook, Claude Code makes them with git's hooks
    /// off.
    async fn claude_own_worktree(&self, cwd: &Path) -> Result<Option<Workspace>> {
        let at = cwd.to_owned();
        let top = run_blocking(move || Ok(inspect(&at)?.root)).await?;
        let own = top.clone();
        if !run_blocking(move || Ok(claude_worktree::is_one(&own))).await? {
            return Ok(None);
        }
        let wish = Wish::new(&top, "claude", &folder_name(&top));
        self.set_up(wish, None, &|_| {}).await?;
        Ok(Some(self.workspaces().open(&top).await?))
    }
}

fn folder_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "worktree".into(), |name| name.to_string_lossy().into_owned())
}

/// Returns Claude Code's settings file: this user's, or a project's that is not shared.
fn claude_settings(project: Option<&Path>, state_dir: &Path) -> Result<JsonFile> {
    let path = match project {
        Some(project) => inspect(project)?.root.join(".claude/settings.local.json"),
        None => claude::config_dir().ok_or(HookError::NoClaudeFolder)?.join("settings.json"),
    };
    Ok(JsonFile::new(path, state_dir))
}

fn jean_json(project: &Path, state_dir: &Path) -> Result<JsonFile> {
    Ok(JsonFile::new(inspect(project)?.root.join("jean.json"), state_dir))
}

/// Rewrites the hook if an earlier version of this program wrote it.
fn renew_git_hook(folder: &Path, state_dir: &Path) -> Result<()> {
    if crate::hooks::outdated(&git_hook_file(folder)?).is_some() {
        git_hook(folder, &launcher::launcher_path(state_dir)?)?.install()?;
    }
    Ok(())
}

/// Returns the hook. Only a worktree's first checkout is our business. It is recognised by the commit before, or by
/// what a complete `git worktree add` leaves in the private git dir; every other checkout happens without us.
fn git_hook(path: &Path, launcher: &Path) -> Result<Script, HookError> {
    let call = crate::hooks::call(launcher, "hook git post-checkout \"$@\"");
    let call = format!(
        "_ravi_new=; case $1 in *[!0]*) [ -f \"$GIT_DIR/commondir\" ] && [ ! -e \"$GIT_DIR/ORIG_HEAD\" ] && _ravi_new=1 ;; \
         *) _ravi_new=1 ;; esac; [ -z \"$_ravi_new\" ] || {{ {call}; }}"
    );
    Ok(Script { path: git_hook_file(path)?, call, instead_of: None })
}
