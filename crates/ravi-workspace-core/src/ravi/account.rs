//! Signing in and out, and where a login's key is kept.

use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::Ravi;
use crate::account::{
    self, Access, Account, AccountError, DevicePrompt, Host, HostSearch, KeyPlace, KeySource, OpenHost, OwnKey,
    SignedOut, official,
};
use crate::api::{AnyKey, ApiError, DeviceLogin, Identity, IdentityUuid, KeyUuid, ManagementKey};
use crate::audit::{Action, Entry};
use crate::config::Keychain;
use crate::error::{Error, ErrorBody, Result};
use crate::ledger::{IdentityRow, LedgerError, StoredLogin};
use crate::machine::blocking::blocking;

impl super::handle::Account<'_> {
    /// Returns who this machine is to Ravi: where its key came from, what the key reaches, where it is kept.
    ///
    /// Makes one API call.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let account = ravi.account().status().await?;
    /// println!("{:?}", account.warnings);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Nobody is signed in; the key is refused; Ravi does not answer.
    pub async fn status(self) -> Result<Account> {
        let access = self.ravi.access().await?;
        self.ravi.describe(&access).await
    }

    /// Returns every name of an identity of the account: uuid, name, address, and `host` if it is the host identity.
    ///
    /// `None` means the host identity. The list is empty if there is no such identity.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// for name in ravi.account().identity_names(None).await? {
    ///     println!("{name}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn identity_names(self, wanted: Option<&str>) -> Result<Vec<String>> {
        let all = self.ravi.management("looking at identities").await?.identities().list().await?;
        let host = self.status().await?.host.map(|host| host.uuid);
        let is_host = |identity: &Identity| host.as_deref() == Some(identity.uuid.as_str());
        let found = match wanted {
            Some(wanted) => HostSearch::named(&all, wanted),
            None => all.iter().find(|identity| is_host(identity)),
        };
        let names = |found: &Identity| {
            let host = is_host(found).then(|| "host".to_owned());
            let known = [found.uuid.to_string(), found.name.clone(), found.email.clone()];
            known.into_iter().chain(host).collect()
        };
        Ok(found.map(names).unwrap_or_default())
    }

    /// Keeps `key` (of either kind) as this machine's key, after asking Ravi whether it is valid.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let key = std::fs::read_to_string("/run/secrets/ravi").expect("a key");
    /// ravi.account().login_with_key(key.trim().into()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// It is not a key, or Ravi refuses it; nothing is kept then.
    pub async fn login_with_key(self, key: SecretString) -> Result<Account> {
        let done = match AnyKey::parse(key) {
            Ok(key) => self.ravi.login_with(key, None).await,
            Err(_) => Err(AccountError::BadKey { origin: "this login" }.into()),
        };
        self.ravi.noted(Entry::done(Action::AccountLogin).object("key"), done).await
    }

    /// Adopts the key that the official command line keeps in `~/.ravi/config.json`, after asking Ravi whether it is
    /// valid.
    ///
    /// The file stays as it is. The identity that it names becomes the host identity, unless a person has chosen
    /// another one.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// // Takes over the login of the official command line.
    /// ravi.account().login_by_import().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no key (`account.nothing_to_import`); others could have read or written the file (`account.import`);
    /// Ravi refuses the key.
    pub async fn login_by_import(self) -> Result<Account> {
        let done = match blocking(official::import).await.map_err(|_| LedgerError::Stopped)? {
            Ok(imported) => self.ravi.login_with(imported.key, imported.identity).await,
            Err(error) => Err(error.into()),
        };
        self.ravi.noted(Entry::done(Action::AccountLogin).object("import"), done).await
    }

    /// Signs in with a device code (RFC 8628).
    ///
    /// `show` is called once with what the person has to see. The call ends when they have approved or refused it, or
    /// when the code has expired. It ends another login of this handle that is still waiting with
    /// `account.login_cancelled`; [`ravi.account().cancel_login`](crate::handle::Account::cancel_login) ends this one
    /// in the same way, and so does dropping the future.
    ///
    /// The key is kept before anything else is requested. Then this ledger mints a key of its own to replace it and, if
    /// it can be told which one it is, revokes the key that was handed out. If that fails, the login still stands, and
    /// the account's warnings say so. No identity is made.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// ravi.account().login(|prompt| println!("Open {} and enter {}", prompt.url, prompt.user_code)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The login was refused, expired or cancelled; Ravi does not answer at the beginning; the key cannot be kept on
    /// this machine, which is found out before a code is shown.
    pub async fn login(self, show: impl FnOnce(&DevicePrompt) + Send) -> Result<Account> {
        let done = self.ravi.login_with_code(show).await;
        self.ravi.noted(Entry::done(Action::AccountLogin).object("code"), done).await
    }

    /// Ends a login of this handle that waits for approval; `false` if there is none.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// if ravi.account().cancel_login() {
    ///     println!("cancelled");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel_login(self) -> bool {
        self.ravi.inner.logins.cancel()
    }

    /// Forgets the key that a login kept, and revokes it if the login minted it.
    ///
    /// A key that a person gave is theirs: it stays valid, and the result says so.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// ravi.account().logout().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The ledger cannot be written. It is no error if Ravi does not answer: the result says which key stays valid.
    pub async fn logout(self) -> Result<SignedOut> {
        let done = self.ravi.logout_now().await;
        self.ravi.noted(Entry::done(Action::AccountLogout), done).await
    }

    /// Chooses the identity that holds the app's own secrets, by name, uuid or address.
    ///
    /// It must already exist in the account. The choice is kept in the ledger, for every program that uses it.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// ravi.account().choose_host("office mac").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such identity (`account.host_unknown`); it is a workspace's; the configuration names another one.
    pub async fn choose_host(self, wanted: &str) -> Result<Account> {
        let done = self.ravi.choose_host_now(wanted).await;
        let entry = Entry::done(Action::AccountHost);
        let entry =
            entry.object_if(done.as_ref().ok().and_then(|account| account.host.as_ref()).map(|host| &host.uuid));
        self.ravi.noted(entry, done).await
    }

    /// Makes an identity for the app's own secrets, which uses up one of those that the plan allows.
    ///
    /// If the account already has one with the name (`hostIdentity`, else `ravi-workspace host`), it is used instead.
    /// After an interruption, the same call finishes the work, and never makes a second identity.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// ravi.account().make_host().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The plan has no room; not signed in with a management key; Ravi does not answer.
    pub async fn make_host(self) -> Result<Account> {
        let done = self.ravi.make_host_now().await;
        let entry = Entry::done(Action::AccountHost).because("made");
        let entry =
            entry.object_if(done.as_ref().ok().and_then(|account| account.host.as_ref()).map(|host| &host.uuid));
        self.ravi.noted(entry, done).await
    }

    /// Moves the machine key, which opens what is sealed in the ledger, to the system's keychain or to a file.
    ///
    /// Keychain calls take at most 3 s. The same call finishes what a crash left unfinished.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::Keychain;
    ///
    /// ravi.account().keep_machine_key(Keychain::System).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The keychain does not work or is locked (`ledger.keychain_…`); the key then stays where it is.
    pub async fn keep_machine_key(self, place: Keychain) -> Result<KeyPlace> {
        let done = self.ravi.inner.ledger.run(move |l| Ok(l.key().keep_in(place)?)).await;
        let entry = Entry::done(Action::MachineKeyMove).object(format!("{place:?}").to_lowercase());
        self.ravi.noted(entry, done.map(Into::into).map_err(Into::into)).await
    }

    /// Returns why the machine key went to a file although a keychain was wanted, if this very handle decided that.
    ///
    /// Returns it only once, so that it is reported only once.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// if let Some(reason) = ravi.account().take_keychain_fallback() {
    ///     eprintln!("no keychain: {reason}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_keychain_fallback(self) -> Option<String> {
        self.ravi.inner.ledger.key().take_fallback()
    }
}

