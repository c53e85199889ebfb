//! The host identity over time: secrets in another identity's vault, a host identity that is gone at Ravi, two hosts
//! that become one, a Ravi that moves to another address.

use std::sync::PoisonError;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::Ravi;
use super::vault::OpenVault;
use crate::account::{AccountError, HostSearch, Merged, client_options};
use crate::api::{AnyKey, ApiError, Client, Identity, ManagementKey, Session};
use crate::audit::{Action, Entry};
use crate::config::name_of;
use crate::error::{Error, ErrorBody, Result};
use crate::ledger::{IdentityRow, IdentityState, Ledger};
use crate::machine::blocking::blocking;
use crate::model::reference::SecretName;
use crate::vault::{KeyRing, RECOVERY, Vault, VaultError, elsewhere};
use crate::workspace;

impl super::handle::Account<'_> {
    /// Copies what another identity of the account holds, secrets and logins at websites, into the host identity's
    /// vault, and checks that it reads back.
    ///
    /// The other identity keeps everything. `from` is its name, uuid or address. May be repeated: what is already there
    /// is not copied again.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let merged = ravi.account().merge_host("old laptop").await?;
    /// println!("{merged:?}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A secret of the same name has another value (`account.merge_conflict`), and nothing is copied; one of the two
    /// vaults is sealed and this machine does not have its key; not signed in with a management key; Ravi does not
    /// answer.
    pub async fn merge_host(self, from: &str) -> Result<Merged> {
        let done = Box::pin(self.ravi.merge_host_now(from)).await;
        self.ravi.noted(Entry::done(Action::AccountMergeHost).object(from), done).await
    }

    /// Moves the ledger to another address of the same Ravi, for when an address is given up.
    ///
    /// `from` is the former address; it may be left out if the ledger knows only one Ravi. The key is kept; what was
    /// read before is read again.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let new = "https://ravi.example".parse().expect("an address");
    /// ravi.account().move_server(&new, None).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The new address does not know the account (`account.move_server`); nobody is signed in; the ledger knows several
    /// Ravis.
    pub async fn move_server(self, new: &Url, from: Option<&Url>) -> Result<()> {
        let done = self.ravi.move_server_now(new, from).await;
        self.ravi.noted(Entry::done(Action::AccountMoveServer).object(name_of(new)), done).await
    }
}

