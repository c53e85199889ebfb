//! A message as lines, each with its place: subject, text or HTML part, quoted or not.
//!
//! This module must not know what a code is.

use std::ops::Range;

use super::model::MessageText;
use super::normal::{folded, normal};
use super::tokens::addresses;
use super::words::{Class, Hit, Words};

/// How much of a plain text part is read.
const MOST_TEXT: usize = 256 << 10;
/// Lines are cut into pieces of this size, so that no rule that looks around on a line takes long.
const MOST_LINE: usize = 2000;

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Subject,
    Text,
    Html,
}

/// A link and the text it is shown as.
#[derive(Debug, Clone)]
pub(super) struct Anchor {
    pub(super) href: String,
    /// Where it is in the line.
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// A line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) part: Part,
    pub(super) text: String,
    /// The words of the table in it, except for those in addresses.
    pub(super) hits: Vec<Hit>,
    pub(super) quoted: bool,
    /// What is bold or large.
    pub(super) strong: Vec<Range<usize>>,
    pub(super) anchors: Vec<Anchor>,
}

impl Line {
    pub(super) fn new(part: Part) -> Line {
        Line { part, text: String::new(), hits: Vec::new(), quoted: false, strong: Vec::new(), anchors: Vec::new() }
    }

    fn of(part: Part, text: &str, quoted: bool) -> Line {
        Line { text: text.trim().to_owned(), quoted, ..Line::new(part) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.anchors.is_empty()
    }

    /// Adds text of an HTML page, with runs of white space as one space.
    pub(super) fn push(&mut self, text: &str, strong: bool) {
        let start = self.text.len();
        for c in normal(text).chars() {
            match c {
                ' ' | '\n' | '\t' if self.text.is_empty() || self.text.ends_with([' ', '\t']) => {}
                ' ' | '\n' | '\t' => self.text.push(' '),
                c => self.text.push(c),
            }
        }
        if strong && self.text.len() > start {
            self.strong.push(start..self.text.len());
        }
    }

    /// Begins a new table cell.
    pub(super) fn cell(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\t') {
            self.text.truncate(self.text.trim_end().len());
            self.text.push('\t');
        }
    }

    pub(super) fn finished(mut self) -> Line {
        self.text.truncate(self.text.trim_end().len());
        self
    }
}

/// Returns all lines of a message: subject, text, HTML, in this order.
pub(super) fn lines(message: &MessageText<'_>, words: &Words) -> Vec<Line> {
    let mut all = vec![Line::of(Part::Subject, &normal(head(message.subject, MOST_LINE)), false)];
    if let Some(text) = message.text {
        all.extend(plain(&normal(head(text, MOST_TEXT))));
    }
    if let Some(html) = message.html {
        all.extend(super::html::lines(html).into_iter().flat_map(pieces));
    }
    // Nobody reads rulers, empty rows and the like.
    all.retain(|l| l.part == Part::Subject || !l.anchors.is_empty() || l.text.contains(char::is_alphanumeric));
    for line in &mut all {
        let addresses = addresses(&line.text);
        line.hits = words.hits(&line.text);
        line.hits.retain(|h| !addresses.iter().any(|a| a.start < h.range.end && h.range.start < a.end));
    }
    for part in [Part::Text, Part::Html] {
        mark_quoted(&mut all, part);
    }
    all
}

/// Returns the lines of a plain text. `>` marks quotations.
fn plain(text: &str) -> Vec<Line> {
    let line = |row: &str| {
        let row = row.replace('\t', " ");
        let quoted = row.trim_start().starts_with('>');
        Line::of(Part::Text, row.trim_start_matches(['>', ' ']), quoted)
    };
    text.split('\n').map(line).filter(|l| !l.is_empty()).flat_map(pieces).collect()
}

fn pieces(line: Line) -> Vec<Line> {
    if line.text.len() <= MOST_LINE {
        return vec![line];
    }
    let (mut pieces, mut rest) = (Vec::new(), line.text.as_str());
    while !rest.is_empty() {
        let piece = head(rest, MOST_LINE);
        pieces.push(Line { text: piece.to_owned(), quoted: line.quoted, ..Line::new(line.part) });
        rest = &rest[piece.len()..];
    }
    pieces[0].anchors = line.anchors.into_iter().map(|a| Anchor { range: 0..0, ..a }).collect();
    pieces
}

/// Marks everything after "On … wrote:" or "Forwarded message" in a part as somebody else's.
fn mark_quoted(lines: &mut [Line], part: Part) {
    let mut quoted = false;
    for line in lines.iter_mut().filter(|l| l.part == part) {
        quoted |= starts_quote(line);
        line.quoted |= quoted;
    }
}

fn starts_quote(line: &Line) -> bool {
    let marker = line.hits.iter().any(|h| h.class == Class::Quote);
    // "On Tue, 3 May 2022 at 10:11 X wrote:" ends with a colon in any language, and has an address or digits.
    let wrote = line.hits.iter().any(|h| h.class == Class::Wrote)
        && line.text.trim_end().ends_with(':')
        && line.text.chars().filter(char::is_ascii_digit).count() >= 3;
    marker && line.text.len() < 200 || wrote
}

/// Returns at most the first `most` bytes of a text, cut between characters.
pub fn head(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Returns `text` in lower case, with the offset in `text` of each of its bytes.
pub(super) fn folded_with_map(text: &str) -> (String, Vec<u32>) {
    let (mut out, mut map) = (String::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
    for (at, c) in text.char_indices() {
        let low = folded(c.encode_utf8(&mut [0; 4]));
        map.extend(std::iter::repeat_n(at as u32, low.len()));
        out.push_str(&low);
    }
    map.push(text.len() as u32);
    (out, map)
}
