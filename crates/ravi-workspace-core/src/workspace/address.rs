//! Which mail addresses to ask Ravi for.
//!
//! Ravi accepts local parts of 3 to 30 characters: lower-case letters, digits, `.` and `-`, beginning and ending with a
//! letter or digit, without `..` and `--`. Addresses are unique across all accounts, so the plain one may be taken.

use super::error::WorkspaceError;

const SHORTEST: usize = 3;
const LONGEST: usize = 30;

/// Returns local parts to ask for, best first: one made from `name`, then the same with a suffix from the binding's
/// nonce.
pub(crate) fn candidates(name: &str, nonce: &str) -> Vec<String> {
    let base = match slug::slugify(name) {
        empty if empty.is_empty() => "agent".to_owned(),
        short if short.len() < SHORTEST => format!("agent-{short}"),
        slug => slug,
    };
    let suffixes = [0..4, 4..10, 10..20].map(|part| nonce.get(part).unwrap_or(nonce));
    std::iter::once(cut(&base, LONGEST))
        .chain(suffixes.map(|suffix| format!("{}-{suffix}", cut(&base, LONGEST - 1 - suffix.len()))))
        .collect()
}

fn cut(slug: &str, longest: usize) -> String {
    slug.chars().take(longest).collect::<String>().trim_end_matches('-').to_owned()
}

/// Refuses a chosen local part that Ravi would refuse.
pub(crate) fn check(identifier: &str) -> Result<(), WorkspaceError> {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = identifier.as_bytes();
    let ends = bytes.first().zip(bytes.last()).is_some_and(|(first, last)| good(*first) && good(*last));
    let inside = bytes.iter().all(|b| good(*b) || matches!(b, b'.' | b'-'));
    let doubled = identifier.contains("..") || identifier.contains("--");
    if (SHORTEST..=LONGEST).contains(&bytes.len()) && ends && inside && !doubled {
        return Ok(());
    }
    Err(WorkspaceError::Request {
        field: "address",
        reason: "it must be the part before the @: 3 to 30 lower-case letters, digits, single dots and dashes".into(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_become_addresses() {
        let nonce = "0123456789abcdef0123";
        assert_eq!(candidates("payments agent", nonce)[0], "payments-agent");
        assert_eq!(candidates("payments agent", nonce)[1], "payments-agent-0123");
        assert_eq!(candidates("Zahlungen – Prüfung", nonce)[0], "zahlungen-prufung");
        assert_eq!(candidates("a", nonce)[0], "agent-a");
        assert_eq!(candidates("💥", nonce)[0], "boom");
        assert_eq!(candidates("../..", nonce)[0], "agent");
    }

    #[test]
    fn the_rules_are_checked() {
        for good in ["abc", "a.b-c9", &"a".repeat(30)] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", "Abc", ".abc", "abc-", "a..b", "a--b", "a@b.c", &"a".repeat(31)] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_name_gives_valid_addresses(name in ".{0,60}", nonce in "[0-9a-f]{32}") {
            let all = candidates(&name, &nonce);
            for candidate in &all {
                prop_assert!(check(candidate).is_ok(), "{candidate:?}");
            }
            prop_assert!(all.iter().collect::<std::collections::HashSet<_>>().len() == all.len());
        }
    }
}
