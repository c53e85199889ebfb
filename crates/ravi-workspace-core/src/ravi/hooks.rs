//! What follows from an orchestrator's hooks.
//!
//! Hooks come in any order, twice, or at once, and may be killed; each one looks at what is there and does what is
//! missing. A worktree is known by its private git dir, never by the orchestrator's name for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use super::Ravi;
use super::follow::run_blocking;
use crate::api::ApiError;
use crate::error::{Error, Result};
use crate::hooks::dmux::{self, Event, PaneInfo};
use crate::hooks::{Did, HookError, HookFile, HookReport};
use crate::launcher;
use crate::ledger::{Binding, Ending};
use crate::machine::clock::now_ms;
use crate::machine::lock::Lock;
use crate::machine::places::{home, real_path};
use crate::workspace::{
    self, Progress, ProvisionRequest, Provisioned, State, WorkspaceError, common_dir_of, dmux_panes, inspect,
};

/// Longest time that a hook may take to set up a workspace; an agent, or git, waits for it.
const SET_UP_LIMIT: Duration = Duration::from_secs(90);
/// Longest time that a hook may take to release one: well under the 30 s after which dmux continues.
const TAKE_DOWN_LIMIT: Duration = Duration::from_secs(12);
/// How long a workspace whose branch was merged keeps its key, unless somebody works in it.
const MERGED_LIFE: Duration = Duration::from_secs(3600);

/// Longest part of a folder's name that a workspace is named after.
const LONGEST_NAME: usize = 100;

/// A workspace that a hook wants.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) path: PathBuf,
    /// The id to use if nothing is bound there yet.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) env_file: Option<PathBuf>,
    pub(super) phone: bool,
}

impl Wish {
    pub(super) fn new(path: &Path, tool: &str, name: &str) -> Wish {
        let unique = Uuid::new_v4().simple().to_string();
        let slug: String = slug::slugify(name).chars().take(LONGEST_NAME).collect();
        let (id, name) = (format!("{tool}-{slug}-{}", &unique[..8]), workspace::as_name(name, LONGEST_NAME));
        Wish { path: path.to_owned(), id, name, env_file: None, phone: false }
    }
}

