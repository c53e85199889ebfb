//! What has the shape of a code but is something else, recognised by what it touches: prices, dates, phones, addresses.
//!
//! This module must not know words of any language, apart from international units and abbreviations.

use super::lines::Line;
use super::tokens::{Shape, Token};
use super::words::{Class, Hit};

const MONEY: &str = "$€£¥₹₽₩₪₺฿₫₴₦₱₡₵₸₼₾元円원";
const CURRENCIES: &[&str] = &[
    "USD",
    "EUR",
    "GBP",
    "JPY",
    "CNY",
    "RMB",
    "INR",
    "BRL",
    "CHF",
    "SEK",
    "NOK",
    "DKK",
    "PLN",
    "CZK",
    "HUF",
    "RUB",
    "TRY",
    "IDR",
    "VND",
    "THB",
    "KRW",
    "AUD",
    "CAD",
    "NZD",
    "MXN",
    "ZAR",
    "AED",
    "SAR",
    "ILS",
    "EGP",
    "UAH",
    "RON",
    "BGN",
    "Rs",
    "Rp",
    "kr",
    "Kč",
    "Ft",
    "zł",
    "lei",
    "руб",
    "грн",
    "Fr",
    "RM",
    "TL",
    "NT",
    "HK",
    "R",
    "تومان",
    "ریال",
    "ريال",
    "درهم",
];
const UNITS: &[&str] = &[
    "st",
    "nd",
    "rd",
    "th",
    "am",
    "pm",
    "kg",
    "g",
    "km",
    "m",
    "cm",
    "mm",
    "mi",
    "ft",
    "mb",
    "gb",
    "tb",
    "kb",
    "px",
    "ml",
    "l",
    "h",
    "hr",
    "hrs",
    "min",
    "mins",
    "sec",
    "s",
    "ms",
    "k",
    "x",
    "p",
    "kwh",
    "w",
    "kw",
    "v",
    "mah",
    "hz",
    "mhz",
    "ghz",
    "bit",
    "points",
    "pts",
    "days",
    "hours",
    "minutes",
    "seconds",
    "items",
    "people",
    "users",
    "miles",
    "employees",
    "members",
    "customers",
    "years",
    "steps",
    "views",
    "likes",
    "followers",
    "words",
    "files",
    "lines",
    "records",
    "requests",
    "credits",
];
/// How words for minutes begin.
const MINUTES: &[&str] = &[
    "minu",
    "menit",
    "minit",
    "perc",
    "phút",
    "dakika",
    "минут",
    "хвилин",
    "λεπτ",
    "分钟",
    "分鐘",
    "分間",
    "분",
    "دقيق",
    "دقائق",
    "دقیقه",
    "דקות",
    "मिनट",
    "মিনিট",
    "நிமிட",
    "నిమిష",
    "นาที",
    "წუთ",
    "րոպե",
];
/// East Asian words that follow a year or a count.
const COUNTERS: &[char] = &['年', '次', '回', '件', '人', '个', '個', '년', '회', '명', '건'];
const SHOUTED: &[&str] = &[
    "NEVER",
    "PLEASE",
    "WARNING",
    "IMPORTANT",
    "ONLY",
    "VALID",
    "INVALID",
    "HERE",
    "BELOW",
    "REQUIRED",
    "HTTP",
    "HTTPS",
    "HTML",
    "SENT",
    "READY",
    "LOGIN",
    "THIS",
    "THAT",
    "YOUR",
    "DONT",
    "CODE",
    "WITH",
    "FROM",
    "MUST",
    "WILL",
    "NOTE",
    "HELP",
    "STOP",
    "INFO",
    "ACCOUNT",
    "EMAIL",
    "SHARE",
    "SECURITY",
    "CONFIDENTIAL",
    "EXPIRED",
    "EXPIRES",
    "VERIFY",
    "CONFIRM",
    "JSON",
    "USER",
    "ADMIN",
    "FREE",
    "SALE",
    "ANYONE",
    "URGENT",
    "ALERT",
    "NEW",
    "NOW",
    "REPLY",
    "CALL",
    "BANK",
    "TOTP",
    "WHATSAPP",
    "PASSWORD",
    "CLICK",
    "BUTTON",
    "SPAM",
    "FOLDER",
    "AGAIN",
    "BEFORE",
    "AFTER",
    "MINUTES",
    "HOURS",
    "ONCE",
    "WE",
    "IS",
    "NOT",
];

