//! The words that tell what a number or a link is, in many languages: `words.tsv`, and finding them all in one pass.
//!
//! This module must not know how words are weighed.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use icu_normalizer::DecomposingNormalizerBorrowed;

use super::lines::folded_with_map;
use super::normal::{folded, normal, running, unspaced};

/// Letters that a phrase must have to be searched for without its accents too.
const SHORTEST_PLAIN: usize = 5;
/// Letters that no canonical decomposition reduces to plain ones.
const STROKES: &[(char, &str)] =
    &[('ı', "i"), ('ł', "l"), ('đ', "d"), ('ø', "o"), ('ß', "ss"), ('æ', "ae"), ('œ', "oe"), ('å', "a")];
/// How German and neighbouring languages write these letters without the key for them.
const UMLAUTS: &[(char, &str)] = &[('ä', "ae"), ('ö', "oe"), ('ü', "ue"), ('å', "aa"), ('ø', "oe")];

/// What a word means; see `words.tsv`.
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
    Is,
    Was,
    Your,
    As,
    The,
    Of,
    Tell,
    TellLast,
    Not,
    Here,
    About,
    If,
    Spent,
    Broad,
    Vague,
    Thing,
    Deal,
    Talk,
    Fault,
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
            "is" => Class::Is,
            "was" => Class::Was,
            "your" => Class::Your,
            "as" => Class::As,
            "the" => Class::The,
            "of" => Class::Of,
            "tell" => Class::Tell,
            "tell-last" => Class::TellLast,
            "not" => Class::Not,
            "here" => Class::Here,
            "about" => Class::About,
            "if" => Class::If,
            "spent" => Class::Spent,
            "broad" => Class::Broad,
            "vague" => Class::Vague,
            "thing" => Class::Thing,
            "deal" => Class::Deal,
            "talk" => Class::Talk,
            "fault" => Class::Fault,
            _ => return None,
        })
    }
}

/// A word found in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) class: Class,
    /// Where it is, in the line's text.
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

/// Returns the one table, built on first use.
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
                let (open_left, open_right) = (phrase.starts_with('*'), phrase.ends_with('*'));
                let text = folded(&normal(phrase.trim_matches('*')));
                // Other messages use `expiré` without its accent about a code that is good.
                let plain = if class == Class::Void { Vec::new() } else { plain(&text) };
                for text in plain.into_iter().chain([text]) {
                    texts.push(text);
                    phrases.push(Phrase { class, open_left, open_right });
                }
            }
        }
        let search = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(&texts)
            .expect("the table's phrases fit an automaton"); // cannot fail: a few thousand short phrases, tested
        Words { search, phrases }
    }

    /// Returns the words in `text`, in order. A word within a longer one (of those that say what a number is) is left
    /// out.
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
            let within = kept.iter().rev().take(12).any(|k| {
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

/// Returns how `text` is written without accents, as in many text messages: `tek kullanimlik`, `bestaetigungscode`.
/// Short words are left out, because without their accents they are words of other languages.
fn plain(text: &str) -> Vec<String> {
    if text.chars().filter(|c| c.is_alphabetic()).count() < SHORTEST_PLAIN || !text.chars().any(accented) {
        return Vec::new();
    }
    let spelled = |letters: &dyn Fn(char) -> Option<&'static str>| -> String {
        let mut out = String::new();
        for c in text.chars() {
            match letters(c) {
                Some(plain) => out.push_str(plain),
                None => out.extend(DecomposingNormalizerBorrowed::new_nfd().normalize_iter([c].into_iter()).next()),
            }
        }
        out
    };
    let stroke = |c: char| STROKES.iter().find(|(from, _)| *from == c).map(|(_, to)| *to);
    let umlaut = |c: char| UMLAUTS.iter().find(|(from, _)| *from == c).map(|(_, to)| *to).or_else(|| stroke(c));
    let mut all = vec![spelled(&stroke), spelled(&umlaut)];
    all.dedup();
    all.retain(|spelled| spelled.is_ascii() && spelled != text);
    all
}

/// Whether it is a Latin letter with an accent or stroke.
fn accented(c: char) -> bool {
    matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

/// Returns the family of a class: phrases shadow shorter ones of the same family.
fn family(class: Class) -> u8 {
    match class {
        Class::Strong | Class::Weak | Class::Neg | Class::Void | Class::Sample => 0,
        Class::Action | Class::Enter | Class::Utility | Class::Warn => 1,
        Class::Expiry => 2,
        Class::Quote | Class::Wrote => 3,
        Class::Is | Class::Was => 4,
        Class::Your | Class::The | Class::As => 5,
        Class::Of | Class::About => 6,
        Class::Tell | Class::TellLast => 7,
        Class::If => 8,
        Class::Not => 13,
        Class::Here => 15,
        Class::Spent => 9,
        Class::Broad | Class::Vague => 10,
        Class::Thing | Class::Deal => 11,
        Class::Talk => 12,
        Class::Fault => 14,
    }
}

impl Phrase {
    /// Returns where the word ends that it was found in.
    fn end(&self, text: &str, end: usize) -> usize {
        let ending = text[end..].find(|c: char| !c.is_alphabetic() || unspaced(c)).unwrap_or(text.len() - end);
        if self.open_right { end + ending } else { end }
    }

    /// Whether it is a word of its own where it was found.
    fn stands(&self, text: &str, range: Range<usize>) -> bool {
        // Words of Arabic, Hebrew and Indic scripts take prefixes and endings; long ones are found within a word.
        let long = text[range.clone()].chars().count() >= 4;
        // The "e" of "e2e" is not a word.
        let short = range.len() <= 2;
        let joined = |c: Option<char>| {
            c.is_some_and(|c| {
                (c.is_alphabetic() && !(unspaced(c) && (long || running(c)))) || (short && c.is_ascii_digit())
            })
        };
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
    fn words_are_found_without_their_accents_too() {
        let strong = |text: &str| words().hits(text).iter().any(|h| h.class == Class::Strong);
        for text in ["Ihr Bestaetigungscode", "codigo de verificacion", "tek kullanimlik sifreniz", "kod dostepu"] {
            assert!(strong(text), "{text}");
        }
        // "la" without its accent is a word of other languages.
        assert!(words().hits("ma la").iter().all(|h| h.class != Class::Weak));
    }

    #[test]
    fn the_longest_phrase_says_what_it_is() {
        let naming = |class: &Class| matches!(class, Class::Strong | Class::Weak | Class::Neg | Class::Action);
        let classes = |text: &str| words().hits(text).iter().map(|h| h.class).filter(naming).collect::<Vec<_>>();
        assert_eq!(classes("your promo code is"), [Class::Neg]);
        // Both reach to the end of the word; the one that is matched first comes first.
        assert_eq!(classes("Ihr Bestätigungscode lautet"), [Class::Action, Class::Strong]);
        assert_eq!(classes("shipping"), []);
        assert_eq!(classes("您的验证码是"), [Class::Strong, Class::Action]);
    }
}
