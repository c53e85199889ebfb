//! Which word names a token: the nearest on its line that no other token uses or, if the token stands alone, the last
//! on the lines before. The grammar of "is" takes precedence over nearness: "the TAN for your order is 123456" names a
//! TAN.
//!
//! This module must not know how points are given.

use super::lines::Line;
use super::refuse::refuse;
use super::sentence::{clause_start, outside_names, sentence, sentence_end};
use super::tie::{self, Tie};
use super::tokens::{Shape, Token};
use super::weigh::Desk;
use super::words::{Class, Hit};

/// What shops write before a discount code, and others before a code for signing in.
const OFFERS: &[&str] = &["use code", "with code"];

/// The word that says what a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) class: Class,
    pub(super) near: bool,
    pub(super) from: From,
    pub(super) tie: Tie,
    /// Where it is.
    pub(super) line: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Label {
    /// Whether it names a code, and the number is said to be that code.
    pub(super) fn firm(&self) -> bool {
        self.class != Class::Neg && self.tie != Tie::Loose
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Before,
    After,
    LineBefore,
    LineAfter,
}

impl Desk<'_> {
    pub(super) fn label(&self, at: usize, token: &Token, alone: bool) -> Option<Label> {
        self.same_line(at, token)
            .map(|label| self.no_offer(token, label))
            .or_else(|| if alone { self.other_line(token) } else { None })
    }

    fn same_line(&self, at: usize, token: &Token) -> Option<Label> {
        let line = &self.lines[token.line];
        let names = |h: &&Hit| matches!(h.class, Class::Strong | Class::Weak | Class::Neg);
        let before = line
            .hits
            .iter()
            .filter(names)
            .filter(|h| h.range.end <= token.range.start)
            .filter(|h| !self.used(at, token, h))
            .filter(|h| !aside(&line.text, h, token))
            .max_by_key(|h| h.range.end)
            .map(|nearest| whole_name(line, nearest));
        let after =
            line.hits.iter().filter(names).filter(|h| h.range.start >= token.range.end).min_by_key(|h| h.range.start);
        let before = before.and_then(|h| {
            let between = &line.text[h.range.end..token.range.start];
            let gap = between.chars().count();
            let ended = sentence_end(between);
            let ok = gap <= 90 && !(ended && (h.class == Class::Neg || gap > 60));
            let label = self.named((token.line, line), token, h, From::Before, gap <= 40 && !ended);
            ok.then_some((gap, label))
        });
        let after = after.and_then(|h| {
            let between = &line.text[token.range.end..h.range.start];
            let gap = between.chars().count();
            let words = between.split_whitespace().count();
            let other = self
                .tokens
                .iter()
                .any(|t| t.line == token.line && t.range.start >= token.range.end && t.range.end <= h.range.start);
            let ended = sentence_end(between) || other;
            let ok = !ended
                && if h.class == Class::Neg {
                    words <= 3 && gap <= 20 && !between.contains([',', ';', '('])
                } else {
                    gap <= 70
                };
            ok.then_some((gap, self.named((token.line, line), token, h, From::After, gap <= 40)))
        });
        let subject = self.subject_of(token);
        match (subject.or(before), after) {
            // "Code SPRING24 at checkout"
            (Some((_, before)), Some((_, after)))
                if before.class == Class::Weak && after.class == Class::Neg && token.shape != Shape::Digits =>
            {
                Some(after)
            }
            (Some((_, before)), Some((_, after))) if before.tie == Tie::Loose && after.firm() => Some(after),
            (Some((gap, before)), _) if gap <= 6 => Some(before),
            (Some((gap, before)), Some((next, after))) => {
                let better = before.class == Class::Neg && after.class != Class::Neg && next <= gap + 25;
                Some(if better || (next + 4 < gap && after.class != Class::Neg && before.class != Class::Strong) {
                    after
                } else {
                    before
                })
            }
            (before, after) => before.or(after).map(|(_, label)| label),
        }
    }

    /// Whether a word before the token belongs to another token in between: `order 1234 is paid, 5678`.
    fn used(&self, at: usize, token: &Token, hit: &Hit) -> bool {
        let text = &self.lines[token.line].text;
        let mut end = hit.range.end;
        let between = self.tokens[..at].iter().zip(self.refused).rev().take_while(|(t, _)| t.line == token.line);
        let counts = |other: &Token, refused: &Option<&str>| {
            hit.class == Class::Neg || (refused.is_none() && other.shape != Shape::Letters)
        };
        let mut others: Vec<&Token> = between
            .filter(|(t, refused)| t.range.start >= hit.range.end && counts(t, refused))
            .map(|(t, _)| t)
            .take(8)
            .collect();
        others.reverse();
        for other in others {
            let between = &text[end..other.range.start];
            if hit.class == Class::Neg || between.chars().count() <= 30 {
                // A list: `codes 1111, 2222 or 3333`.
                let gap = &text[other.range.end..token.range.start];
                let listed = gap.chars().count() <= 5
                    && !gap.contains('.')
                    && hit.class != Class::Neg
                    && other.shape == token.shape;
                if !listed {
                    return true;
                }
            }
            end = other.range.end;
        }
        false
    }

    fn other_line(&self, token: &Token) -> Option<Label> {
        let names = |h: &&Hit| matches!(h.class, Class::Strong | Class::Weak | Class::Neg);
        let taken = |line: &Line| {
            self.tokens.iter().any(|t| {
                std::ptr::eq(&self.lines[t.line], line) && t.shape != Shape::Letters && refuse(line, t).is_none()
            })
        };
        for (nth, (at, line)) in self.above_at(token.line).take(3).enumerate() {
            let last = line.hits.iter().filter(names).max_by_key(|h| (h.range.end, h.class == Class::Strong));
            let short = line.text.chars().count() < 40;
            if let Some(hit) = last {
                let close = nth == 0 || line.text.ends_with(':') || hit.class == Class::Strong;
                let neg = hit.class == Class::Neg && !(short || line.text.ends_with(':'));
                let strong = line.hits.iter().any(|h| h.class == Class::Strong);
                // "Use this code to see your bookings:"
                let told = tie::told_word(line);
                let class = match hit.class {
                    Class::Neg if strong && (neg || told) => Class::Strong,
                    Class::Neg if told => Class::Weak,
                    class => class,
                };
                if taken(line) || (neg && !strong && !told) {
                    break;
                }
                let label = self.named((at, line), token, hit, From::LineBefore, close);
                return Some(Label { class, ..label });
            }
        }
        let below = self.lines.get(token.line + 1).filter(|l| l.part == self.lines[token.line].part)?;
        let hit = below.hits.iter().find(|h| names(h) && h.range.start < 60)?;
        let label = self.named((token.line + 1, below), token, hit, From::LineAfter, hit.range.start < 25);
        (hit.class != Class::Neg || hit.range.start < 12).then_some(label)
    }

    /// Makes the label for `hit` on the line `at`.
    fn named(&self, (at, line): (usize, &Line), token: &Token, hit: &Hit, from: From, near: bool) -> Label {
        let tie = match from {
            From::Before => tie::before(line, token, hit),
            From::After => tie::after(line, token, hit),
            From::LineBefore | From::LineAfter => tie::of_lines(line, hit),
        };
        Label { class: hit.class, near, from, tie, line: at, start: hit.range.start, end: hit.range.end }
    }

    /// Corrects a label that looks like a shop's offer: "Use code 123456 to confirm it's you" offers nothing.
    fn no_offer(&self, token: &Token, label: Label) -> Label {
        let line = &self.lines[token.line];
        let offers = OFFERS.contains(&&*line.text[label.start..label.end].to_lowercase());
        let sentence = sentence(&line.text, &token.range);
        let confirms = || [Class::Action, Class::Enter].into_iter().any(|class| outside_names(line, &sentence, class));
        if offers && confirms() { Label { class: Class::Weak, tie: Tie::Told, ..label } } else { label }
    }

    /// Returns the subject of `… is 123456`, if it is not the nearest word: "the code *for your order* is 123456" gives
    /// a code, "your ticket *about the code* is 123456" a ticket.
    fn subject_of(&self, token: &Token) -> Option<(usize, Label)> {
        let line = &self.lines[token.line];
        let sentence = sentence(&line.text, &token.range);
        let names = |h: &&Hit| {
            matches!(h.class, Class::Strong | Class::Weak | Class::Neg)
                && h.range.start >= sentence.start
                && h.range.end <= token.range.start
        };
        let nearest = line.hits.iter().filter(names).max_by_key(|h| h.range.end)?;
        let said = tie::before(line, token, nearest) == Tie::Said;
        let is = tie::copula(line, nearest.range.end, token);
        let label = |hit: &Hit| {
            let gap = line.text[hit.range.end..token.range.start].chars().count();
            (gap, Label { tie: Tie::Said, ..self.named((token.line, line), token, hit, From::Before, gap <= 40 || is) })
        };
        let other = line.hits.iter().filter(names).rfind(|h| match nearest.class {
            Class::Neg => h.class == Class::Strong,
            _ => h.class == Class::Neg,
        });
        // "The TAN for 48.29 EUR to account DE12 is 123456": what is in between is not a code.
        let Some(first) = other else { return (is && nearest.class == Class::Strong).then(|| label(nearest)) };
        let between = first.range.end..nearest.range.start;
        let links = |h: &&Hit| h.range.start >= between.start && h.range.end <= between.end;
        let linked = line.hits.iter().filter(links).any(|h| match (nearest.class, h.class) {
            (Class::Neg, class) => class == Class::Of,
            (_, Class::About) => true,
            // "The number of your case for the missing code is 123456"
            (_, Class::Of) => {
                h.range.start <= between.start + 1 && clause_start(&line.text, between.end) <= between.start
            }
            _ => false,
        });
        (linked && said).then(|| label(first))
    }
}

/// Returns the whole name. In `お問い合わせ番号は`, the name of another number overlaps the word for any number, and is the one
/// that counts.
fn whole_name<'a>(line: &'a Line, nearest: &'a Hit) -> &'a Hit {
    let into =
        |h: &&Hit| h.class == Class::Neg && h.range.start < nearest.range.start && h.range.end > nearest.range.start;
    line.hits.iter().find(into).unwrap_or(nearest)
}

/// Whether the word is in parentheses that were closed before the token.
fn aside(text: &str, hit: &Hit, token: &Token) -> bool {
    let after = &text[hit.range.end..token.range.start];
    after.find(')').is_some_and(|close| !after[..close].contains('('))
        && text[..hit.range.start].rfind('(').is_some_and(|open| !text[open..hit.range.start].contains(')'))
}
