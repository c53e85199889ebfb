//! Why a number that is called a code may not be one after all: it was used or is wrong, it opens a door and not an
//! account, it is only quoted. Each doubt limits the score to less than an answer needs, whatever else speaks for the
//! number.
//!
//! The rules work on sentences: what a sentence says of a code applies to the code in it. This module must not know how
//! points are given.

use std::ops::Range;

use super::label::Label;
use super::lines::{Line, Part};
use super::sentence::{conditional, hits, outside_names, over, sentence};
use super::tie::{Tie, core, forbids, plural, told};
use super::tokens::{Shape, Token};
use super::weigh::{Topic, is_year};
use super::words::{Class, Hit};

/// "It has been used" at the start of a sentence counts; further on, such words are about something else. In bytes.
const EARLY: usize = 24;
/// Within this many bytes before a word, a number is what the word is about.
const CLOSE: usize = 16;
/// From this many bytes of letters around a quotation on, somebody is reporting what it says.
const REPORTED: usize = 8;
/// Lines above a code that may say what it is for.
const HEADING: usize = 40;

/// A message with one of its tokens, to be doubted.
pub(super) struct Doubt<'a> {
    pub(super) lines: &'a [Line],
    pub(super) tokens: &'a [Token],
    pub(super) topic: &'a Topic,
    pub(super) token: &'a Token,
    /// The word that names it.
    pub(super) label: Option<Label>,
    /// Whether its line has the reader's own address.
    pub(super) own: bool,
    /// Whether nothing else has the shape of a code.
    pub(super) sole: bool,
}

