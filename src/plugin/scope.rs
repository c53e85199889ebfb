//! Which secrets a window may name: the entries of its capability, put together and asked.
//!
//! Pure, so that every rule can be tested as a table. It must not know what the secrets are, nor whether they exist.

use std::borrow::Borrow;

use wildmatch::WildMatch;

use super::error::CommandError;
use super::scope_entry::Entry;

/// What a capability says about secrets. Deny wins; an empty scope allows nothing.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    allow: Vec<WildMatch>,
    deny: Vec<WildMatch>,
}

impl Scope {
    /// Puts the entries that apply to one call together.
    pub(crate) fn new<E: Borrow<Entry>>(
        allow: impl IntoIterator<Item = E>,
        deny: impl IntoIterator<Item = E>,
    ) -> Scope {
        Scope { allow: patterns(allow), deny: patterns(deny) }
    }

    /// The name under which Ravi knows `key`, where the scope allows it.
    pub(crate) fn check(&self, key: &str) -> Result<String, CommandError> {
        let name = key.to_ascii_uppercase();
        if is_name(&name) && self.allows(&name) { Ok(name) } else { Err(CommandError::Scope { key: key.to_owned() }) }
    }

    /// Fails where no key at all could be allowed.
    pub(crate) fn check_any(&self) -> Result<(), CommandError> {
        if self.allow.is_empty() { Err(CommandError::EmptyScope) } else { Ok(()) }
    }

    fn allows(&self, name: &str) -> bool {
        let any = |patterns: &[WildMatch]| patterns.iter().any(|pattern| pattern.matches(name));
        any(&self.allow) && !any(&self.deny)
    }
}

fn patterns<E: Borrow<Entry>>(entries: impl IntoIterator<Item = E>) -> Vec<WildMatch> {
    entries.into_iter().map(|entry| WildMatch::new(&entry.borrow().key.to_ascii_uppercase())).collect()
}

/// Whether `name` has the form of a key, `[A-Z][A-Z0-9_]*`. Ravi upper-cases keys, and not only ASCII: any other
/// character could become a name that a deny entry was meant to catch.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(allow: &[&str], deny: &[&str]) -> Scope {
        let entries = |keys: &[&str]| keys.iter().map(|key| Entry { key: (*key).into() }).collect::<Vec<_>>();
        Scope::new(entries(allow), entries(deny))
    }

    #[test]
    fn allows_what_an_entry_names() {
        let table: &[(&str, &str)] = &[
            ("CODEX_MONITOR_*", "CODEX_MONITOR_DAEMON_TOKEN"),
            ("CODEX_MONITOR_*", "codex_monitor_daemon_token"),
            ("codex_monitor_*", "CODEX_MONITOR_DAEMON_TOKEN"),
            ("CODEX_MONITOR_*", "CODEX_MONITOR_"),
            ("*_TOKEN", "A_TOKEN"),
            ("TOKEN_?", "TOKEN_1"),
            ("*", "ANYTHING"),
        ];
        for (pattern, key) in table {
            assert!(scope(&[pattern], &[]).check(key).is_ok(), "{pattern} should allow {key}");
        }
    }

    #[test]
    fn refuses_what_no_entry_names() {
        let table: &[(&str, &str)] = &[
            ("CODEX_MONITOR_*", "CODEX_MONITOR"),
            ("CODEX_MONITOR_*", "XCODEX_MONITOR_TOKEN"),
            ("TOKEN_?", "TOKEN_12"),
            ("", "A"),
            ("*", ""),
            ("*", "1A"),
            ("*", "A B"),
            ("*", " A"),
            ("*", "OTHER/KEY"),
            ("*", "ravi://KEY"),
            ("*", "\u{17f}ECRET"),
        ];
        for (pattern, key) in table {
            assert!(scope(&[pattern], &[]).check(key).is_err(), "{pattern} should refuse {key:?}");
        }
    }

    #[test]
    fn deny_wins() {
        let scope = scope(&["*"], &["PROD_*"]);
        assert_eq!(scope.check("dev_token").unwrap(), "DEV_TOKEN");
        for key in ["PROD_TOKEN", "prod_token", "Prod_"] {
            assert!(scope.check(key).is_err(), "{key}");
        }
    }

    #[test]
    fn empty_allows_nothing() {
        assert!(scope(&[], &[]).check("A").is_err());
        assert!(scope(&[], &["B"]).check("A").is_err());
        assert!(scope(&[], &["B"]).check_any().is_err());
        assert!(scope(&["A"], &[]).check_any().is_ok());
    }

    #[test]
    fn an_entry_with_an_unknown_field_is_refused() {
        assert!(serde_json::from_str::<Entry>(r#"{"key":"A","keys":"B"}"#).is_err());
        assert!(serde_json::from_str::<Entry>(r#"{"kee":"A"}"#).is_err());
        assert!(serde_json::from_str::<Entry>(r#""A""#).is_err());
    }
}
