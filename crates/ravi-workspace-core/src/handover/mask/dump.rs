//! Reads the stream as a dump of bytes, as `xxd`, `od -tx1` and `hexdump -C` write it: line by line, an offset, pairs
//! of digits, and the bytes as characters beside them.

use std::collections::VecDeque;

use memchr::memchr;

use super::search::{Patterns, Span, Tracker};

/// Fewest and most digits of an offset.
const PLACE: std::ops::RangeInclusive<usize> = 6..=16;

/// More bytes than any dump has in a line, and more characters than stand beside its digits.
const WIDEST: usize = 512;

/// The part of a line that the stream is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// The offset, after this many digits.
    Place(usize),
    /// Pairs of digits; whether a colon followed the offset, and how many spaces came just before.
    Digits { colon: bool, gap: usize },
    /// Characters, since this place.
    Chars { colon: bool, since: usize },
    /// Not a line of a dump.
    Other,
}

/// A line of a dump, as far as it has come.
#[derive(Default)]
struct Line {
    /// The place of each digit.
    digits: Vec<usize>,
    /// Which bytes belong to a value.
    masked: Vec<bool>,
    /// Where the characters begin.
    chars: Option<usize>,
}

impl Line {
    /// Marks the byte that has the digit at `place`. Returns where its character lies, if that is known already.
    fn mask(&mut self, place: usize) -> Option<Span> {
        let byte = self.digits.binary_search(&place).ok()? / 2;
        self.masked.resize(self.masked.len().max(byte + 1), false);
        self.masked[byte] = true;
        self.chars.map(|chars| Span::at(chars + byte))
    }
}

pub(super) struct Dump {
    tracker: Tracker,
    at: At,
    line: Line,
    /// Earlier lines in which a value may have begun.
    before: VecDeque<Line>,
}

impl Dump {
    pub(super) fn new(patterns: &Patterns) -> Dump {
        Dump { tracker: patterns.track(), at: At::Place(0), line: Line::default(), before: VecDeque::new() }
    }

    /// Takes bytes, the first of which lies at `place`.
    pub(super) fn feed(&mut self, patterns: &Patterns, bytes: &[u8], place: usize, mark: &mut impl FnMut(Span)) {
        let mut at = 0;
        while at < bytes.len() {
            if self.at == At::Other {
                let Some(more) = memchr(b'\n', &bytes[at..]) else { return };
                at += more;
            }
            self.take(patterns, bytes[at], place + at, mark);
            at += 1;
        }
    }

    fn take(&mut self, patterns: &Patterns, byte: u8, place: usize, mark: &mut impl FnMut(Span)) {
        match (self.at, byte) {
            (At::Place(0), b'\n') => self.leave(patterns, At::Place(0)),
            (At::Other | At::Place(_), b'\n') => self.at = At::Place(0),
            (At::Digits { .. } | At::Chars { .. }, b'\n') => self.end_line(patterns, place, mark),
            (At::Place(count), byte)
                if byte.is_ascii_hexdigit() && PLACE.contains(&(count + 1).max(*PLACE.start())) =>
            {
                self.at = At::Place(count + 1);
            }
            (At::Place(count), b':' | b' ') if PLACE.contains(&count) => {
                self.at = At::Digits { colon: byte == b':', gap: usize::from(byte == b' ') };
                self.line = Line::default();
            }
            (At::Digits { colon, .. }, byte) if byte.is_ascii_hexdigit() && self.line.digits.len() < 2 * WIDEST => {
                self.at = At::Digits { colon, gap: 0 };
                self.line.digits.push(place);
                self.digit(patterns, byte.to_ascii_lowercase(), place, mark);
            }
            (At::Digits { colon: true, gap }, b' ') if gap > 0 && !self.line.digits.is_empty() => {
                self.at = At::Chars { colon: true, since: place };
            }
            (At::Digits { colon, gap }, b' ') => self.at = At::Digits { colon, gap: gap + 1 },
            (At::Digits { colon: false, gap }, b'|' | b'>') if gap > 0 => {
                self.at = At::Chars { colon: false, since: place };
            }
            (At::Digits { .. }, b'\r') => {}
            (At::Chars { since, .. }, _) if place - since < WIDEST => {}
            _ => self.leave(patterns, At::Other),
        }
    }

    fn digit(&mut self, patterns: &Patterns, digit: u8, place: usize, mark: &mut impl FnMut(Span)) {
        let Dump { tracker, line, before, .. } = self;
        tracker.step(patterns, digit, Span::at(place), &mut |span| {
            mark(span);
            let mut lines = before.iter_mut().chain([&mut *line]).rev();
            let line = lines.find(|line| line.digits.first().is_some_and(|first| *first <= span.start));
            line.and_then(|line| line.mask(span.start)).into_iter().for_each(&mut *mark);
        });
    }

    /// Ends a line. Only now is it known where its characters lie: there are as many as bytes.
    fn end_line(&mut self, patterns: &Patterns, end: usize, mark: &mut impl FnMut(Span)) {
        let bytes = self.line.digits.len() / 2;
        if let At::Chars { colon, .. } = self.at {
            let begin = end.checked_sub(bytes + usize::from(!colon));
            self.line.chars = begin.filter(|begin| self.line.digits.last().is_some_and(|last| last < begin));
        }
        if let Some(chars) = self.line.chars {
            let masked = self.line.masked.iter().enumerate().filter(|(_, masked)| **masked);
            masked.for_each(|(byte, _)| mark(Span::at(chars + byte)));
        }
        self.before.push_back(std::mem::take(&mut self.line));
        self.at = At::Place(0);
        let open = self.tracker.open(patterns).unwrap_or(end);
        while self.before.front().is_some_and(|line| line.digits.last().is_none_or(|last| *last < open)) {
            self.before.pop_front();
        }
    }

    /// Gives up: what has come so far is not a dump.
    fn leave(&mut self, patterns: &Patterns, at: At) {
        self.at = at;
        if !self.tracker.at_root() {
            self.tracker.reset(patterns);
        }
        self.before.clear();
        self.line = Line::default();
    }

    /// Ends the input, at `end`.
    pub(super) fn finish(&mut self, patterns: &Patterns, end: usize, mark: &mut impl FnMut(Span)) {
        if matches!(self.at, At::Digits { .. } | At::Chars { .. }) {
            self.end_line(patterns, end, mark);
        }
    }

    pub(super) fn open(&self, patterns: &Patterns) -> Option<usize> {
        let chars = match self.at {
            At::Chars { since, .. } if !self.line.masked.is_empty() => Some(since),
            _ => None,
        };
        [chars, self.tracker.open(patterns)].into_iter().flatten().min()
    }
}
