//! Secrets as claims: of two that make the same one at once, one succeeds. Ravi has no other call of that kind.

use secrecy::{ExposeSecret as _, SecretString};

use super::VaultError;
use super::reference::SecretName;
use super::seal::SealedError;
use super::secrets::Vault;
use crate::api::{ApiError, SecretUuid};
use crate::error::Result;

impl Vault<'_> {
    /// Whether what is stored is sealed.
    ///
    /// # Errors
    /// The vault is sealed, and this machine does not have the key.
    pub(crate) async fn seals(&self, name: &SecretName) -> Result<bool> {
        self.check_not_locked(name).await?;
        Ok(self.keys.sealing().is_some())
    }

    /// Makes a secret that is not there; `None` where somebody else has made it.
    pub(crate) async fn claim(&self, name: &SecretName, value: &SecretString) -> Result<Option<SecretUuid>> {
        let stored = self.close(name, value)?;
        match self.remote().create(name.as_str(), &stored, None).await {
            Ok(secret) => Ok(Some(secret.uuid)),
            Err(e) if e.outcome_unknown() || matches!(e, ApiError::Conflict { .. } | ApiError::Invalid { .. }) => {
                match self.remote().find(name.as_str()).await? {
                    // Ours, whose answer was lost.
                    Some(found) if found.value.expose_secret() == stored.expose_secret() => Ok(Some(found.uuid)),
                    Some(_) => Ok(None),
                    None if e.outcome_unknown() => Err(e.into()),
                    None => Ok(None),
                }
            }
            Err(e) => Err(e.into()),
        }
    }

    /// The claim that is there. One that does not open is somebody's all the same; its value is `None`.
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

    /// Takes a claim away; done where it is gone already.
    pub(crate) async fn unclaim(&self, claim: &SecretUuid) -> Result<()> {
        match self.remote().delete(claim).await {
            Ok(()) | Err(ApiError::NotFound { .. }) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }
}
