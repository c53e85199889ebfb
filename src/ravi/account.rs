//! Signing in and out, and where what a login obtains is kept.

use secrecy::SecretString;

use super::Ravi;
use crate::account::{self, Access, Account, AccountError, DevicePrompt, KeyPlace, KeySource, official};
use crate::api::AnyKey;
use crate::audit::{Action, Entry};
use crate::config::Keychain;
use crate::error::Result;
use crate::ledger::{IdentityRow, LedgerError};

impl Ravi {
    /// Who this machine is to Ravi: which source the key came from, what it reaches, where it is kept. One API call.
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
        let done = match AnyKey::parse(key) {
            Ok(key) => self.login_with(key).await,
            Err(_) => Err(AccountError::BadKey { origin: "standard input" }.into()),
        };
        self.noted(Entry::done(Action::AccountLogin).object("key"), done).await
    }

    /// Takes over the key that the official command line keeps in `~/.ravi/config.json`, after asking Ravi whether it
    /// is good. The file stays as it is.
    ///
    /// # Errors
    /// There is none (`account.nothing_to_import`); others could have read or written the file (`account.import`); Ravi
    /// refuses the key.
    pub async fn login_by_import(&self) -> Result<Account> {
        let done = match tokio::task::spawn_blocking(official::key).await.map_err(|_| LedgerError::Stopped)? {
            Ok(key) => self.login_with(key).await,
            Err(error) => Err(error.into()),
        };
        self.noted(Entry::done(Action::AccountLogin).object("import"), done).await
    }

    /// Signs in with a device code (RFC 8628). `show` is called once with what the person has to see; the call ends when
    /// they have approved or refused it, or the code is too old. Another login of this handle that still waits ends with
    /// `account.login_cancelled`; so does this one by [`Ravi::cancel_login`]. Dropping the future cancels it as well.
    ///
    /// The key is kept before anything else is asked; then the host identity is found or made. Where that fails the
    /// login stands, and it is done when the first secret is wanted.
    ///
    /// # Errors
    /// Refused, too late, cancelled, or Ravi does not answer at the beginning; the key cannot be kept on this machine
    /// (seen before a code is shown).
    pub async fn login(&self, show: impl FnOnce(&DevicePrompt) + Send) -> Result<Account> {
        let done = self.login_with_code(show).await;
        self.noted(Entry::done(Action::AccountLogin).object("code"), done).await
    }

    async fn login_with_code(&self, show: impl FnOnce(&DevicePrompt) + Send) -> Result<Account> {
        // A keychain that is locked must show now: the reply with the key is not given twice.
        self.inner.ledger.run(|l| Ok(l.key().ready().map(drop)?)).await?;
        let login = self.inner.logins.run(&self.inner.client, show).await?;
        let access = Access { key: AnyKey::Management(login.management_key), source: KeySource::Login };
        self.keep_login(&access.key).await?;
        let host = self.host(&access).await;
        if let Err(error) = &host {
            tracing::warn!(code = error.code(), "signed in; the host identity is looked for later");
        }
        self.describe_with(&access, host.ok().as_ref()).await
    }

    /// Ends a login of this handle that waits for its approval; `false` when none does.
    pub fn cancel_login(&self) -> bool {
        self.inner.logins.cancel()
    }

    /// Forgets the key that a login kept.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn logout(&self) -> Result<()> {
        let server = self.inner.server.clone();
        let done = self.inner.ledger.run(move |l| l.forget_login(&server)).await;
        self.forget_host().await;
        self.noted(Entry::done(Action::AccountLogout), done.map(drop).map_err(Into::into)).await
    }

    /// Moves the machine key, which opens what is sealed in the ledger, to the system's keychain or to a file. Keychain
    /// calls take at most 3 s. The same call again finishes what a crash left.
    ///
    /// # Errors
    /// The keychain does not work or is locked (`ledger.keychain_…`); then the key stays where it is.
    pub async fn keep_machine_key(&self, place: Keychain) -> Result<KeyPlace> {
        let done = self.inner.ledger.run(move |l| Ok(l.key().keep_in(place)?)).await;
        let entry = Entry::done(Action::MachineKeyMove).object(format!("{place:?}").to_lowercase());
        self.noted(entry, done.map(Into::into).map_err(Into::into)).await
    }

    /// Why the machine key went to a file although a keychain was wanted, where that was decided by this very handle.
    /// Answers once, so that it is said once.
    pub fn take_keychain_fallback(&self) -> Option<String> {
        self.inner.ledger.key().take_fallback()
    }

    async fn login_with(&self, key: AnyKey) -> Result<Account> {
        let access = Access { key, source: KeySource::Login };
        let all = self.inner.client.with(&access.key).identities().list().await?;
        self.keep_login(&access.key).await?;
        let host = self.host_among(&access, &all).await?;
        self.describe_with(&access, host.as_ref()).await
    }

    /// The host identity, found or made once per handle.
    pub(super) async fn host(&self, access: &Access) -> Result<IdentityRow> {
        let inner = &self.inner;
        let mut host = inner.host.lock().await;
        if let Some(host) = &*host {
            return Ok(host.clone());
        }
        let found = self.find_host(access).await?;
        Ok(host.insert(found).clone())
    }

    async fn keep_login(&self, key: &AnyKey) -> Result<()> {
        let (server, key) = (self.inner.server.clone(), key.clone());
        self.inner.ledger.run(move |l| l.store_login(&server, &key)).await?;
        self.forget_host().await;
        Ok(())
    }

    /// What was read for the account that was signed in before is not for the next one.
    async fn forget_host(&self) {
        *self.inner.host.lock().await = None;
        self.inner.memory.clear();
    }

    /// Asks Ravi with the key, so that a refused one shows.
    async fn describe(&self, access: &Access) -> Result<Account> {
        let all = self.inner.client.with(&access.key).identities().list().await?;
        let host = self.host_among(access, &all).await?;
        self.describe_with(access, host.as_ref()).await
    }

    async fn host_among(&self, access: &Access, all: &[crate::api::Identity]) -> Result<Option<IdentityRow>> {
        let inner = &self.inner;
        let host = match &access.key {
            AnyKey::Identity(_) => all.first(),
            AnyKey::Management(_) => {
                account::oldest_host(&inner.ledger, &inner.server, all, inner.config.host_name()).await?
            }
        };
        Ok(host.map(|identity| IdentityRow::host(identity, &inner.server)))
    }

    async fn describe_with(&self, access: &Access, host: Option<&IdentityRow>) -> Result<Account> {
        let kept = match access.source {
            KeySource::Login => self.inner.ledger.run(|l| Ok(l.key().place()?)).await?.map(KeyPlace::from),
            _ => None,
        };
        let official = tokio::task::spawn_blocking(official::path).await.unwrap_or(None);
        Ok(Account {
            server: self.inner.server.clone(),
            source: access.source,
            key: access.kind(),
            host: host.map(IdentityRow::info),
            kept,
            official: official.filter(|path| official::holds_management_key(path)),
        })
    }
}
