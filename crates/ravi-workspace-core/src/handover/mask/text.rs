//! Reads the stream as text: as it is, with its escapes undone, and with the escapes in that undone again, because JSON
//! may contain JSON. The three differ only after an escape, so all three are followed only there.

use super::decode::{self, Decoder};
use super::places::Ahead;
use super::search::{Patterns, Span, Tracker};

/// Turns a plus into a space, as in form data of web pages.
pub(super) fn fold(byte: u8) -> u8 {
    if byte == b'+' { b' ' } else { byte }
}

pub(super) struct Text {
    plain: Tracker,
    decoded: Option<Box<Decoded>>,
}

struct Decoded {
    first: Decoder,
    once: Tracker,
    second: Decoder,
    twice: Tracker,
}

impl Decoded {
    fn push(&mut self, patterns: &Patterns, byte: u8, span: Span, mark: &mut impl FnMut(Span)) {
        let Decoded { first, once, second, twice } = self;
        first.push(byte, span, &mut |byte, span| {
            once.step(patterns, fold(byte), span, mark);
            second.push(byte, span, &mut |byte, span| twice.step(patterns, fold(byte), span, mark));
        });
    }

    fn is_neutral(&self) -> bool {
        let decoders = self.first.open().is_none() && self.second.open().is_none();
        decoders && self.once.at_root() && self.twice.at_root()
    }
}

impl Text {
    pub(super) fn new(patterns: &Patterns) -> Text {
        Text { plain: patterns.track(), decoded: None }
    }

    /// Takes bytes, the first of which lies at `place`. Something can begin only at `places`.
    pub(super) fn feed(
        &mut self,
        patterns: &Patterns,
        (bytes, place): (&[u8], usize),
        places: &[usize],
        mark: &mut impl FnMut(Span),
    ) {
        let (mut at, mut ahead) = (0, Ahead::new(places));
        while at < bytes.len() {
            let at_root = self.decoded.is_none() && self.plain.at_root();
            if at_root {
                match ahead.next(at) {
                    Some(next) => at = next,
                    None => return,
                }
            }
            let (byte, span) = (bytes[at], Span::at(place + at));
            let begins = |byte: u8| patterns.begin_with(fold(byte));
            let matters = || !at_root || decode::may_matter(&bytes[at..], begins);
            if self.decoded.is_none() && decode::begins(byte) && matters() {
                let (once, twice) = (self.plain.clone(), self.plain.clone());
                let (first, second) = (Decoder::default(), Decoder::default());
                self.decoded = Some(Box::new(Decoded { first, once, second, twice }));
            }
            self.plain.step(patterns, fold(byte), span, mark);
            if let Some(decoded) = &mut self.decoded {
                decoded.push(patterns, byte, span, mark);
                if decoded.is_neutral() && self.plain.at_root() {
                    self.decoded = None;
                }
            }
            at += 1;
        }
    }

    /// Ends the input.
    pub(super) fn finish(&mut self, patterns: &Patterns, mark: &mut impl FnMut(Span)) {
        let Some(decoded) = &mut self.decoded else { return };
        let Decoded { first, once, second, twice } = decoded.as_mut();
        first.finish(&mut |byte, span| {
            once.step(patterns, fold(byte), span, mark);
            second.push(byte, span, &mut |byte, span| twice.step(patterns, fold(byte), span, mark));
        });
        second.finish(&mut |byte, span| twice.step(patterns, fold(byte), span, mark));
    }

    pub(super) fn open(&self, patterns: &Patterns) -> Option<usize> {
        let decoded = self.decoded.iter().flat_map(|decoded| {
            let trackers = [decoded.once.open(patterns), decoded.twice.open(patterns)];
            [decoded.first.open(), decoded.second.open()].into_iter().chain(trackers)
        });
        decoded.chain([self.plain.open(patterns)]).flatten().min()
    }
}
