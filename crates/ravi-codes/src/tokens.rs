//! Everything in a line that has the shape of a code.
//!
//! This module must not know words: whether a number is a code or a price is for [`super::refuse`] and
//! [`super::weigh`].

use std::ops::Range;

use super::lines::{Line, Part};
use super::model::Kind;
use super::normal::{latin, unspaced};

/// How many tokens of a message are kept; a code comes near the top.
const MOST: usize = 400;
const MIN: usize = 4;
const MAX: usize = 10;
/// Codes with letters and dashes may be longer: `ABCD-EFGH-JKLM`.
const MAX_DASHED: usize = 14;

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Digits,
    /// Capital letters and digits.
    Mixed,
    /// Lower-case letters too.
    MixedSmall,
    /// Only capital letters.
    Letters,
}

/// Something that has the shape of a code.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) line: usize,
    pub(super) range: Range<usize>,
    pub(super) value: String,
    pub(super) shape: Shape,
    /// Printed in groups, such as `123 456`.
    pub(super) grouped: bool,
    /// Letters of another script were read as Latin ones.
    pub(super) lookalike: bool,
    /// It is on the last line of a text message, `@host #code`, which browsers fill in for that host.
    pub(super) bound: bool,
}

#[derive(Debug, Clone)]
struct Word {
    range: Range<usize>,
    text: String,
    lookalike: bool,
}

impl Word {
    fn is_digits(&self) -> bool {
        self.text.bytes().all(|b| b.is_ascii_digit())
    }
}

/// Returns the tokens of all lines.
pub(super) fn tokens(lines: &[Line], kind: Kind) -> Vec<Token> {
    let mut all: Vec<Token> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if all.len() >= MOST {
            break;
        }
        all.extend(of_line(at, line));
    }
    let last = lines.len().saturating_sub(1);
    for token in all.iter_mut().filter(|t| kind == Kind::Sms && t.line == last) {
        token.bound = is_bound(&lines[last].text, &token.range);
    }
    all
}

/// Whether a line is `@host #code`, or the same with a second `@host`, as in
/// <https://wicg.github.io/sms-one-time-codes/>. A mention of a person before an issue's number, `@octo-agent … #4829`,
/// is something else.
fn is_bound(line: &str, code: &Range<usize>) -> bool {
    let host = line.strip_prefix('@').and_then(|rest| rest.split_once(" #")).map_or("", |(host, _)| host);
    let name = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let real = host.rsplit_once('.').is_some_and(|(rest, top)| {
        top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic()) && rest.split('.').all(name)
    });
    let after = &line[code.end..];
    real && code.start == host.len() + 3 && (after.is_empty() || after.starts_with(" @"))
}

fn of_line(at: usize, line: &Line) -> Vec<Token> {
    let masked = addresses(&line.text);
    let words: Vec<Word> = words(&line.text)
        .into_iter()
        .filter(|w| !masked.iter().any(|m| m.start < w.range.end && w.range.start < m.end))
        .collect();
    let mut tokens = Vec::new();
    let mut nth = 0;
    while nth < words.len() {
        let count = group(&line.text, &words[nth..]);
        if let Some(token) = token(at, line, &words[nth..nth + count]) {
            tokens.push(token);
        }
        nth += count;
    }
    tokens
}

