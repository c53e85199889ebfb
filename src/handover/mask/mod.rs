//! Masks known values in a stream of bytes, in whatever form a program may print them.
//!
//! Every way of cutting the stream into chunks gives the same output, and nothing waits longer than it must: a byte is
//! held back only while it may be the beginning of a value. Bytes outside of values are never changed. It must not know
//! whose values they are or where the stream comes from.

mod forms;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use secrecy::{ExposeSecret as _, SecretString};

/// What stands for a value.
pub const MASK: &str = "[masked]";

/// Values of fewer bytes are not masked: they occur by chance, and masking would damage other text.
pub const SHORTEST_MASKED: usize = 5;

/// Fewest characters of base64 in a line that may go on in the next one; encoders wrap at 60 and more. A shorter line is
/// at its end whole, and is not held back for what may follow.
const SHORTEST_WRAPPED_LINE: usize = 40;

/// Masks one stream. [`push`](Masker::push) takes what comes in, [`finish`](Masker::finish) gives what is left.
pub struct Masker {
    /// Forms that appear as they are.
    plain: Matcher,
    /// Base64, which programs wrap into lines.
    wrapped: Matcher,
    /// Characters of base64 that the stream ends with, in this line.
    line: usize,
    held: VecDeque<Held>,
    in_mask: bool,
}

/// A byte that is not out yet.
#[derive(Clone, Copy)]
struct Held {
    byte: u8,
    masked: bool,
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Masker").finish_non_exhaustive()
    }
}

impl Masker {
    /// A masker for these values. Values shorter than [`SHORTEST_MASKED`] are left as they are.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a SecretString>) -> Masker {
        let mut plain = Vec::new();
        let mut wrapped = Vec::new();
        for value in values {
            let value = value.expose_secret().as_bytes();
            if value.len() >= SHORTEST_MASKED {
                plain.extend(forms::plain(value));
                wrapped.extend(forms::base64(value));
            }
        }
        Masker {
            plain: Matcher::new(plain),
            wrapped: Matcher::new(wrapped),
            line: 0,
            held: VecDeque::new(),
            in_mask: false,
        }
    }

    /// Takes the next bytes and appends to `out` what can be said by now.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for byte in bytes {
            self.take(*byte);
            self.give(self.plain.open.max(self.wrapped.open), out);
        }
    }

    /// The stream has ended: appends what was held back.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.give(0, out);
    }

    fn take(&mut self, byte: u8) {
        self.held.push_back(Held { byte, masked: false });
        let seen = self.plain.step(byte);
        mark(self.held.iter_mut().rev().take(seen));
        self.plain.open = self.plain.depth();
        match byte {
            b'\r' | b'\n' => self.end_line(byte),
            byte => {
                self.line = if is_base64(byte) { self.line + 1 } else { 0 };
                let seen = self.wrapped.step(byte);
                mark(self.held.iter_mut().rev().filter(|held| !is_line_end(held.byte)).take(seen));
                self.wrapped.open = reach(&self.held, self.wrapped.depth());
            }
        }
    }

    /// Line ends within base64 belong to the wrapping, not to the value; they stay in the output.
    fn end_line(&mut self, byte: u8) {
        if self.line < SHORTEST_WRAPPED_LINE {
            self.wrapped.restart();
        }
        self.wrapped.open += usize::from(self.wrapped.open > 0);
        if byte == b'\n' {
            self.line = 0;
        }
    }

    /// Gives everything but the last `keep` bytes; of those, what is masked already and first in line.
    fn give(&mut self, keep: usize, out: &mut Vec<u8>) {
        while let Some(first) = self.held.front().copied() {
            if self.held.len() <= keep && !first.masked {
                break;
            }
            self.held.pop_front();
            match (first.masked, self.in_mask) {
                (true, false) => out.extend_from_slice(MASK.as_bytes()),
                (true, true) => {}
                (false, _) => out.push(first.byte),
            }
            self.in_mask = first.masked;
        }
    }
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// Of both alphabets (RFC 4648 §4, §5).
fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)
}

fn mark<'a>(bytes: impl Iterator<Item = &'a mut Held>) {
    bytes.for_each(|held| held.masked = true);
}

/// How many of the last bytes have `count` bytes that are no line ends.
fn reach(held: &VecDeque<Held>, count: usize) -> usize {
    if count == 0 {
        return 0;
    }
    let significant = held.iter().rev().enumerate().filter(|(_, held)| !is_line_end(held.byte));
    significant.take(count).last().map_or(0, |(index, _)| index + 1)
}

/// A search for many patterns at once that can be stopped and continued at any byte.
struct Matcher {
    /// `None` where there is nothing to look for.
    automaton: Option<NFA>,
    start: StateID,
    state: StateID,
    /// How many bytes lead to each state: the length of the longest pattern's beginning that the stream ends with.
    depths: HashMap<StateID, usize>,
    /// How many of the last bytes may be the beginning of a value.
    open: usize,
}

impl Matcher {
    fn new(patterns: Vec<Vec<u8>>) -> Matcher {
        if patterns.is_empty() {
            let (start, depths) = (StateID::default(), HashMap::new());
            return Matcher { automaton: None, start, state: start, depths, open: 0 };
        }
        let automaton = NFA::new(&patterns).expect("few patterns"); // cannot fail: limited to 2^31 states, and an environment holds some megabytes
        let start = automaton.start_state(Anchored::No).expect("unanchored"); // cannot fail: both kinds are built
        let mut depths = HashMap::new();
        for pattern in &patterns {
            let mut state = start;
            for (index, byte) in pattern.iter().enumerate() {
                state = automaton.next_state(Anchored::No, state, *byte);
                depths.insert(state, index + 1);
            }
        }
        Matcher { automaton: Some(automaton), start, state: start, depths, open: 0 }
    }

    /// Takes a byte; answers how many of the last bytes are a value.
    fn step(&mut self, byte: u8) -> usize {
        let Some(automaton) = &self.automaton else { return 0 };
        self.state = automaton.next_state(Anchored::No, self.state, byte);
        if !automaton.is_match(self.state) {
            return 0;
        }
        let matches = (0..automaton.match_len(self.state)).map(|index| automaton.match_pattern(self.state, index));
        matches.map(|pattern| automaton.pattern_len(pattern)).max().unwrap_or(0)
    }

    /// What came so far is no beginning of anything.
    fn restart(&mut self) {
        self.state = self.start;
        self.open = 0;
    }

    fn depth(&self) -> usize {
        self.depths.get(&self.state).copied().unwrap_or(0)
    }
}
