//! [`Ravi`]: the one handle that a caller holds.
//!
//! The plugin, the program and a headless daemon all come in here. The handle owns the ledger, the HTTP client and the
//! caches, and passes each job to the room that does it. It must not know Tauri or the command line.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::account::{Access, Logins, client_options};
use crate::api::{Client, ManagementKey, Session};
use crate::audit::{Action, Entry};
use crate::config::GithubConfig;
use crate::config::{Config, name_of};
use crate::error::{ErrorBody, Result};
use crate::ledger::Trail;
use crate::ledger::{IdentityRow, Ledger};
use crate::machine::blocking::blocking;
use crate::machine::lock::Lock;
use crate::model::target::Target;
use crate::vault::Memory;
use crate::workspace::{
    self, Context, Listing, OwedRevocation, Progress, ProvisionRequest, Provisioned, ReapReport, Released, Told,
    WorkspaceError, WorkspaceSummary,
};

/// How often [`Ravi::tend`] looks for debts that are due.
const TEND_EVERY: Duration = Duration::from_secs(60);
/// It also looks for workspaces that are gone, once in this many rounds.
const REAP_EVERY: u64 = 10;

/// The one handle; cheap to clone, usable from any task of a tokio runtime.
#[derive(Clone)]
pub struct Ravi {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    /// The ledger's name for the Ravi in use.
    server: String,
    /// The address of that Ravi.
    address: String,
    client: Client,
    ledger: Ledger,
    memory: Arc<Memory>,
    host: Mutex<Option<IdentityRow>>,
    /// Warnings about what this handle came across.
    warnings: Arc<std::sync::Mutex<Vec<ErrorBody>>>,
    logins: Logins,
    github: GithubConfig,
    trail: Arc<Trail>,
    listing: Listing,
    told: Arc<Told>,
    /// Whether the app has asked for the path of a shim.
    asked_program: Arc<AtomicBool>,
    #[cfg(feature = "inbox")]
    feeds: Arc<crate::inbox::Feeds>,
}

impl fmt::Debug for Ravi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ravi").field("server", &self.inner.server).field("ledger", &self.inner.ledger).finish()
    }
}

