//! How likely each token is the code: its shape, the word that says what it is, where it stands.
//!
//! The word that governs a token is the nearest one on its line that no other token uses, else the last one of the lines
//! before when the token stands alone. Points add up to 100; [`super::CHOOSE`] is what an answer needs. Things that make an
//! answer doubtful whatever else speaks for it (quoted, for somebody else) are limits, not points.

use super::lines::{Line, Part};
use super::model::Kind;
use super::people::People;
use super::refuse::refuse;
use super::tokens::{Shape, Token};
use super::words::{Class, Hit};

/// A token or link with its points.
#[derive(Debug, Clone)]
pub(super) struct Weighed {
    pub(super) value: String,
    pub(super) shown: String,
    pub(super) part: Part,
    pub(super) score: i32,
    pub(super) reasons: Vec<String>,
}

impl Weighed {
    pub(super) fn add(&mut self, points: i32, reason: &str) {
        self.score += points;
        self.reasons.push(format!("{points:+} {reason}"));
    }

    pub(super) fn limit(&mut self, most: i32, reason: &str) {
        if self.score > most {
            self.score = most;
        }
        self.reasons.push(format!("at most {most}: {reason}"));
    }
}

/// What the message as a whole speaks of.
pub(super) struct Topic {
    pub(super) strong: bool,
    pub(super) weak: bool,
    pub(super) action: bool,
    pub(super) expiry: bool,
    /// A text message, which has no room for more than one thing.
    pub(super) sms: bool,
    /// Hardly a word.
    pub(super) bare: bool,
}

impl Topic {
    pub(super) fn of(lines: &[Line], kind: Kind) -> Topic {
        let has = |class: Class| lines.iter().filter(|l| !l.quoted).any(|l| l.hits.iter().any(|h| h.class == class));
        Topic {
            strong: has(Class::Strong),
            weak: has(Class::Weak),
            action: has(Class::Action),
            expiry: has(Class::Expiry),
            sms: kind == Kind::Sms,
            bare: lines.iter().map(|l| l.text.len()).sum::<usize>() < 40,
        }
    }
}

/// All tokens with their points, one for each place.
pub(super) fn weigh(lines: &[Line], tokens: &[Token], topic: &Topic, people: &People) -> Vec<Weighed> {
    let refused: Vec<Option<&'static str>> = tokens.iter().map(|t| refuse(&lines[t.line], t)).collect();
    let mut values: Vec<&str> = tokens
        .iter()
        .zip(&refused)
        .filter(|(t, r)| r.is_none() && t.shape != Shape::Letters)
        .map(|(t, _)| t.value.as_str())
        .collect();
    values.sort_unstable();
    values.dedup();
    let sole = values.len() == 1;
    let desk = Desk { lines, tokens, refused: &refused, topic, people, sole };
    tokens.iter().enumerate().map(|(at, token)| desk.weigh(at, token)).collect()
}

struct Desk<'a> {
    lines: &'a [Line],
    tokens: &'a [Token],
    /// Why each token is none.
    refused: &'a [Option<&'static str>],
    topic: &'a Topic,
    people: &'a People,
    sole: bool,
}

/// The word that says what a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Label {
    class: Class,
    near: bool,
    /// Characters between.
    gap: usize,
    from: From,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Before,
    After,
    LineBefore,
    LineAfter,
}

