//! Ties the entries together, so that changing, removing or cutting them off is noticed.
//!
//! Every entry has a MAC (HMAC-SHA256) over everything it says and over the MAC of the entry before it. A changed or
//! inserted entry does not match its MAC; a removed entry leaves a successor whose MAC does not match. What is cut off
//! at the end leaves no trace in the table, so the [head](super::head) is kept outside of it.
//!
//! The key is derived from the machine key. So a trail can be verified only on its own machine, and whoever can read
//! the machine key (a program of the same user, if the key is a file) could write a trail that verifies. The chain
//! reveals damage, mistakes and strangers, and changes made while the key was out of reach, such as in a copy or a
//! backup.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Length of a MAC in bytes.
pub(crate) const MAC_BYTES: usize = 32;

/// Must change whenever the format of what goes into a MAC changes.
const PURPOSE: &[u8] = b"ravi-workspace audit trail 1";

/// One MAC.
pub(crate) type MacBytes = [u8; MAC_BYTES];

/// What the first entry of a trail follows.
pub(crate) const BEGINNING: MacBytes = [0; MAC_BYTES];

/// The key of a trail.
#[derive(Clone)]
pub(crate) struct ChainKey(Hmac<Sha256>);

impl ChainKey {
    /// Derives it from the machine key (HMAC as the pseudo-random function, one block; NIST SP 800-108).
    pub(crate) fn derive(machine_key: &[u8]) -> ChainKey {
        let own =
            Zeroizing::new(<[u8; MAC_BYTES]>::from(keyed(machine_key).chain_update(PURPOSE).finalize().into_bytes()));
        ChainKey(keyed(own.as_slice()))
    }

    /// The MAC of `fields`, in this order. `what` keeps entries, heads and checkpoints apart.
    pub(crate) fn mac(&self, what: u8, fields: &[Field<'_>]) -> MacBytes {
        self.digest(what, fields).finalize().into_bytes().into()
    }

    /// Whether `mac` belongs to `fields`, in constant time.
    pub(crate) fn fits(&self, what: u8, fields: &[Field<'_>], mac: &[u8]) -> bool {
        self.digest(what, fields).verify_slice(mac).is_ok()
    }

    fn digest(&self, what: u8, fields: &[Field<'_>]) -> Hmac<Sha256> {
        let mut digest = self.0.clone();
        digest.update(&[what]);
        for field in fields {
            field.update(&mut digest);
        }
        digest
    }
}

/// One value that goes into a MAC. Type and length go in as well, so that no two lists of fields look alike.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field<'a> {
    Nothing,
    Number(i64),
    Bytes(&'a [u8]),
}

impl Field<'_> {
    fn update(self, digest: &mut Hmac<Sha256>) {
        match self {
            Field::Nothing => digest.update(&[0]),
            Field::Number(number) => {
                digest.update(&[1]);
                digest.update(&number.to_le_bytes());
            }
            Field::Bytes(bytes) => {
                digest.update(&[2]);
                digest.update(&(bytes.len() as u64).to_le_bytes());
                digest.update(bytes);
            }
        }
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key") // cannot fail: HMAC takes keys of any length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cannot_be_moved_into_one_another() {
        let key = ChainKey::derive(&[7; 32]);
        let texts = |a: &'static [u8], b: &'static [u8]| key.mac(0, &[Field::Bytes(a), Field::Bytes(b)]);
        assert_ne!(texts(b"ab", b"c"), texts(b"a", b"bc"));
        assert_ne!(key.mac(0, &[Field::Bytes(b"")]), key.mac(0, &[Field::Nothing]));
        assert_ne!(key.mac(0, &[Field::Nothing]), key.mac(1, &[Field::Nothing]));
        assert_ne!(key.mac(0, &[]), ChainKey::derive(&[8; 32]).mac(0, &[]));
    }
}
