//! A build without the feature `seal`: it recognises what is sealed, and neither opens nor seals anything.
//!
//! A vault key that another program left in the ledger is kept, so that this one does not take a sealed vault for an
//! open one: it neither stores plain values there nor accepts any from there.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use super::SealedError;
use crate::api::IdentityUuid;
use crate::model::reference::SecretName;

/// A vault key that cannot be used here.
#[derive(Clone)]
pub(crate) struct VaultKey(SecretString);

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey(…)")
    }
}

impl VaultKey {
    pub(crate) fn parse(text: &str) -> Option<VaultKey> {
        text.starts_with("AGE-SECRET-KEY-1").then(|| VaultKey(SecretString::from(text)))
    }

    pub(crate) fn text(&self) -> SecretString {
        SecretString::from(self.0.expose_secret())
    }
}

pub(crate) fn locked(name: &SecretName) -> SealedError {
    SealedError::NotBuilt { name: name.to_string() }
}

pub(crate) fn seal(
    _key: &VaultKey,
    _identity: &IdentityUuid,
    name: &SecretName,
    _value: &SecretString,
) -> Result<SecretString, SealedError> {
    Err(locked(name))
}

pub(crate) fn open(
    _keys: &[&VaultKey],
    _identity: &IdentityUuid,
    name: &SecretName,
    _sealed: &SecretString,
) -> Result<SecretString, SealedError> {
    Err(locked(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Keychain;
    use crate::ledger::Ledger;
    use crate::vault::KeyRing;

    /// A vault whose key another program left in the ledger is not an open one.
    #[test]
    fn a_vault_key_that_is_there_keeps_plain_values_out_in_both_directions() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), Some(Keychain::File)).unwrap();
        let (alice, name) = (IdentityUuid::from("alice"), SecretName::parse("TOKEN").unwrap());
        let kept = "current AGE-SECRET-KEY-1MADEUP\n";
        ledger.keep_vault_keys("alice", &SecretString::from(kept)).unwrap();
        let keys = KeyRing::read(&ledger, &alice).unwrap();
        let plain = SecretString::from("made-up");
        assert!(matches!(keys.close(&alice, &name, &plain), Err(SealedError::NotBuilt { .. })));
        assert!(matches!(keys.open(&alice, &name, &plain), Err(SealedError::Plain { .. })));
        let sealed = SecretString::from("-----BEGIN AGE ENCRYPTED FILE-----\nmade-up");
        assert!(matches!(keys.open(&alice, &name, &sealed), Err(SealedError::NotBuilt { .. })));
        assert!(matches!(KeyRing::default().open(&alice, &name, &sealed), Err(SealedError::NotBuilt { .. })));
        // What is written back is what was there.
        keys.write(&ledger, &alice).unwrap();
        assert_eq!(ledger.vault_keys("alice").unwrap().unwrap().expose_secret(), kept);
        assert!(!format!("{keys:?}").contains("MADEUP"));
    }
}