/// Returns why `token` cannot be a code, if so.
pub(super) fn refuse(line: &Line, token: &Token) -> Option<&'static str> {
    let (before, after) = (&line.text[..token.range.start], &line.text[token.range.end..]);
    if token.bound {
        return None;
    }
    let text = &line.text[token.range.clone()];
    let checks = [
        (token.shape == Shape::Letters && shouted(line, token), "a word in capitals"),
        (token.shape == Shape::Digits && money(before, after), "a price"),
        (part_of_number(before, after), "part of a longer number"),
        (joined(before, after), "part of a path or name"),
        (before.ends_with('+') || after.starts_with(['+', '#']), "a phone number"),
        (before.trim_end().ends_with(')') && phone_prefix(before), "a phone number"),
        (is_date(text), "a date"),
        (is_phone(text), "a phone number"),
        (hidden(before, after) || masked(text), "the end of a hidden number"),
        (is_port(before), "a port"),
        (after.trim_start().starts_with('%'), "a percentage"),
        (quantity(line, token, after), "a quantity"),
        (token.shape == Shape::Digits && after.starts_with(COUNTERS), "a year or a count"),
        (token.shape == Shape::Digits && before.trim_end().ends_with('©'), "a year"),
        (text.starts_with("CVE-"), "the number of a vulnerability"),
        (postal(text, before, token) && !named(line, token), "a postal code"),
    ];
    checks.iter().find(|(is, _)| *is).map(|(_, why)| *why)
}

fn shouted(line: &Line, token: &Token) -> bool {
    let word = SHOUTED.contains(&token.value.as_str());
    let known = line.hits.iter().any(|h| {
        h.range.start < token.range.end
            && token.range.start < h.range.end
            && !matches!(h.class, Class::Quote | Class::Wrote)
    });
    // A whole line in capitals is a heading.
    let small = line.text.chars().filter(|c| c.is_lowercase()).count();
    let capitals = line.text.chars().filter(|c| c.is_uppercase()).count();
    word || known || (!token.grouped && capitals > token.value.len() + 12 && capitals > small)
}

fn money(before: &str, after: &str) -> bool {
    let sign = |c: Option<char>| c.is_some_and(|c| MONEY.contains(c));
    let word_before = before.trim_end().trim_end_matches('.');
    let word_before = &word_before[word_before
        .rfind(|c: char| !c.is_alphabetic())
        .map_or(0, |p| p + word_before[p..].chars().next().map_or(1, char::len_utf8))..];
    let word_after = after.trim_start();
    let word_after = &word_after[..word_after.find(|c: char| !c.is_alphabetic()).unwrap_or(word_after.len())];
    let upper = |w: &str| CURRENCIES.contains(&w);
    sign(before.trim_end().chars().next_back())
        || sign(after.trim_start().chars().next())
        || upper(word_before)
        || upper(word_after)
}

/// Whether it is part of a number: `1,234`, `3.1415`, `10:3045`, `2001:db8`.
fn part_of_number(before: &str, after: &str) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let mut back = before.chars().rev();
    let left = matches!(back.next(), Some('.' | ',' | ':' | '\'')) && digit(back.next());
    let digits = after.get(1..).map_or(0, |a| a.bytes().take_while(u8::is_ascii_digit).count());
    let rest = after.get(1 + digits..).and_then(|r| r.trim_start().chars().next());
    let right = match after.chars().next() {
        Some('.') => digits > 0,
        // In East Asian text a code may be followed by "，5分钟".
        Some(',') => digits == 3 || (digits > 0 && !rest.is_some_and(|c| c.is_alphabetic() && !c.is_ascii())),
        Some(':') => digits > 0,
        _ => false,
    };
    left || right
}

fn joined(before: &str, after: &str) -> bool {
    let alnum = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric());
    let (mut back, mut on) = (before.chars().rev(), after.chars());
    let (last, first) = (back.next(), on.next());
    (matches!(last, Some('/' | '_' | '\\' | '@' | '&' | '~' | '.')) && alnum(back.next()))
        || (matches!(first, Some('/' | '_' | '\\' | '@' | '&' | '.'))
            && on.next().is_some_and(|c| c.is_ascii_alphanumeric()))
        || matches!(last, Some('_' | '\\' | '/' | '@'))
        || matches!(first, Some('_' | '\\' | '/' | '@'))
        || last == Some('-')
        || (first == Some('-') && on.next().is_some_and(|c| c.is_alphanumeric() && c.is_ascii()))
}

