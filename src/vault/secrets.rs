//! The vault of the host identity.

use secrecy::{ExposeSecret as _, SecretString};

use super::error::VaultError;
use super::memory::Memory;
use super::reference::SecretName;
use super::settings::SecretStore;
use crate::api::{AnyKey, Secrets, Session};
use crate::error::{Error, Result};
use crate::ledger::IdentityRow;

/// One identity's vault, with what was read from it lately.
pub(crate) struct Vault<'a> {
    pub(crate) session: &'a Session<AnyKey>,
    pub(crate) identity: &'a IdentityRow,
    pub(crate) memory: &'a Memory,
}

impl Vault<'_> {
    fn remote(&self) -> Secrets<'_> {
        self.session.secrets(&self.identity.uuid)
    }

    fn missing(&self, name: &SecretName) -> Error {
        VaultError::NoSecret { identity: self.identity.name.clone(), name: name.to_string() }.into()
    }

    /// Reads one secret from Ravi; `None` when there is none.
    pub(crate) async fn fetch(&self, name: &SecretName) -> Result<Option<SecretString>> {
        match self.remote().find(name.as_str()).await? {
            Some(secret) => {
                self.memory.put(name.clone(), secret.value.clone());
                Ok(Some(secret.value))
            }
            None => {
                self.memory.forget(name);
                Ok(None)
            }
        }
    }

    /// Reads one secret that must be there.
    pub(crate) async fn get(&self, name: &SecretName) -> Result<SecretString> {
        self.fetch(name).await?.ok_or_else(|| self.missing(name))
    }

    /// Creates or overwrites one secret and sees that it reads back.
    pub(crate) async fn set(&self, name: &SecretName, value: &SecretString) -> Result<()> {
        self.memory.forget(name);
        self.remote().put(name.as_str(), value).await?;
        match self.fetch(name).await? {
            Some(stored) if stored.expose_secret() == value.expose_secret() => Ok(()),
            _ => Err(VaultError::ReadBack { name: name.to_string() }.into()),
        }
    }

    /// Deletes one secret.
    pub(crate) async fn delete(&self, name: &SecretName) -> Result<()> {
        self.memory.forget(name);
        let Some(secret) = self.remote().find(name.as_str()).await? else { return Err(self.missing(name)) };
        Ok(self.remote().delete(&secret.uuid).await?)
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
}
