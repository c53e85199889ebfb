//! The vault of the host identity: reading, storing, rotating. Who may ask, and keeping out other processes, is up to
//! the caller.

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::error::VaultError;
use super::key_ring::KeyRing;
use super::memory::Memory;
use super::seal::{self, RECOVERY, SealedError};
use super::settings::{Backup, SecretStore, real_path};
use crate::api::{AnyKey, Secrets, Session};
use crate::config::Limits;
use crate::error::{Error, Result};
use crate::ledger::{IdentityRow, Ledger};
use crate::model::opened::Opened;
use crate::model::reference::SecretName;

/// The largest value that is stored, in bytes of UTF-8.
pub const MAX_VALUE: usize = 64 * 1024;

/// One identity's vault, with what was recently read from it.
pub(crate) struct Vault<'a> {
    pub(crate) session: &'a Session<AnyKey>,
    pub(crate) identity: &'a IdentityRow,
    pub(crate) memory: &'a Memory,
    pub(crate) ledger: &'a Ledger,
    pub(crate) keys: KeyRing,
    pub(crate) limits: Limits,
}

impl Vault<'_> {
    pub(super) fn remote(&self) -> Secrets<'_> {
        self.session.secrets(&self.identity.uuid)
    }

    pub(super) fn missing(&self, name: &SecretName) -> Error {
        VaultError::NoSecret { identity: self.identity.name.clone(), name: name.to_string(), elsewhere: Vec::new() }
            .into()
    }

    /// Reads one secret from Ravi; `None` if there is none. Nothing is remembered.
    pub(crate) async fn ask(&self, name: &SecretName) -> Result<Option<Opened>> {
        match self.remote().find(name.as_str()).await? {
            Some(secret) => Ok(Some(self.open(name, &secret.value)?)),
            None => Ok(None),
        }
    }

    /// Reads one secret from Ravi, bypassing everything that is remembered; `None` if there is none.
    pub(crate) async fn fetch(&self, name: &SecretName) -> Result<Option<SecretString>> {
        let value = self.ask(name).await?;
        match &value {
            Some(value) => self.remember(name, value).await?,
            None => self.forget(name).await?,
        }
        Ok(value.map(Opened::into_value))
    }

    /// Reads one secret that must exist from Ravi.
    pub(crate) async fn get(&self, name: &SecretName) -> Result<SecretString> {
        self.fetch(name).await?.ok_or_else(|| self.missing(name))
    }

    /// Creates or overwrites one secret and makes sure that it reads back.
    pub(crate) async fn set(&self, name: &SecretName, value: &SecretString) -> Result<()> {
        check_size(name, value)?;
        self.check_not_reserved(name)?;
        self.check_not_locked(name).await?;
        let stored = self.close(name, value)?;
        // Checked before it replaces what is there: what does not open here could not be read again.
        let opened = self.open(name, &stored)?;
        self.memory.expire(name);
        self.put_and_read_back(name, &stored).await?;
        self.memory.stored(name.clone(), opened.clone());
        self.remember(name, &opened).await
    }

    /// Stores a text as it is.
    pub(super) async fn put_and_read_back(&self, name: &SecretName, stored: &SecretString) -> Result<()> {
        self.remote().put(name.as_str(), stored).await?;
        match self.remote().find(name.as_str()).await? {
            Some(read) if same(&read.value, stored) => Ok(()),
            _ => Err(VaultError::ReadBack { name: name.to_string() }.into()),
        }
    }

    pub(super) fn open(&self, name: &SecretName, stored: &SecretString) -> Result<Opened> {
        Ok(self.keys.open(&self.identity.uuid, name, stored).map_err(VaultError::from)?)
    }

    pub(super) fn close(&self, name: &SecretName, value: &SecretString) -> Result<SecretString> {
        Ok(self.keys.close(&self.identity.uuid, name, value).map_err(VaultError::from)?)
    }

    fn check_not_reserved(&self, name: &SecretName) -> Result<()> {
        if name.as_str() == RECOVERY {
            Err(VaultError::from(SealedError::Reserved { name: name.to_string() }).into())
        } else {
            Ok(())
        }
    }

    /// Makes sure that a machine without the key does not put plain values into a vault that others keep sealed.
    pub(super) async fn check_not_locked(&self, name: &SecretName) -> Result<()> {
        if self.keys.sealing().is_none() && self.remote().find(RECOVERY).await?.is_some() {
            Err(VaultError::from(seal::locked(name)).into())
        } else {
            Ok(())
        }
    }

    /// Replaces the value of a secret that exists. Until the new value has been read back, the old one is kept under
    /// [`side_name`], so that whatever happens, one of the two names holds a value that worked.
    pub(crate) async fn rotate(&self, name: &SecretName, new: &SecretString) -> Result<()> {
        check_size(name, new)?;
        self.check_not_reserved(name)?;
        let side = side_name(name)?;
        // An earlier, interrupted rotation may have left a side name. What is read now is whole, whether old or new, so
        // it is what must not be lost.
        let Some(old) = self.fetch(name).await? else { return Err(self.missing(name)) };
        self.put_and_read_back(&side, &self.close(&side, &old)?).await?;
        self.set(name, new).await.map_err(|error| match error.downcast_ref() {
            Some(VaultError::ReadBack { .. }) => {
                VaultError::RotateReadBack { name: name.to_string(), side: side.to_string() }.into()
            }
            _ => error,
        })?;
        match self.remote().find(side.as_str()).await? {
            Some(kept) => Ok(self.remote().delete(&kept.uuid).await?),
            None => Ok(()),
        }
    }

    /// Deletes one secret.
    pub(crate) async fn delete(&self, name: &SecretName) -> Result<()> {
        self.check_not_reserved(name)?;
        self.memory.expire(name);
        let found = self.remote().find(name.as_str()).await?;
        if let Some(secret) = &found {
            self.remote().delete(&secret.uuid).await?;
        }
        self.forget(name).await?;
        if found.is_some() { Ok(()) } else { Err(self.missing(name)) }
    }

    /// Names of all secrets, sorted.
    pub(crate) async fn names(&self) -> Result<Vec<String>> {
        let mut names: Vec<String> = self.remote().list().await?.into_iter().map(|secret| secret.key).collect();
        names.sort();
        Ok(names)
    }
}