/// Whether it follows a phone prefix: `(415) 555-0123`.
fn phone_prefix(before: &str) -> bool {
    let inner = before.trim_end().trim_end_matches(')');
    let digits = inner.bytes().rev().take_while(u8::is_ascii_digit).count();
    (2..=5).contains(&digits) && inner[..inner.len() - digits].ends_with('(')
}

fn lens(text: &str) -> Vec<usize> {
    text.split(['-', ' ']).filter(|p| !p.is_empty()).map(str::len).collect()
}

fn is_date(text: &str) -> bool {
    let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'-') && text.contains('-');
    digits && matches!(lens(text).as_slice(), [4, 1..=2, 1..=2] | [1..=2, 1..=2, 4] | [4, 2])
}

fn is_phone(text: &str) -> bool {
    let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b' ');
    let short =
        matches!(lens(text).as_slice(), [3, 3, 4] | [3, 4] | [4, 3, 3] | [2, 4, 4] | [3, 2, 2] | [4, 3, 2] | [2, 3, 4]);
    digits && short
}

/// Whether it is the visible end of a hidden number: `****1234`, `•••• 1234`, `** ** 1234`, but not `*1234*`, which is
/// bold.
fn hidden(before: &str, after: &str) -> bool {
    let mask = |c: char| "•●×∙…·*".contains(c);
    let row = &before[before.trim_end_matches(|c: char| mask(c) || " -()".contains(c)).len()..];
    let marks = row.chars().filter(|c| mask(*c)).count();
    let touches = before.ends_with(mask) && !(before.ends_with('*') && after.starts_with('*'));
    touches || (marks >= 2 && row.ends_with([' ', '-']) && !after.trim_start().starts_with('*'))
}

/// Whether it is a port: `localhost:3000`, `example.com:8443`.
fn is_port(before: &str) -> bool {
    let Some(host) = before.strip_suffix(':') else { return false };
    let host = &host[host
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c)))
        .map_or(0, |p| p + host[p..].chars().next().map_or(1, char::len_utf8))..];
    host.eq_ignore_ascii_case("localhost") || (host.contains('.') && !host.ends_with('.'))
}

/// Whether a word for codes comes directly before it.
fn named(line: &Line, token: &Token) -> bool {
    let near = |h: &Hit| h.range.end <= token.range.start && token.range.start - h.range.end <= 4;
    line.hits.iter().any(|h| matches!(h.class, Class::Strong | Class::Weak) && near(h))
}

/// Whether it is masked: `xxxx1234`.
fn masked(text: &str) -> bool {
    let tail = text.trim_start_matches(['x', 'X', '-', ' ']);
    text.len() - tail.len() >= 2 && tail.len() == 4 && tail.bytes().all(|b| b.is_ascii_digit())
}

fn quantity(line: &Line, token: &Token, after: &str) -> bool {
    let text = &line.text[token.range.clone()];
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let with_unit = unit.len() < text.len() && UNITS.contains(&unit.to_ascii_lowercase().as_str()) && !unit.is_empty();
    let word = after.trim_start();
    let word = &word[..word.find(|c: char| !c.is_alphabetic()).unwrap_or(word.len())];
    // Short ones are words of other languages if they stand alone: `am`, `w`, `mi`.
    let apart = word.len() >= 3 || matches!(word, "kg" | "km" | "ms" | "MB" | "GB" | "TB" | "px" | "pm" | "PM");
    let unit_after = token.shape == Shape::Digits && apart && UNITS.contains(&word.to_lowercase().as_str());
    let spaced = after.trim_start().to_lowercase();
    let minutes =
        token.shape == Shape::Digits && token.value.len() == 4 && MINUTES.iter().any(|m| spaced.starts_with(m));
    with_unit || unit_after || minutes
}

fn postal(text: &str, before: &str, token: &Token) -> bool {
    let kinds: String = text
        .chars()
        .map(|c| match c {
            '0'..='9' => '9',
            'A'..='Z' => 'A',
            c => c,
        })
        .collect();
    let british =
        matches!(kinds.as_str(), "A9A 9A9" | "A9 9AA" | "A99 9AA" | "AA9 9AA" | "AA99 9AA" | "A9A 9AA" | "AA9A 9AA");
    // `CA 94103`
    let mut back = before.trim_end().chars().rev();
    let state = before.ends_with(' ')
        && back.by_ref().take(2).filter(char::is_ascii_uppercase).count() == 2
        && matches!(back.next(), Some(' ' | ','));
    british || (state && before.contains(',') && token.shape == Shape::Digits && matches!(token.value.len(), 5 | 9))
}