/// Returns how many words, from the first one on, belong together.
fn group(text: &str, words: &[Word]) -> usize {
    let gap = |n: usize| text.get(words[n].range.end..words[n + 1].range.start).unwrap_or_default();
    let run = |n: usize, ok: &dyn Fn(usize) -> bool| (n..words.len() - 1).take_while(|n| ok(*n)).count() + 1;
    let dashed = run(0, &|n| gap(n) == "-");
    if dashed > 1 {
        return dashed;
    }
    // `1 2 3 4 5 6`, also as cells of a table.
    let single = |n: usize| words[n].text.len() == 1;
    let spread = run(0, &|n| single(n) && single(n + 1) && matches!(gap(n), " " | "\t" | "  "));
    if spread >= MIN {
        return spread;
    }
    let digits = run(0, &|n| words[n].is_digits() && words[n + 1].is_digits() && matches!(gap(n), " " | " - " | "."));
    let spaced = |count: usize| (0..count - 1).all(|n| gap(n) != ".");
    if digits > 1 && spaced(digits) {
        let lens = || words[..digits].iter().map(|w| w.text.len());
        let even = lens().max().unwrap_or(0) - lens().min().unwrap_or(0) <= 1 && lens().all(|l| (2..=5).contains(&l));
        let long = lens().sum::<usize>() > MAX;
        // Words of a phone or account number belong together too, so that no part of it passes for a code.
        if even || (long && digits > 2) {
            return digits;
        }
    }
    let capital = |n: usize| {
        let word = &words[n];
        (2..=5).contains(&word.text.len()) && word.text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let mixed = |n: usize| {
        words[n].text.bytes().any(|b| b.is_ascii_digit()) && words[n].text.bytes().any(|b| b.is_ascii_uppercase())
    };
    let same = |n: usize| words[n].text.len() == words[n + 1].text.len();
    let letters = run(0, &|n| capital(n) && capital(n + 1) && same(n) && gap(n) == " " && (mixed(n) || mixed(n + 1)));
    letters.max(1)
}

fn token(at: usize, line: &Line, words: &[Word]) -> Option<Token> {
    let range = words[0].range.start..words[words.len() - 1].range.end;
    let dashed = words.len() > 1 && line.text[range.clone()].contains('-');
    let plain: String = words.iter().map(|w| w.text.as_str()).collect();
    let shape = shape(&plain)?;
    let mut value = plain.clone();
    if dashed && shape != Shape::Digits {
        value = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join("-");
        let short = words.len() == 2 && words[0].text.len() <= 2 && words[1].is_digits() && words[1].text.len() >= MIN;
        // `G-123456`: the letter says whose code it is; only the digits are typed.
        if short && words[0].text.bytes().all(|b| b.is_ascii_alphabetic()) {
            value.clone_from(&words[1].text);
        }
    }
    let most = if dashed && shape != Shape::Digits { MAX_DASHED } else { MAX };
    if !(MIN..=most).contains(&plain.len()) || words.len() > MAX || lowercase_words(words, shape) {
        return None;
    }
    let lookalike = words.iter().any(|w| w.lookalike);
    Some(Token { line: at, range, value, shape, grouped: words.len() > 1, lookalike, bound: false })
}

/// Whether it is words joined by dashes, such as `covid-19-test`, which are not a code.
fn lowercase_words(words: &[Word], shape: Shape) -> bool {
    shape == Shape::MixedSmall
        && words.len() > 1
        && words.iter().any(|w| w.text.bytes().all(|b| b.is_ascii_lowercase()))
}

fn shape(text: &str) -> Option<Shape> {
    let any = |test: fn(&u8) -> bool| text.as_bytes().iter().any(test);
    let (digit, small, capital) = (any(u8::is_ascii_digit), any(u8::is_ascii_lowercase), any(u8::is_ascii_uppercase));
    match (digit, capital, small) {
        (true, false, false) => Some(Shape::Digits),
        (true, true, false) => Some(Shape::Mixed),
        (true, _, true) => Some(Shape::MixedSmall),
        (false, true, false) => Some(Shape::Letters),
        _ => None,
    }
}

/// Returns runs of letters and digits. Words of scripts that are written without spaces end a run, so that a code may
/// touch them.
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let inside = c.is_alphanumeric() && !unspaced(c);
        match (inside, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                words.extend(word(text, from..at));
                start = None;
            }
            _ => {}
        }
    }
    words
}

fn word(text: &str, range: Range<usize>) -> Option<Word> {
    let raw = &text[range.clone()];
    if raw.is_ascii() {
        return (raw.len() <= 20).then(|| Word { range, text: raw.to_owned(), lookalike: false });
    }
    let mixed = raw.chars().any(|c| c.is_ascii_alphanumeric());
    let text = latin(raw).filter(|_| mixed && raw.len() <= 40)?;
    Some(Word { range, text, lookalike: true })
}

/// Returns where web and mail addresses are: what looks like a code in them is not one.
pub(super) fn addresses(text: &str) -> Vec<Range<usize>> {
    let mut found = web(text);
    for (at, _) in text.match_indices('@') {
        let local = text[..at]
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || "._%+-".contains(c)))
            .map_or(0, |p| p + char_len(text, p));
        let end = text[at + 1..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c)))
            .map_or(text.len(), |p| at + 1 + p);
        if local < at && text[at + 1..end].contains('.') {
            found.push(local..end);
        }
    }
    found
}

fn char_len(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(1, char::len_utf8)
}

/// Returns where web addresses are, with and without `https://`.
pub(super) fn web(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let end_of = |start: usize| {
        let stop = |c: char| c.is_whitespace() || !c.is_ascii() || matches!(c, '<' | '>' | '"');
        text[start..].find(stop).map_or(text.len(), |p| start + p)
    };
    let low = text.to_ascii_lowercase();
    for mark in ["http://", "https://", "www."] {
        found.extend(low.match_indices(mark).map(|(at, _)| at..end_of(at)));
    }
    // `example.com/path`
    for (slash, _) in text.match_indices('/') {
        let start = text[..slash]
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c)))
            .map_or(0, |p| p + char_len(text, p));
        let host = &text[start..slash];
        let tld =
            host.rsplit_once('.').is_some_and(|(_, tld)| tld.len() >= 2 && tld.bytes().all(|b| b.is_ascii_lowercase()));
        if tld && !found.iter().any(|f| f.contains(&start)) {
            found.push(start..end_of(start));
        }
    }
    found
}

impl Token {
    /// Whether nothing else of weight is on its line.
    pub(super) fn alone(&self, line: &Line) -> bool {
        let rest = line.text[..self.range.start].chars().chain(line.text[self.range.end..].chars());
        line.part != Part::Subject && rest.filter(|c| c.is_alphanumeric()).count() <= 2
    }
}
