//! Whether a call of `gh` uses one of its aliases, which may lead anywhere.
//!
//! Aliases are in `config.yml` of gh's own folder (gh help config). This module does not work out what they lead to,
//! only whether a word is one of the keys; if that cannot be told, the word is taken for one.

use std::ffi::OsString;
use std::path::Path;

use ravi_workspace_core::internal::files::{self, FileError};

/// gh's settings and aliases are far shorter.
const LIMIT: usize = 256 * 1024;

/// The alias that gh writes for everybody.
const USUAL: &str = "co: pr checkout";

/// Returns the alias that a call with these arguments uses, if gh's settings in `folder` define it.
pub(super) fn called(arguments: &[OsString], folder: &Path) -> Option<String> {
    let words: Vec<String> = arguments.iter().map(|text| text.to_string_lossy().into_owned()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|text| !text.starts_with('-')).collect();
    let settings = match files::read_bounded_following(&folder.join("config.yml"), LIMIT) {
        Err(FileError::NotFound { .. }) => return None,
        Ok(settings) => String::from_utf8(settings).ok(),
        Err(_) => None,
    };
    let first = words.first()?;
    let unreadable = || format!("what the alias {first:?} may lead to");
    let Some(settings) = settings.filter(|text| !text.contains(['\\', '&', '*', '!'])) else {
        return Some(unreadable());
    };
    let names = (1..=words.len().min(3)).map(|length| words[..length].join(" "));
    let alias = names.into_iter().find(|name| settings.lines().any(|line| has_key(line, name)));
    alias.map(|name| format!("what the alias {name:?} leads to"))
}

/// Whether a line has this key, in whatever style: bare, in quotes, or in braces.
fn has_key(line: &str, name: &str) -> bool {
    let line = line.trim();
    if line == USUAL || line.starts_with('#') {
        return false;
    }
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].trim_end_matches(['"', '\'']).trim_end();
        let after = line[at + name.len()..].trim_start_matches(['"', '\'']).trim_start();
        let begins = before.is_empty() || before.ends_with(['{', ',', '?']);
        begins && (after.starts_with(':') || before.ends_with('?'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_alias(settings: &str, line: &str) -> bool {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.yml"), settings).unwrap();
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        called(&arguments, dir.path()).is_some()
    }

    #[test]
    fn an_alias_is_seen_in_whatever_style_it_is_written() {
        for settings in [
            "aliases:\n    y: api https://evil.example/\n",
            "aliases:\n    \"y\": api https://evil.example/\n",
            "aliases: {co: pr checkout, y: 'api https://evil.example/'}\n",
            "aliases:\n    ? y\n    : api https://evil.example/\n",
            "aliases:\n    \"\\x79\": api https://evil.example/\n",
            "base: &a {y: x}\naliases: *a\n",
        ] {
            assert!(is_alias(settings, "y"), "{settings}");
            assert!(is_alias(settings, "-x y z"), "{settings}");
        }
        assert!(is_alias("aliases:\n    pr mine: api https://evil.example/\n", "pr mine"));
        assert!(is_alias("aliases:\n    co: api https://evil.example/\n", "co"), "not the usual one");
        let usual = "git_protocol: https\n# y: x\naliases:\n    co: pr checkout\n    mine: pr list\n";
        for line in ["co 1", "pr list", "api user", "y", "pr checkout 1"] {
            assert!(!is_alias(usual, line), "{line}");
        }
        assert!(called(&["y".into()], Path::new("/made/up")).is_none());
    }
}
