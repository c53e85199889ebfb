//! How a number is tied to the word that names it. It is not enough to be near a word for codes: "the OTP service
//! listens on port 8443" speaks of codes but issues none. A number is a code if the sentence *says* so (`code is …`,
//! `code: …`, `… is your code`), if it *tells* the reader to enter the number, or if the number touches the word or
//! stands alone below it.
//!
//! This module must not know how codes are weighed.

use std::ops::Range;

use super::lines::Line;
use super::normal::{running, unspaced};
use super::sentence::{clause_start, hits, over, sentence, sentence_end, starting};
use super::tokens::Token;
use super::words::{Class, Hit};

/// How a number belongs to its word, firmest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    /// `code is 123456`, `code: 123456`, `123456 is your code`.
    Said,
    /// `enter 123456`.
    Told,
    /// Alone on its line, with the word on another.
    Alone,
    /// `code 123456`, `123456 code`.
    Touching,
    /// Somewhere near.
    Loose,
}

/// This many words may come between a word for codes and the colon before the code: "Code for the new phone of Hanna:".
const MOST_BEFORE_COLON: usize = 14;
/// Letters that a word in between may have, in scripts whose grammar is not in the table.
const MOST_LETTERS_OF_OTHER_SCRIPTS: usize = 16;
/// Bytes that the words around a code may have if they say whose it is and what it is for.
const LONGEST_TITLE: usize = 160;
/// Bytes before a verb in which its "not" may be.
const LONGEST_NOT: usize = 32;
/// Bytes before a code in which the reader may be told to enter it.
const FAR: usize = 400;
/// Words of a name between the code and what it is called.
const MOST_NAMES: usize = 4;
/// East Asian letters that may qualify a code in brackets after it.
const MOST_IN_BRACKETS: usize = 4;
/// Where verbs come last, this much may come before one: "482913 doğrulama kodunu girin".
const MOST_BEFORE_VERB: usize = 30;

/// Returns the tie of `token` to `word`, which ends before it.
pub(super) fn before(line: &Line, token: &Token, word: &Hit) -> Tie {
    let word_end = word.range.end;
    let (start, end) = core(&line.text, word_end, token.range.start);
    let between = &line.text[start..end];
    let rest = &line.text[token.range.end..];
    let wordless = !between.chars().any(char::is_alphanumeric);
    // "… about the code. Its number is 123456" names another number.
    let elsewhere = !wordless && sentence_end(&line.text[word_end..token.range.start]);
    if told(line, token) {
        Tie::Told
    } else if elsewhere || between.contains('/') || plural(line, word) {
        Tie::Loose
    } else if copula(line, word_end, token) {
        if yours(line, word) || qualified(line, start, end) { Tie::Said } else { Tie::Loose }
    } else if between.ends_with([':', '=', '>', '→']) {
        let counted = !wordless && starts_with_word(rest) && !allowed_next(line, token.range.end);
        let long = between.split_whitespace().count() > MOST_BEFORE_COLON;
        let enter = tells(line, word.range.start);
        if counted || long || !(enter || qualified(line, start, end)) { Tie::Loose } else { Tie::Said }
    } else if wordless {
        let name = is_title(line, word) || tells(line, token.range.start);
        if name && !goes_on(line, token.range.end) { Tie::Touching } else { Tie::Loose }
    } else if particles(between) || only_small_words(line, start, end) {
        Tie::Said
    } else {
        Tie::Loose
    }
}

/// Whether the sentence says whose code it is, before the word: "your personal code".
fn yours(line: &Line, word: &Hit) -> bool {
    let sentence = sentence(&line.text, &word.range);
    hits(line, &(sentence.start..word.range.end), Class::Your).next().is_some()
}

/// Whether what follows the word qualifies it: "code *for your account*:", "code *Acme*:", but not "code *requests*:".
fn qualified(line: &Line, start: usize, end: usize) -> bool {
    let Some(first) = line.text[start..end].char_indices().find(|(_, c)| c.is_alphanumeric()) else { return true };
    let known = |h: &Hit| {
        use Class::{Action, As, Enter, Expiry, If, Is, Of, Strong, Tell, The, Weak, Your};
        matches!(h.class, Of | Your | The | As | Is | Enter | Action | Expiry | Tell | Weak | Strong | If)
    };
    let at = start + first.0;
    first.1.is_uppercase() || first.1.is_numeric() || unspaced(first.1) || over(line, at).any(known)
}

