//! Signing in and out, and where what a login obtains is kept.

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

impl Ravi {
    /// Who this machine is to Ravi: which source the key came from, what it reaches, where it is kept. One API call.
    ///
    /// # Errors
    /// Not signed in; the key is refused; Ravi does not answer.
    pub async fn account(&self) -> Result<Account> {
        let access = self.access().await?;
        self.describe(&access).await
    }

    /// Everything that an identity of the account is called: uuid, name, address, and `host` where it is the host identity.
    /// `None` means that one. Empty: there is none of this name.
    #[cfg(feature = "tauri")]
    pub(crate) async fn identity_names(&self, wanted: Option<&str>) -> Result<Vec<String>> {
        let all = self.management("looking at identities").await?.identities().list().await?;
        let host = self.account().await?.host.map(|host| host.uuid);
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

    /// Keeps `key` (either kind) as this machine's key, after asking Ravi whether it is good.
    ///
    /// # Errors
    /// It is no key, or Ravi refuses it; then nothing is kept.
    pub async fn login_with_key(&self, key: SecretString) -> Result<Account> {
        let done = match AnyKey::parse(key) {
            Ok(key) => self.login_with(key, None).await,
            Err(_) => Err(AccountError::BadKey { origin: "standard input" }.into()),
        };
        self.noted(Entry::done(Action::AccountLogin).object("key"), done).await
    }

    /// Takes over the key that the official command line keeps in `~/.ravi/config.json`, after asking Ravi whether it
    /// is good. The file stays as it is. The identity that it names is the host identity from then on, unless a person
    /// chose another one.
    ///
    /// # Errors
    /// There is none (`account.nothing_to_import`); others could have read or written the file (`account.import`); Ravi
    /// refuses the key.
    pub async fn login_by_import(&self) -> Result<Account> {
        let done = match tokio::task::spawn_blocking(official::import).await.map_err(|_| LedgerError::Stopped)? {
            Ok(imported) => self.login_with(imported.key, imported.identity).await,
            Err(error) => Err(error.into()),
        };
        self.noted(Entry::done(Action::AccountLogin).object("import"), done).await
    }

    /// Signs in with a device code (RFC 8628). `show` is called once with what the person has to see; the call ends when
    /// they have approved or refused it, or the code is too old. Another login of this handle that still waits ends with
    /// `account.login_cancelled`; so does this one by [`Ravi::cancel_login`]. Dropping the future cancels it as well.
    ///
    /// The key is kept before anything else is asked. Then a key of this ledger's own is minted and kept in its place, and
    /// the one that was handed out is revoked, where it can be told which one it is. Where that fails the login stands
    /// all the same, and the account's warnings say so. No identity is made.
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
        let begun = Instant::now();
        let login = self.inner.logins.run(&self.inner.client, show).await?;
        let handed = login.management_key.clone();
        self.keep_login(&AnyKey::Management(handed.clone()), None, &[]).await?;
        let (access, mut warnings) = self.take_own_key(handed, begun.elapsed()).await;
        warnings.extend(self.settle_sign_up(&login, &access).await);
        // The login stands whatever Ravi says next.
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

    /// A key of the ledger's own in place of the one that was handed out; that one where it cannot be had.
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

    /// Nobody needs the key that a sign-up hands out for its identity.
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

    /// Ends a login of this handle that waits for its approval; `false` when none does.
    pub fn cancel_login(&self) -> bool {
        self.inner.logins.cancel()
    }

    /// Forgets the key that a login kept, and revokes it where the login minted it. A key that a person gave is theirs:
    /// it stays valid, and the answer says so.
    ///
    /// # Errors
    /// The ledger cannot be written. That Ravi does not answer is no error: the answer says which key stays valid.
    pub async fn logout(&self) -> Result<SignedOut> {
        let done = self.logout_now().await;
        self.noted(Entry::done(Action::AccountLogout), done).await
    }

    async fn logout_now(&self) -> Result<SignedOut> {
        let server = self.inner.server.clone();
        // One that cannot be opened any more is forgotten all the same.
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

    /// What stays valid, where something does.
    async fn revoke_login(&self, kept: &StoredLogin) -> Option<ErrorBody> {
        let stays = |which: &str| Some(Error::from(AccountError::KeyStays { which: which.into() }).body());
        let (Some(own), AnyKey::Management(key)) = (&kept.own, &kept.key) else {
            return stays("the key that was given to this machine");
        };
        match self.inner.client.with(key).management_keys().revoke(own).await {
            // A key that is refused is one that is revoked.
            Ok(()) | Err(ApiError::NotFound { .. } | ApiError::Unauthorized { .. }) => None,
            Err(error) => stays(&format!("the key that the login minted ({own}; {error})")),
        }
    }

    /// Chooses the identity that holds the app's own secrets: by name, uuid or address. It is one that the account has;
    /// kept in the ledger, for every program that uses it.
    ///
    /// # Errors
    /// There is none of that name (`account.host_unknown`); it is a workspace's; the configuration names another one.
    pub async fn choose_host(&self, wanted: &str) -> Result<Account> {
        let done = self.choose_host_now(wanted).await;
        let entry = Entry::done(Action::AccountHost);
        let entry = done.iter().filter_map(|account| account.host.as_ref()).fold(entry, |e, host| e.object(&host.uuid));
        self.noted(entry, done).await
    }

    async fn choose_host_now(&self, wanted: &str) -> Result<Account> {
        let access = self.access().await?;
        let all = self.inner.client.with(&access.key).identities().list().await?;
        let host = self.host_search().choose(&all, wanted).await?.known()?;
        self.refuse_shared_host(&host).await?;
        self.forget_host().await;
        self.describe_with(&access, &all, Host::Known(host)).await
    }

    /// Makes an identity for the app's own secrets, which uses one of those that the plan allows. Where the account has
    /// one of the name already (`hostIdentity`, else `ravi-workspace host`), it is that one. Cut short anywhere, the same
    /// call again finishes, and never makes a second one.
    ///
    /// # Errors
    /// The plan has no room; not signed in with a management key; Ravi does not answer.
    pub async fn make_host(&self) -> Result<Account> {
        let done = self.make_host_now().await;
        let entry = Entry::done(Action::AccountHost).because("made");
        let entry = done.iter().filter_map(|account| account.host.as_ref()).fold(entry, |e, host| e.object(&host.uuid));
        self.noted(entry, done).await
    }

    async fn make_host_now(&self) -> Result<Account> {
        let access = self.access().await?;
        let account = self.inner.client.with(access.management("making the host identity")?);
        account::make_host(self.host_search(), &account).await?;
        self.forget_host().await;
        self.describe(&access).await
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

    /// The identity in the official command line's file is the host, unless a person chose one before.
    async fn import_choice(&self, all: &[Identity], host: &IdentityUuid) -> Result<()> {
        let server = self.inner.server.clone();
        let chosen = self.inner.ledger.run(move |l| l.host_choice(&server)).await?;
        let search = HostSearch { wanted: None, ..self.host_search() };
        match chosen.is_none() && all.iter().any(|identity| identity.uuid == *host) {
            // One that is a workspace's is not taken; then the other rules hold.
            true => search.choose(all, host.as_str()).await.map(drop),
            false => Ok(()),
        }
    }

    /// Where the host identity is looked for.
    pub(super) fn host_search(&self) -> HostSearch<'_> {
        let inner = &self.inner;
        HostSearch { ledger: &inner.ledger, server: &inner.server, wanted: inner.config.host_wanted() }
    }

    /// The host identity, found once per handle.
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

    /// What was read for the account that was signed in before is not for the next one.
    pub(super) async fn forget_host(&self) {
        *self.inner.host.lock().await = None;
        self.inner.memory.clear();
    }

    /// Asks Ravi with the key, so that a refused one shows.
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
        let official = tokio::task::spawn_blocking(official::path).await.unwrap_or(None);
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

/// What a person should know of the account's host identity.
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
