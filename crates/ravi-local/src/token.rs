//! Random values: keys, codes, phone numbers; and the hash under which a key is stored.

use rand::RngExt as _;
use rand::distr::{Alphanumeric, SampleString as _};
use rand::seq::IndexedRandom as _;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

/// Makes a management key.
pub(super) fn management_key() -> SecretString {
    SecretString::from(format!("ravi_mgmt_{}", alphanumeric(40)))
}

/// Makes an identity key.
pub(super) fn identity_key() -> SecretString {
    SecretString::from(format!("ravi_id_{}", alphanumeric(40)))
}

/// Returns random letters and digits.
pub(super) fn alphanumeric(length: usize) -> String {
    Alphanumeric.sample_string(&mut rand::rng(), length)
}

/// Returns the code that a person types, `ABCD-1234`, without letters and digits that look alike.
pub(super) fn user_code() -> String {
    format!("{}-{}", pick(b"BCDFGHJKLMNPQRSTVWXZ", 4), pick(b"23456789", 4))
}

/// Returns a number in the range that is reserved for fiction.
pub(super) fn phone_number() -> String {
    format!("+1{}{}55501{}", pick(b"23456789", 1), pick(b"0123456789", 2), pick(b"0123456789", 2))
}

/// Returns `length` random characters of `alphabet`.
pub(super) fn pick(alphabet: &[u8], length: usize) -> String {
    let mut rng = rand::rng();
    (0..length).filter_map(|_| alphabet.choose(&mut rng)).map(|byte| char::from(*byte)).collect()
}

/// Returns one of `items`, or the empty string if there is none.
pub(super) fn one_of(items: &[&'static str]) -> &'static str {
    items.choose(&mut rand::rng()).copied().unwrap_or("")
}

/// Returns a random number below `limit`, which must not be 0.
pub(super) fn below(limit: u32) -> u32 {
    rand::rng().random_range(0..limit)
}

/// Returns the form in which a key is stored and looked up.
pub(super) fn hash(key: &str) -> String {
    Sha256::digest(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns what later reads show of a key: its kind and its last four characters.
pub(super) fn mask(key: &str) -> String {
    let kind = key.rfind('_').map_or("", |at| &key[..=at]);
    let tail: String = key.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    format!("{kind}****{tail}")
}