impl super::handle::Hooks<'_> {
    /// Handles one of dmux's hooks. Fails only if an agent must not start.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::hooks::dmux::{Event, PaneInfo};
    ///
    /// ravi.hooks().dmux(Event::WorktreeCreated, &PaneInfo::from_env(), |_| {}).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// At `worktree_created`: the folder is not a worktree of the repository, or it cannot be set up, in which case
    /// what was begun is undone. Otherwise: the ledger cannot be read or written.
    pub async fn dmux(
        self,
        event: Event,
        pane: &PaneInfo,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<HookReport> {
        match (event, &pane.worktree) {
            (Event::Other, _) => Ok(HookReport::nothing("there is nothing to do for this event")),
            (Event::WorktreeCreated, None) => {
                Err(HookError::Missing { tool: "dmux", what: "DMUX_WORKTREE_PATH" }.into())
            }
            (_, None) => Ok(HookReport::nothing("the pane has no worktree")),
            (Event::WorktreeCreated, Some(path)) => {
                let done = self.ravi.set_up(Wish::new(path, "dmux", &pane.name()), Some(&pane.root), &progress).await?;
                Ok(provisioned(&done))
            }
            (Event::BeforeWorktreeRemove, Some(path)) => self.ravi.take_down(path).await,
            (Event::WorktreeRemoved | Event::PaneClosed, Some(path)) => match path.exists() {
                true => self.ravi.pane_closed(path, pane.pane_id.as_deref()).await,
                false => self.ravi.take_down(path).await,
            },
            (Event::PostMerge, Some(path)) => match self.ravi.bound_at(path).await? {
                Some(binding) => self.ravi.merged(&binding.id).await,
                None => Ok(HookReport::nothing("no workspace is bound there")),
            },
        }
    }

    /// Handles `worktree-create.sh PANE_ID WORKTREE` of Ravi's own guide for dmux.
    ///
    /// The identity is named `agent-pane-<id>`, and `.env` in the worktree gets `AGENT_EMAIL` and `AGENT_PHONE`. If the
    /// account's plan has no phone numbers, the phone is left out.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// let worktree = Path::new("/repo/.dmux/worktrees/payments");
    /// ravi.hooks().guide_worktree_created("%3", worktree, |_| {}).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As `worktree_created` of [`dmux`](crate::handle::Hooks::dmux).
    pub async fn guide_worktree_created(
        self,
        pane: &str,
        worktree: &Path,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<Provisioned> {
        let name = guide_id(pane);
        let wish =
            Wish { id: name.clone(), env_file: Some(".env".into()), phone: true, ..Wish::new(worktree, "", &name) };
        match self.ravi.set_up(wish.clone(), None, &progress).await {
            Err(error) if matches!(error.downcast_ref(), Some(ApiError::PlanNeeded { .. })) => {
                self.ravi.set_up(Wish { phone: false, ..wish }, None, &progress).await
            }
            other => other,
        }
    }

    /// Handles `post-merge.sh PANE_ID` of the same guide.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// ravi.hooks().guide_post_merge("%3").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The ledger cannot be read or written.
    pub async fn guide_post_merge(self, pane: &str) -> Result<HookReport> {
        let id = guide_id(pane);
        let wanted = id.clone();
        match self.ravi.inner.ledger.run(move |l| l.binding(&wanted)).await? {
            Some(_) => self.ravi.merged(&id).await,
            None => Ok(HookReport::nothing("no workspace is bound to the pane")),
        }
    }

    /// Installs dmux's hooks for this user, or only for the project at `project`. An existing hook is called as well.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// println!("{:?}", ravi.hooks().install_dmux(None).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The folder cannot be written; two hooks of the person's are in the way.
    pub async fn install_dmux(self, project: Option<&Path>) -> Result<Vec<HookFile>> {
        let (state_dir, project) = (self.ravi.state_dir(), project.map(Path::to_owned));
        run_blocking(move || {
            let (user, folder, project) = dmux_folders(project.as_deref())?;
            let launcher = launcher::launcher_path(&state_dir)?;
            Ok(dmux::install(&folder, &user, project.as_deref(), &launcher)?)
        })
        .await
    }

    /// Uninstalls them; what was there before is restored byte for byte.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// println!("{:?}", ravi.hooks().uninstall_dmux(None).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The folder cannot be written.
    pub async fn uninstall_dmux(self, project: Option<&Path>) -> Result<Vec<HookFile>> {
        let project = project.map(Path::to_owned);
        run_blocking(move || Ok(dmux::uninstall(&dmux_folders(project.as_deref())?.1)?)).await
    }
}

impl Ravi {
    /// Sets up a linked worktree, under the id that it is already bound to, if any. `root` is a folder of the
    /// repository that it must belong to.
    pub(super) async fn set_up(
        &self,
        wish: Wish,
        root: Option<&Path>,
        progress: &(impl Fn(Progress) + Send + Sync),
    ) -> Result<Provisioned> {
        let (path, root) = (wish.path.clone(), root.map(Path::to_owned));
        let top = run_blocking(move || linked_worktree(&path, root.as_deref())).await?;
        let key = format!("hook/{}", top.display());
        let _lock = Lock::wait(self.inner.ledger.dir(), &key, &wish.id).await?;
        let before = self.bound_at(&top).await?;
        let request = match &before {
            Some(binding) => ProvisionRequest { path: top, ..binding.request.clone() },
            None => ProvisionRequest {
                phone: wish.phone,
                env_file: wish.env_file,
                ..ProvisionRequest::new(top, wish.id, wish.name)
            },
        };
        let id = request.id.clone();
        let done =
            match tokio::time::timeout(SET_UP_LIMIT, Box::pin(self.workspaces().provision(request, progress))).await {
                Ok(done) => done,
                Err(_) => Err(HookError::TooSlow { limit: SET_UP_LIMIT }.into()),
            };
        if done.is_err() && before.is_none() {
            self.roll_back(&id).await;
        }
        done
    }

    /// Releases a workspace that could not be set up. Nobody else would: no orchestrator has a hook for a hook that
    /// failed.
    async fn roll_back(&self, id: &str) {
        let bound = id.to_owned();
        if let Ok(Some(binding)) = self.inner.ledger.run(move |l| l.binding(&bound)).await
            && let Err(error) = self.release_soon(&binding).await
        {
            tracing::debug!(code = error.code(), "a workspace that could not be set up stays noted");
        }
    }

    /// Releases the workspace of a worktree that is about to go, or is gone.
    pub(super) async fn take_down(&self, path: &Path) -> Result<HookReport> {
        match self.bound_at(path).await? {
            Some(binding) => self.release_soon(&binding).await,
            None => Ok(HookReport::nothing("no workspace is bound there")),
        }
    }

    /// Records that the workspace is to be released, and releases it if that can be done in time.
    async fn release_soon(&self, binding: &Binding) -> Result<HookReport> {
        let id = binding.id.clone();
        self.inner.ledger.run(move |l| l.set_lifetime(&id, Some(now_ms()), Ending::Release, false)).await?;
        let message = match tokio::time::timeout(
            TAKE_DOWN_LIMIT,
            Box::pin(self.workspaces().release(&binding.id, false, |_| {})),
        )
        .await
        {
            Ok(Ok(_)) => return Ok(HookReport::of(Did::Released, &binding.id)),
            Ok(Err(error)) if is_unbound(&error) => {
                return Ok(HookReport::of(Did::Nothing, &binding.id));
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it would take too long now".to_owned(),
        };
        Ok(HookReport { message: Some(message), ..HookReport::of(Did::Noted, &binding.id) })
    }

    /// A pane was closed but its worktree still exists: the workspace is suspended, unless another pane has the
    /// worktree.
    async fn pane_closed(&self, path: &Path, pane: Option<&str>) -> Result<HookReport> {
        let Some(binding) = self.bound_at(path).await? else {
            return Ok(HookReport::nothing("no workspace is bound there"));
        };
        let (root, common) = (binding.path.clone(), binding.common_dir.clone());
        let panes = run_blocking(move || Ok(dmux_panes(&root, common.as_deref()).unwrap_or_default())).await?;
        if panes.iter().any(|other| Some(other.id.as_str()) != pane) {
            return Ok(HookReport::nothing("another pane has the worktree"));
        }
        match tokio::time::timeout(TAKE_DOWN_LIMIT, Box::pin(self.workspaces().suspend(&binding.id))).await {
            Ok(Ok(done)) if done.state == State::Suspended => Ok(HookReport::of(Did::Suspended, &binding.id)),
            Ok(Ok(_)) => Ok(HookReport::of(Did::Nothing, &binding.id)),
            Ok(Err(error)) if is_unbound(&error) => Ok(HookReport::of(Did::Nothing, &binding.id)),
            failed => {
                let id = binding.id.clone();
                self.inner.ledger.run(move |l| l.set_lifetime(&id, Some(now_ms()), Ending::Suspend, true)).await?;
                let message = failed.map_or_else(
                    |_| "it would take too long now".into(),
                    |done| match done {
                        Err(error) => error.to_string(),
                        Ok(_) => String::new(),
                    },
                );
                Ok(HookReport { message: Some(message), ..HookReport::of(Did::Noted, &binding.id) })
            }
        }
    }

    /// Shortens the life after a merge: pane, agent and worktree continue, and often stay.
    async fn merged(&self, id: &str) -> Result<HookReport> {
        let wanted = id.to_owned();
        let ends = now_ms() + MERGED_LIFE.as_millis() as i64;
        self.inner.ledger.run(move |l| l.set_lifetime(&wanted, Some(ends), Ending::Suspend, true)).await?;
        Ok(HookReport::of(Did::Shortened, id))
    }

    /// Returns the binding of exactly this worktree, whose folder may be gone. A folder that is no longer a worktree
    /// lies in another one, often the main checkout, and must not be mistaken for that.
    pub(super) async fn bound_at(&self, path: &Path) -> Result<Option<Binding>> {
        let real = real_path(path);
        let found = workspace::find(&self.inner.ledger, real.as_path()).await;
        let found = match found {
            Ok(found) => found.filter(|binding| binding.path == real),
            // It is half removed: what it was is known from the path.
            Err(error) if error.is::<WorkspaceError>() => None,
            Err(e) => return Err(e),
        };
        let found = match found {
            None => {
                let wanted = real.clone();
                let half = self.inner.ledger.run(move |l| l.binding_at(&wanted)).await?;
                half.filter(|_| !real.join(".git").exists())
            }
            found => found,
        };
        Ok(found.filter(|binding| binding.server == self.inner.server))
    }
}

/// Returns the name that Ravi's guide for dmux gives to the workspace of a pane.
fn guide_id(pane: &str) -> String {
    workspace::as_id(&format!("agent-pane-{pane}"))
}

/// Returns the top of the linked worktree that `path` is. What a hook is told proves nothing: git must know the folder
/// as a worktree of the repository at `root`, and it must not be a person's own checkout.
fn linked_worktree(path: &Path, root: Option<&Path>) -> Result<PathBuf> {
    let not = || HookError::NotAWorktree { path: path.to_owned() };
    let place = inspect(path)?;
    let git = place.git.ok_or_else(not)?;
    if git.git_dir == git.common_dir || place.root != real_path(path) {
        return Err(not().into());
    }
    match root.map(common_dir_of).transpose()? {
        Some(common) if common.as_ref() != Some(&git.common_dir) => Err(not().into()),
        _ => Ok(place.root),
    }
}

pub(super) fn provisioned(done: &Provisioned) -> HookReport {
    HookReport { email: Some(done.identity.email.clone()), ..HookReport::of(Did::Provisioned, &done.id) }
}

pub(super) async fn on_files<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HookError> + Send + 'static,
) -> Result<T> {
    run_blocking(move || Ok(work()?)).await
}

/// Returns the user's hook folder, the one to work in, and the project.
fn dmux_folders(project: Option<&Path>) -> Result<(PathBuf, PathBuf, Option<PathBuf>)> {
    let user = home()?.join(".dmux/hooks");
    let Some(project) = project else { return Ok((user.clone(), user, None)) };
    let root = inspect(project)?.root;
    Ok((user, root.join(".dmux/hooks"), Some(root)))
}

fn is_unbound(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(WorkspaceError::Unbound { .. }))
}