impl Ravi {
    async fn login_with_code(&self, show: impl FnOnce(&DevicePrompt) + Send) -> Result<Account> {
        // A locked keychain must show now: the reply with the key is given only once.
        self.inner.ledger.run(|l| Ok(l.key().ready().map(drop)?)).await?;
        let begun = Instant::now();
        let login = self.inner.logins.run(&self.inner.client, show).await?;
        let handed = login.management_key.clone();
        self.keep_login(&AnyKey::Management(handed.clone()), None, &[]).await?;
        let (access, mut warnings) = self.take_own_key(handed, begun.elapsed()).await;
        warnings.extend(self.settle_sign_up(&login, &access).await);
        // The login stands, whatever Ravi says next.
        let mut account = match self.describe(&access).await {
            Ok(account) => account,
            Err(error) => {
                let unknown = Host::Open(OpenHost::Choose(Vec::new()));
                Account { warnings: vec![error.body()], ..self.describe_with(&access, &[], unknown).await? }
            }
        };
        account.warnings.extend(warnings);
        Ok(account)
    }

    /// Replaces the key that was handed out with one of the ledger's own. Keeps the former if that fails.
    async fn take_own_key(&self, handed: ManagementKey, waited: Duration) -> (Access, Vec<ErrorBody>) {
        let by_login = |key| Access { key: AnyKey::Management(key), source: KeySource::Login };
        let session = self.inner.client.with(&handed);
        let minting = OwnKey { ledger: &self.inner.ledger, account: &session };
        let minted = match minting.mint(&handed, waited).await {
            Ok(minted) => minted,
            Err(error) => {
                tracing::warn!(code = error.code(), "no key of its own for this login");
                return (by_login(handed), Vec::new());
            }
        };
        let own = AnyKey::Management(minted.key.clone());
        if let Err(error) = self.keep_login(&own, Some(&minted.uuid), &minted.former).await {
            // It was not kept, so nobody will ever use it.
            let _ = session.management_keys().revoke(&minted.uuid).await;
            tracing::warn!(code = error.code(), "the key of its own could not be kept");
            return (by_login(handed), Vec::new());
        }
        let session = self.inner.client.with(&minted.key);
        let paid = OwnKey { ledger: &self.inner.ledger, account: &session }.pay(&self.inner.server).await;
        let stays = !minted.told || paid.is_err();
        let warning = || Error::from(AccountError::KeyStays { which: "the key that the login page handed out".into() });
        (by_login(minted.key), stays.then(|| warning().body()).into_iter().collect())
    }

