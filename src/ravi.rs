//! [`Ravi`]: the one handle a caller holds.
//!
//! The plugin, the program and a headless daemon all come in here. It owns the ledger, the HTTP client and the caches,
//! and hands each job to the room that does it. It must not know Tauri or the command line.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::account::{Access, Logins};
use crate::api::{Client, ClientOptions, ManagementKey, Session};
use crate::audit::{Action, Entry, Trail};
use crate::config::{Config, name_of};
use crate::error::{ErrorBody, Result};
use crate::github::GithubConfig;
use crate::ledger::{IdentityRow, Ledger};
use crate::vault::Memory;
use crate::workspace::{
    self, Context, Listing, Lock, OwedRevocation, Progress, ProvisionRequest, Provisioned, ReapReport, Released, Told,
    WorkspaceError, WorkspaceSummary,
};

/// How often [`Ravi::tend`] looks for debts that are due.
const TEND_EVERY: Duration = Duration::from_secs(60);
/// Every how many of these it also looks for workspaces that are gone.
const REAP_EVERY: u64 = 10;

/// The one handle; cheap to clone, usable from any task of a tokio runtime.
#[derive(Clone)]
pub struct Ravi {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    /// The name that the ledger has for the Ravi that is asked.
    server: String,
    /// The address that is asked.
    address: String,
    client: Client,
    ledger: Ledger,
    memory: Arc<Memory>,
    host: Mutex<Option<IdentityRow>>,
    /// What a person should be told of what this handle met.
    warnings: Arc<std::sync::Mutex<Vec<ErrorBody>>>,
    logins: Logins,
    github: GithubConfig,
    trail: Arc<Trail>,
    listing: Listing,
    told: Arc<Told>,
    /// The app has asked for the path of a shim.
    asked_program: Arc<AtomicBool>,
    #[cfg(feature = "inbox")]
    feeds: Arc<crate::inbox::Feeds>,
}

impl fmt::Debug for Ravi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ravi").field("server", &self.inner.server).field("ledger", &self.inner.ledger).finish()
    }
}

impl Ravi {
    /// Opens the ledger named by `config`. Quick, and without network or keychain.
    ///
    /// # Errors
    /// The API address is not one that keys may be sent to, or the ledger cannot be opened.
    pub fn open(config: Config) -> Result<Ravi> {
        config.check()?;
        let url = config.server()?;
        let address = name_of(&url);
        let ledger = Ledger::open(&config.folder()?, config.keychain)?;
        // Another version of ours may have been here last.
        crate::helper::renew(ledger.dir());
        crate::helper::remember(ledger.dir(), config.ledger_list.as_deref());
        let server = ledger.settle_server_name(&config.server_names()?)?;
        let client = Client::new(ClientOptions::new(url))?;
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

    /// Folder of the ledger.
    pub fn state_dir(&self) -> PathBuf {
        self.inner.ledger.dir().to_owned()
    }

    /// Address of the Ravi that is asked.
    #[expect(clippy::misnamed_getters, reason = "`server` is the name that the ledger has for it")]
    pub fn server(&self) -> &str {
        &self.inner.address
    }

    /// Sets a workspace up, or finishes what an earlier call began. `progress` is told each step. The same call again
    /// answers the same, and asks Ravi nothing but whether the workspace has a GitHub token by now.
    ///
    /// # Errors
    /// The folder, the request or the repository is refused (`workspace.…`); not signed in with a management key; Ravi
    /// refuses or does not answer. What was done stays noted, and the same call goes on from there.
    pub async fn provision(
        &self,
        request: ProvisionRequest,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<Provisioned> {
        let (request, _place) = self.with_id(request).await?;
        let entry = Entry::done(Action::WorkspaceProvision).workspace(&request.id);
        let done = self.provision_now(request, &progress).await;
        let entry = done.iter().fold(entry, |entry, done| entry.object(&done.identity.uuid));
        self.noted(entry, done).await
    }

    async fn provision_now(&self, request: ProvisionRequest, listener: workspace::Listener<'_>) -> Result<Provisioned> {
        let account = self.management("provisioning a workspace").await?;
        let request = self.with_defaults(request).await?;
        let provisioned = workspace::provision(self.context(&account, listener), request).await?;
        self.pay_debts(&account).await;
        Ok(provisioned)
    }

    /// An app that keeps no ids is given one; while it is set up, one at a time for a folder.
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

    /// The app has stored a workspace that it had made with [`unconfirmed`](ProvisionRequest::unconfirmed): it stays until
    /// it is released. Asks Ravi nothing.
    ///
    /// # Errors
    /// Nothing is bound to the id (`workspace.unbound`): it was given up meanwhile.
    pub async fn keep(&self, id: &str) -> Result<()> {
        match workspace::find(&self.inner.ledger, id).await? {
            Some(binding) => Ok(self.inner.ledger.run(move |l| l.confirm(&binding.id)).await?),
            None => Err(WorkspaceError::Unbound { target: id.to_owned() }.into()),
        }
    }

    /// The configuration may have new workspaces use an identity that is there; a request that names one goes before it.
    async fn with_defaults(&self, request: ProvisionRequest) -> Result<ProvisionRequest> {
        let Some(share) = self.inner.config.share.clone().filter(|_| !request.borrows()) else { return Ok(request) };
        let id = request.id.clone();
        Ok(match self.inner.ledger.run(move |l| l.binding(&id)).await? {
            Some(_) => request,
            None => ProvisionRequest { identity: share.identity, share: true, no_key: !share.key, ..request },
        })
    }

    /// Takes a workspace down: undoes what was set in the folder, revokes its key, and frees its identity, or empties
    /// and renames it when `retire` is set. `target` is an id or a path. A second call answers what the first did.
    ///
    /// # Errors
    /// Nothing is bound to the target (`workspace.unbound`); not signed in. That Ravi does not answer is no error: what
    /// it could not take is owed and tried again.
    pub async fn release(
        &self,
        target: &str,
        retire: bool,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<Released> {
        let released = self.release_now(target, retire, &progress).await;
        if let Err(error) = &released {
            self.note_failure(Entry::done(Action::WorkspaceRelease).workspace(target).ended(error)).await;
        }
        released
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
                let (theirs, ours) = (binding.server, self.inner.server.clone());
                return Err(WorkspaceError::OtherServer { id: binding.id, theirs, ours }.into());
            }
            Some(binding) => workspace::release(ctx, &binding, retire).await?,
            None => workspace::done_before(ctx, target).await?,
        };
        self.pay_debts(&account).await;
        Ok(released)
    }

    /// Releases what nobody will release: workspaces whose worktree is gone, provisions that were never finished, keys
    /// that no workspace has. What cannot be seen (a disk that is not mounted) is reported and left. With `dry_run`
    /// nothing is changed, and where Ravi does not answer within 5 s, the plan says so and holds what is seen from here.
    ///
    /// # Errors
    /// Not signed in with a management key; Ravi refuses the key, or does not answer (without `dry_run`).
    pub async fn reap(&self, dry_run: bool, progress: impl Fn(Progress) + Send + Sync) -> Result<ReapReport> {
        if !dry_run {
            workspace::heal_all(&self.inner.ledger).await?;
        }
        let account = self.management("reaping workspaces").await?;
        workspace::reap(self.context(&account, &progress), dry_run).await
    }

    /// Looks after what is left to do, as long as it is polled: revocations that are still owed, every minute; workspaces
    /// that are gone, and git configuration that names a program of an earlier version, every ten. Spawn it once in a program
    /// that runs for long. Failures are logged and tried again.
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

    /// All workspaces of this ledger, oldest first. Asks Ravi nothing.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn workspaces(&self) -> Result<Vec<WorkspaceSummary>> {
        workspace::summaries(&self.inner.ledger).await
    }