impl Doubt<'_> {
    /// Returns why the token is not a code that is issued here, if there is a reason.
    pub(super) fn reason(&self) -> Option<&'static str> {
        let line = self.line();
        let checks = [
            (self.reference(), "the number of an issue or a ticket"),
            (self.quotation(), "somebody reports what a message says"),
            (line.text[self.sentence()].ends_with('?'), "a question"),
            (self.past(), "a code that was"),
            (outside_names(line, &self.sentence(), Class::Fault), "something failed with it"),
            (forbids(line, &self.sentence()), "not to be entered"),
            (self.postal(), "a postal code"),
            (self.label.is_none() && !self.named_by_place(), "nothing says that it is a code"),
        ];
        let of_label = || self.label.filter(|l| l.class != Class::Neg).and_then(|label| self.of_label(&label));
        checks.iter().find(|(is, _)| *is).map(|(_, why)| *why).or_else(of_label)
    }

    fn of_label(&self, label: &Label) -> Option<&'static str> {
        let checks = [
            (label.tie == Tie::Loose, "near a word for codes, and not said to be one"),
            (is_year(&self.token.value) && !self.is_year_of_a_code(label), "may be a year"),
            (self.key_of_tracker() && !matches!(label.tie, Tie::Said | Tie::Alone), "the key of a ticket"),
            (
                self.token.shape == Shape::MixedSmall
                    && label.start > self.token.range.start
                    && label.tie == Tie::Touching,
                "looks like a name",
            ),
            (self.is_talk(label), "the sentence is about codes, and issues none"),
            (self.other_use(label), "a code for something else than an account"),
            (
                self.is_vague(label) && !(self.is_headed(label) || self.is_issued()),
                "nothing says that it is for signing in or confirming",
            ),
        ];
        checks.iter().find(|(is, _)| *is).map(|(_, why)| *why)
    }

    /// Whether it is said to be used, wrong, replaced or disclosed, in its sentence or at the start of the next. An
    /// "if" applies to any code: "if the code has expired".
    pub(super) fn spent(&self) -> bool {
        let (line, sentence) = (self.line(), self.sentence());
        let here = hits(line, &sentence, Class::Spent).any(|h| !conditional(line, h) && self.is_meant(h));
        here || self.next_sentence().is_some_and(|(line, sentence)| {
            let early = |h: &&Hit| h.range.start - sentence.start <= EARLY;
            let numbers = line.text[sentence.clone()].bytes().filter(u8::is_ascii_digit).count() > 4;
            // "Codes you were sent earlier no longer work."
            let mut codes = [Class::Strong, Class::Weak].into_iter().flat_map(|class| hits(line, &sentence, class));
            let others = hits(line, &sentence, Class::Void).next().is_some() || codes.any(|h| plural(line, h));
            !numbers && !others && hits(line, &sentence, Class::Spent).filter(early).any(|h| !conditional(line, h))
        })
    }

    /// Whether a word is about this token, not another: "118820 has expired, the new one is 730218".
    fn is_meant(&self, hit: &Hit) -> bool {
        let other = |from: usize, to: usize| {
            let at = |t: &&Token| t.line == self.token.line && t.range.start >= from && t.range.end <= to;
            self.tokens.iter().filter(at).any(|t| t.shape != Shape::Letters && t.value != self.token.value)
        };
        if hit.range.end <= self.token.range.start {
            !other(hit.range.end, self.token.range.start)
                && !other(hit.range.start.saturating_sub(CLOSE), hit.range.start)
        } else {
            !other(self.token.range.end, hit.range.start)
        }
    }

    fn line(&self) -> &Line {
        &self.lines[self.token.line]
    }

    fn sentence(&self) -> Range<usize> {
        sentence(&self.line().text, &self.token.range)
    }

    /// Returns the sentence after the token's, on its line or the next.
    fn next_sentence(&self) -> Option<(&Line, Range<usize>)> {
        let (line, end) = (self.line(), self.sentence().end);
        if !line.text[end..].trim().is_empty() {
            let start = line.text.len() - line.text[end..].trim_start().len();
            let first = line.text[start..].chars().next()?.len_utf8();
            return Some((line, sentence(&line.text, &(start..start + first))));
        }
        let next = self.lines.get(self.token.line + 1).filter(|l| l.part == line.part && l.quoted == line.quoted)?;
        let first = next.text.chars().next()?.len_utf8();
        Some((next, sentence(&next.text, &(0..first))))
    }

    /// Whether it is `#4829` or `!4829`, unless it is said to be the code: `your code is #4829`.
    fn reference(&self) -> bool {
        let hash = self.line().text[..self.token.range.start].ends_with(['#', '!']);
        hash && !self.label.is_some_and(|l| matches!(l.tie, Tie::Said))
    }

    /// Whether a code that looks like a year is said to be a code: "your code is 2024", but not "Acme 2024: your code".
    fn is_year_of_a_code(&self, label: &Label) -> bool {
        let before = label.line != self.token.line || label.end <= self.token.range.start;
        let is = || hits(self.line(), &self.sentence(), Class::Is).any(|h| h.range.start == self.token.range.end + 1);
        matches!(label.tie, Tie::Said | Tie::Told | Tie::Alone) && (before || is())
    }

    /// Whether it is a tracker's key: `PAY-4829`, `CVE-2026-48291`.
    fn key_of_tracker(&self) -> bool {
        let text = &self.line().text[self.token.range.clone()];
        text.split_once('-').is_some_and(|(project, number)| {
            project.starts_with(|c: char| c.is_ascii_uppercase())
                && project.bytes().filter(u8::is_ascii_uppercase).count() >= 2
                && number.bytes().all(|b| b.is_ascii_digit() || b == b'-')
        })
    }

    /// Whether a message is being quoted. The mail says "Your verification code is 123456": word and number are within
    /// one pair of quotes, and there is text outside.
    fn quotation(&self) -> bool {
        let text = &self.line().text;
        let Some(label) = self.label.filter(|l| l.line == self.token.line) else { return false };
        let (start, end) = (label.start.min(self.token.range.start), label.end.max(self.token.range.end));
        let quoted = [('"', '"'), ('\'', '\''), ('“', '”'), ('„', '“'), ('„', '”'), ('«', '»'), ('「', '」')]
            .iter()
            .any(|(open, close)| {
                let opened = text[..start].matches(*open).count() > text[..start].matches(*close).count()
                    || (open == close && text[..start].matches(*open).count() % 2 == 1);
                opened && text[end..].contains(*close) && !text[start..end].contains([*open, *close])
            });
        let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).map(char::len_utf8).sum::<usize>();
        let outside = letters(text) - letters(&text[start..end]);
        quoted && outside >= REPORTED
    }

    /// Whether it is in the past: `your code was 123456`.
    fn past(&self) -> bool {
        let line = self.line();
        let near = self.token.range.start.saturating_sub(HEADING)..self.token.range.start;
        hits(line, &near, Class::Was).any(|h| {
            let (start, end) = core(&line.text, h.range.end, self.token.range.start);
            start >= end || line.text[start..end].chars().all(|c| c == ':')
        })
    }

    /// Whether it is an Indian postal code: these are called PIN codes, and have six digits.
    fn postal(&self) -> bool {
        let Some(label) = self.label.filter(|l| l.line == self.token.line && l.class == Class::Weak) else {
            return false;
        };
        let (line, token) = (self.line(), self.token);
        let word = line.text[label.start..label.end].to_lowercase();
        let six = token.shape == Shape::Digits && token.value.len() == 6 && !token.value.starts_with('0');
        let mine = hits(line, &self.sentence(), Class::Your).any(|h| label.start.saturating_sub(h.range.end) <= 1);
        let for_signing_in =
            outside_names(line, &self.sentence(), Class::Action) || self.signs_in(line, &self.sentence());
        six && matches!(word.as_str(), "pin code" | "pincode") && !mine && !for_signing_in
    }

    /// Whether, without a word for codes, its place names it: the reader is told to enter it, or it stands alone, or
    /// with hardly anything else.
    fn named_by_place(&self) -> bool {
        let begins_subject = self.line().part == Part::Subject && self.token.range.start == 0;
        let line = self.line();
        let bare = self.topic.bare && !line.hits.iter().any(|h| matches!(h.class, Class::Neg | Class::Talk));
        self.token.alone(line) || bare || told(line, self.token) || begins_subject
    }

    /// Whether it is about a library, a test or a ticket that has to do with codes, unless it is *your* code or is to
    /// be entered. After "code is" or "code for", such a word says what the code is for.
    fn is_talk(&self, label: &Label) -> bool {
        let (line, sentence) = (self.line(), self.sentence());
        let counts = if label.tie == Tie::Said && label.end <= self.token.range.start {
            sentence.start..label.start
        } else {
            sentence.clone()
        };
        label.line == self.token.line
            && outside_names(line, &counts, Class::Talk)
            && !self.is_yours()
            && !told(line, self.token)
            && hits(line, &sentence, Class::Tell).next().is_none()
    }

    /// Whether it is a code for a door, a network, a licence or a journey, if the word is used for such codes too.
    fn other_use(&self, label: &Label) -> bool {
        if !self.is_broad(label) {
            return false;
        }
        let named = &self.lines[label.line];
        let sentence = if label.line == self.token.line { self.sentence() } else { 0..named.text.len() };
        let near = |class: Class| hits(named, &sentence, class).next().is_some();
        let around = |class: Class| {
            let subject = self.lines.iter().filter(|l| l.part == Part::Subject);
            let above = self.lines[..self.token.line.min(label.line)].iter().rev().take(1);
            let ended = |l: &Line| l.text.ends_with(['.', '?', '!', '。']);
            let heading = above.filter(|l| l.text.chars().count() <= HEADING && l.part == named.part && !ended(l));
            subject.chain(heading).any(|l| l.hits.iter().any(|h| h.class == class))
        };
        let signing_in = self.signs_in(named, &sentence);
        let told = outside_names(named, &sentence, Class::Tell) || told(self.line(), self.token);
        ((near(Class::Thing) || around(Class::Thing)) && !signing_in)
            || (near(Class::Deal) && !signing_in && !told)
            || (self.topic.deal && !self.topic.entering)
            || self.is_licence()
    }

    /// Whether `range` speaks of signing in, other than by "enter the code".
    fn signs_in(&self, line: &Line, range: &Range<usize>) -> bool {
        let told = |h: &Hit| hits(line, range, Class::Tell).any(|t| t.range.contains(&h.range.start));
        outside_names(line, range, Class::Enter) && hits(line, range, Class::Enter).any(|h| !told(h))
    }

    /// Whether it is like `ABCD-1234-EFGH`: three groups make a licence's, a voucher's or a device's own number.
    fn is_licence(&self) -> bool {
        let text = &self.line().text[self.token.range.clone()];
        self.token.shape != Shape::Digits && text.split('-').filter(|group| group.len() >= 4).count() >= 3
    }

    /// Whether the word is also used for codes for other things.
    fn is_broad(&self, label: &Label) -> bool {
        self.is_vague(label) || self.is_called(label, Class::Broad)
    }

    /// Whether the word is used more for codes for other things than for codes for signing in.
    fn is_vague(&self, label: &Label) -> bool {
        label.class == Class::Weak || self.is_called(label, Class::Vague)
    }

    /// Whether the line above the code is the name of a code and nothing else.
    fn is_headed(&self, label: &Label) -> bool {
        let line = &self.lines[label.line];
        let whole = line.text.trim_end_matches([':', ' ']).len() == label.end && label.start == 0;
        label.tie == Tie::Alone && label.class == Class::Strong && whole
    }

    fn is_called(&self, label: &Label, class: Class) -> bool {
        over(&self.lines[label.line], label.start).any(|h| h.class == class)
    }

    /// Whether anything but the word "code" says that this is a code for the reader: "your", "enter", how long it is
    /// valid.
    fn is_issued(&self) -> bool {
        let topic = self.topic;
        topic.certain
            || topic.issuing
            || self.own
            || (topic.sms && self.sole)
            || self.is_yours()
            || self.is_presented()
            || told(self.line(), self.token)
    }

    /// Whether it is "your code is 123456".
    pub(super) fn is_said_yours(&self) -> bool {
        self.label.is_some_and(|label| label.class == Class::Weak && label.tie == Tie::Said) && self.is_yours()
    }

    /// Whether it is "your Acme code", "kode Anda", but not "your hours on activity code".
    fn is_yours(&self) -> bool {
        let Some(label) = self.label else { return false };
        let line = &self.lines[label.line];
        let sentence = sentence(&line.text, &(label.start..label.end));
        let behind =
            if label.line == self.token.line { label.end..self.token.range.start } else { label.end..sentence.end };
        hits(line, &sentence, Class::Your).any(|h| {
            let before = h.range.end <= label.start && !strays(line, &(h.range.end..label.start));
            let within = h.range.start >= label.start && h.range.start <= label.end;
            before || within || behind.contains(&h.range.start)
        })
    }

    /// Whether it is "Here is the code".
    fn is_presented(&self) -> bool {
        self.label.is_some_and(|label| {
            let line = &self.lines[label.line];
            hits(line, &sentence(&line.text, &(label.start..label.end)), Class::Here).next().is_some()
        })
    }
}

/// Whether `range` has a word that says neither whose a code is nor what it is for.
fn strays(line: &Line, range: &Range<usize>) -> bool {
    let known = |at: usize| {
        let other = |h: &Hit| matches!(h.class, Class::Of | Class::About | Class::Neg);
        over(line, at).any(|h| !other(h))
    };
    line.text[range.clone()].char_indices().map(|(at, c)| (range.start + at, c)).any(|(at, c)| {
        let inner = line.text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        c.is_lowercase() && !inner && !known(at)
    })
}