    /// Revokes the key that a sign-up hands out for its identity, which nobody needs.
    async fn settle_sign_up(&self, login: &DeviceLogin, access: &Access) -> Option<ErrorBody> {
        let (Some(_), Some(identity), Ok(key)) =
            (&login.identity_key, &login.identity, access.management("revoking a key"))
        else {
            return None;
        };
        let session = self.inner.client.with(key);
        let minting = OwnKey { ledger: &self.inner.ledger, account: &session };
        match minting.revoke_sign_up_key(&identity.uuid).await {
            Ok(true) => None,
            Ok(false) | Err(_) => {
                let which = format!("the key of {} that came with the sign-up", identity.name);
                Some(Error::from(AccountError::KeyStays { which }).body())
            }
        }
    }

    async fn logout_now(&self) -> Result<SignedOut> {
        let server = self.inner.server.clone();
        // A key that can no longer be opened is forgotten too.
        let kept = self.inner.ledger.run(move |l| l.login(&server)).await.ok().flatten();
        let warning = match kept {
            None => None,
            Some(kept) => self.revoke_login(&kept).await,
        };
        let server = self.inner.server.clone();
        self.inner.ledger.run(move |l| l.forget_login(&server)).await?;
        self.forget_host().await;
        let warnings: Vec<ErrorBody> = warning.into_iter().collect();
        Ok(SignedOut { signed_in: false, revoked: warnings.is_empty(), warnings })
    }

    /// Revokes the login's key. Returns a warning about a key that stays valid.
    async fn revoke_login(&self, kept: &StoredLogin) -> Option<ErrorBody> {
        let stays = |which: &str| Some(Error::from(AccountError::KeyStays { which: which.into() }).body());
        let (Some(own), AnyKey::Management(key)) = (&kept.own, &kept.key) else {
            return stays("the key that was given to this machine");
        };
        match self.inner.client.with(key).management_keys().revoke(own).await {
            // A refused key has been revoked.
            Ok(()) | Err(ApiError::NotFound { .. } | ApiError::Unauthorized { .. }) => None,
            Err(error) => stays(&format!("the key that the login minted ({own}; {error})")),
        }
    }

    async fn choose_host_now(&self, wanted: &str) -> Result<Account> {
        let access = self.access().await?;
        let all = self.inner.client.with(&access.key).identities().list().await?;
        let host = self.host_search().choose(&all, wanted).await?.known()?;
        self.refuse_shared_host(&host).await?;
        self.forget_host().await;
        self.describe_with(&access, &all, Host::Known(host)).await
    }

