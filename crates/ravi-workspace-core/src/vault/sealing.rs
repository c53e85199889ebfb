//! Switching sealing on, bringing the key to another machine, rotating it. Each may be interrupted anywhere and run
//! again.
//!
//! The order is always the same: a key is in the ledger before the recovery copy holds it, and in the recovery copy
//! before anything is sealed with it. So no value is ever sealed with a key that could be lost along with one machine.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::error::VaultError;
use super::key_ring::{KeyRing, KeyState};
use super::seal::{self, RECOVERY, SealedError, VaultKey};
use super::secrets::Vault;
use crate::api::Secret;
use crate::error::Result;
use crate::machine::blocking::{Stopped, blocking};
use crate::model::opened::{Opened, is_sealed};
use crate::model::reference::SecretName;

/// How the secrets of a vault are stored at Ravi.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct SealStatus {
    /// Whether sealing is on, and this machine can open what is sealed.
    pub state: SealState,
    /// Distinguishes vault keys without revealing anything about them; `None` if this machine has none.
    pub key: Option<String>,
    /// How many secrets this machine can open.
    pub sealed: usize,
    /// Names of secrets that are not sealed.
    pub plain: Vec<String>,
    /// Names of secrets that this machine refuses to open or cannot open.
    pub refused: Vec<String>,
}

/// Whether sealing is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum SealState {
    /// It is off.
    Off,
    /// It is on.
    On,
    /// It is on, and this machine does not have the key.
    Locked,
    /// A change of keys was begun here and is not finished; running the same command again finishes it.
    Unfinished,
}

impl Vault<'_> {
    /// Switches sealing on and seals what is there.
    pub(crate) async fn enable_sealing(&mut self, passphrase: &SecretString) -> Result<SealStatus> {
        if self.keys.in_state(KeyState::Current).is_none() && self.keys.in_state(KeyState::First).is_none() {
            self.make_first_key(passphrase).await?;
        }
        if let Some(first) = self.keys.in_state(KeyState::First).cloned() {
            self.reseal().await?;
            self.keep(KeyRing(vec![(KeyState::Current, first)])).await?;
        }
        self.seal_status().await
    }

    async fn make_first_key(&mut self, passphrase: &SecretString) -> Result<()> {
        let copy = self.recovery().await?;
        let begun = self.keys.in_state(KeyState::Next).cloned();
        let key = match (copy, begun) {
            (None, begun) => {
                let key = begun.unwrap_or_else(VaultKey::generate);
                // Refuses a weak passphrase before anything is kept.
                let copy = recovery_copy(vec![key.clone()], passphrase).await?;
                self.keep(KeyRing(vec![(KeyState::Next, key.clone())])).await?;
                self.put_recovery(&copy).await?;
                key
            }
            // It was interrupted after the copy was stored.
            (Some(copy), Some(begun)) if recover(&copy, passphrase).await?.contains(&begun) => begun,
            (Some(_), _) => return Err(refused(SealedError::EnabledElsewhere)),
        };
        self.keep(KeyRing(vec![(KeyState::First, key)])).await
    }

    /// Takes the vault keys from the recovery copy.
    pub(crate) async fn unlock_sealing(&mut self, passphrase: &SecretString) -> Result<SealStatus> {
        let Some(copy) = self.recovery().await? else { return Err(refused(SealedError::NotEnabled)) };
        let keys = recover(&copy, passphrase).await?;
        // Nobody else knows yet a key that this machine is about to introduce.
        let ours = self.keys.0.iter().filter(|(state, key)| *state == KeyState::Next && !keys.contains(key));
        let ours: Vec<_> = ours.cloned().collect();
        let states = std::iter::once(KeyState::Current).chain(std::iter::repeat(KeyState::Old));
        self.keep(KeyRing(states.zip(keys).chain(ours).collect())).await?;
        self.seal_status().await
    }

    /// Reseals everything with a new key and perhaps a new passphrase.
    pub(crate) async fn rotate_sealing(&mut self, passphrase: &SecretString) -> Result<SealStatus> {
        let Some(now) = self.keys.in_state(KeyState::Current).cloned() else {
            return Err(refused(SealedError::NotEnabled));
        };
        let resumed = self.keys.in_state(KeyState::Old).is_some();
        if !resumed {
            let next = self.keys.in_state(KeyState::Next).cloned().unwrap_or_else(VaultKey::generate);
            let copy = recovery_copy(vec![next.clone(), now.clone()], passphrase).await?;
            self.keep(KeyRing(vec![(KeyState::Current, now.clone()), (KeyState::Next, next.clone())])).await?;
            self.put_recovery(&copy).await?;
            self.keep(KeyRing(vec![(KeyState::Current, next), (KeyState::Old, now)])).await?;
        }
        self.reseal().await?;
        let Some(current) = self.keys.in_state(KeyState::Current).cloned() else {
            return Err(refused(SealedError::NotEnabled));
        };
        let copy = recovery_copy(vec![current.clone()], passphrase).await?;
        self.put_recovery(&copy).await?;
        self.keep(KeyRing(vec![(KeyState::Current, current)])).await?;
        self.seal_status().await
    }

    /// How the secrets are stored at Ravi. Takes one API call.
    pub(crate) async fn seal_status(&self) -> Result<SealStatus> {
        let all = self.remote().list().await?;
        let recovery = all.iter().any(|secret| secret.key == RECOVERY);
        let unfinished = self.keys.0.iter().any(|(state, _)| *state != KeyState::Current);
        let state = match (self.keys.sealing().is_some(), recovery) {
            _ if unfinished => SealState::Unfinished,
            (true, _) => SealState::On,
            (false, true) => SealState::Locked,
            (false, false) => SealState::Off,
        };
        let key = self.keys.sealing().map(VaultKey::fingerprint);
        let mut status = SealStatus { state, key, sealed: 0, plain: Vec::new(), refused: Vec::new() };
        for secret in all.iter().filter(|secret| secret.key != RECOVERY) {
            match is_sealed(&secret.value) {
                false => status.plain.push(secret.key.clone()),
                true if self.opened(secret).is_some() => status.sealed += 1,
                true => status.refused.push(secret.key.clone()),
            }
        }
        status.plain.sort();
        status.refused.sort();
        Ok(status)
    }

    /// Reseals with the current key whatever is sealed with an older one and, while sealing is being switched on,
    /// whatever is plain.
    ///
    /// What cannot be opened is left alone, and appears in the status.
    async fn reseal(&self) -> Result<()> {
        let Some(current) = self.keys.sealing() else { return Ok(()) };
        for secret in self.remote().list().await? {
            let Ok(name) = SecretName::parse(&secret.key) else { continue };
            let done = seal::open(&[current], &self.identity.uuid, &name, &secret.value).is_ok();
            if done || secret.key == RECOVERY {
                continue;
            }
            // Read again: it may have been given another value since the list was made.
            let Some(now) = self.remote().find(&secret.key).await? else { continue };
            let Some(value) = self.opened(&now) else { continue };
            let sealed = self.keys.close(&self.identity.uuid, &name, &value).map_err(VaultError::from)?;
            self.put_and_read_back(&name, &sealed).await?;
        }
        Ok(())
    }

    fn opened(&self, secret: &Secret) -> Option<SecretString> {
        let name = SecretName::parse(&secret.key).ok()?;
        self.keys.open(&self.identity.uuid, &name, &secret.value).ok().map(Opened::into_value)
    }

    async fn recovery(&self) -> Result<Option<SecretString>> {
        Ok(self.remote().find(RECOVERY).await?.map(|secret| secret.value))
    }

    async fn put_recovery(&self, copy: &SecretString) -> Result<()> {
        let name = SecretName::parse(RECOVERY).map_err(VaultError::from)?;
        self.put_and_read_back(&name, copy).await
    }

    async fn keep(&mut self, keys: KeyRing) -> Result<()> {
        let (identity, kept) = (self.identity.uuid.clone(), keys.clone());
        self.ledger.run(move |l| kept.write(l, &identity)).await?;
        self.keys = keys;
        Ok(())
    }
}

