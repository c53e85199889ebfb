//! [`Ravi`]: the one handle a caller holds.
//!
//! The plugin, the program and a headless daemon all come in here. It owns the ledger, the HTTP client and the caches,
//! and hands each job to the room that does it. It must not know Tauri or the command line.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::account::{self, Access, Account, AccountError, DevicePrompt, KeySource};
use crate::api::{AnyKey, Client, ClientOptions, ManagementKey, Session};
use crate::config::Config;
use crate::error::Result;
use crate::ledger::{IdentityRow, Ledger};
use crate::vault::reference::{Reference, SecretName};
use crate::vault::settings::{self, MigrateError, MigrateReport, Place, Pointer, SettingsError, SettingsFile, Value};
use crate::vault::{Memory, Vault, VaultError};
use crate::workspace::{
    self, Context, OwedRevocation, Progress, ProvisionRequest, Provisioned, ReapReport, Released, WorkspaceError,
    WorkspaceSummary,
};

/// The one handle; cheap to clone, usable from any task of a tokio runtime.
#[derive(Clone)]
pub struct Ravi {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    server: String,
    client: Client,
    ledger: Ledger,
    memory: Memory,
    host: OnceCell<IdentityRow>,
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
        let url = config.server()?;
        let server = url.as_str().trim_end_matches('/').to_owned();
        let ledger = Ledger::open(&config.folder()?)?;
        let client = Client::new(ClientOptions::new(url))?;
        let inner = Inner { config, server, client, ledger, memory: Memory::default(), host: OnceCell::new() };
        Ok(Ravi { inner: Arc::new(inner) })
    }

    /// Folder of the ledger.
    pub fn state_dir(&self) -> PathBuf {
        self.inner.ledger.dir().to_owned()
    }

    /// Address of the Ravi that is asked.
    pub fn server(&self) -> &str {
        &self.inner.server
    }

    /// Who this machine is to Ravi: which source the key came from, what it reaches. One API call.
    ///
    /// # Errors
    /// Not signed in; the key is refused; Ravi does not answer.
    pub async fn account(&self) -> Result<Account> {
        let access = self.access().await?;
        self.describe(&access).await
    }

    /// Keeps `key` (either kind) as this machine's key, after asking Ravi whether it is good.
    ///
    /// # Errors
    /// It is no key, or Ravi refuses it; then nothing is kept.
    pub async fn login_with_key(&self, key: SecretString) -> Result<Account> {
        let key = AnyKey::parse(key).map_err(|_| AccountError::BadKey { origin: "standard input" })?;
        let access = Access { key, source: KeySource::Login };
        let account = self.describe(&access).await?;
        self.keep_login(access.key).await?;
        Ok(account)
    }

    /// Signs in with a device code (RFC 8628). `show` is called once with what the person has to see; the call ends when
    /// they have approved or refused it, or the code is too old.
    ///
    /// # Errors
    /// Refused, too late, or Ravi does not answer at the beginning.
    pub async fn login(&self, show: impl FnOnce(&DevicePrompt) + Send) -> Result<Account> {
        let login = account::device_login(&self.inner.client, show).await?;
        // Kept before anything else is asked: the reply is not given twice.
        let key = AnyKey::Management(login.management_key);
        self.keep_login(key.clone()).await?;
        self.describe(&Access { key, source: KeySource::Login }).await
    }

    /// Forgets the key that a login kept.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn logout(&self) -> Result<()> {
        let server = self.inner.server.clone();
        self.inner.ledger.run(move |l| l.forget_login(&server)).await?;
        self.inner.memory.clear();
        Ok(())
    }

    /// Reads a secret of the host identity: from memory while it is fresh, else one API call.
    ///
    /// # Errors
    /// No such secret (`secret.not_found`); not signed in; Ravi does not answer.
    pub async fn secret(&self, key: &str) -> Result<SecretString> {
        let name = SecretName::parse(key).map_err(VaultError::from)?;
        if let Some(value) = self.inner.memory.get(&name) {
            return Ok(value);
        }
        self.with_vault(async |vault| vault.get(&name).await).await
    }

    /// Creates or overwrites a secret of the host identity and sees that it reads back.
    ///
    /// # Errors
    /// The name is none; not signed in; Ravi does not answer.
    pub async fn set_secret(&self, key: &str, value: SecretString) -> Result<()> {
        let name = SecretName::parse(key).map_err(VaultError::from)?;
        self.with_vault(async |vault| vault.set(&name, &value).await).await
    }

    /// Deletes a secret of the host identity.
    ///
    /// # Errors
    /// No such secret (`secret.not_found`); not signed in; Ravi does not answer.
    pub async fn delete_secret(&self, key: &str) -> Result<()> {
        let name = SecretName::parse(key).map_err(VaultError::from)?;
        self.with_vault(async |vault| vault.delete(&name).await).await
    }

    /// Names of the host identity's secrets, sorted.
    ///
    /// # Errors
    /// Not signed in; Ravi does not answer.
    pub async fn secret_names(&self) -> Result<Vec<String>> {
        self.with_vault(async |vault| vault.names().await).await
    }

    /// Moves plaintext values of a settings file into the vault and leaves references. All values are stored, read back
    /// and compared before the file is changed, once and atomically; on any error it is as it was.
    ///
    /// # Errors
    /// The file is no settings file or lacks the places (`settings.…`); a different value is in the vault already.
    pub async fn migrate_settings(&self, file: &Path, places: &[Place], dry_run: bool) -> Result<MigrateReport> {
        // The file is read first: a wrong file is an error also where nobody is signed in.
        SettingsFile::read(file).and_then(|read| read.find(places)).map_err(VaultError::from)?;
        self.with_vault(async |vault| {
            settings::migrate(file, places, &vault, dry_run).await.map_err(|e| match e {
                MigrateError::Settings(e) => VaultError::from(e).into(),
                MigrateError::Store(e) => e,
            })
        })
        .await
    }

    /// Reads the value at one JSON pointer of a settings file, through its reference where there is one.
    ///
    /// # Errors
    /// The file or the value cannot be read; the reference does not resolve.
    pub async fn settings_value(&self, file: &Path, pointer: &str) -> Result<SecretString> {
        let place = Pointer::parse(pointer)
            .map_err(|source| VaultError::from(SettingsError::Pointer { pointer: pointer.to_owned(), source }))?;
        let read = SettingsFile::read(file).map_err(VaultError::from)?;
        match read.value(&place).map_err(VaultError::from)? {
            Value::Plain(value) => Ok(value),
            Value::Reference(reference) => self.resolve(&reference).await,
            _ => Err(VaultError::NoValue { file: file.to_owned(), pointer: pointer.to_owned() }.into()),
        }
    }

    /// Sets a workspace up, or finishes what an earlier call began. `progress` is told each step. The same call again
    /// answers the same and asks Ravi nothing.
    ///
    /// # Errors
    /// The folder, the request or the repository is refused (`workspace.…`); not signed in with a management key; Ravi
    /// refuses or does not answer. What was done stays noted, and the same call goes on from there.
    pub async fn provision(
        &self,
        request: ProvisionRequest,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<Provisioned> {
        let account = self.management("provisioning a workspace").await?;
        let provisioned = workspace::provision(self.context(&account, &progress), request).await?;
        self.pay_debts(&account).await;
        Ok(provisioned)
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
        let account = self.management("releasing a workspace").await?;
        let ctx = self.context(&account, &progress);
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
    /// nothing is changed.
    ///
    /// # Errors
    /// Not signed in with a management key; Ravi does not answer.
    pub async fn reap(&self, dry_run: bool, progress: impl Fn(Progress) + Send + Sync) -> Result<ReapReport> {
        let account = self.management("reaping workspaces").await?;
        workspace::reap(self.context(&account, &progress), dry_run).await
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
        let owed = self.inner.ledger.run(|l| l.owed()).await?;
        Ok(owed.into_iter().map(Into::into).collect())
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

    async fn access(&self) -> Result<Access> {
        let ravi = self.clone();
        let find = move || Access::find(&ravi.inner.config, &ravi.inner.ledger, &ravi.inner.server);
        Ok(tokio::task::spawn_blocking(find).await.map_err(|_| WorkspaceError::Stopped)??)
    }

    async fn management(&self, what: &'static str) -> Result<Session<ManagementKey>> {
        let access = self.access().await?;
        Ok(self.inner.client.with(access.management(what)?))
    }

    async fn keep_login(&self, key: AnyKey) -> Result<()> {
        let server = self.inner.server.clone();
        self.inner.memory.clear();
        Ok(self.inner.ledger.run(move |l| l.store_login(&server, &key)).await?)
    }

    /// Asks Ravi with the key, so that a refused one shows.
    async fn describe(&self, access: &Access) -> Result<Account> {
        let all = self.inner.client.with(&access.key).identities().list().await?;
        let name = self.inner.config.host_name();
        let host = match &access.key {
            AnyKey::Identity(_) => all.first(),
            AnyKey::Management(_) => all.iter().find(|identity| identity.name == name),
        };
        Ok(Account {
            server: self.inner.server.clone(),
            source: access.source,
            key: access.kind(),
            host: host.map(|identity| IdentityRow::host(identity, &self.inner.server).info()),
        })
    }

    async fn with_vault<T>(&self, work: impl AsyncFnOnce(Vault<'_>) -> Result<T>) -> Result<T> {
        let inner = &self.inner;
        let access = self.access().await?;
        let find = || {
            let name = inner.config.host_name();
            account::host_identity(&inner.ledger, &inner.client, &access, &inner.server, name)
        };
        let identity = inner.host.get_or_try_init(find).await?;
        let session = inner.client.with(&access.key);
        work(Vault { session: &session, identity, memory: &inner.memory }).await
    }

    async fn resolve(&self, reference: &Reference) -> Result<SecretString> {
        match reference.identity() {
            None => self.secret(reference.name().as_str()).await,
            Some(_) => Err(VaultError::OtherIdentity { reference: reference.to_string() }.into()),
        }
    }

    fn context<'a>(&'a self, account: &'a Session<ManagementKey>, listener: workspace::Listener<'a>) -> Context<'a> {
        Context { ledger: &self.inner.ledger, account, server: &self.inner.server, listener }
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

mod codex;
mod exec;
