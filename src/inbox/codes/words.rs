//! The words that tell what a number or a link is, in many languages: `words.tsv`, and finding them all in one pass.
//!
//! It must not know how words are weighed.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::lines::folded_with_map;
use super::normal::{folded, normal, running, unspaced};

/// What a word says; see `words.tsv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Strong,
    Weak,
    Neg,
    Action,
    Enter,
    Expiry,
    Void,
    Sample,
    Warn,
    Utility,
    Quote,
    Wrote,
}

impl Class {
    fn named(name: &str) -> Option<Class> {
        Some(match name {
            "strong" => Class::Strong,
            "weak" => Class::Weak,
            "neg" => Class::Neg,
            "action" => Class::Action,
            "enter" => Class::Enter,
            "expiry" => Class::Expiry,
            "void" => Class::Void,
            "sample" => Class::Sample,
            "warn" => Class::Warn,
            "utility" => Class::Utility,
            "quote" => Class::Quote,
            "wrote" => Class::Wrote,
            _ => return None,
        })
    }
}

/// A word found in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) class: Class,
    /// Where, in the line's text.
    pub(super) range: Range<usize>,
}

/// The table, ready for search.
pub(super) struct Words {
    search: AhoCorasick,
    phrases: Vec<Phrase>,
}

struct Phrase {
    class: Class,
    open_left: bool,
    open_right: bool,
}

/// The one table, built on first use.
pub(super) fn words() -> &'static Words {
    static WORDS: LazyLock<Words> = LazyLock::new(|| Words::parse(include_str!("words.tsv")));
    &WORDS
}

impl Words {
    fn parse(table: &str) -> Words {
        let (mut texts, mut phrases) = (Vec::new(), Vec::new());
        for row in table.lines().filter(|row| !row.starts_with('#')) {
            let mut columns = row.split('\t');
            let (Some(class), Some(_languages), Some(list)) = (columns.next(), columns.next(), columns.next()) else {
                continue;
            };
            let Some(class) = Class::named(class) else { continue };
            for phrase in list.split('|').map(str::trim).filter(|p| !p.is_empty()) {
                texts.push(folded(&normal(phrase.trim_matches('*'))));
                phrases.push(Phrase { class, open_left: phrase.starts_with('*'), open_right: phrase.ends_with('*') });
            }
        }
        let search = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(&texts)
            .expect("the table's phrases fit an automaton"); // cannot fail: a few thousand short phrases, tested
        Words { search, phrases }
    }

    /// The words in `text`, in order; what lies within a longer one (of those that say what a number is) is left out.
    pub(super) fn hits(&self, text: &str) -> Vec<Hit> {
        let (low, map) = folded_with_map(text);
        let mut found: Vec<Hit> = self
            .search
            .find_overlapping_iter(&low)
            .filter(|m| self.phrases[m.pattern().as_usize()].stands(&low, m.range()))
            .map(|m| {
                let phrase = &self.phrases[m.pattern().as_usize()];
                Hit { class: phrase.class, range: map[m.start()] as usize..map[phrase.end(&low, m.end())] as usize }
            })
            .collect();
        found.sort_by_key(|h| (h.range.start, std::cmp::Reverse(h.range.end)));
        let mut kept: Vec<Hit> = Vec::new();
        for hit in found {
            let within = kept.iter().rev().take(6).any(|k| {
                k.range.start <= hit.range.start
                    && hit.range.end <= k.range.end
                    && (k.class == hit.class || (k.range != hit.range && family(k.class) == family(hit.class)))
            });
            if !within {
                kept.push(hit);
            }
        }
        kept
    }
}

/// Phrases of a family shadow shorter ones of it.
fn family(class: Class) -> u8 {
    match class {
        Class::Strong | Class::Weak | Class::Neg | Class::Void | Class::Sample => 0,
        Class::Action | Class::Enter | Class::Utility | Class::Warn => 1,
        Class::Expiry => 2,
        Class::Quote | Class::Wrote => 3,
    }
}

impl Phrase {
    /// Where the word ends that it was found in.
    fn end(&self, text: &str, end: usize) -> usize {
        let ending = text[end..].find(|c: char| !c.is_alphabetic() || unspaced(c)).unwrap_or(text.len() - end);
        if self.open_right { end + ending } else { end }
    }

    /// Whether it is a word of its own where it was found.
    fn stands(&self, text: &str, range: Range<usize>) -> bool {
        // Words of Arabic, Hebrew and Indic scripts take prefixes and endings; long ones are found within a word.
        let long = text[range.clone()].chars().count() >= 4;
        let joined = |c: Option<char>| c.is_some_and(|c| c.is_alphabetic() && !(unspaced(c) && (long || running(c))));
        let (first, last) = (text[range.clone()].chars().next(), text[range.clone()].chars().next_back());
        let left = self.open_left || !joined(first) || !joined(text[..range.start].chars().next_back());
        let right = self.open_right || !joined(last) || !joined(text[range.end..].chars().next());
        left && right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_read() {
        for row in include_str!("words.tsv").lines().filter(|row| !row.starts_with('#') && !row.is_empty()) {
            let columns: Vec<&str> = row.split('\t').collect();
            assert_eq!(columns.len(), 3, "{row:.60}");
            assert!(Class::named(columns[0]).is_some(), "{row:.60}");
        }
    }

    #[test]
    fn the_longest_phrase_says_what_it_is() {
        let classes = |text: &str| words().hits(text).iter().map(|h| h.class).collect::<Vec<_>>();
        assert_eq!(classes("your promo code is"), [Class::Neg]);
        // Both reach to the end of the word: the one that is matched first comes first.
        assert_eq!(classes("Ihr Bestätigungscode lautet"), [Class::Action, Class::Strong]);
        assert_eq!(classes("shipping"), []);
        assert_eq!(classes("您的验证码是"), [Class::Strong, Class::Action]);
    }
}