impl super::handle::Workspaces<'_> {
    /// Sets up a workspace, or finishes what an earlier call began.
    ///
    /// `progress` is called with each step. The same call again returns the same, and asks Ravi only whether the
    /// identity and its key are still good, and whether the workspace has got a GitHub token in the meantime.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::ProvisionRequest;
    ///
    /// let request = ProvisionRequest::new("/repo/worktrees/payments", "w1", "payments agent");
    /// let done = ravi.workspaces().provision(request, |step| println!("{step:?}")).await?;
    /// println!("{}", done.identity.email);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The folder, the request or the repository is refused (`workspace.…`); not signed in with a management key; Ravi
    /// refuses or does not answer. What was done stays recorded, and the same call continues from there.
    pub async fn provision(
        self,
        request: ProvisionRequest,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<Provisioned> {
        let (request, _place) = self.ravi.with_id(request).await?;
        let entry = Entry::done(Action::WorkspaceProvision).workspace(&request.id);
        let done = self.ravi.provision_now(request, &progress).await;
        let entry = entry.object_if(done.as_ref().ok().map(|done| &done.identity.uuid));
        self.ravi.noted(entry, done).await
    }

    /// Confirms that the app has stored a workspace made with [`unconfirmed`](ProvisionRequest::unconfirmed): it stays
    /// until it is released.
    ///
    /// Asks Ravi nothing.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// ravi.workspaces().keep("w1").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Nothing is bound to the id (`workspace.unbound`): it was given up in the meantime.
    pub async fn keep(self, id: &str) -> Result<()> {
        match workspace::find(&self.ravi.inner.ledger, id).await? {
            Some(binding) => Ok(self.ravi.inner.ledger.run(move |l| l.confirm(&binding.id)).await?),
            None => Err(WorkspaceError::Unbound { target: id.to_owned() }.into()),
        }
    }

    /// Releases a workspace: undoes what was set in the folder, revokes its key, and frees its identity, or empties and
    /// renames it if `retire` is set.
    ///
    /// `target` is an id or a path. A second call with the id returns what the first one did; to a path nothing is
    /// bound any more.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// ravi.workspaces().release("w1", false, |step| println!("{step:?}")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Nothing is bound to the target (`workspace.unbound`); nobody is signed in. It is no error if Ravi does not
    /// answer: what it could not do is owed and tried again.
    pub async fn release(
        self,
        target: &str,
        retire: bool,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<Released> {
        let released = self.ravi.release_now(target, retire, &progress).await;
        if let Err(error) = &released {
            self.ravi.note_failure(Entry::done(Action::WorkspaceRelease).workspace(target).ended(error)).await;
        }
        released
    }

    /// Releases what nobody else will: workspaces whose worktree is gone, provisions that were never finished, keys
    /// that no workspace has.
    ///
    /// What cannot be seen (a disk that is not mounted) is reported and left alone. With `dry_run` nothing is changed.
    ///
    /// If Ravi does not answer (with `dry_run`, within 5 s), that is no error: the report says in `keys_unseen` that
    /// keys at Ravi were not looked at, and contains the rest.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let plan = ravi.workspaces().reap(true, |_| {}).await?;
    /// println!("{plan:?}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Not signed in with a management key; Ravi refuses the key; the ledger cannot be read.
    pub async fn reap(self, dry_run: bool, progress: impl Fn(Progress) + Send + Sync) -> Result<ReapReport> {
        if !dry_run {
            workspace::heal_all(&self.ravi.inner.ledger).await?;
        }
        let account = self.ravi.management("reaping workspaces").await?;
        workspace::reap(self.ravi.context(&account, &progress), dry_run).await
    }

    /// Returns all workspaces of this ledger, oldest first. Asks Ravi nothing.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// for workspace in ravi.workspaces().list().await? {
    ///     println!("{} {}", workspace.id, workspace.path.display());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn list(self) -> Result<Vec<WorkspaceSummary>> {
        workspace::summaries(&self.ravi.inner.ledger).await
    }

    /// Returns revocations that Ravi has not carried out yet, oldest first. Asks Ravi nothing.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// println!("{} revocations are owed", ravi.workspaces().owed().await?.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn owed(self) -> Result<Vec<OwedRevocation>> {
        let (identities, keys) = self.ravi.inner.ledger.run(|l| Ok((l.owed()?, l.owed_keys(None)?))).await?;
        let mut owed: Vec<OwedRevocation> = identities.into_iter().map(Into::into).collect();
        owed.extend(keys.into_iter().map(OwedRevocation::from));
        owed.sort_by_key(|owed| owed.since_ms);
        Ok(owed)
    }

    /// Returns the workspace that `target` means: by its id, or by a path in its worktree or former folder. Asks Ravi
    /// nothing.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// let workspace = ravi.workspaces().get(Path::new("/repo/worktrees/payments/src")).await?;
    /// println!("{}", workspace.id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Nothing is bound to it (`workspace.unbound`).
    pub async fn get(self, target: impl Into<Target<'_>>) -> Result<WorkspaceSummary> {
        let target = target.into();
        match workspace::find(&self.ravi.inner.ledger, target).await? {
            Some(binding) => workspace::summary(&self.ravi.inner.ledger, binding).await,
            None => Err(WorkspaceError::Unbound { target: target.to_string() }.into()),
        }
    }

    /// Returns the folder that [`provision`](crate::handle::Workspaces::provision) at `path` would bind: the top of the
    /// worktree around it, or the folder itself outside any repository.
    ///
    /// The path is a real path. Asks Ravi nothing.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// let top = ravi.workspaces().top_of(Path::new("/repo/worktrees/payments/src")).await?;
    /// println!("{}", top.display());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// It is not a folder that can be bound (`workspace.folder`, `workspace.bare` and so on).
    pub async fn top_of(self, path: &Path) -> Result<PathBuf> {
        let path = path.to_owned();
        follow::run_blocking(move || Ok(workspace::inspect(&path)?.root)).await
    }

    /// Returns the workspace that an id means, for callers that cannot wait: one read of the ledger.
    ///
    /// `None`: nothing is bound to it.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// if let Some(workspace) = ravi.workspaces().get_now("w1")? {
    ///     println!("{}", workspace.path.display());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn get_now(self, id: &str) -> Result<Option<WorkspaceSummary>> {
        Ok(workspace::summary_now(&self.ravi.inner.ledger, id)?)
    }

    /// Whether an id was a workspace's that has been released: an app that still has it should not let agents work
    /// there.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// if ravi.workspaces().is_released("w1").await? {
    ///     println!("no agent should work there any more");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn is_released(self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        let known =
            move |l: &Ledger| Ok((l.binding(&id)?.is_none() && l.held(&id)?.is_none()) && l.tombstone(&id)?.is_some());
        Ok(self.ravi.inner.ledger.run(known).await?)
    }
}

