//! The app's secrets: those of the host identity.

use secrecy::SecretString;
use tokio::sync::broadcast;

use super::Ravi;
use crate::account::{Access, AccountError};
use crate::api::{AnyKey, IdentityUuid, Session};
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::ledger::IdentityRow;
use crate::machine::lock::Lock;
use crate::model::opened::Opened;
use crate::model::reference::{Reference, SecretName};
use crate::vault::{self, KeyRing, NewValue, SecretRead, Vault, VaultError};

/// A value that is no longer fresh is served while it is read again, until it is this many times older than fresh.
const BACKGROUND: u32 = 12;

/// The vault as it is at the moment.
pub(super) struct OpenVault {
    session: Session<AnyKey>,
    identity: IdentityRow,
    keys: KeyRing,
}

impl OpenVault {
    pub(super) fn identity(&self) -> &IdentityRow {
        &self.identity
    }

    pub(super) fn vault<'a>(&'a self, ravi: &'a Ravi) -> Vault<'a> {
        let inner = &ravi.inner;
        Vault {
            session: &self.session,
            identity: &self.identity,
            memory: &inner.memory,
            ledger: &inner.ledger,
            keys: self.keys.clone(),
            limits: inner.config.secret_limits(),
        }
    }
}

impl super::handle::Secrets<'_> {
    /// Reads a secret of the host identity; see [`read`](crate::handle::Secrets::read).
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let token = ravi.secrets().get("DAEMON_TOKEN").await?;
    /// # drop(token);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn get(self, key: &str) -> Result<SecretString> {
        Ok(self.read(key).await?.value)
    }

    /// Reads a secret of the host identity, and tells how old that knowledge is.
    ///
    /// A fresh value (5 minutes, `secretFreshSeconds`) comes from memory or from the ledger. An older one that this
    /// process holds is served while it is read again in the background, for an hour at most. Otherwise Ravi is asked;
    /// if it does not answer, a value from the ledger is served up to an age of 72 hours (`secretStaleSeconds`).
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let read = ravi.secrets().read("DAEMON_TOKEN").await?;
    /// if read.stale {
    ///     println!("read {} s ago", read.age.as_secs());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such secret (`secret.not_found`); nobody is signed in, or the key is refused, which also ends what
    /// is remembered; Ravi does not answer and nothing recent enough is remembered.
    pub async fn read(self, key: &str) -> Result<SecretRead> {
        let name = SecretName::parse(key).map_err(VaultError::from)?;
        let fresh = self.ravi.inner.config.secret_limits().fresh;
        if let Some((value, age)) = self.ravi.inner.memory.get(&name, fresh * BACKGROUND) {
            let stale = age >= fresh;
            if stale {
                self.ravi.refresh_in_background(name.clone());
            }
            self.ravi.note_soon(read_of(&name)).await?;
            return Ok(SecretRead { value, age, stale });
        }
        let read = self.ravi.again_if_replaced(|| self.ravi.with_vault(async |vault| vault.read(&name).await)).await;
        self.ravi.noted(read_of(&name), read).await
    }

    /// Creates or overwrites a secret of the host identity and checks that it reads back.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// ravi.secrets().set("SMTP_PASSWORD", "made-up".into()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The name is not a valid secret name; nobody is signed in; Ravi does not answer.
    pub async fn set(self, key: &str, value: SecretString) -> Result<()> {
        let name = SecretName::parse(key).map_err(VaultError::from)?;
        let set = || self.ravi.with_vault(async |vault| vault.set(&name, &value).await);
        let done = self.ravi.again_if_replaced(set).await;
        self.ravi.noted(Entry::done(Action::SecretSet).object(name.as_str()), done).await
    }

    /// Deletes a secret of the host identity.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// ravi.secrets().delete("SMTP_PASSWORD").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such secret (`secret.not_found`); nobody is signed in; Ravi does not answer.
    pub async fn delete(self, key: &str) -> Result<()> {
        let name = SecretName::parse(key).map_err(VaultError::from)?;
        let done = self.ravi.with_vault(async |vault| vault.delete(&name).await).await;
        self.ravi.noted(Entry::done(Action::SecretDelete).object(name.as_str()), done).await
    }

    /// Returns the names of the host identity's secrets, sorted.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// for name in ravi.secrets().names().await? {
    ///     println!("{name}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Nobody is signed in; Ravi does not answer.
    pub async fn names(self) -> Result<Vec<String>> {
        self.ravi.again_if_replaced(|| self.ravi.with_vault(async |vault| vault.names().await)).await
    }

    /// Reads several secrets of the host identity, in the order given.
    ///
    /// While all of them are fresh, they come from memory or the ledger; otherwise one API call reads them, however
    /// many they are. During an outage older values are served, as for a single secret.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let both = ravi.secrets().get_all(&["DAEMON_TOKEN", "SMTP_PASSWORD"]).await?;
    /// # drop(both);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// One of them does not exist (`secret.not_found`); nobody is signed in; Ravi does not answer.
    pub async fn get_all(self, keys: &[&str]) -> Result<Vec<SecretString>> {
        let names: Vec<SecretName> =
            keys.iter().map(|key| SecretName::parse(key)).collect::<Result<_, _>>().map_err(VaultError::from)?;
        let fresh = self.ravi.inner.config.secret_limits().fresh;
        let kept = names.iter().map(|name| self.ravi.inner.memory.get(name, fresh).map(|(value, _)| value));
        if let Some(values) = kept.collect() {
            for name in &names {
                self.ravi.note_soon(read_of(name)).await?;
            }
            return Ok(values);
        }
        let reads = names.iter().map(read_of);
        let read = || self.ravi.with_vault(async |vault| vault.read_many(&names).await);
        match self.ravi.again_if_replaced(read).await {
            Ok(values) => self.ravi.note_all(reads.collect()).await.map(|()| values),
            Err(error) => {
                for read in reads {
                    self.ravi.note_failure(read.ended(&error)).await;
                }
                Err(error)
            }
        }
    }

    /// Reads a secret of the host identity from Ravi, ignoring everything that is remembered.
    ///
    /// Listeners are told if it has changed.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// // The daemon refused the token with a 401: somebody may have rotated it.
    /// let token = ravi.secrets().refresh("DAEMON_TOKEN").await?;
    /// # drop(token);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`get`](crate::handle::Secrets::get).
    pub async fn refresh(self, key: &str) -> Result<SecretString> {
        let name = SecretName::parse(key).map_err(VaultError::from)?;
        let get = || self.ravi.with_vault(async |vault| vault.get(&name).await);
        let read = self.ravi.again_if_replaced(get).await;
        self.ravi.noted(read_of(&name), read).await
    }

    /// Replaces the value of a secret of the host identity.
    ///
    /// The old value is kept as `KEY__PREVIOUS` until the new one has been read back, and then deleted. Only one
    /// rotation runs at a time on this machine; an interrupted one may be run again.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::vault::{DEFAULT_LENGTH, NewValue};
    ///
    /// ravi.secrets().rotate("DAEMON_TOKEN", NewValue::Generated(DEFAULT_LENGTH)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such secret (`secret.not_found`); the new value does not read back (`secret.rotate_read_back`); it
    /// is too large; nobody is signed in; Ravi does not answer.
    pub async fn rotate(self, key: &str, new: NewValue) -> Result<()> {
        let name = SecretName::parse(key).map_err(VaultError::from)?;
        let new = new.into_value()?;
        let _lock = Lock::wait(self.ravi.inner.ledger.dir(), &format!("rotate/{name}"), name.as_str()).await?;
        let done = self.ravi.with_vault(async |vault| vault.rotate(&name, &new).await).await;
        self.ravi.noted(Entry::done(Action::SecretRotate).object(name.as_str()), done).await
    }

    /// Returns the names of secrets that change from now on, never a value.
    ///
    /// Changes by this handle or a clone of it are reported at once; changes by others when the secret is read again. A
    /// receiver that lagged behind should read again whatever it holds.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use tokio::sync::broadcast::error::RecvError;
    ///
    /// let mut changes = ravi.secrets().on_change();
    /// loop {
    ///     match changes.recv().await {
    ///         Ok(name) => println!("{name} has changed"),
    ///         Err(RecvError::Lagged(_)) => println!("read all of them again"),
    ///         Err(RecvError::Closed) => break,
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_change(self) -> broadcast::Receiver<SecretName> {
        self.ravi.inner.memory.listen()
    }
}