impl Desk<'_> {
    fn weigh(&self, at: usize, token: &Token) -> Weighed {
        let line = &self.lines[token.line];
        let shown = line.text[token.range.clone()].to_owned();
        let mut found = Weighed { value: token.value.clone(), shown, part: line.part, score: 0, reasons: Vec::new() };
        if let Some(why) = self.refused[at] {
            found.reasons.push(format!("not a code: {why}"));
            return found;
        }
        shape_points(&mut found, token);
        if token.bound {
            found.add(60, "bound to a site for filling in");
            return found;
        }
        let alone = token.alone(line);
        let label = self.label(at, token, alone);
        self.label_points(&mut found, token, label, alone);
        self.place_points(&mut found, token, alone);
        self.limits(&mut found, token, label);
        found
    }

    fn label_points(&self, found: &mut Weighed, token: &Token, label: Option<Label>, alone: bool) {
        let Some(label) = label else {
            self.purpose_points(found, token, alone);
            return;
        };
        let far = if label.near { 0 } else { -8 };
        let place = match label.from {
            From::Before => "before it",
            From::After => "after it",
            From::LineBefore => "in the line before",
            From::LineAfter => "in the line after",
        };
        match label.class {
            Class::Strong => found.add(50 + far, &format!("a word for one-time codes {place}")),
            Class::Weak => found.add(40 + far, &format!("a word for codes {place}")),
            _ => found.add(-60, &format!("a word for another kind of number {place}")),
        }
        if label.class == Class::Weak && self.topic.action {
            found.add(6, "the message is about confirming");
        }
        if label.class != Class::Neg && is_year(&token.value) {
            let most = if label.class == Class::Strong { 20 } else { 8 };
            found.add(if label.gap <= most { -6 } else { -30 }, "may be a year");
        }
    }

    /// Nothing names it; the message may still be about signing in.
    fn purpose_points(&self, found: &mut Weighed, token: &Token, alone: bool) {
        if is_year(&token.value) {
            found.add(-40, "may be a year");
        }
        let line = &self.lines[token.line];
        let here = |class: Class| line.hits.iter().any(|h| h.class == class);
        let above = self.above(token.line).take(if alone { 3 } else { 0 });
        let above: Vec<Class> = above.flat_map(|l| &l.hits).map(|h| h.class).collect();
        if here(Class::Utility) || here(Class::Warn) {
            found.add(-10, "its line is about something else");
        } else if here(Class::Action) || here(Class::Enter) {
            found.add(30, "its line is about confirming or signing in");
        } else if above.contains(&Class::Action) || above.contains(&Class::Enter) {
            let leads = self.above(token.line).next().is_some_and(|l| l.text.ends_with(':'));
            found.add(if leads { 26 } else { 22 }, "the lines before are about confirming or signing in");
        }
        if alone && (self.topic.strong || self.topic.weak) {
            found.add(if self.topic.strong { 16 } else { 10 }, "the message speaks of a code");
        }
    }

    fn place_points(&self, found: &mut Weighed, token: &Token, alone: bool) {
        let line = &self.lines[token.line];
        if token.shape == Shape::Letters && line.text[..token.range.start].trim_end().ends_with(':') {
            found.add(8, "after a colon");
        }
        if alone {
            found.add(6, "stands alone");
        }
        if line.strong.iter().any(|s| s.start <= token.range.start && token.range.end <= s.end + 1) {
            found.add(4, "set off");
        }
        if self.topic.expiry {
            found.add(6, "the message says how long or how secretly");
        }
        if self.sole && token.shape != Shape::Letters {
            found.add(8, "nothing else has the shape of a code");
            if self.topic.sms {
                found.add(6, "in a text message");
            }
            if self.topic.bare && token.shape == Shape::Digits {
                found.add(14, "the message says hardly anything else");
            }
        }
    }

    fn limits(&self, found: &mut Weighed, token: &Token, label: Option<Label>) {
        let line = &self.lines[token.line];
        if self.said(Class::Void, token) {
            found.limit(44, "spoken of as old or wrong");
        }
        if self.said(Class::Sample, token) {
            found.limit(40, "an example");
        }
        if line.quoted {
            found.limit(48, "quoted or forwarded");
        }
        if let Some(why) = self.people.other(token.line, token.range.start, line) {
            found.limit(48, why);
        }
        if token.lookalike && label.is_none() {
            found.limit(44, "letters of another script");
        }
        if token.shape == Shape::Letters && !label.is_some_and(|l| l.near && l.class != Class::Neg) {
            found.limit(20, "letters alone, and nothing near says that they are a code");
        }
        if token.shape == Shape::MixedSmall && !label.is_some_and(|l| l.class != Class::Neg) {
            found.limit(30, "looks like a name");
        }
    }

    /// Whether the sentence calls it old, expired, an example.
    fn said(&self, class: Class, token: &Token) -> bool {
        let line = &self.lines[token.line];
        let other = |from: usize, to: usize| {
            self.tokens.iter().any(|t| t.line == token.line && t.range.start >= from && t.range.end <= to)
        };
        let near = |h: &Hit| {
            let (before, after) = (h.range.end <= token.range.start, h.range.start >= token.range.end);
            if h.class != class || !(before || after) {
                return false;
            }
            let between = if before { h.range.end..token.range.start } else { token.range.end..h.range.start };
            let range = between.clone();
            let between = &line.text[between];
            if between.len() >= 60 || sentence_end(between) || other(range.start, range.end) {
                return false;
            }
            // "118820 has expired, the new one is 730218" speaks of the first.
            if before { !other(h.range.start.saturating_sub(16), h.range.start) } else { !between.contains([',', ';']) }
        };
        let heading = |l: &Line| l.text.ends_with(':') && l.hits.iter().any(|h| h.class == class);
        line.hits.iter().any(near) || (token.alone(line) && self.above(token.line).next().is_some_and(heading))
    }

    /// The lines of the same part before line `at`, nearest first.
    fn above(&self, at: usize) -> impl Iterator<Item = &Line> {
        let line = &self.lines[at];
        self.lines[..at]
            .iter()
            .rev()
            .take_while(move |l| l.part == line.part && l.quoted == line.quoted)
            .filter(|l| !l.text.is_empty())
    }

    fn label(&self, at: usize, token: &Token, alone: bool) -> Option<Label> {
        self.same_line(at, token).or_else(|| if alone { self.other_line(token) } else { None })
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
            .max_by_key(|h| h.range.end);
        let after =
            line.hits.iter().filter(names).filter(|h| h.range.start >= token.range.end).min_by_key(|h| h.range.start);
        let before = before.and_then(|h| {
            let between = &line.text[h.range.end..token.range.start];
            let gap = between.chars().count();
            let ended = sentence_end(between);
            let ok = gap <= 90 && !(ended && (h.class == Class::Neg || gap > 60));
            ok.then_some((gap, Label { class: h.class, near: gap <= 40 && !ended, gap, from: From::Before }))
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
            ok.then_some((gap, Label { class: h.class, near: gap <= 40, gap, from: From::After }))
        });
        match (before, after) {
            // "Code SPRING24 at checkout"
            (Some((_, before)), Some((_, after)))
                if before.class == Class::Weak && after.class == Class::Neg && token.shape != Shape::Digits =>
            {
                Some(after)
            }
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

    /// Whether a word before the token belongs to another token between them: `order 1234 is paid, 5678`.
    fn used(&self, at: usize, token: &Token, hit: &Hit) -> bool {
        let text = &self.lines[token.line].text;
        let mut end = hit.range.end;
        let between = self.tokens[..at].iter().zip(self.refused).rev().take_while(|(t, _)| t.line == token.line);
        let counts = |refused: &Option<&str>| refused.is_none() || hit.class == Class::Neg;
        let mut others: Vec<&Token> = between
            .filter(|(t, refused)| t.range.start >= hit.range.end && counts(refused))
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
        for (nth, line) in self.above(token.line).take(3).enumerate() {
            let last = line.hits.iter().filter(names).max_by_key(|h| (h.range.end, h.class == Class::Strong));
            let short = line.text.chars().count() < 40;
            if let Some(hit) = last {
                let close = nth == 0 || line.text.ends_with(':') || hit.class == Class::Strong;
                let neg = hit.class == Class::Neg && !(short || line.text.ends_with(':'));
                let strong = line.hits.iter().any(|h| h.class == Class::Strong);
                let class = if neg && strong { Class::Strong } else { hit.class };
                if taken(line) || (neg && !strong) {
                    break;
                }
                return Some(Label { class, near: close, gap: 0, from: From::LineBefore });
            }
        }
        let below = self.lines.get(token.line + 1).filter(|l| l.part == self.lines[token.line].part)?;
        let hit = below.hits.iter().find(|h| names(h) && h.range.start < 60)?;
        (hit.class != Class::Neg || hit.range.start < 12).then_some(Label {
            class: hit.class,
            near: hit.range.start < 25,
            gap: hit.range.start,
            from: From::LineAfter,
        })
    }
}

fn shape_points(found: &mut Weighed, token: &Token) {
    let (points, reason) = match (token.shape, token.value.len()) {
        (Shape::Digits, 6) => (22, "six digits"),
        (Shape::Digits, 4 | 5 | 7 | 8) => (16, "four to eight digits"),
        (Shape::Digits, _) => (8, "many digits"),
        (Shape::Mixed, _) => (12, "capitals and digits"),
        (Shape::MixedSmall, _) => (6, "letters and digits"),
        (Shape::Letters, _) => (4, "capitals"),
    };
    found.add(points, reason);
}

fn is_year(value: &str) -> bool {
    value.len() == 4 && (value.starts_with("19") || value.starts_with("20"))
}

/// Whether the word stands in parentheses that were closed before the token.
fn aside(text: &str, hit: &Hit, token: &Token) -> bool {
    let after = &text[hit.range.end..token.range.start];
    after.find(')').is_some_and(|close| !after[..close].contains('('))
        && text[..hit.range.start].rfind('(').is_some_and(|open| !text[open..hit.range.start].contains(')'))
}

/// Whether a sentence ends within `text`.
pub(super) fn sentence_end(text: &str) -> bool {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        match c {
            '。' | '।' | '۔' | '։' | '።' => return true,
            '.' | '!' | '?' | '؟' if next.is_none_or(char::is_whitespace) => return true,
            _ => {}
        }
    }
    false
}
