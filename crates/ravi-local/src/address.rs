//! Names and mail addresses: which are allowed, and how the server invents them.
//!
//! This module must not know the database: the caller finds out whether an address is taken.

use super::{DOMAIN, token};

/// A second domain, which belongs to the account and is verified.
pub(super) const OWN_DOMAIN: &str = "agents.raviapp.test";

const FIRST_NAMES: &[&str] = &[
    "Ada", "Bruno", "Carla", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Keiko", "Lars", "Mona",
    "Nils", "Olga", "Pavel", "Rosa", "Samir", "Tessa", "Yuki",
];
const LAST_NAMES: &[&str] = &[
    "Albrecht", "Becker", "Costa", "Duarte", "Eriksen", "Fischer", "Garcia", "Haddad", "Ivanova", "Jansen", "Kimura",
    "Lindgren", "Moreau", "Novak", "Okafor", "Petrov", "Rossi", "Sato", "Tanaka", "Weber",
];

/// Whether `local` may come before the `@`: 3 to 30 lower-case letters, digits, `.` and `-`, with a letter or digit at
/// both ends, and without `..` and `--`.
pub(super) fn is_local_part(local: &str) -> bool {
    let alphanumeric = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = local.as_bytes();
    (3..=30).contains(&bytes.len())
        && bytes.iter().all(|b| alphanumeric(b) || matches!(b, b'.' | b'-'))
        && bytes.first().is_some_and(alphanumeric)
        && bytes.last().is_some_and(alphanumeric)
        && !local.contains("..")
        && !local.contains("--")
}

/// Invents a human name.
pub(super) fn invent_name() -> String {
    format!("{} {}", token::one_of(FIRST_NAMES), token::one_of(LAST_NAMES))
}

/// Makes an address like `first.last123@…` for an invented name.
pub(super) fn invent_address(name: &str) -> String {
    format!("{}{}@{DOMAIN}", name.replace(' ', "."), 100 + token::below(900)).to_ascii_lowercase()
}

/// Whether `domain` may be named in a create request.
pub(super) fn is_domain(domain: &str) -> bool {
    [DOMAIN, OWN_DOMAIN].contains(&domain)
}

/// Splits `Some Name <a@b>` into name and address; a plain address has no name.
pub(super) fn split(mailbox: &str) -> (String, String) {
    match mailbox.rsplit_once('<') {
        Some((name, rest)) => {
            (name.trim().trim_matches('"').to_owned(), rest.trim_end().trim_end_matches('>').trim().to_owned())
        }
        None => (String::new(), mailbox.trim().to_owned()),
    }
}

/// Whether `address` has the shape of a mail address.
pub(super) fn is_address(address: &str) -> bool {
    let Some((local, domain)) = address.split_once('@') else { return false };
    let odd = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',');
    !local.is_empty() && domain.contains('.') && !domain.contains('@') && !address.contains(odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_parts_follow_the_published_rule() {
        for good in ["abc", "a.b-c9", "support-agent", &"a".repeat(30)] {
            assert!(is_local_part(good), "{good}");
        }
        for bad in ["ab", "Abc", ".abc", "abc-", "a..b", "a--b", "a b", "a_b", "äbc", &"a".repeat(31)] {
            assert!(!is_local_part(bad), "{bad}");
        }
    }

    #[test]
    fn invented_addresses_are_allowed_ones() {
        for _ in 0..200 {
            let address = invent_address(&invent_name());
            let (local, domain) = address.split_once('@').unwrap();
            assert!(is_local_part(local) && is_domain(domain), "{address}");
        }
    }

    #[test]
    fn mailboxes_are_split_into_name_and_address() {
        assert_eq!(split("Ann Other <ann@example.com>"), ("Ann Other".into(), "ann@example.com".into()));
        assert_eq!(split(" ann@example.com "), (String::new(), "ann@example.com".into()));
        assert!(is_address("ann@example.com"));
        for bad in ["ann", "@example.com", "ann@example", "a b@example.com", "a@b@example.com", ""] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
