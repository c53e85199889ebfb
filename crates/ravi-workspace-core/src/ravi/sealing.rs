//! The vault of the host identity, sealed end to end.

use secrecy::SecretString;

use super::Ravi;
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::machine::lock::Lock;
use crate::vault::{SealStatus, SealedError, VaultError, passphrase_credential};

impl super::handle::Seal<'_> {
    /// Switches on end-to-end sealing of the host identity's vault.
    ///
    /// A vault key is made and kept here, a copy of it encrypted with `passphrase` is stored in Ravi, and everything in
    /// the vault is sealed with the key. After an interruption, the same call finishes the work.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// # let passphrase: ravi_workspace_core::SecretString = String::new().into();
    /// ravi.seal().enable(passphrase).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Sealing was switched on elsewhere (`seal.enabled_elsewhere`); the passphrase is too short; nobody is signed in;
    /// Ravi does not answer.
    pub async fn enable(self, passphrase: SecretString) -> Result<SealStatus> {
        let _lock = self.ravi.lock_sealing().await?;
        let done = self.ravi.with_vault(async |mut vault| vault.enable_sealing(&passphrase).await).await;
        self.ravi.noted(Entry::done(Action::SealChange).object("enable"), done).await
    }

    /// Brings the vault key to this machine.
    ///
    /// Without `passphrase`, the passphrase is read from the systemd credential `ravi-vault-passphrase`.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// # let passphrase: ravi_workspace_core::SecretString = String::new().into();
    /// ravi.seal().unlock(Some(passphrase)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Sealing is not on; the passphrase is wrong (`seal.passphrase`); nobody is signed in; Ravi does not answer.
    pub async fn unlock(self, passphrase: Option<SecretString>) -> Result<SealStatus> {
        let passphrase = passphrase.or_else(passphrase_credential);
        let passphrase = passphrase.ok_or_else(|| VaultError::from(SealedError::Passphrase))?;
        let _lock = self.ravi.lock_sealing().await?;
        let done = self.ravi.with_vault(async |mut vault| vault.unlock_sealing(&passphrase).await).await;
        self.ravi.noted(Entry::done(Action::SealChange).object("unlock"), done).await
    }

    /// Makes a new vault key, seals everything with it, and forgets the old one.
    ///
    /// From then on `passphrase` opens the recovery copy; it may differ from the former one. After an interruption, the
    /// same call finishes the work.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// # let passphrase: ravi_workspace_core::SecretString = String::new().into();
    /// ravi.seal().rotate(passphrase).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Sealing is not on, or this machine does not have the key; the passphrase is too short; Ravi does not answer.
    pub async fn rotate(self, passphrase: SecretString) -> Result<SealStatus> {
        let _lock = self.ravi.lock_sealing().await?;
        let done = self.ravi.with_vault(async |mut vault| vault.rotate_sealing(&passphrase).await).await;
        self.ravi.noted(Entry::done(Action::SealChange).object("rotate"), done).await
    }

    /// Returns whether the host identity's secrets are sealed at Ravi. Makes one API call.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// println!("{:?}", ravi.seal().status().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Nobody is signed in; Ravi does not answer.
    pub async fn status(self) -> Result<SealStatus> {
        self.ravi.with_vault(async |vault| vault.seal_status().await).await
    }
}

impl Ravi {
    async fn lock_sealing(&self) -> Result<Lock> {
        Ok(Lock::wait(self.inner.ledger.dir(), "sealing", "vault").await?)
    }
}
