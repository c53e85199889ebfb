//! Masks known values in a stream of bytes, in whatever form a program may print them.
//!
//! However the stream is cut into chunks, the output is the same, and nothing waits longer than it must: a byte is held
//! back only while it may be the beginning of a value. Bytes outside of values are never changed. This room must not
//! know whose values they are or where the stream comes from.
//!
//! The stream is read in four ways at once. Each undoes what encoders do and looks for the values in the result: as
//! text ([`text`]), as base64 and as hexadecimal ([`runs`]), and as a dump of bytes ([`dump`]). While nothing has
//! begun, each skips to the next place where something may ([`begin`]).

mod begin;
mod decode;
mod dump;
mod forms;
mod places;
mod runs;
mod search;
mod text;

#[cfg(test)]
mod tests;

pub use forms::SHORTEST_MASKED;

use secrecy::{ExposeSecret as _, SecretString};

use begin::Begins;
use dump::Dump;
use places::Places;
use runs::{HISTORY, Runs};
use search::{Patterns, Span};
use text::Text;

/// What is printed instead of a value.
pub const MASK: &str = "[masked]";

/// Masks one stream. [`push`](Masker::push) takes input, [`finish`](Masker::finish) returns the rest.
pub struct Masker {
    patterns: All,
    begins: Begins,
    places: Places,
    readings: Readings,
    held: Held,
}

/// What to look for in each way of reading.
struct All {
    text: Patterns,
    base64: Patterns,
    hex: Patterns,
}

struct Readings {
    text: Text,
    base64: Runs,
    hex: Runs,
    dump: Dump,
}

/// The end of the stream: what has not been output yet, and a little before it.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    masked: Vec<bool>,
    /// Where its first byte lies in the stream.
    place: usize,
    /// How many of its bytes have been output.
    given: usize,
    /// Whether a byte that has not been output is masked.
    any: bool,
    in_mask: bool,
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Masker").finish_non_exhaustive()
    }
}

impl Masker {
    /// Makes a masker for these values. Values shorter than [`SHORTEST_MASKED`] are left as they are.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a SecretString>) -> Masker {
        let values: Vec<&[u8]> = values.into_iter().map(|value| value.expose_secret().as_bytes()).collect();
        let values = || values.iter().copied().filter(|value| value.len() >= SHORTEST_MASKED);
        let patterns = All {
            text: Patterns::new(values().flat_map(forms::text)),
            base64: Patterns::new(values().flat_map(forms::base64)),
            hex: Patterns::new(values().map(forms::hex)),
        };
        let readings = Readings {
            text: Text::new(&patterns.text),
            base64: Runs::base64(&patterns.base64),
            hex: Runs::hex(&patterns.hex),
            dump: Dump::new(&patterns.hex),
        };
        let begins = Begins::new(&patterns.text, &patterns.base64, &patterns.hex);
        Masker { patterns, begins, places: Places::default(), readings, held: Held::default() }
    }

    /// Takes the next bytes and appends to `out` whatever can be decided by now.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.patterns.text.is_empty() {
            return out.extend_from_slice(bytes);
        }
        let (All { text, base64, hex }, readings, held) = (&self.patterns, &mut self.readings, &mut self.held);
        let from = held.bytes.len();
        held.bytes.extend_from_slice(bytes);
        held.masked.resize(held.bytes.len(), false);
        let place = held.place;
        let mut mark = Held::marker(&mut held.masked, place, &mut held.any);
        self.begins.find(bytes, &mut self.places);
        readings.text.feed(text, (bytes, place + from), &self.places.text, &mut mark);
        readings.base64.feed(base64, (&held.bytes, place), (from, &self.places.base64), &mut mark);
        readings.hex.feed(hex, (&held.bytes, place), (from, &self.places.hex), &mut mark);
        readings.dump.feed(hex, bytes, place + from, &mut mark);
        drop(mark);
        let open =
            [readings.text.open(text), readings.base64.open(base64), readings.hex.open(hex), readings.dump.open(hex)];
        let keep = open.into_iter().flatten().min();
        held.give(keep.map_or(held.bytes.len(), |keep| keep.saturating_sub(place)), out);
    }

    /// Ends the stream: appends what was held back.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        let (readings, held) = (&mut self.readings, &mut self.held);
        let (place, end) = (held.place, held.place + held.bytes.len());
        let mut mark = Held::marker(&mut held.masked, place, &mut held.any);
        readings.text.finish(&self.patterns.text, &mut mark);
        readings.dump.finish(&self.patterns.hex, end, &mut mark);
        drop(mark);
        held.give(held.bytes.len(), out);
    }
}

impl Held {
    fn marker<'a>(masked: &'a mut [bool], place: usize, any: &'a mut bool) -> impl FnMut(Span) + 'a {
        move |span| {
            *any = true;
            (span.start..span.end).filter_map(|at| at.checked_sub(place)).for_each(|at| masked[at] = true);
        }
    }

    /// Outputs everything before `end`, and any masked bytes that follow directly.
    fn give(&mut self, end: usize, out: &mut Vec<u8>) {
        let end = end.max(self.given);
        if self.any {
            while self.given < self.bytes.len() && (self.given < end || self.masked[self.given]) {
                let masked = self.masked[self.given];
                match masked {
                    true if !self.in_mask => out.extend_from_slice(MASK.as_bytes()),
                    true => {}
                    false => out.push(self.bytes[self.given]),
                }
                (self.in_mask, self.given) = (masked, self.given + 1);
            }
            self.any = self.masked[self.given..].contains(&true);
        } else if self.given < end {
            out.extend_from_slice(&self.bytes[self.given..end]);
            (self.in_mask, self.given) = (false, end);
        }
        let gone = self.given.saturating_sub(HISTORY);
        self.bytes.drain(..gone);
        self.masked.drain(..gone);
        self.place += gone;
        self.given -= gone;
    }
}
