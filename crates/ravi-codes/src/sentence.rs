//! Sentences and clauses of a line, and the words of the table in them.
//!
//! This module must not know what a code is.

use std::ops::Range;

use super::lines::Line;
use super::normal::unspaced;
use super::words::{Class, Hit};

/// Abbreviations whose full stop does not end a sentence.
const ABBREVIATIONS: &[&str] =
    &["nr", "no", "num", "núm", "art", "ref", "ca", "bzw", "inkl", "incl", "dr", "mr", "mrs", "č"];

/// No word of the table is longer, apart from endings.
const LONGEST_WORD: usize = 96;

/// Returns hits of a class within `range`.
pub(super) fn hits<'a>(line: &'a Line, range: &Range<usize>, class: Class) -> impl Iterator<Item = &'a Hit> {
    let range = range.clone();
    from(line, range.start)
        .take_while(move |h| h.range.start < range.end)
        .filter(move |h| h.class == class && h.range.end <= range.end)
}

/// Returns hits that begin at `at`.
pub(super) fn starting(line: &Line, at: usize) -> impl Iterator<Item = &Hit> {
    from(line, at).take_while(move |h| h.range.start == at)
}

/// Returns hits that cover the character at `at`.
pub(super) fn over(line: &Line, at: usize) -> impl Iterator<Item = &Hit> {
    let near = from(line, at.saturating_sub(LONGEST_WORD));
    near.take_while(move |h| h.range.start <= at).filter(move |h| h.range.end > at)
}

/// Returns hits from `at` on. They are sorted, so that lines full of words of the table do not take long.
fn from(line: &Line, at: usize) -> impl Iterator<Item = &Hit> {
    line.hits[line.hits.partition_point(|h| h.range.start < at)..].iter()
}

/// Whether `range` has words of a class that are not part of a code's name: "log in", but not "login code".
pub(super) fn outside_names(line: &Line, range: &Range<usize>, class: Class) -> bool {
    let name = |h: &Hit| {
        from(line, h.range.start.saturating_sub(LONGEST_WORD))
            .take_while(|n| n.range.start < h.range.end)
            .any(|n| matches!(n.class, Class::Strong | Class::Weak | Class::Neg) && h.range.start < n.range.end)
    };
    hits(line, range, class).any(|h| !name(h))
}

/// Whether the sentence of `hit` says "if".
pub(super) fn conditional(line: &Line, hit: &Hit) -> bool {
    let sentence = sentence(&line.text, &hit.range);
    hits(line, &sentence, Class::If).next().is_some()
}

/// Returns the sentence around `range`, including the mark that ends it.
pub(super) fn sentence(text: &str, range: &Range<usize>) -> Range<usize> {
    let start = ends(text, 0, range.start).next_back().unwrap_or(0);
    let end = ends(text, range.end, text.len()).next().unwrap_or(text.len());
    start..end
}

/// Whether a sentence ends within `text`.
pub(super) fn sentence_end(text: &str) -> bool {
    ends(text, 0, text.len()).next().is_some()
}

/// Returns where sentences end in `text[from..to]`.
fn ends(text: &str, from: usize, to: usize) -> impl DoubleEndedIterator<Item = usize> {
    text[from..to].char_indices().filter_map(move |(at, c)| {
        let end = from + at + c.len_utf8();
        let over = match c {
            '。' | '।' | '۔' | '։' | '።' => true,
            '.' | '!' | '?' | '؟' => {
                let next = text[end..].chars().next();
                next.is_none_or(|c| c.is_whitespace() || (unspaced(c) && c.is_alphabetic()))
                    && !(c == '.' && abbreviated(&text[..end - 1]))
            }
            _ => false,
        };
        over.then_some(end)
    })
}

/// Whether a text ends in an abbreviation that precedes a number: "Nr", "no".
fn abbreviated(text: &str) -> bool {
    let word =
        &text[text.len() - text.chars().rev().take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum::<usize>()..];
    ABBREVIATIONS.iter().any(|short| word.eq_ignore_ascii_case(short))
}

/// Returns where the clause that contains `at` begins.
pub(super) fn clause_start(text: &str, at: usize) -> usize {
    let mark = |c: char| ".!?,;:。،、,()[]【】「」《》|\t-><*_\"#".contains(c);
    let before = &text[..at];
    before.rfind(mark).map_or(0, |mark| mark + before[mark..].chars().next().map_or(1, char::len_utf8))
}
