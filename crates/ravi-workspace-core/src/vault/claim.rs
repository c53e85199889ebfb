//! Secrets as claims: if two callers create the same one at once, only one succeeds. Ravi has no other call of that
//! kind.

use secrecy::{ExposeSecret as _, SecretString};

use super::VaultError;
use super::seal::SealedError;
use super::secrets::Vault;
use crate::api::{ApiError, SecretUuid};
use crate::error::Result;
use crate::model::reference::SecretName;

impl Vault<'_> {
    /// Whether what is stored is sealed.
    ///
    /// # Errors
    /// The vault is sealed, and this machine does not have the key.
    pub(crate) async fn seals(&self, name: &SecretName) -> Result<bool> {
        self.check_not_locked(name).await?;
        Ok(self.keys.sealing().is_some())
    }

    /// Creates a secret that must not exist yet; `None` if somebody else has created it.
    pub(crate) async fn claim(&self, name: &SecretName, value: &SecretString) -> Result<Option<SecretUuid>> {
        let stored = self.close(name, value)?;
        match self.remote().create(name.as_str(), &stored, None).await {
            Ok(secret) => Ok(Some(secret.uuid)),
            Err(e) if e.outcome_unknown() || matches!(e, ApiError::Conflict { .. } | ApiError::Invalid { .. }) => {
                match self.remote().find(name.as_str()).await? {
                    // It is ours; the reply was lost.
                    Some(found) if found.value.expose_secret() == stored.expose_secret() => Ok(Some(found.uuid)),
                    Some(_) => Ok(None),
                    None if e.outcome_unknown() => Err(e.into()),
                    None => Ok(None),
                }
            }
            Err(e) => Err(e.into()),
        }
    }

    /// The existing claim. If it cannot be opened, it is still somebody's, and its value is `None`.
    pub(crate) async fn claimed(&self, name: &SecretName) -> Result<Option<(SecretUuid, Option<SecretString>)>> {
        let Some(found) = self.remote().find(name.as_str()).await? else { return Ok(None) };
        let value = match self.keys.open(&self.identity.uuid, name, &found.value) {
            Ok(value) => Some(value.into_value()),
            Err(error @ (SealedError::Locked { .. } | SealedError::NotBuilt { .. })) => {
                return Err(VaultError::from(error).into());
            }
            Err(_) => None,
        };
        Ok(Some((found.uuid, value)))
    }

    /// Removes a claim. It is not an error if it is already gone.
    pub(crate) async fn unclaim(&self, claim: &SecretUuid) -> Result<()> {
        match self.remote().delete(claim).await {
            Ok(()) | Err(ApiError::NotFound { .. }) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }
}
