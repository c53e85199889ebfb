//! A message as lines, each with where it stands: subject, text or HTML part, quoted or not.
//!
//! It must not know what a code is.

use std::ops::Range;

use super::model::MessageText;
use super::normal::{folded, normal};
use super::tokens::addresses;
use super::words::{Class, Hit, Words};

/// As much of a plain text part as is read.
const MOST_TEXT: usize = 256 << 10;
/// A line is cut into pieces of this size, so that no rule that looks around on a line takes long.
const MOST_LINE: usize = 2000;

/// Where a line stands.
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
    /// Where it stands in the line.
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// A line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) part: Part,
    pub(super) text: String,
    /// The words of the table in it, but for those in addresses.
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

    /// Adds text of an HTML page: runs of white space are one space.
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

    /// A new table cell begins.
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

/// All lines of a message: subject, text, HTML, in this order.
pub(super) fn lines(message: &MessageText<'_>, words: &Words) -> Vec<Line> {
    let mut all = vec![Line::of(Part::Subject, &normal(head(message.subject, MOST_LINE)), false)];
    if let Some(text) = message.text {
        all.extend(plain(&normal(head(text, MOST_TEXT))));
    }
    if let Some(html) = message.html {
        all.extend(super::html::lines(html).into_iter().flat_map(pieces));
    }
    // Rulers, empty rows and the like are nothing that a person reads.
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

/// The lines of a plain text. `>` quotes.
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

/// From "On … wrote:" or "Forwarded message" on, all of a part is somebody else's.
fn mark_quoted(lines: &mut [Line], part: Part) {
    let mut quoted = false;
    for line in lines.iter_mut().filter(|l| l.part == part) {
        quoted |= starts_quote(line);
        line.quoted |= quoted;
    }
}

fn starts_quote(line: &Line) -> bool {
    let marker = line.hits.iter().any(|h| h.class == Class::Quote);
    // "On Tue, 3 May 2022 at 10:11 X wrote:" in any language ends with a colon and has an address or digits.
    let wrote = line.hits.iter().any(|h| h.class == Class::Wrote)
        && line.text.trim_end().ends_with(':')
        && line.text.chars().filter(char::is_ascii_digit).count() >= 3;
    marker && line.text.len() < 200 || wrote
}

/// The first `most` bytes of a text, at a character's end.
pub(in crate::inbox) fn head(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// `text` in lower case with the offset in `text` of each of its bytes.
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