    /// Revocations that Ravi has not taken yet, oldest first. Asks Ravi nothing.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn owed(&self) -> Result<Vec<OwedRevocation>> {
        let (identities, keys) = self.inner.ledger.run(|l| Ok((l.owed()?, l.owed_keys(None)?))).await?;
        let mut owed: Vec<OwedRevocation> = identities.into_iter().map(Into::into).collect();
        owed.extend(keys.into_iter().map(OwedRevocation::from));
        owed.sort_by_key(|owed| owed.since_ms);
        Ok(owed)
    }

    /// The workspace that `path` belongs to: the worktree it lies in, or the folder it was. Asks Ravi nothing.
    ///
    /// # Errors
    /// Nothing is bound there (`workspace.unbound`).
    pub async fn workspace(&self, path: &Path) -> Result<WorkspaceSummary> {
        let target = path.to_string_lossy();
        match workspace::find(&self.inner.ledger, &target).await? {
            Some(binding) => workspace::summary(&self.inner.ledger, binding).await,
            None => Err(WorkspaceError::Unbound { target: target.into_owned() }.into()),
        }
    }

    /// The folder that [`provision`](Ravi::provision) at `path` would bind: the top of the worktree around it, or the folder
    /// itself where it is in no repository. Real path. Asks Ravi nothing.
    ///
    /// # Errors
    /// It is no folder that can be bound (`workspace.folder`, `workspace.bare` and so on).
    pub async fn top_of(&self, path: &Path) -> Result<PathBuf> {
        let path = path.to_owned();
        follow::run_blocking(move || Ok(workspace::inspect(&path)?.root)).await
    }

    /// The workspace that an id means, for callers that cannot wait: one read of the ledger. `None`: nothing is bound to it.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn workspace_now(&self, id: &str) -> Result<Option<WorkspaceSummary>> {
        Ok(workspace::summary_now(&self.inner.ledger, id)?)
    }

    /// Whether an id was a workspace's, and that was released: an app that still has it should not let agents work there.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn is_released(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        let known =
            move |l: &Ledger| Ok((l.binding(&id)?.is_none() && l.held(&id)?.is_none()) && l.tombstone(&id)?.is_some());
        Ok(self.inner.ledger.run(known).await?)
    }

    async fn access(&self) -> Result<Access> {
        let ravi = self.clone();
        let find = move || Access::find(&ravi.inner.config, &ravi.inner.ledger, &ravi.inner.server);
        Ok(tokio::task::spawn_blocking(find).await.map_err(|_| WorkspaceError::Stopped)??)
    }

    async fn management(&self, what: &'static str) -> Result<Session<ManagementKey>> {
        let access = self.access().await?;
        Ok(self.inner.client.with(access.management(what)?))
    }

    fn context<'a>(&'a self, account: &'a Session<ManagementKey>, listener: workspace::Listener<'a>) -> Context<'a> {
        let Inner { ledger, server, config, github, listing, told, .. } = &*self.inner;
        Context { ledger, account, server, config, github, listing, listener, told, warnings: None }
    }

    /// Revocations that are still owed are tried whenever there is a key at hand. They are not this caller's business:
    /// what fails stays owed.
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
mod doctor;
mod exec;
mod follow;
mod github;
mod host;
mod lifetimes;
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

pub use secret_watch::{SecretWatch, TokenSet};
pub use settings::{Settings, UndoReport};
pub use watch::{WorkspaceEvent, WorkspaceWatch};
