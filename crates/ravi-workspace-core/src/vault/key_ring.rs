//! The vault keys of this machine, and what each is for.
//!
//! A change of keys takes several steps, some of them at Ravi. The state of each key in the ledger says which steps are
//! done.
//!
//! What was opened has a separate type, [`Opened`], which nobody else can make from what Ravi served. Memory and ledger
//! keep nothing else, so sealed text can never be remembered as if it were the value.

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::error::VaultError;
use super::seal::{self, RECOVERY, SealedError, VaultKey};
use crate::api::IdentityUuid;
use crate::error::Result;
use crate::ledger::{Ledger, LedgerError};
use crate::model::opened::{Opened, is_sealed};
use crate::model::reference::SecretName;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyState {
    /// Made, but perhaps not in the recovery copy yet: nothing is sealed with it.
    Next,
    /// Seals, while values from before are still plain.
    First,
    /// Seals; plain values are refused.
    Current,
    /// Opens what a rotation has not resealed yet.
    Old,
}

impl KeyState {
    const ALL: [KeyState; 4] = [KeyState::Next, KeyState::First, KeyState::Current, KeyState::Old];

    /// The word for it in the ledger.
    fn word(self) -> &'static str {
        match self {
            KeyState::Next => "next",
            KeyState::First => "first",
            KeyState::Current => "current",
            KeyState::Old => "old",
        }
    }

    fn of_word(word: &str) -> Option<KeyState> {
        KeyState::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// Opens what is stored for `identity` under `name`, with the keys that this machine has for that vault.
///
/// This works for any vault: one that is not sealed stores its values as they are.
///
/// # Errors
/// The value is sealed and cannot be opened here.
pub(crate) async fn open_stored(
    ledger: &Ledger,
    identity: &IdentityUuid,
    name: &SecretName,
    stored: &SecretString,
) -> Result<Opened> {
    let of = identity.clone();
    let keys = ledger.run(move |l| KeyRing::read(l, &of)).await?;
    Ok(keys.open(identity, name, stored).map_err(VaultError::from)?)
}

/// The vault keys that this machine has for one identity.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyRing(pub(crate) Vec<(KeyState, VaultKey)>);

impl KeyRing {
    pub fn read(ledger: &Ledger, identity: &IdentityUuid) -> Result<KeyRing, LedgerError> {
        let Some(text) = ledger.vault_keys(identity.as_str())? else { return Ok(KeyRing::default()) };
        let line = |line: &str| {
            let (state, key) = line.split_once(' ')?;
            Some((KeyState::of_word(state)?, VaultKey::parse(key)?))
        };
        // Lines that do not parse were written by a newer version; without them, values stay closed and nothing is
        // lost.
        Ok(KeyRing(text.expose_secret().lines().filter_map(line).collect()))
    }

    pub(crate) fn write(&self, ledger: &Ledger, identity: &IdentityUuid) -> Result<(), LedgerError> {
        let mut text = Zeroizing::new(String::new());
        for (state, key) in &self.0 {
            text.push_str(&format!("{} ", state.word()));
            text.push_str(key.text().expose_secret());
            text.push('\n');
        }
        ledger.keep_vault_keys(identity.as_str(), &SecretString::from(text.as_str()))
    }

    pub(crate) fn in_state(&self, state: KeyState) -> Option<&VaultKey> {
        self.0.iter().find(|(one, _)| *one == state).map(|(_, key)| key)
    }

    /// The key used to seal new values.
    pub(crate) fn sealing(&self) -> Option<&VaultKey> {
        self.in_state(KeyState::Current).or_else(|| self.in_state(KeyState::First))
    }

    /// Whether anybody who may read the vault can read what is stored under a name.
    pub(crate) fn is_plain(name: &str, stored: &SecretString) -> bool {
        name != RECOVERY && !is_sealed(stored)
    }

    /// The value in the form in which it is stored.
    pub(crate) fn close(
        &self,
        identity: &IdentityUuid,
        name: &SecretName,
        value: &SecretString,
    ) -> Result<SecretString, SealedError> {
        match self.sealing() {
            Some(key) => seal::seal(key, identity, name, value),
            None => Ok(value.clone()),
        }
    }

    /// The value of what is stored.
    pub(crate) fn open(
        &self,
        identity: &IdentityUuid,
        name: &SecretName,
        stored: &SecretString,
    ) -> Result<Opened, SealedError> {
        let name_text = || name.to_string();
        match (is_sealed(stored), self.sealing()) {
            _ if name.as_str() == RECOVERY => Ok(Opened::as_stored(stored)),
            (true, None) => Err(seal::locked(name)),
            (true, Some(_)) => {
                let keys: Vec<&VaultKey> = self.0.iter().map(|(_, key)| key).collect();
                seal::open(&keys, identity, name, stored).map(|value| Opened::as_stored(&value))
            }
            (false, Some(_)) if self.in_state(KeyState::Current).is_some() => {
                Err(SealedError::Plain { name: name_text() })
            }
            (false, _) => Ok(Opened::as_stored(stored)),
        }
    }
}