impl Ravi {
    /// Returns warnings about what this handle came across, such as that the host identity is gone at Ravi and another
    /// one replaces it. Returns each one once.
    pub fn take_warnings(&self) -> Vec<ErrorBody> {
        std::mem::take(&mut *self.inner.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn warn(&self, warning: impl Into<Error>) {
        let warning = warning.into();
        tracing::warn!(code = warning.code(), "{warning}");
        self.inner.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning.body());
    }

    /// Explains why work with the host identity's vault failed: the identity may be gone at Ravi, or a secret may be in
    /// another one's vault.
    pub(super) async fn explain_failure(&self, host: &IdentityRow, error: Error) -> Error {
        if !may_mean_gone(&error) {
            return error;
        }
        match self.replace_if_gone(host).await {
            Ok(None) => self.say_where_it_is(host, error).await,
            Ok(Some(replaced)) | Err(replaced) => replaced,
        }
    }

    /// If the host identity is gone at Ravi, finds its replacement by the rules. `None`: it still exists, or that
    /// cannot be told.
    async fn replace_if_gone(&self, former: &IdentityRow) -> Result<Option<Error>> {
        let access = self.access().await?;
        let AnyKey::Management(key) = &access.key else { return Ok(None) };
        let account = self.inner.client.with(key);
        match account.identities().get(&former.uuid).await {
            Err(ApiError::NotFound { .. }) => {}
            // Any other answer leaves the question open.
            _ => return Ok(None),
        }
        let server = self.inner.server.clone();
        self.inner.ledger.run(move |l| l.forget_host(&server)).await?;
        self.forget_host().await;
        let host = self.host_search().find_in(&account).await?.known()?;
        let entry = Entry::done(Action::AccountHost).object(host.uuid.as_str()).because("replaced");
        self.inner.ledger.run(move |l| l.note(entry)).await?;
        let replaced = || AccountError::HostReplaced { former: former.name.clone(), name: host.name.clone() };
        self.warn(replaced());
        Ok(Some(replaced().into()))
    }

    /// If a missing secret is in another identity of the account, makes the error say in which.
    async fn say_where_it_is(&self, host: &IdentityRow, error: Error) -> Error {
        let error = match error.downcast() {
            Ok(error) => error,
            Err(other) => return other,
        };
        let VaultError::NoSecret { identity, name, elsewhere } = error else { return error.into() };
        let found = match SecretName::parse(&name) {
            Ok(wanted) if elsewhere.is_empty() => self.elsewhere(host, &wanted).await.unwrap_or_default(),
            _ => elsewhere,
        };
        VaultError::NoSecret { identity, name, elsewhere: found }.into()
    }

    async fn elsewhere(&self, host: &IdentityRow, name: &SecretName) -> Result<Vec<String>> {
        let access = self.access().await?;
        let AnyKey::Management(key) = &access.key else { return Ok(Vec::new()) };
        let account = self.inner.client.with(key);
        let all = self.inner.listing.of(&account).await?.all;
        let server = self.inner.server.clone();
        let ours = self.inner.ledger.run(move |l| l.identities(&server)).await?;
        let others: Vec<&Identity> = all.iter().filter(|i| i.uuid != host.uuid && !is_own(i, &ours)).collect();
        let found = elsewhere(&account, &others, std::slice::from_ref(name)).await;
        Ok(found.into_iter().map(|found| found.identity).collect())
    }

    /// Refuses a host identity to which a workspace has a key: the workspace must not come to reach the app's own
    /// secrets.
    pub(super) async fn refuse_shared_host(&self, host: &IdentityRow) -> Result<()> {
        let uuid = host.uuid.clone();
        let holders = self.inner.ledger.run(move |l| l.key_holders(&uuid)).await?;
        let Some(id) = holders.first() else { return Ok(()) };
        let account = self.management("choosing the host identity").await?;
        workspace::refuse_open_host(self.context(&account, &|_| {}), id, &host.uuid).await
    }

    async fn merge_host_now(&self, from: &str) -> Result<Merged> {
        let account = self.management("merging host identities").await?;
        let host = self.open_vault().await?;
        let all = account.identities().list().await?;
        let unknown = || AccountError::HostUnknown { wanted: from.to_owned(), identities: Vec::new() };
        let from = HostSearch::named(&all, from).filter(|i| i.uuid != host.identity().uuid).ok_or_else(unknown)?;
        let secrets = self.copy_secrets(&account, from, &host).await?;
        let logins = copy_logins(&account, from, &host).await?;
        Ok(Merged { logins, ..secrets })
    }

    async fn copy_secrets(
        &self,
        account: &Session<ManagementKey>,
        from: &Identity,
        host: &OpenVault,
    ) -> Result<Merged> {
        let (there, here) = (self.values_of(account, from).await?, host.vault(self));
        let mut merged = Merged::default();
        let (mut missing, mut conflicts) = (Vec::new(), Vec::new());
        for (name, value) in there {
            match here.ask(&name).await? {
                None => missing.push((name, value)),
                Some(ours) if ours.value().expose_secret() == value.expose_secret() => {
                    merged.same.push(name.to_string())
                }
                Some(_) => conflicts.push(name.to_string()),
            }
        }
        if !conflicts.is_empty() {
            return Err(AccountError::MergeConflict { names: conflicts }.into());
        }
        for (name, value) in missing {
            copy(&here, &name, &value).await?;
            merged.copied.push(name.to_string());
        }
        Ok(merged)
    }

    /// Returns everything in another identity's vault, opened with this machine's keys if it is sealed.
    async fn values_of(
        &self,
        account: &Session<ManagementKey>,
        identity: &Identity,
    ) -> Result<Vec<(SecretName, SecretString)>> {
        let uuid = identity.uuid.clone();
        let keys = self.inner.ledger.run(move |l| KeyRing::read(l, &uuid)).await?;
        let mut values = Vec::new();
        for secret in account.secrets(&identity.uuid).list().await? {
            // A sealed vault's recovery copy is of its own key.
            let Ok(name) = SecretName::parse(&secret.key) else { continue };
            if name.as_str() == RECOVERY {
                continue;
            }
            let value = keys.open(&identity.uuid, &name, &secret.value).map_err(VaultError::from)?;
            values.push((name, value.into_value()));
        }
        Ok(values)
    }

    async fn move_server_now(&self, new: &Url, from: Option<&Url>) -> Result<()> {
        let to = name_of(new);
        let refuse = |reason: &str| AccountError::MoveServer { new: to.clone(), reason: reason.to_owned() };
        crate::api::check_base_url(new).map_err(refuse)?;
        let known = self.inner.ledger.run(|l| l.server_names()).await?;
        let from = match from.map(name_of) {
            Some(from) => from,
            None => {
                one_other(&known, &to).ok_or_else(|| refuse("you must say which former address you mean (--from)"))?
            }
        };
        let (config, ledger, server) = (self.inner.config.clone(), self.inner.ledger.clone(), from.clone());
        let find = move || crate::account::Access::find(&config, &ledger, &server);
        let access = blocking(find).await.map_err(|_| crate::ledger::LedgerError::Stopped)??;
        let client = Client::new(client_options(new.clone()))?;
        let all = client.with(&access.key).identities().list().await?;
        let server = from.clone();
        let ours = self.inner.ledger.run(move |l| l.identities(&server)).await?;
        let met = |row: &IdentityRow| all.iter().any(|identity| identity.uuid == row.uuid);
        if !ours.is_empty() && !ours.iter().any(met) {
            return Err(refuse("it knows none of the identities that this ledger uses").into());
        }
        let moved = to.clone();
        self.inner.ledger.run(move |l: &Ledger| l.move_server(&from, &moved)).await?;
        self.forget_host().await;
        Ok(())
    }
}

/// Returns the only name besides `to` that a ledger knows.
fn one_other(known: &[String], to: &str) -> Option<String> {
    let mut others = known.iter().filter(|name| *name != to);
    others.next().filter(|_| others.next().is_none()).cloned()
}

/// Whether a workspace of this ledger has or had the identity, so that its vault is the workspace's business.
fn is_own(identity: &Identity, ours: &[IdentityRow]) -> bool {
    ours.iter().any(|row| row.uuid == identity.uuid && row.state != IdentityState::Host && !row.borrowed)
}

/// Whether the error may mean, among other things, that the identity is gone.
fn may_mean_gone(error: &Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(ApiError::NotFound { .. } | ApiError::Forbidden { .. } | ApiError::Invalid { .. })
    ) || matches!(error.downcast_ref(), Some(VaultError::NoSecret { .. } | VaultError::ReadBack { .. }))
}

async fn copy(vault: &Vault<'_>, name: &SecretName, value: &SecretString) -> Result<()> {
    match vault.set(name, value).await {
        Err(error) if matches!(error.downcast_ref(), Some(VaultError::ReadBack { .. })) => {
            Err(AccountError::MergeVerify { name: name.to_string() }.into())
        }
        done => done,
    }
}

async fn copy_logins(account: &Session<ManagementKey>, from: &Identity, host: &OpenVault) -> Result<Vec<String>> {
    let ours = account.passwords(&host.identity().uuid);
    let there = account.passwords(&from.uuid).list().await?;
    let mut copied = Vec::new();
    let here = ours.list().await?;
    for login in there.iter().filter(|login| !here.iter().any(|one| one.is_same_login(login))) {
        ours.create(&login.domain, &login.username, &login.password, &login.notes).await?;
        copied.push(login.domain.clone());
    }
    let here = ours.list().await?;
    match there.iter().find(|login| !here.iter().any(|one| one.is_same_login(login))) {
        None => Ok(copied),
        Some(login) => Err(AccountError::MergeVerify { name: login.domain.clone() }.into()),
    }
}