    async fn make_host_now(&self) -> Result<Account> {
        let access = self.access().await?;
        let account = self.inner.client.with(access.management("making the host identity")?);
        account::make_host(self.host_search(), &account).await?;
        self.forget_host().await;
        self.describe(&access).await
    }

    async fn login_with(&self, key: AnyKey, host: Option<IdentityUuid>) -> Result<Account> {
        let access = Access { key, source: KeySource::Login };
        let all = self.inner.client.with(&access.key).identities().list().await?;
        self.keep_login(&access.key, None, &[]).await?;
        if let Some(host) = host {
            self.import_choice(&all, &host).await?;
        }
        let host = self.host_search().settle_for(&access, &all).await?;
        self.describe_with(&access, &all, host).await
    }

    /// Makes the identity in the official command line's file the host, unless a person chose one before.
    async fn import_choice(&self, all: &[Identity], host: &IdentityUuid) -> Result<()> {
        let server = self.inner.server.clone();
        let chosen = self.inner.ledger.run(move |l| l.host_choice(&server)).await?;
        let search = HostSearch { wanted: None, ..self.host_search() };
        match chosen.is_none() && all.iter().any(|identity| identity.uuid == *host) {
            // An identity of a workspace is not taken; the other rules then apply.
            true => search.choose(all, host.as_str()).await.map(drop),
            false => Ok(()),
        }
    }

    /// Returns how to look for the host identity.
    pub(super) fn host_search(&self) -> HostSearch<'_> {
        let inner = &self.inner;
        HostSearch { ledger: &inner.ledger, server: &inner.server, wanted: inner.config.host_wanted() }
    }

    /// Returns the host identity, found once per handle.
    pub(super) async fn host(&self, access: &Access) -> Result<IdentityRow> {
        let inner = &self.inner;
        let mut host = inner.host.lock().await;
        if let Some(host) = &*host {
            return Ok(host.clone());
        }
        let found = self.find_host(access).await?;
        Ok(host.insert(found).clone())
    }

    async fn keep_login(&self, key: &AnyKey, own: Option<&KeyUuid>, former: &[KeyUuid]) -> Result<()> {
        let (server, key) = (self.inner.server.clone(), key.clone());
        let (own, former) = (own.cloned(), former.to_vec());
        self.inner.ledger.run(move |l| l.store_login(&server, &key, own.as_ref(), &former)).await?;
        self.forget_host().await;
        Ok(())
    }

    /// Forgets what was read for the account that was signed in before: it is not for the next one.
    pub(super) async fn forget_host(&self) {
        *self.inner.host.lock().await = None;
        self.inner.memory.clear();
    }

    /// Asks Ravi with the key, so that a refused one is noticed.
    async fn describe(&self, access: &Access) -> Result<Account> {
        let all = self.inner.client.with(&access.key).identities().list().await?;
        let host = self.host_search().settle_for(access, &all).await?;
        self.describe_with(access, &all, host).await
    }

    async fn describe_with(&self, access: &Access, all: &[Identity], host: Host) -> Result<Account> {
        let kept = match access.source {
            KeySource::Login => self.inner.ledger.run(|l| Ok(l.key().place()?)).await?.map(KeyPlace::from),
            _ => None,
        };
        let official = blocking(official::path).await.unwrap_or(None);
        let choices = match &host {
            Host::Known(_) => Vec::new(),
            Host::Open(open) => {
                open.choices().iter().map(|i| IdentityRow::host(i, &self.inner.server).info()).collect()
            }
        };
        Ok(Account {
            server: self.inner.address.clone(),
            source: access.source,
            key: access.kind(),
            warnings: account_warnings(all, &host),
            host: host.row().map(IdentityRow::info),
            choices,
            kept,
            official: official.filter(|path| official::holds_management_key(path)),
        })
    }
}

/// Returns warnings about the account's host identity.
fn account_warnings(all: &[Identity], host: &Host) -> Vec<ErrorBody> {
    match host {
        Host::Open(open) => vec![Error::from(AccountError::from(open.clone())).body()],
        Host::Known(row) => {
            let other = |identity: &&Identity| AccountError::OtherHost {
                name: identity.name.clone(),
                uuid: identity.uuid.to_string(),
            };
            account::other_hosts(all, &row.uuid).iter().map(|identity| Error::from(other(identity)).body()).collect()
        }
    }
}
