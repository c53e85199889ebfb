//! Masks known values in a stream of bytes, in whatever form a program may print them.
//!
//! Every way of cutting the stream into chunks gives the same output, and nothing waits longer than it must: a byte is
//! held back only while it may be the beginning of a value. Bytes outside of values are never changed. It must not know
//! whose values they are or where the stream comes from.
//!
//! The stream is read in four ways at once, each of which undoes what encoders do, and each looks for the values in what it
//! reads: as text ([`text`]), as base64 and as hexadecimal ([`runs`]), and as a dump of bytes ([`dump`]). Where nothing is
//! begun, each goes on at the next place where something may begin ([`begin`]).

mod begin;
mod decode;
mod dump;
mod forms;
mod runs;
mod search;
mod text;

#[cfg(test)]
mod tests;

use secrecy::{ExposeSecret as _, SecretString};

use begin::{Begins, Places};
use dump::Dump;
use runs::{HISTORY, Runs};
use search::{Patterns, Span};
use text::Text;

/// What stands for a value.
pub const MASK: &str = "[masked]";

/// Values of fewer bytes are not masked: they occur by chance, and masking would damage other text.
pub const SHORTEST_MASKED: usize = 5;

/// Masks one stream. [`push`](Masker::push) takes what comes in, [`finish`](Masker::finish) gives what is left.
pub struct Masker {
    patterns: All,
    begins: Begins,
    places: Places,
    readings: Readings,
    held: Held,
}

/// What is looked for in each way of reading.
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

/// The last of the stream: what is not out yet, and a little before it.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    masked: Vec<bool>,
    /// Where the first of them lies in the stream.
    place: usize,
    /// How many of them are out.
    given: usize,
    /// Whether one that is not out is masked.
    any: bool,
    in_mask: bool,
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Masker").finish_non_exhaustive()
    }
}

impl Masker {
    /// A masker for these values. Values shorter than [`SHORTEST_MASKED`] are left as they are.
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

    /// Takes the next bytes and appends to `out` what can be said by now.
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

    /// The stream has ended: appends what was held back.
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

    /// Gives everything before `end`; of what comes then, what is masked already and first in line.
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