fn refused(error: SealedError) -> crate::Error {
    VaultError::from(error).into()
}

/// Runs on a thread that may block: scrypt takes a second on purpose.
async fn recovery_copy(keys: Vec<VaultKey>, passphrase: &SecretString) -> Result<SecretString> {
    let passphrase = passphrase.clone();
    let work = move || seal::recovery_copy(&keys.iter().collect::<Vec<_>>(), &passphrase);
    Ok(blocking(work).await.map_err(stopped)?.map_err(VaultError::from)?)
}

async fn recover(copy: &SecretString, passphrase: &SecretString) -> Result<Vec<VaultKey>> {
    let (copy, passphrase) = (copy.clone(), passphrase.clone());
    let work = move || seal::recover(&copy, &passphrase);
    Ok(blocking(work).await.map_err(stopped)?.map_err(VaultError::from)?)
}

fn stopped(_: Stopped) -> crate::Error {
    crate::ledger::LedgerError::Stopped.into()
}

/// Name of the systemd credential that may hold the recovery passphrase.
const CREDENTIAL: &str = "ravi-vault-passphrase";

/// The recovery passphrase from a systemd credential (`LoadCredential=ravi-vault-passphrase:…`), if there is one.
pub fn passphrase_credential() -> Option<SecretString> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY")?;
    let bytes =
        crate::machine::files::read_bounded_following(&std::path::Path::new(&folder).join(CREDENTIAL), 4096).ok()?;
    let bytes = zeroize::Zeroizing::new(bytes);
    let text = SecretString::from(std::str::from_utf8(&bytes).ok()?.trim_end_matches(['\r', '\n']));
    (!text.expose_secret().is_empty()).then_some(text)
}
