//! Makes a text from the server fit to be shown: short, on one line, without anything that looks like a key.

use super::keys::{IdentityKey, ManagementKey};

/// Longest text that is kept, in characters.
const LONGEST: usize = 200;

/// Shorter parts of `hidden` are not searched for: they would be found in innocent words.
const SHORTEST_HIDDEN: usize = 4;

/// Returns `text` without control and invisible characters, without `hidden` (a secret that was sent and that the
/// server may quote), with keys masked, and cut to a bounded length.
pub(super) fn scrub(text: &str, hidden: Option<&str>) -> String {
    let mut clean = one_line(text);
    for part in hidden.unwrap_or_default().lines().map(one_line).filter(|p| p.len() >= SHORTEST_HIDDEN) {
        // Servers also quote the request's body, in which it is escaped.
        for form in [&part, &escaped(&part, false), &escaped(&part, true)] {
            clean = clean.replace(form, "***");
        }
    }
    for prefix in [ManagementKey::PREFIX, IdentityKey::PREFIX] {
        clean = mask(&clean, prefix);
    }
    shorten(clean)
}

/// Returns a machine-readable code, or `None` if it has other characters than codes are made of.
pub(super) fn code(text: &str) -> Option<String> {
    let fits = !text.is_empty() && text.len() <= 64;
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let key = text.contains(ManagementKey::PREFIX) || text.contains(IdentityKey::PREFIX);
    (fits && plain && !key).then(|| text.to_owned())
}

/// Returns `text` as it appears in a JSON document, in pure ASCII or not.
fn escaped(text: &str, ascii: bool) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inner = &quoted[1..quoted.len() - 1];
    let unit = |unit: u16| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
        _ => format!("\\u{unit:04x}"),
    };
    if ascii { inner.encode_utf16().map(unit).collect() } else { inner.to_owned() }
}

fn one_line(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !is_invisible(*c));
    visible.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a character turns or hides text around it, and could make a message read differently.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn mask(text: &str, prefix: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(prefix) {
        let (before, key) = rest.split_at(at + prefix.len());
        masked.push_str(before);
        masked.push_str("***");
        rest = key.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c));
    }
    masked + rest
}

fn shorten(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_masked_wherever_they_stand() {
        assert_eq!(scrub("key 'ravi_mgmt_abc-1' and ravi_id_x.y~z!", None), "key 'ravi_mgmt_***' and ravi_id_***!");
        assert_eq!(scrub("ravi_\u{200b}id_abc", None), "ravi_id_***");
        assert!(!scrub("ravi_id_ravi_mgmt_abc ravi_mgmt_ravi_id_abc", None).contains("abc"));
        assert_eq!(code("ravi_id_abc"), None);
    }

    #[test]
    fn what_was_sent_is_not_quoted_back() {
        assert_eq!(scrub("'hunter2-made-up' is too weak", Some("hunter2-made-up")), "'***' is too weak");
        assert_eq!(scrub("bad: line-one line-two", Some("line-one\nline-two")), "bad: *** ***");
        let quoted = r#"bad: {"value":"made-up \"quoted\" \u00e9"} or "made-up \"quoted\" é""#;
        let shown = scrub(quoted, Some("made-up \"quoted\" é"));
        assert_eq!(shown, r#"bad: {"value":"***"} or "***""#);
        assert_eq!(scrub("a field is required", Some("a")), "a field is required");
    }

    #[test]
    fn texts_are_one_short_line() {
        assert_eq!(scrub("a\u{1b}[31m\nb\u{202e}c\0", None), "a [31m bc");
        assert_eq!(scrub(&"ü".repeat(500), None).chars().count(), LONGEST + 1);
    }

    proptest::proptest! {
        #[test]
        fn no_text_gets_a_key_or_control_character_through(text in ".{0,300}", at in 0usize..300) {
            let at = text.char_indices().map(|(i, _)| i).nth(at).unwrap_or(text.len());
            let shown = scrub(&format!("{}ravi_id_canary{}", &text[..at], &text[at..]), None);
            proptest::prop_assert!(!shown.contains("canary"));
            proptest::prop_assert!(!shown.chars().any(char::is_control));
            proptest::prop_assert!(shown.chars().count() <= LONGEST + 1);
        }
    }
}
