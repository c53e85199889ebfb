//! Sealing and opening, with age.

use std::fmt;
use std::io::{Read as _, Write as _};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{DecryptError, Decryptor, Encryptor, Identity, Recipient};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{SHORTEST_PASSPHRASE, SealedError};
use crate::api::IdentityUuid;
use crate::machine::hex::hex;
use crate::model::reference::SecretName;
use crate::vault::MAX_VALUE;

/// scrypt's work factor, as a power of two; the `age` program uses the same.
const WORK: u8 = 18;

/// The highest work factor that a text may ask for, since the server chooses the text.
const MOST_WORK: u8 = 20;

/// A vault key. Its text form is a line that begins with `AGE-SECRET-KEY-1`.
#[derive(Clone)]
pub(crate) struct VaultKey(age::x25519::Identity);

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey(…)")
    }
}

impl PartialEq for VaultKey {
    fn eq(&self, other: &VaultKey) -> bool {
        self.fingerprint() == other.fingerprint()
    }
}

impl VaultKey {
    pub(crate) fn generate() -> VaultKey {
        VaultKey(age::x25519::Identity::generate())
    }

    pub(crate) fn parse(text: &str) -> Option<VaultKey> {
        text.parse().ok().map(VaultKey)
    }

    /// The key itself.
    pub(crate) fn text(&self) -> SecretString {
        SecretString::from(self.0.to_string().expose_secret())
    }

    /// Distinguishes keys without revealing anything about them.
    pub(crate) fn fingerprint(&self) -> String {
        hex(&Sha256::digest(self.0.to_public().to_string())[..8])
    }
}

/// The error for a sealed value on a machine without a vault key.
pub(crate) fn locked(name: &SecretName) -> SealedError {
    SealedError::Locked { name: name.to_string() }
}

/// Seals a value for one secret of one identity.
pub(crate) fn seal(
    key: &VaultKey,
    identity: &IdentityUuid,
    name: &SecretName,
    value: &SecretString,
) -> Result<SecretString, SealedError> {
    let plain = Zeroizing::new([&header(identity, name), value.expose_secret()].concat());
    encrypt(&key.0.to_public(), plain.as_bytes())
}

/// Opens what [`seal`] made for the same secret, with whichever of `keys` fits.
pub(crate) fn open(
    keys: &[&VaultKey],
    identity: &IdentityUuid,
    name: &SecretName,
    sealed: &SecretString,
) -> Result<SecretString, SealedError> {
    let name_text = || name.to_string();
    let identities = keys.iter().map(|key| &key.0 as &dyn Identity);
    let plain = decrypt(identities, sealed).map_err(|e| match e {
        DecryptError::NoMatchingKeys => SealedError::UnknownKey { name: name_text() },
        _ => SealedError::Broken { name: name_text() },
    })?;
    let text = std::str::from_utf8(&plain).map_err(|_| SealedError::Broken { name: name_text() })?;
    match text.strip_prefix(&header(identity, name)) {
        Some(value) => Ok(SecretString::from(value)),
        None => Err(SealedError::OtherPlace { name: name_text() }),
    }
}

fn header(identity: &IdentityUuid, name: &SecretName) -> String {
    format!("ravi-secret/1 {} {name}\n", identity.as_str())
}

/// Encrypts vault keys with a passphrase, newest first, in the form of an age identity file.
pub(crate) fn recovery_copy(keys: &[&VaultKey], passphrase: &SecretString) -> Result<SecretString, SealedError> {
    if passphrase.expose_secret().chars().count() < SHORTEST_PASSPHRASE {
        return Err(SealedError::WeakPassphrase);
    }
    let mut text = Zeroizing::new(String::from("# Vault keys of tauri-plugin-ravi, newest first.\n"));
    for key in keys {
        text.push_str(key.text().expose_secret());
        text.push('\n');
    }
    let mut recipient = age::scrypt::Recipient::new(SecretString::from(passphrase.expose_secret()));
    recipient.set_work_factor(work());
    encrypt(&recipient, text.as_bytes())
}

/// The vault keys in a recovery copy, newest first.
pub(crate) fn recover(copy: &SecretString, passphrase: &SecretString) -> Result<Vec<VaultKey>, SealedError> {
    let mut identity = age::scrypt::Identity::new(SecretString::from(passphrase.expose_secret()));
    identity.set_max_work_factor(MOST_WORK);
    let plain = decrypt(std::iter::once(&identity as &dyn Identity), copy).map_err(|e| match e {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => SealedError::Passphrase,
        _ => SealedError::BadRecovery,
    })?;
    let text = std::str::from_utf8(&plain).map_err(|_| SealedError::BadRecovery)?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Vec<VaultKey> = lines.map(VaultKey::parse).collect::<Option<_>>().ok_or(SealedError::BadRecovery)?;
    if keys.is_empty() { Err(SealedError::BadRecovery) } else { Ok(keys) }
}

fn encrypt(recipient: &dyn Recipient, plain: &[u8]) -> Result<SecretString, SealedError> {
    let failed = |reason: String| SealedError::Cipher { reason };
    let encryptor = Encryptor::with_recipients(std::iter::once(recipient)).map_err(|e| failed(e.to_string()))?;
    let mut sealed = Vec::new();
    let written = ArmoredWriter::wrap_output(&mut sealed, Format::AsciiArmor)
        .and_then(|armor| encryptor.wrap_output(armor))
        .and_then(|mut writer| writer.write_all(plain).and_then(|()| writer.finish()))
        .and_then(ArmoredWriter::finish);
    written.map_err(|e| failed(e.to_string()))?;
    String::from_utf8(sealed).map(SecretString::from).map_err(|e| failed(e.to_string()))
}

fn decrypt<'a>(
    identities: impl Iterator<Item = &'a dyn Identity>,
    sealed: &SecretString,
) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    let text = sealed.expose_secret().as_bytes();
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(text))?;
    let reader = decryptor.decrypt(identities)?;
    // Room for everything at once: a growing buffer would leave copies in freed memory.
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    reader.take((MAX_VALUE + 1024) as u64).read_to_end(&mut plain)?;
    Ok(plain)
}

#[cfg(not(feature = "__testing"))]
fn work() -> u8 {
    WORK
}

/// `RAVI_WORKSPACE_SCRYPT_WORK` makes tests fast. Only in builds with the feature `__testing`, which nothing that is
/// shipped has.
#[cfg(feature = "__testing")]
fn work() -> u8 {
    std::env::var("RAVI_WORKSPACE_SCRYPT_WORK").ok().and_then(|n| n.parse().ok()).unwrap_or(WORK)
}