/// Whether the word begins its clause, apart from whose code it is and what it is for: "*Your Acme* code 123456", but
/// not "*You signed in with* code 123456".
fn is_title(line: &Line, word: &Hit) -> bool {
    let clause = clause_start(&line.text, word.range.start)..word.range.start;
    if clause.len() > LONGEST_TITLE {
        return false;
    }
    let mut in_name = false;
    line.text[clause.clone()].char_indices().all(|(at, c)| {
        let starts = line.text[..clause.start + at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        in_name = if starts { c.is_uppercase() || c.is_numeric() } else { in_name };
        !c.is_alphanumeric() || in_name || fits_a_title(line, clause.start + at)
    })
}

/// Whether only small words come before the token in its clause: "*482913* Acme code", but not "work item *482913* -
/// code".
fn begins_clause(line: &Line, token: &Token) -> bool {
    let clause = clause_start(&line.text, token.range.start)..token.range.start;
    let letters = line.text[clause.clone()].char_indices().filter(|(_, c)| c.is_alphanumeric());
    clause.len() <= LONGEST_TITLE && letters.map(|(at, _)| clause.start + at).all(|at| fits_a_title(line, at))
}

fn fits_a_title(line: &Line, at: usize) -> bool {
    use Class::{About, Neg, Not, Spent, Talk, Utility, Void, Was};
    let other = |h: &Hit| matches!(h.class, About | Neg | Not | Spent | Talk | Utility | Void | Was);
    over(line, at).any(|h| !other(h))
}

/// Whether the word before `token`, after `from`, means "is": `code is 123456`, `TAN lautet: 123456`.
pub(super) fn copula(line: &Line, from: usize, token: &Token) -> bool {
    let (start, end) = core(&line.text, from, token.range.start);
    let end = start + line.text[start..end].trim_end_matches([':', ' ']).len();
    let words = from.saturating_sub(LONGEST_TITLE)..end;
    start < end && hits(line, &words, Class::Is).any(|h| h.range.end == end)
}

/// Returns the tie of `token` to `word`, which begins after it.
pub(super) fn after(line: &Line, token: &Token, word: &Hit) -> Tie {
    let (start, end) = core(&line.text, token.range.end, word.range.start);
    let between = &line.text[start..end];
    let within = |class: Class| hits(line, &(start..word.range.end), class).any(|h| h.range.start <= end);
    let begins = |class: Class| starting(line, start).any(|h| h.class == class);
    let yours = hits(line, &(start..word.range.end), Class::Your).next().is_some();
    if plural(line, word) || within(Class::About) && !yours || names_next(line, word) {
        Tie::Loose
    } else if told(line, token) {
        Tie::Told
    } else if begins(Class::Is)
        && (yours || only_small_words(line, start, end) || particles(between) || names(line, start, end))
        || begins(Class::As)
        || begins(Class::Your)
        || (between.starts_with(['-', ',', '(', ':', '|', '<', '>', '=']) && yours)
    {
        Tie::Said
    } else if between.chars().any(char::is_alphanumeric) {
        if particles(between) || (yours && names(line, start, end)) {
            Tie::Said
        } else if begins_clause(line, token)
            && allowed_next(line, word.range.end)
            && (names(line, start, end) || in_brackets(between))
        {
            Tie::Touching
        } else {
            Tie::Loose
        }
    } else if yours {
        Tie::Said
    } else if begins_clause(line, token) && allowed_next(line, word.range.end) && !between.contains(':') {
        Tie::Touching
    } else {
        Tie::Loose
    }
}

/// Returns the tie of a token that stands alone to a word on the line above or below: a heading, not a line about
/// codes.
pub(super) fn of_lines(line: &Line, word: &Hit) -> Tie {
    let heads = line.text.ends_with(':')
        || tells(line, line.text.len())
        || line.hits.iter().any(|h| matches!(h.class, Class::Your | Class::Enter | Class::TellLast | Class::Expiry))
        || qualified(line, word.range.end, line.text.len());
    if heads && !plural(line, word) { Tie::Alone } else { Tie::Loose }
}

/// Whether the reader is told to enter the token: `enter 123456`, `enter the code 123456`, `123456 kodunu girin`.
pub(super) fn told(line: &Line, token: &Token) -> bool {
    let (start, end) = (token.range.start.saturating_sub(LONGEST_TITLE), token.range.end + LONGEST_TITLE);
    let first = hits(line, &(start..token.range.start), Class::Tell).any(|h| {
        let (start, end) = core(&line.text, h.range.end, token.range.start);
        (start >= end || only_small_words(line, start, end)) && !forbidden(line, h)
    });
    first
        || hits(line, &(token.range.end..end), Class::TellLast).any(|h| {
            let between = &line.text[token.range.end..h.range.start];
            between.chars().count() <= MOST_BEFORE_VERB && !sentence_end(between)
        })
}

/// Whether the reader is told in `sentence` not to enter something.
pub(super) fn forbids(line: &Line, sentence: &Range<usize>) -> bool {
    hits(line, sentence, Class::Tell).any(|h| forbidden(line, h)) && hits(line, sentence, Class::If).next().is_none()
}

/// Whether the verb at `hit` is forbidden: "*do not* enter", "não digite", "voer … *niet* in".
fn forbidden(line: &Line, hit: &Hit) -> bool {
    let near = hit.range.start.saturating_sub(LONGEST_NOT)..hit.range.start;
    let before = hits(line, &near, Class::Not)
        .any(|not| line.text[not.range.end..hit.range.start].chars().all(|c| !c.is_alphanumeric()));
    let behind = hit.range.end..sentence(&line.text, &hit.range).end.min(hit.range.end + LONGEST_TITLE);
    before || hits(line, &behind, Class::Not).any(|not| line.text[not.range.clone()].contains(' '))
}

/// Whether the line tells the reader to enter something, before `at`.
fn tells(line: &Line, at: usize) -> bool {
    hits(line, &(at.saturating_sub(FAR)..at), Class::Tell).any(|h| !forbidden(line, h))
}

/// Whether a line tells the reader to enter a code that is not on it: "use this code to see your bookings:".
pub(super) fn told_word(line: &Line) -> bool {
    let all = 0..line.text.len();
    hits(line, &all, Class::Tell).any(|tell| {
        let behind = tell.range.end..tell.range.end + LONGEST_TITLE;
        let code = hits(line, &behind, Class::Weak).chain(hits(line, &behind, Class::Strong));
        code.into_iter().any(|code| only_small_words(line, tell.range.end, code.range.end))
    })
}

/// Returns the bounds of `text[from..to]` without the marks that set off a code: spaces, quotes, brackets, emphasis.
pub(super) fn core(text: &str, from: usize, to: usize) -> (usize, usize) {
    let mark = |c: char| c.is_whitespace() || "\"'“”„«»‹›「」『』【】[]()（）*_`~<{}#".contains(c);
    let inner = text[from..to].trim_end_matches(mark);
    let end = from + inner.len();
    let inner = inner.trim_start_matches(|c: char| c.is_whitespace() || "\"'”»」』】*_`)]".contains(c));
    (end - inner.len(), end)
}

/// Whether it is a short word of a script whose grammar the table of small words lacks. It has East Asian particles.
fn particles(between: &str) -> bool {
    let letters = || between.chars().filter(|c| c.is_alphanumeric());
    letters().all(|c| unspaced(c) && !running(c)) && letters().count() <= MOST_LETTERS_OF_OTHER_SCRIPTS
}

/// Whether all words of the range link a code to its name (`is`, `for you: the code`), and the last of them does not
/// lead to something else: "a code was sent *to* 4829".
fn only_small_words(line: &Line, start: usize, end: usize) -> bool {
    let links = |h: &Hit| matches!(h.class, Class::Is | Class::Your | Class::The | Class::Weak | Class::Strong);
    let letters = line.text[start..end].char_indices().filter(|(_, c)| c.is_alphanumeric());
    let mut last = true;
    end - start <= LONGEST_TITLE
        && letters.map(|(at, _)| start + at).all(|at| {
            last = over(line, at).any(links);
            last || over(line, at).any(|h| h.class == Class::Of)
        })
        && last
}

/// Whether the words of the range are names: `482913 Acme onay kodunuz`, `482913 は Acme の認証コード`.
fn names(line: &Line, start: usize, end: usize) -> bool {
    let text = &line.text[start..end];
    let words = || text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let small = |word: &str| {
        let at = start + text.find(word).unwrap_or(0);
        let linking = [Class::Is, Class::Your, Class::The, Class::Enter, Class::Action];
        over(line, at).any(|h| linking.contains(&h.class))
    };
    let name = |word: &str| word.starts_with(|c: char| c.is_uppercase()) || word.chars().all(running);
    words().count() <= MOST_NAMES
        && words().all(|word| name(word) || small(word))
        && words().any(|word| word.starts_with(|c: char| c.is_uppercase()))
}

/// Whether it is in brackets: `482913（动态验证码）`.
fn in_brackets(between: &str) -> bool {
    let inner = between.strip_prefix('(').unwrap_or_default();
    !inner.is_empty() && inner.chars().all(running) && inner.chars().count() <= MOST_IN_BRACKETS
}

fn starts_with_word(rest: &str) -> bool {
    rest.trim_start().chars().next().is_some_and(char::is_alphabetic) && rest.starts_with(char::is_whitespace)
}

/// Whether the text at `at` ends the statement or goes on with a small word: "482913 verification code *for Acme*", but
/// not "482913 verification code *requests*".
fn allowed_next(line: &Line, at: usize) -> bool {
    let rest = line.text[at..].trim_start();
    let next = line.text.len() - rest.len();
    match rest.chars().next() {
        Some(c) if c.is_alphabetic() && !unspaced(c) => starting(line, next).any(|h| {
            use Class::{Expiry, Is, Of, Tell, TellLast, Your};
            matches!(h.class, Of | Your | Is | Tell | TellLast | Expiry)
        }),
        _ => true,
    }
}

/// Whether the sentence goes on about the number as a thing: "verification code 482913 *bounced*", 验证码482913*错误*.
fn goes_on(line: &Line, at: usize) -> bool {
    let closed = &line.text[at..];
    let rest = closed.trim_start();
    let next = line.text.len() - rest.len();
    let Some(first) = rest.chars().next() else { return false };
    let spaced = closed.starts_with(' ');
    let thing = if running(first) { first.is_alphabetic() } else { spaced && first.is_lowercase() };
    let whole = |h: &Hit| h.range.len() > 3 || !running(first);
    let said = |h: &Hit| {
        use Class::{Action, As, Enter, Expiry, If, Of, Tell, TellLast, Warn, Your};
        matches!(h.class, Your | As | Of | Tell | TellLast | Expiry | Action | Enter | If | Warn)
    };
    // "Your code 482913 is valid", "आपका कोड 482913 है", but not "code 482913 is unknown".
    let is = |h: &Hit| {
        let rest = line.text[h.range.end..].trim_start();
        let then = line.text.len() - rest.len();
        let ended = !rest.starts_with(char::is_alphabetic);
        h.class == Class::Is && (ended || starting(line, then).any(|n| said(n) && whole(n)))
    };
    let known = || starting(line, next).any(|h| whole(h) && (said(h) || is(h)));
    let told = || line.hits.iter().any(|h| matches!(h.class, Class::Tell | Class::TellLast));
    thing && !known() && !told()
}

/// Whether the word names the number that comes after it: `482913 Your code is 771204`.
fn names_next(line: &Line, word: &Hit) -> bool {
    let rest = line.text[word.range.end..].trim_start();
    let at = line.text.len() - rest.len();
    let said = rest.starts_with(':') || starting(line, at).any(|h| h.class == Class::Is);
    let end = sentence(&line.text, &word.range).end;
    let digits = line.text[word.range.end..end.max(word.range.end)].split(|c: char| !c.is_ascii_digit());
    said && digits.map(str::len).any(|n| n >= 4)
}

/// Whether the word is like `codes`, in the languages that form it so. Text about codes issues none.
pub(super) fn plural(line: &Line, word: &Hit) -> bool {
    let word = line.text[word.range.clone()].to_lowercase();
    ["codes", "otps", "passwords", "pins", "tans"].iter().any(|end| word.ends_with(end))
}
