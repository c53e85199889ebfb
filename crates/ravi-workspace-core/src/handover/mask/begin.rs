//! Finds where something may begin in a chunk by looking at two bytes at a time. Most of a stream is never looked at
//! more closely.

use super::decode;
use super::places::Places;
use super::runs::{base64_unit, hex_unit, is_break};
use super::search::Patterns;
use super::text::fold;

/// The ways of reading, one bit each.
const TEXT: u8 = 1;
const BASE64: u8 = 2;
const HEX: u8 = 4;

pub(super) struct Begins {
    /// In which ways of reading two bytes may begin something.
    pairs: Box<[u8]>,
    /// The same for the last byte of a chunk.
    singles: [u8; 256],
}

impl Begins {
    pub(super) fn new(text: &Patterns, base64: &Patterns, hex: &Patterns) -> Begins {
        let mut begins = Begins { pairs: vec![0; 1 << 16].into_boxed_slice(), singles: [0; 256] };
        begins.add(TEXT, text, fold, decode::begins);
        begins.add(BASE64, base64, base64_unit, is_break);
        begins.add(HEX, hex, hex_unit, is_break);
        for byte in (0..=u8::MAX).filter(|byte| decode::begins(*byte)) {
            begins.singles[usize::from(byte)] |= TEXT;
            for second in 0..=u8::MAX {
                let fits = match byte {
                    b'%' => second.is_ascii_hexdigit(),
                    b'\\' => b"uxnrtbf\"\\/'".contains(&second),
                    _ => second == b'[',
                };
                // Two escapes may make one.
                let fits = fits || decode::begins(second);
                begins.pairs[pair(byte, second)] |= if fits { TEXT } else { 0 };
            }
        }
        begins
    }

    /// Adds the patterns of one reading. `between` tells what may stand between a pattern's first and second unit.
    fn add(&mut self, reading: u8, patterns: &Patterns, unit: fn(u8) -> u8, between: fn(u8) -> bool) {
        for first in (0..=u8::MAX).filter(|byte| patterns.begin_with(unit(*byte))) {
            self.singles[usize::from(first)] |= reading;
            for second in (0..=u8::MAX).filter(|second| between(*second)) {
                self.pairs[pair(first, second)] |= reading;
            }
        }
        for (one, other) in patterns.first_two() {
            for first in (0..=u8::MAX).filter(|byte| unit(*byte) == one) {
                for second in (0..=u8::MAX).filter(|byte| unit(*byte) == other) {
                    self.pairs[pair(first, second)] |= reading;
                }
            }
        }
    }

    /// Finds the places in the chunk.
    pub(super) fn find(&self, chunk: &[u8], places: &mut Places) {
        places.text.clear();
        places.base64.clear();
        places.hex.clear();
        for (at, two) in chunk.windows(2).enumerate() {
            let readings = self.pairs[pair(two[0], two[1])];
            if readings != 0 {
                places.add(readings, at);
            }
        }
        if let Some(last) = chunk.last() {
            places.add(self.singles[usize::from(*last)], chunk.len() - 1);
        }
    }
}

impl Places {
    fn add(&mut self, readings: u8, at: usize) {
        for (reading, places) in [(TEXT, &mut self.text), (BASE64, &mut self.base64), (HEX, &mut self.hex)] {
            if readings & reading != 0 {
                places.push(at);
            }
        }
    }
}

fn pair(one: u8, other: u8) -> usize {
    usize::from(one) << 8 | usize::from(other)
}