impl Ravi {
    /// Reads a secret of the host identity for a process of a workspace. The caller notes it.
    pub(crate) async fn secret_for_workspace(&self, name: &SecretName) -> Result<SecretString> {
        let fresh = self.inner.config.secret_limits().fresh;
        match self.inner.memory.get(name, fresh) {
            Some((value, _)) => Ok(value),
            None => {
                let read = || self.with_vault(async |vault| vault.read(name).await);
                Ok(self.again_if_replaced(read).await?.value)
            }
        }
    }

    /// Returns a value of any identity's vault, as this machine opens it.
    pub(crate) async fn open_stored(
        &self,
        identity: &IdentityUuid,
        name: &SecretName,
        stored: &SecretString,
    ) -> Result<Opened> {
        vault::open_stored(&self.inner.ledger, identity, name, stored).await
    }

    fn refresh_in_background(&self, name: SecretName) {
        let ravi = self.clone();
        tokio::spawn(async move {
            let Some(_refresh) = ravi.inner.memory.begin_refresh(&name) else { return };
            if let Err(error) = ravi.with_vault(async |vault| vault.read(&name).await).await {
                tracing::debug!(code = error.code(), name = name.as_str(), "a secret could not be read again");
            }
        });
    }

    /// Works with the host identity's vault. If the identity turns out to be gone at Ravi and another one replaces it
    /// by the rules, that is the error; the next call uses the new one.
    pub(super) async fn with_vault<T>(&self, work: impl AsyncFnOnce(Vault<'_>) -> Result<T>) -> Result<T> {
        let open = self.open_vault().await?;
        match work(open.vault(self)).await {
            Err(error) => Err(self.explain_failure(&open.identity, error).await),
            done => done,
        }
    }

    /// Repeats the work if the host identity turned out to have been replaced.
    async fn again_if_replaced<T, F: Future<Output = Result<T>> + Send>(&self, work: impl Fn() -> F) -> Result<T> {
        match work().await {
            Err(error) if matches!(error.downcast_ref(), Some(AccountError::HostReplaced { .. })) => work().await,
            done => done,
        }
    }

    /// Opens the host identity's vault, to be used once.
    pub(super) async fn open_vault(&self) -> Result<OpenVault> {
        let inner = &self.inner;
        let access = self.access().await?;
        let identity = self.host(&access).await?;
        let session = inner.client.with(&access.key);
        let uuid = identity.uuid.clone();
        // Read each time: another process may have switched sealing on.
        let keys = inner.ledger.run(move |l| KeyRing::read(l, &uuid)).await?;
        Ok(OpenVault { session, identity, keys })
    }

    /// Finds the host identity. An identity key reaches one identity for ever: once that is known, Ravi need not be
    /// asked, and in an outage cannot be.
    pub(super) async fn find_host(&self, access: &Access) -> Result<IdentityRow> {
        let inner = &self.inner;
        if let AnyKey::Identity(key) = &access.key {
            let (server, asked) = (inner.server.clone(), key.clone());
            if let Some(known) = inner.ledger.run(move |l| l.identity_of(&server, &asked)).await? {
                return Ok(known);
            }
        }
        let row = self.host_search().find(&inner.client, access).await?.known()?;
        if let AnyKey::Identity(key) = &access.key {
            let (key, kept) = (key.clone(), row.clone());
            inner.ledger.run(move |l| l.keep_identity_of(&key, &kept)).await?;
        }
        Ok(row)
    }

    pub(super) async fn resolve(&self, reference: &Reference) -> Result<SecretString> {
        match reference.identity() {
            None => self.secrets().get(reference.name().as_str()).await,
            Some(_) => Err(VaultError::OtherIdentity { reference: reference.to_string() }.into()),
        }
    }
}

pub(super) fn read_of(name: &SecretName) -> Entry {
    Entry::done(Action::SecretRead).object(name.as_str())
}
