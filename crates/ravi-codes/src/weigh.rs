//! How likely each token is the code: its shape, the word that says what it is, where it is.
//!
//! Points add up to 100; [`super::CHOOSE`] is what an answer needs. Whatever makes an answer doubtful regardless of
//! what speaks for it (quoted, for somebody else, [`super::doubts`]) is a limit, not points.

use super::doubts::Doubt;
use super::label::{From, Label};
use super::lines::{Line, Part};
use super::model::Kind;
use super::people::People;
use super::refuse::refuse;
use super::sentence::{conditional, outside_names, sentence_end, starting};
use super::tie::{self, Tie};
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
    /// Said to be used, wrong or replaced.
    pub(super) spent: bool,
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

/// What the message as a whole is about.
pub(super) struct Topic {
    pub(super) strong: bool,
    pub(super) weak: bool,
    /// Whether it has a word for one-time codes that is hardly used for other codes.
    pub(super) certain: bool,
    pub(super) action: bool,
    pub(super) expiry: bool,
    /// Whether anything but the names of codes speaks of signing in, confirming, entering, or of how long a code is
    /// valid.
    pub(super) issuing: bool,
    /// The same without confirming, which bookings speak of too.
    pub(super) entering: bool,
    /// Whether it is about something bought or booked, which has codes of its own.
    pub(super) deal: bool,
    /// Whether it is a text message, which has no room for more than one thing.
    pub(super) sms: bool,
    /// Whether it has hardly a word.
    pub(super) bare: bool,
}

impl Topic {
    pub(super) fn of(lines: &[Line], kind: Kind) -> Topic {
        let has = |class: Class| lines.iter().filter(|l| !l.quoted).any(|l| l.hits.iter().any(|h| h.class == class));
        let speaks =
            |class: Class| lines.iter().filter(|l| !l.quoted).any(|l| outside_names(l, &(0..l.text.len()), class));
        let entering = [Class::Enter, Class::Tell, Class::TellLast, Class::Expiry].into_iter().any(speaks);
        Topic {
            strong: has(Class::Strong),
            weak: has(Class::Weak),
            certain: lines.iter().filter(|l| !l.quoted).any(|l| {
                let vague = |s: &Hit| starting(l, s.range.start).any(|h| h.class == Class::Vague && h.range == s.range);
                l.hits.iter().any(|h| h.class == Class::Strong && !vague(h))
            }),
            action: has(Class::Action),
            expiry: has(Class::Expiry),
            issuing: entering || speaks(Class::Action) || speaks(Class::Warn),
            entering,
            deal: has(Class::Deal),
            sms: kind == Kind::Sms,
            bare: lines.iter().map(|l| l.text.len()).sum::<usize>() < 40,
        }
    }
}

/// Returns all tokens with their points, one for each place.
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

pub(super) struct Desk<'a> {
    pub(super) lines: &'a [Line],
    pub(super) tokens: &'a [Token],
    /// Why each token is not a code, if it is not.
    pub(super) refused: &'a [Option<&'static str>],
    topic: &'a Topic,
    people: &'a People,
    sole: bool,
}

impl Desk<'_> {
    fn weigh(&self, at: usize, token: &Token) -> Weighed {
        let line = &self.lines[token.line];
        let shown = line.text[token.range.clone()].to_owned();
        let mut found =
            Weighed { value: token.value.clone(), shown, part: line.part, score: 0, reasons: Vec::new(), spent: false };
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
        let own = self.people.names_reader(line);
        let doubt =
            Doubt { lines: self.lines, tokens: self.tokens, topic: self.topic, token, label, own, sole: self.sole };
        self.label_points(&mut found, token, label, alone);
        if doubt.is_said_yours() {
            found.add(8, "said to be the reader's");
        }
        self.place_points(&mut found, token, alone);
        self.limits(&mut found, &doubt);
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
        if label.class == Class::Weak && (self.topic.action || self.topic.entering) {
            found.add(6, "the message is about confirming or signing in");
        }
        if label.class != Class::Neg && label.tie == Tie::Told {
            found.add(12, "to be entered");
        }
        if label.from == From::LineBefore && self.lines[label.line].text.ends_with(':') {
            found.add(6, "announced by the line before");
        }
        if label.class != Class::Neg && is_year(&token.value) {
            found.add(-6, "may be a year");
        }
    }

    /// Adds points for a token that nothing names, if the message is about signing in.
    fn purpose_points(&self, found: &mut Weighed, token: &Token, alone: bool) {
        if is_year(&token.value) {
            found.add(-40, "may be a year");
        }
        let line = &self.lines[token.line];
        let here = |class: Class| line.hits.iter().any(|h| h.class == class);
        let above = self.above(token.line).take(if alone { 3 } else { 0 });
        let above: Vec<Class> = above.flat_map(|l| &l.hits).map(|h| h.class).collect();
        if tie::told(line, token) {
            let purpose = here(Class::Action) || here(Class::Enter);
            found.add(if purpose { 38 } else { 30 }, "to be entered");
        } else if here(Class::Utility) || here(Class::Warn) {
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

    fn limits(&self, found: &mut Weighed, doubt: &Doubt) {
        let (token, label) = (doubt.token, doubt.label);
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
        found.spent = doubt.spent();
        if let Some(why) = doubt.reason() {
            // Nobody would look at a year near such a word.
            found.limit(if is_year(&token.value) { 40 } else { 44 }, why);
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

    /// Whether the sentence calls it old, expired, or an example.
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
            if class == Class::Void && conditional(line, h) {
                return false;
            }
            // "118820 has expired, the new one is 730218" is about the first one.
            if before { !other(h.range.start.saturating_sub(16), h.range.start) } else { !between.contains([',', ';']) }
        };
        let heading = |l: &Line| l.text.ends_with(':') && l.hits.iter().any(|h| h.class == class && !conditional(l, h));
        let below = token.alone(line) || class == Class::Sample;
        line.hits.iter().any(near) || (below && self.above(token.line).next().is_some_and(heading))
    }

    /// Returns the lines of the same part before line `at`, nearest first.
    fn above(&self, at: usize) -> impl Iterator<Item = &Line> {
        self.above_at(at).map(|(_, line)| line)
    }

    pub(super) fn above_at(&self, at: usize) -> impl Iterator<Item = (usize, &Line)> {
        let line = &self.lines[at];
        self.lines[..at]
            .iter()
            .enumerate()
            .rev()
            .take_while(move |(_, l)| l.part == line.part && l.quoted == line.quoted)
            .filter(|(_, l)| !l.text.is_empty())
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

pub(super) fn is_year(value: &str) -> bool {
    value.len() == 4 && (value.starts_with("19") || value.starts_with("20"))
}
