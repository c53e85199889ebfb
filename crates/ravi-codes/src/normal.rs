//! Reduces text to one form: compatibility forms, digits of all scripts and invisible characters.
//!
//! Fullwidth `１２３`, mathematical `𝟏𝟐𝟑` and Arabic `١٢٣` all become `123`, so that the rest of the search deals with
//! ASCII digits only. This module must not know what a code is.

use icu_normalizer::ComposingNormalizerBorrowed;

/// The zero of each script's digits (Unicode 17, `Numeric_Type=Decimal`), except those that NFKC already maps to ASCII.
/// The digits 1 to 9 follow each of them.
const ZEROS: &[u32] = &[
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136,
    0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x11730, 0x118E0, 0x11950, 0x11BF0, 0x11C50,
    0x11D50, 0x11DA0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1,
    0x1E950,
];

/// Letters of other scripts that look like Latin ones, paired with those (Unicode TR 39, the single-letter cases of
/// Cyrillic and Greek). Only looked up in a word that also has Latin letters or digits.
const LOOKALIKES: &[(char, char)] = &[
    ('А', 'A'),
    ('В', 'B'),
    ('С', 'C'),
    ('Е', 'E'),
    ('Н', 'H'),
    ('І', 'I'),
    ('Ј', 'J'),
    ('К', 'K'),
    ('М', 'M'),
    ('О', 'O'),
    ('Р', 'P'),
    ('Ѕ', 'S'),
    ('Т', 'T'),
    ('Х', 'X'),
    ('У', 'Y'),
    ('а', 'a'),
    ('с', 'c'),
    ('е', 'e'),
    ('і', 'i'),
    ('ј', 'j'),
    ('о', 'o'),
    ('р', 'p'),
    ('ѕ', 's'),
    ('х', 'x'),
    ('у', 'y'),
    ('Α', 'A'),
    ('Β', 'B'),
    ('Ε', 'E'),
    ('Ζ', 'Z'),
    ('Η', 'H'),
    ('Ι', 'I'),
    ('Κ', 'K'),
    ('Μ', 'M'),
    ('Ν', 'N'),
    ('Ο', 'O'),
    ('Ρ', 'P'),
    ('Τ', 'T'),
    ('Υ', 'Y'),
    ('Χ', 'X'),
    ('ο', 'o'),
];

/// Returns `text` in NFKC, with ASCII digits, without invisible characters, and with one form of space and dash.
pub(super) fn normal(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfkc().normalize_iter(text.chars()).filter_map(one).collect()
}

/// Returns [`normal`] in lower case, as words are looked up.
pub(super) fn folded(text: &str) -> String {
    // Turkish `İ` becomes `i` and a dot above; that dot is not part of any word in the table.
    text.chars().flat_map(char::to_lowercase).filter(|c| *c != '\u{307}').collect()
}

fn one(c: char) -> Option<char> {
    match c {
        '\0'..='\u{7f}' => (c >= ' ' || c == '\n' || c == '\t').then_some(c),
        // Soft hyphen, combining grapheme joiner, zero width and bidi controls, variation selectors, tags, fillers.
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' => None,
        '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}' => None,
        '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => None,
        '\u{2028}' | '\u{2029}' => Some('\n'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => Some('\''),
        c if c.is_whitespace() => Some(' '),
        c => Some(digit(c).unwrap_or(c)),
    }
}

fn digit(c: char) -> Option<char> {
    let at = ZEROS.partition_point(|zero| *zero <= c as u32).checked_sub(1)?;
    let value = c as u32 - ZEROS[at];
    char::from_digit(value, 10).filter(|_| value < 10)
}

/// Returns the word in Latin letters, if each of its other letters looks like one: `А1В2` (Cyrillic) is `A1B2`.
pub(super) fn latin(word: &str) -> Option<String> {
    word.chars()
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() => Some(c),
            c => LOOKALIKES.iter().find(|(from, _)| *from == c).map(|(_, to)| *to),
        })
        .collect()
}

/// Whether words of this script are written without spaces, or take endings without a break, so that a code may touch
/// them.
pub(super) fn unspaced(c: char) -> bool {
    !c.is_ascii()
        && c.is_alphabetic()
        && !matches!(c as u32, 0x80..=0x52F | 0x1C80..=0x1C8F | 0x1E00..=0x1FFF | 0x2C60..=0x2C7F | 0xA640..=0xA69F | 0xA720..=0xA7FF)
}

/// Whether the script has no spaces between words at all, or any number of endings: East and South-East Asian ones.
pub(super) fn running(c: char) -> bool {
    matches!(c as u32, 0x0E00..=0x0EFF | 0x1000..=0x11FF | 0x1780..=0x17FF | 0x2E80..=0xA4CF | 0xA960..=0xA97F | 0xAC00..=0xD7FF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}