impl SecretStore for Vault<'_> {
    type Error = Error;

    async fn read(&self, name: &SecretName) -> Result<Option<SecretString>> {
        self.fetch(name).await
    }

    async fn write(&self, name: &SecretName, value: &SecretString) -> Result<()> {
        self.set(name, value).await
    }

    async fn back_up(&self, backup: Backup<'_>) -> Result<()> {
        let file = real_path(backup.file).map_err(VaultError::from)?;
        let (text, digest) = (SecretString::from(backup.before), Sha256::digest(backup.after).to_vec());
        let (original, secrets) =
            (backup.original, backup.secrets.iter().map(SecretName::to_string).collect::<Vec<_>>());
        let keep = move |l: &Ledger| l.keep_settings(&file, text.expose_secret(), original, &digest, &secrets);
        Ok(self.ledger.run(keep).await?)
    }
}

/// Where the old value of a secret is kept while it is rotated.
fn side_name(name: &SecretName) -> Result<SecretName> {
    Ok(SecretName::parse(&format!("{name}__PREVIOUS")).map_err(VaultError::from)?)
}

fn check_size(name: &SecretName, value: &SecretString) -> Result<()> {
    let bytes = value.expose_secret().len();
    if bytes > MAX_VALUE {
        Err(VaultError::TooLarge { name: name.to_string(), bytes, limit: MAX_VALUE }.into())
    } else {
        Ok(())
    }
}

fn same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}