impl Ravi {
    /// Opens the ledger named by `config`. Quick, without network or keychain.
    ///
    /// It does not look at [`start`](Config::start): a program that may be off until a person switches it on opens the
    /// handle with [`Power`](crate::Power).
    ///
    /// # Errors
    /// The API address is not one that keys may be sent to, or the ledger cannot be opened.
    pub fn open(config: Config) -> Result<Ravi> {
        config.check()?;
        let url = config.server()?;
        let address = name_of(&url);
        let ledger = Ledger::open(&config.folder()?, config.keychain)?;
        // Another version of ours may have been here last.
        crate::launcher::renew(ledger.dir());
        crate::launcher::remember(ledger.dir(), config.ledger_list.as_deref());
        let server = ledger.settle_server_name(&config.server_names()?)?;
        let client = Client::new(client_options(url))?;
        let inner = Inner {
            github: config.github.clone().unwrap_or_default(),
            config,
            server,
            address,
            client,
            trail: Arc::new(Trail::new(&ledger)),
            ledger,
            memory: Arc::default(),
            listing: Listing::default(),
            host: Mutex::default(),
            warnings: Arc::default(),
            logins: Logins::default(),
            #[cfg(feature = "inbox")]
            feeds: Arc::default(),
            told: Arc::default(),
            asked_program: Arc::default(),
        };
        Ok(Ravi { inner: Arc::new(inner) })
    }

    /// The folder of the ledger.
    pub fn state_dir(&self) -> PathBuf {
        self.inner.ledger.dir().to_owned()
    }

    /// The address of the Ravi in use.
    #[expect(clippy::misnamed_getters, reason = "`server` is the name that the ledger has for it")]
    pub fn server(&self) -> &str {
        &self.inner.address
    }

    async fn provision_now(&self, request: ProvisionRequest, listener: workspace::Listener<'_>) -> Result<Provisioned> {
        let account = self.management("provisioning a workspace").await?;
        let request = self.with_defaults(request).await?;
        let provisioned = workspace::provision(self.context(&account, listener), request).await?;
        self.pay_debts(&account).await;
        Ok(provisioned)
    }

    /// Gives an id to an app that keeps none, and sets up one workspace at a time for a folder.
    async fn with_id(&self, mut request: ProvisionRequest) -> Result<(ProvisionRequest, Option<Lock>)> {
        if !request.id.is_empty() {
            return Ok((request, None));
        }
        // However it is named.
        let real = request.path.canonicalize().unwrap_or_else(|_| request.path.clone());
        let place = format!("place/{}", real.display());
        let lock = Lock::wait(self.inner.ledger.dir(), &place, &place).await?;
        let bound = workspace::id_at(&self.inner.ledger, &request.path).await?;
        request.id = bound.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        Ok((request, Some(lock)))
    }

    /// Applies the configuration's default identity for new workspaces; a request that names one takes precedence.
    async fn with_defaults(&self, request: ProvisionRequest) -> Result<ProvisionRequest> {
        let Some(share) = self.inner.config.share.clone().filter(|_| !request.borrows()) else { return Ok(request) };
        let id = request.id.clone();
        Ok(match self.inner.ledger.run(move |l| l.binding(&id)).await? {
            Some(_) => request,
            None => ProvisionRequest { identity: share.identity, share: true, no_key: !share.key, ..request },
        })
    }

