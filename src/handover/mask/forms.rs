//! The forms in which programs print a value.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::SHORTEST_MASKED;

/// Shortest line of a value of several lines that is masked by itself.
const SHORTEST_LINE: usize = 16;

/// Characters that encoders leave alone beside letters and digits: none, RFC 3986, `encodeURIComponent`, Python's
/// `quote`, `encodeURI`, HTML forms.
const UNRESERVED: [&[u8]; 6] = [b"", b"-_.~", b"-_.!~*'()", b"-_.~/", b"-_.!~*'();,/?:@&=+$#", b"-_.*"];

/// The value itself, escaped, in hexadecimal, and line by line.
pub(super) fn plain(value: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::from([value.to_vec()]);
    forms.extend([hex(value, false), hex(value, true)]);
    for unreserved in UNRESERVED {
        for upper in [false, true] {
            for plus in [false, true] {
                forms.insert(percent(value, unreserved, upper, plus));
            }
        }
    }
    if let Ok(text) = std::str::from_utf8(value) {
        for escaped in json(text) {
            // JSON as a text within JSON.
            forms.extend(json(&escaped).map(String::into_bytes));
            forms.insert(escaped.into_bytes());
        }
        forms.extend(lines(text));
    }
    forms
}

fn hex(value: &[u8], upper: bool) -> Vec<u8> {
    let mut text = String::with_capacity(value.len() * 2);
    for byte in value {
        push_hex(&mut text, u32::from(*byte), 2, upper);
    }
    text.into_bytes()
}

fn push_hex(text: &mut String, number: u32, width: usize, upper: bool) {
    let _ = match upper {
        true => write!(text, "{number:0width$X}"),
        false => write!(text, "{number:0width$x}"),
    };
}

fn percent(value: &[u8], unreserved: &[u8], upper: bool, plus: bool) -> Vec<u8> {
    let mut text = String::with_capacity(value.len() * 3);
    for byte in value {
        match byte {
            b' ' if plus => text.push('+'),
            byte if byte.is_ascii_alphanumeric() || unreserved.contains(byte) => text.push(char::from(*byte)),
            byte => {
                text.push('%');
                push_hex(&mut text, u32::from(*byte), 2, upper);
            }
        }
    }
    text.into_bytes()
}

/// As the inside of a JSON string: shortest; with `/` escaped; ASCII only; safe for HTML.
fn json(text: &str) -> impl Iterator<Item = String> {
    let short = |c: char| match c {
        '"' => Some("\\\"".to_owned()),
        '\\' => Some("\\\\".to_owned()),
        '\n' => Some("\\n".to_owned()),
        '\r' => Some("\\r".to_owned()),
        '\t' => Some("\\t".to_owned()),
        '\u{8}' => Some("\\b".to_owned()),
        '\u{c}' => Some("\\f".to_owned()),
        c if c < ' ' => Some(unicode(c, false)),
        _ => None,
    };
    let with = move |text: &str, more: &dyn Fn(char) -> Option<String>| -> String {
        text.chars().map(|c| more(c).or_else(|| short(c)).unwrap_or_else(|| c.to_string())).collect()
    };
    let slash = |c: char| (c == '/').then(|| "\\/".to_owned());
    let ascii = |upper: bool| move |c: char| (!c.is_ascii() || c == '\u{7f}').then(|| unicode(c, upper));
    let html = |upper: bool| move |c: char| matches!(c, '<' | '>' | '&' | '\'').then(|| unicode(c, upper));
    [
        with(text, &|_| None),
        with(text, &slash),
        with(text, &ascii(false)),
        with(text, &ascii(true)),
        with(text, &|c| ascii(false)(c).or_else(|| slash(c))),
        with(text, &|c| html(false)(c).filter(|_| c != '\'')),
        with(text, &html(true)),
        with(text, &html(false)),
    ]
    .into_iter()
}

fn unicode(c: char, upper: bool) -> String {
    let mut text = String::new();
    for unit in c.encode_utf16(&mut [0; 2]) {
        text.push_str("\\u");
        push_hex(&mut text, u32::from(*unit), 4, upper);
    }
    text
}

/// The lines of a value that has several: a terminal, a log prefix or an indentation tears them apart. Lines that begin
/// with dashes are the frame of a key and no secret.
fn lines(text: &str) -> impl Iterator<Item = Vec<u8>> {
    let several = text.trim_end().contains('\n');
    let lines = text.lines().filter(move |line| several && line.len() >= SHORTEST_LINE && !line.starts_with("-----"));
    lines.map(|line| line.as_bytes().to_vec())
}

/// In base64, wherever in the encoded bytes the value begins. The characters at the border that also hold bits of what
/// stands before are left out; those that hold bits of what comes after are there for nothing and for a newline.
pub(super) fn base64(value: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::new();
    for before in 0..3_usize {
        for after in [&b""[..], b"\n"] {
            let bytes = [&[0; 2][..before], value, after].concat();
            let first = (before * 8).div_ceil(6);
            let whole = (before + value.len()) * 8 / 6;
            let touched = ((before + value.len()) * 8).div_ceil(6);
            for text in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
                let text = text.into_bytes();
                forms.extend([text[first..whole].to_vec(), text[first..touched].to_vec()]);
            }
        }
    }
    debug_assert!(forms.iter().all(|form| form.len() > SHORTEST_MASKED));
    forms
}
