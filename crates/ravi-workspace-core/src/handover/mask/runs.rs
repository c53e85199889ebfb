//! Reads the stream as one encoded text, base64 or hexadecimal. Line ends, and the spaces between pairs of digits, are
//! taken to be the encoder's.

use super::places::Ahead;
use super::search::{Patterns, Span, Tracker};

/// Fewest characters of a line that may continue in the next one. A shorter line is complete at its end, and is not
/// held back for what may follow.
pub(super) const SHORTEST_WRAPPED_LINE: usize = 16;

/// How many bytes before the chunk are looked at.
pub(super) const HISTORY: usize = SHORTEST_WRAPPED_LINE + 2;

/// Not part of any encoding.
const OTHER: u8 = 0;
const LINE_END: u8 = 1;
const GAP: u8 = 2;

pub(super) struct Runs {
    tracker: Tracker,
    /// What each byte is: one of the above, or the unit that it stands for.
    units: [u8; 256],
    /// Whether a byte belongs to a full line.
    members: [bool; 256],
}

/// Returns the unit of a byte in either alphabet (RFC 4648 §4, §5).
pub(super) fn base64_unit(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte if byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/' => byte,
        b'\r' | b'\n' => LINE_END,
        _ => OTHER,
    }
}

pub(super) fn hex_unit(byte: u8) -> u8 {
    match byte {
        byte if byte.is_ascii_hexdigit() => byte.to_ascii_lowercase(),
        b'\r' | b'\n' => LINE_END,
        b' ' => GAP,
        _ => OTHER,
    }
}

/// Whether a byte may stand in an encoded text without being part of it.
pub(super) fn is_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | b' ')
}

impl Runs {
    pub(super) fn base64(patterns: &Patterns) -> Runs {
        Runs::new(patterns, base64_unit, |byte| base64_unit(byte) > GAP || byte == b'=')
    }

    pub(super) fn hex(patterns: &Patterns) -> Runs {
        Runs::new(patterns, hex_unit, |byte| hex_unit(byte) >= GAP)
    }

    fn new(patterns: &Patterns, unit: fn(u8) -> u8, member: fn(u8) -> bool) -> Runs {
        Runs {
            tracker: patterns.track(),
            units: std::array::from_fn(|byte| unit(u8::try_from(byte).unwrap_or_default())),
            members: std::array::from_fn(|byte| member(u8::try_from(byte).unwrap_or_default())),
        }
    }

    /// Takes the bytes of `held` from `from` on, the first of which lies at `place`; what comes before was taken
    /// already. Something can begin only at `places`.
    pub(super) fn feed(
        &mut self,
        patterns: &Patterns,
        (held, place): (&[u8], usize),
        (from, places): (usize, &[usize]),
        mark: &mut impl FnMut(Span),
    ) {
        let (mut at, mut ahead) = (from, Ahead::new(places));
        while at < held.len() {
            if self.tracker.at_root() {
                match ahead.next(at - from) {
                    Some(next) => at = from + next,
                    None => return,
                }
            }
            match self.units[usize::from(held[at])] {
                LINE_END if self.is_full_line(&held[..at]) => {}
                GAP if is_between_pairs(&held[..at]) => {}
                OTHER | LINE_END | GAP => self.tracker.reset(patterns),
                unit => self.tracker.step(patterns, unit, Span::at(place + at), mark),
            }
            at += 1;
        }
    }

    /// Whether the line that ends here may continue in the next one.
    fn is_full_line(&self, before: &[u8]) -> bool {
        let line = before.strip_suffix(b"\r").unwrap_or(before);
        let Some(begin) = line.len().checked_sub(SHORTEST_WRAPPED_LINE) else { return false };
        line[begin..].iter().all(|byte| self.members[usize::from(*byte)])
    }

    pub(super) fn open(&self, patterns: &Patterns) -> Option<usize> {
        self.tracker.open(patterns)
    }
}

/// Whether a space here may be an encoder's: after a pair of digits, or at the beginning of a line.
fn is_between_pairs(before: &[u8]) -> bool {
    match before {
        [.., b'\n'] => true,
        [.., one, other] => one.is_ascii_hexdigit() && other.is_ascii_hexdigit(),
        _ => false,
    }
}