    async fn release_now(&self, target: &str, retire: bool, listener: workspace::Listener<'_>) -> Result<Released> {
        if let Some(binding) = workspace::find(&self.inner.ledger, target).await?
            && let Some(kept) = workspace::let_go(&self.inner.ledger, target, &binding).await?
        {
            return Ok(kept);
        }
        let account = self.management("releasing a workspace").await?;
        let ctx = self.context(&account, listener);
        let released = match workspace::find(&self.inner.ledger, target).await? {
            Some(binding) if binding.server != self.inner.server => {
                return Err(WorkspaceError::other_server(&binding, &self.inner.server).into());
            }
            Some(binding) => workspace::release(ctx, &binding, retire).await?,
            None => workspace::done_before(ctx, target).await?,
        };
        self.pay_debts(&account).await;
        Ok(released)
    }

    /// Takes care of what is left to do, as long as it is polled.
    ///
    /// Every minute that is revocations that are still owed; every ten, workspaces that are gone, and git configuration
    /// that names a program of an earlier version. Spawn it once in a long-running program. Failures are logged and
    /// tried again.
    pub async fn tend(&self) {
        let mut minutes = 0u64;
        loop {
            if let Err(error) = self.tend_once(minutes.is_multiple_of(REAP_EVERY)).await {
                tracing::debug!(code = error.code(), "tending workspaces");
            }
            tokio::time::sleep(TEND_EVERY).await;
            minutes += 1;
        }
    }

    async fn tend_once(&self, reap: bool) -> Result<()> {
        let idle = self
            .inner
            .ledger
            .run(|l| Ok(l.bindings()?.is_empty() && l.owed()?.is_empty() && l.owed_keys(None)?.is_empty()))
            .await?;
        if idle {
            return Ok(());
        }
        if reap {
            workspace::heal_all(&self.inner.ledger).await?;
        }
        let account = self.management("tending workspaces").await?;
        let silent = |_| {};
        let ctx = self.context(&account, &silent);
        workspace::pay_due(ctx).await?;
        if reap {
            workspace::reap(ctx, false).await?;
        }
        Ok(())
    }

    async fn access(&self) -> Result<Access> {
        let ravi = self.clone();
        let find = move || Access::find(&ravi.inner.config, &ravi.inner.ledger, &ravi.inner.server);
        Ok(blocking(find).await.map_err(|_| WorkspaceError::Stopped)??)
    }

    async fn management(&self, what: &'static str) -> Result<Session<ManagementKey>> {
        let access = self.access().await?;
        Ok(self.inner.client.with(access.management(what)?))
    }

    fn context<'a>(&'a self, account: &'a Session<ManagementKey>, listener: workspace::Listener<'a>) -> Context<'a> {
        let Inner { ledger, server, config, github, listing, told, .. } = &*self.inner;
        Context { ledger, account, server, config, github, listing, listener, told, warnings: None }
    }

    /// Tries revocations that are still owed, whenever there is a key at hand. They are not the caller's business: what
    /// fails stays owed.
    async fn pay_debts(&self, account: &Session<ManagementKey>) {
        let silent = |_| {};
        if let Err(error) = workspace::pay_due(self.context(account, &silent)).await {
            tracing::debug!(code = error.code(), "revocations stay owed");
        }
    }
}

mod account;
mod audit;
mod blocking;
mod deprecated;
mod doctor;
mod exec;
mod follow;
mod github;
pub(crate) mod github_token;
pub mod handle;
mod handover;
mod host;
mod lifetimes;
mod power;
mod secret_watch;
mod settings;
mod vault;
mod watch;

#[cfg(feature = "codex")]
mod codex;
#[cfg(feature = "codex")]
mod codex_login;
#[cfg(feature = "hooks")]
mod hooks;
#[cfg(feature = "inbox")]
mod inbox;
#[cfg(feature = "inbox")]
mod registrations;
#[cfg(feature = "seal")]
mod sealing;
#[cfg(feature = "hooks")]
mod worktree_hooks;

pub use handover::{Handover, Workspace};
pub use power::{Power, PowerStatus, Renewed};
pub use secret_watch::{SecretWatch, TokenSet};
pub use settings::{Settings, UndoReport};
pub use watch::{WorkspaceEvent, WorkspaceWatch};
