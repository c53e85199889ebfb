//! Undoes escapes: of JSON and C (`\n`, `\"`, `\u0067`, `\x67`), of addresses (`%67`), and the sequences that colour a
//! terminal, which stand for nothing.

use super::search::Span;

/// The longest sequence that is recognised.
const LONGEST: usize = 32;

/// Whether an escape may begin with this byte.
pub(super) fn begins(byte: u8) -> bool {
    matches!(byte, b'\\' | b'%' | 0x1b)
}

/// Undoes escapes, byte by byte.
#[derive(Clone, Default)]
pub(super) struct Decoder {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

impl Decoder {
    /// Takes a byte; calls `emit` with whatever can be decided by now.
    pub(super) fn push(&mut self, byte: u8, span: Span, emit: &mut impl FnMut(u8, Span)) {
        if self.bytes.is_empty() && !begins(byte) {
            return emit(byte, span);
        }
        self.bytes.push(byte);
        self.spans.push(span);
        self.settle(false, emit);
    }

    /// Ends the input.
    pub(super) fn finish(&mut self, emit: &mut impl FnMut(u8, Span)) {
        self.settle(true, emit);
    }

    /// Returns the start of what cannot be decided yet.
    pub(super) fn open(&self) -> Option<usize> {
        self.spans.first().map(|span| span.start)
    }

    fn settle(&mut self, ended: bool, emit: &mut impl FnMut(u8, Span)) {
        while !self.bytes.is_empty() {
            let length = match parse(&self.bytes) {
                Parsed::Incomplete if !ended => return,
                Parsed::Incomplete | Parsed::Literal => {
                    emit(self.bytes[0], self.spans[0]);
                    1
                }
                Parsed::Nothing(length) => length,
                Parsed::Char(length, char) => {
                    let span = Span { start: self.spans[0].start, end: self.spans[length - 1].end };
                    char.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| emit(byte, span));
                    length
                }
                Parsed::Byte(length, byte) => {
                    emit(byte, Span { start: self.spans[0].start, end: self.spans[length - 1].end });
                    length
                }
            };
            self.bytes.drain(..length);
            self.spans.drain(..length);
        }
    }
}

/// Whether an escape at the start of these bytes may begin something, or be part of something that does. `begins` tells
/// which bytes may.
pub(super) fn may_matter(bytes: &[u8], begins: impl Fn(u8) -> bool) -> bool {
    let (length, first) = match parse(&bytes[..bytes.len().min(LONGEST)]) {
        // Two escapes may make one, and the rest may follow.
        Parsed::Incomplete | Parsed::Literal => return true,
        Parsed::Nothing(length) => (length, None),
        Parsed::Byte(length, byte) => (length, Some(byte)),
        Parsed::Char(length, char) => (length, char.encode_utf8(&mut [0; 4]).bytes().next()),
    };
    first.is_some_and(|first| begins(first) || self::begins(first)) || bytes[..length].iter().any(|byte| begins(*byte))
}

/// What some bytes begin with.
enum Parsed {
    /// More bytes are needed to tell.
    Incomplete,
    /// The first byte stands for itself.
    Literal,
    /// This many bytes stand for nothing.
    Nothing(usize),
    /// This many bytes stand for this character.
    Char(usize, char),
    /// This many bytes stand for this byte.
    Byte(usize, u8),
}

fn parse(bytes: &[u8]) -> Parsed {
    match (bytes[0], bytes.get(1)) {
        (b'\\' | b'%' | 0x1b, None) => Parsed::Incomplete,
        (b'%', _) => byte(bytes, 1),
        (b'\\', Some(b'x')) => byte(bytes, 2),
        (b'\\', Some(b'u')) => unicode(bytes),
        (b'\\', Some(letter)) => match letter {
            b'n' => Parsed::Byte(2, b'\n'),
            b'r' => Parsed::Byte(2, b'\r'),
            b't' => Parsed::Byte(2, b'\t'),
            b'b' => Parsed::Byte(2, 8),
            b'f' => Parsed::Byte(2, 12),
            b'"' | b'\\' | b'/' | b'\'' => Parsed::Byte(2, *letter),
            _ => Parsed::Literal,
        },
        (0x1b, Some(b'[')) => sequence(bytes),
        _ => Parsed::Literal,
    }
}

/// Reads `wanted` hexadecimal digits, starting at `from`.
fn number(bytes: &[u8], from: usize, wanted: usize) -> Result<u32, Parsed> {
    let mut number = 0;
    for at in from..from + wanted {
        let digit = bytes.get(at).ok_or(Parsed::Incomplete)?;
        number = number * 16 + char::from(*digit).to_digit(16).ok_or(Parsed::Literal)?;
    }
    Ok(number)
}

fn byte(bytes: &[u8], from: usize) -> Parsed {
    match number(bytes, from, 2) {
        Ok(number) => Parsed::Byte(from + 2, u8::try_from(number).unwrap_or_default()),
        Err(other) => other,
    }
}

/// Parses `\u0067`; characters beyond the first 65,536 take two of them.
fn unicode(bytes: &[u8]) -> Parsed {
    let first = match number(bytes, 2, 4) {
        Ok(number) => number,
        Err(other) => return other,
    };
    if let Some(char) = char::from_u32(first) {
        return Parsed::Char(6, char);
    }
    let head = &bytes[6..bytes.len().min(8)];
    if !b"\\u".starts_with(head) {
        return Parsed::Literal;
    }
    match number(bytes, 8, 4) {
        Ok(second) => match char::decode_utf16([first, second].map(|unit| unit as u16)).next() {
            Some(Ok(char)) => Parsed::Char(12, char),
            _ => Parsed::Literal,
        },
        Err(other) => other,
    }
}

/// Parses a control sequence of terminals (ECMA-48 §5.4).
fn sequence(bytes: &[u8]) -> Parsed {
    let rest = &bytes[2..];
    match rest.iter().position(|byte| !(0x20..=0x3f).contains(byte)) {
        None if bytes.len() < LONGEST => Parsed::Incomplete,
        Some(end) if (0x40..=0x7e).contains(&rest[end]) => Parsed::Nothing(end + 3),
        _ => Parsed::Literal,
    }
}
