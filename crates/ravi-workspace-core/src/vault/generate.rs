//! New values for a secret that is rotated.

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::error::VaultError;
use crate::model::new_value::NewValue;

/// The lengths offered. Shorter values could be guessed; longer ones gain nothing.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=1024;

/// Letters and digits only: such a value passes through shells, URLs, headers and files unchanged.
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl NewValue {
    pub(crate) fn into_value(self) -> Result<SecretString, VaultError> {
        match self {
            NewValue::Given(value) => Ok(value),
            NewValue::Generated(length) => generate(length),
        }
    }
}

fn generate(length: usize) -> Result<SecretString, VaultError> {
    if !LENGTHS.contains(&length) {
        return Err(VaultError::Length { length, shortest: *LENGTHS.start(), longest: *LENGTHS.end() });
    }
    let mut text = Zeroizing::new(String::with_capacity(length));
    let mut random = Zeroizing::new([0_u8; 256]);
    while text.len() < length {
        getrandom::fill(random.as_mut_slice()).map_err(|e| VaultError::Random { reason: e.to_string() })?;
        // Bytes from 248 on are dropped: 248 is a multiple of 62, so every character is equally likely.
        let usable =
            random.iter().filter(|byte| **byte < 248).map(|byte| char::from(ALPHABET[usize::from(*byte) % 62]));
        let wanted = length - text.len();
        text.extend(usable.take(wanted));
    }
    Ok(SecretString::from(text.as_str()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::model::new_value::DEFAULT_LENGTH;

    #[test]
    fn generated_values_have_the_length_asked_for_and_use_the_whole_alphabet() {
        let mut seen = HashSet::new();
        for length in [16, DEFAULT_LENGTH, 1024] {
            let (one, other) = (generate(length).unwrap(), generate(length).unwrap());
            assert_eq!(one.expose_secret().len(), length);
            assert_ne!(one.expose_secret(), other.expose_secret());
            seen.extend(one.expose_secret().bytes());
        }
        // 1024 draws miss one of 62 characters about once in 260 000 runs.
        seen.extend(generate(1024).unwrap().expose_secret().bytes());
        seen.extend(generate(1024).unwrap().expose_secret().bytes());
        assert_eq!(seen, ALPHABET.iter().copied().collect());
        for length in [0, 15, 1025] {
            assert!(matches!(generate(length), Err(VaultError::Length { .. })), "{length}");
        }
    }
}
