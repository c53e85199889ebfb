//! What to look for of a value in each way of reading the stream. The reading undoes how programs escape, wrap and
//! space out a value, so a value of any length has a few patterns of about its own length.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::text::fold;
use crate::machine::hex;

/// Shorter values are not masked: they occur by chance, and masking them would damage other text.
pub const SHORTEST_MASKED: usize = 5;
/// Shortest line of a multi-line value that is masked by itself.
const SHORTEST_LINE: usize = 16;

/// Returns the value itself, the value without surrounding white space, and its lines.
pub(super) fn text(value: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::from([value.to_vec()]);
    if let Ok(text) = std::str::from_utf8(value) {
        let trimmed = text.trim();
        forms.extend((trimmed.len() >= SHORTEST_MASKED).then(|| trimmed.as_bytes().to_vec()));
        forms.extend(lines(text));
    }
    forms.into_iter().map(|form| form.into_iter().map(fold).collect()).collect()
}

/// Returns the lines of a multi-line value, which a terminal, a log prefix or indentation may separate. Lines that
/// begin with dashes are the frame of a key, not secret.
fn lines(text: &str) -> impl Iterator<Item = Vec<u8>> {
    let several = text.trim_end().contains('\n');
    let lines = text.lines().filter(move |line| several && line.len() >= SHORTEST_LINE && !line.starts_with("-----"));
    lines.map(|line| line.as_bytes().to_vec())
}

/// Returns the value in hexadecimal, digit by digit.
pub(super) fn hex(value: &[u8]) -> Vec<u8> {
    hex::hex(value).into_bytes()
}

/// Returns the value in base64, for each position in the encoded bytes at which it may begin.
///
/// Leading characters that also hold bits of what comes before are left out. Trailing ones that hold bits of what comes
/// after are included for two cases: nothing, and a newline.
pub(super) fn base64(value: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::new();
    for before in 0..3_usize {
        for after in [&b""[..], b"\n"] {
            let bytes = [&[0; 2][..before], value, after].concat();
            let first = (before * 8).div_ceil(6);
            let whole = (before + value.len()) * 8 / 6;
            let touched = ((before + value.len()) * 8).div_ceil(6);
            let text = STANDARD_NO_PAD.encode(&bytes).into_bytes();
            forms.extend([text[first..whole].to_vec(), text[first..touched].to_vec()]);
        }
    }
    debug_assert!(forms.iter().all(|form| form.len() > SHORTEST_MASKED));
    forms
}
