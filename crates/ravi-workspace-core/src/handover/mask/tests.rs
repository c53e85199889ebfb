//! The promises of the masker, tested with made-up values.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;
use secrecy::SecretString;

use super::decode::Decoder;
use super::search::Span;
use super::text::fold;
use super::{MASK, Masker, forms};

const TOKEN: &str = "ghp_MadeUp0123456789abcdefABCDEF/+?=";

fn masker(values: &[&str]) -> Masker {
    let values: Vec<SecretString> = values.iter().map(|v| SecretString::from(*v)).collect();
    Masker::new(&values)
}

fn mask(values: &[&str], text: &[u8]) -> Vec<u8> {
    mask_chunks(values, &[text])
}

fn mask_chunks(values: &[&str], chunks: &[&[u8]]) -> Vec<u8> {
    let mut masker = masker(values);
    let mut out = Vec::new();
    chunks.iter().for_each(|chunk| masker.push(chunk, &mut out));
    masker.finish(&mut out);
    out
}

fn mask_text(values: &[&str], text: &str) -> String {
    String::from_utf8(mask(values, text.as_bytes())).unwrap()
}

#[test]
fn every_form_of_a_value_is_masked() {
    let percent = percent_encoding::utf8_percent_encode(TOKEN, percent_encoding::NON_ALPHANUMERIC).to_string();
    let json = serde_json::to_string(TOKEN).unwrap();
    let hex: String = TOKEN.bytes().map(|b| format!("{b:02x}")).collect();
    assert_eq!(mask_text(&[TOKEN], &format!("a {TOKEN} b")), format!("a {MASK} b"));
    assert_eq!(mask_text(&[TOKEN], &format!("x={}&y", percent)), format!("x={MASK}&y"));
    assert_eq!(mask_text(&[TOKEN], &json), format!("\"{MASK}\""));
    assert_eq!(mask_text(&[TOKEN], &json.replace('/', "\\/")), format!("\"{MASK}\""));
    assert_eq!(mask_text(&[TOKEN], &hex), MASK);
    assert_eq!(mask_text(&[TOKEN], &hex.to_uppercase()), MASK);
    let odd = "pass\"word\\ü\n<&>";
    let twice = serde_json::to_string(&serde_json::to_string(odd).unwrap()).unwrap();
    assert_eq!(mask_text(&[odd], &twice), format!("\"\\\"{MASK}\\\"\""));
    assert_eq!(mask_text(&[odd], r#""pass\"word\\\u00fc\n<&>""#), format!("\"{MASK}\""));
    assert_eq!(mask_text(&[odd], r#""pass\"word\\ü\n\u003c\u0026\u003e""#), format!("\"{MASK}\""));
}

#[test]
fn base64_is_masked_at_every_alignment_and_wrapped_into_lines() {
    for engine in [&STANDARD, &URL_SAFE] {
        for before in 0..6 {
            let text = format!("{}{TOKEN}{}", "~".repeat(before), "~".repeat(5));
            let encoded = engine.encode(&text);
            let masked = mask_text(&[TOKEN], &encoded);
            assert!(masked.contains(MASK), "{before}");
            // At most one character on each side also holds bits of a neighbour.
            let plain = encoded.len() - (masked.len() - MASK.len());
            assert!(plain >= TOKEN.len() * 8 / 6 - 1, "{before}: {masked}");
        }
    }
    assert_eq!(mask_text(&[TOKEN], &STANDARD.encode(TOKEN)), MASK);
    assert_eq!(mask_text(&["made-up-value-1"], "bWFkZS11cC12YWx1ZS0xCg=="), format!("{MASK}Cg=="));
    assert_eq!(mask_text(&["made-up-value-12"], &STANDARD.encode("made-up-value-12\n")), format!("{MASK}o="));
    assert_eq!(mask_text(&[TOKEN], &STANDARD.encode(format!("{TOKEN}\n"))), format!("{MASK}Cg=="));
    for width in [16, 20, 30, 40] {
        let encoded = STANDARD.encode(TOKEN);
        let wrapped: Vec<&str> = encoded.as_bytes().chunks(width).map(|c| std::str::from_utf8(c).unwrap()).collect();
        let expected = vec![MASK; wrapped.len()].join("\r\n");
        assert_eq!(mask_text(&[TOKEN], &wrapped.join("\r\n")), expected, "{width}");
    }
}

#[test]
fn escapes_colours_and_dumps_hide_no_value() {
    let all: String = TOKEN.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    assert_eq!(mask_text(&[TOKEN], &format!("\"{all}\"")), format!("\"{MASK}\""));
    assert_eq!(mask_text(&[TOKEN], &all.replace('\\', "\\\\")), MASK);
    let some = TOKEN.replace('p', "\\u0070").replace('M', "\\x4d").replace('/', "%2f").replace("01", "0%31");
    assert_eq!(mask_text(&[TOKEN], &some), MASK);
    assert_eq!(mask_text(&["made up value"], "q=made+up+value"), format!("q={MASK}"));
    let grep = TOKEN.replace("0123", "\u{1b}[01;31m\u{1b}[K0123\u{1b}[m\u{1b}[K");
    let shown = mask_text(&[TOKEN], &grep);
    assert_eq!(shown, format!("{MASK}\u{1b}[01;31m\u{1b}[K{MASK}\u{1b}[m\u{1b}[K{MASK}"));
    let rest = "xxxxxxxxxxxxxxxx";
    for (line, gaps) in [
        ("00000000: 6768 705f 4d61 6465 5570 3031 3233 3435  ghp_MadeUp012345\n", 7),
        ("00000000  67 68 70 5f 4d 61 64 65  55 70 30 31 32 33 34 35  |ghp_MadeUp012345|\n", 15),
        ("0000000 67 68 70 5f 4d 61 64 65 55 70 30 31 32 33 34 35\n", 15),
    ] {
        let all = format!("{line}{}", line.replace(|c: char| c.is_ascii_lowercase(), "x").replace("xxxx", rest));
        let shown = mask_text(&["ghp_MadeUp012345"], &all);
        let first = shown.lines().next().unwrap();
        assert!(!first.contains("ghp") && !first.contains("6768") && !first.contains("67 68"), "{shown}");
        assert!(first.matches(MASK).count() >= gaps && first.starts_with("0000000"), "{shown}");
    }
}

/// A value over two lines of a dump, which begins in the middle of the first one.
#[test]
fn a_value_is_masked_in_all_lines_of_a_dump() {
    let value = "made-up-value-0123456789-abcdefghijklmnopqrstuvwxyz";
    let text = format!("key=\"{value}\" and what follows\n");
    let dump: String = text
        .as_bytes()
        .chunks(16)
        .enumerate()
        .map(|(at, line)| {
            let digits: String =
                line.chunks(2).map(|two| two.iter().map(|b| format!("{b:02x}")).collect::<String>() + " ").collect();
            let chars: String = line.iter().map(|b| if *b == b'\n' { '.' } else { char::from(*b) }).collect();
            format!("{:08x}: {digits:<40} {chars}\n", at * 16)
        })
        .collect();
    let shown = mask_text(&[value], &dump);
    for piece in ["made", "0123", "-abc", "wxyz", "3031", "7879"] {
        assert!(!shown.contains(piece), "{piece}: {shown}");
    }
    assert!(shown.contains("key=\"") && shown.contains("and wh"), "{shown}");
    let bytes: Vec<&[u8]> = dump.as_bytes().chunks(1).collect();
    assert_eq!(mask_chunks(&[value], &bytes), shown.as_bytes(), "however it comes");
}

#[test]
fn a_large_value_costs_no_more_than_its_size() {
    for value in ["\"".repeat(64 * 1024), "made-up \"line\" 0123456789\n".repeat(2500), "a".repeat(64 * 1024)] {
        let begun = std::time::Instant::now();
        let mut masker = masker(&[&value]);
        let mut out = Vec::new();
        let escaped = serde_json::to_string(&value).unwrap();
        for text in [value.as_str(), &escaped, &STANDARD.encode(&value), "other"] {
            masker.push(text.as_bytes(), &mut out);
        }
        masker.finish(&mut out);
        assert!(String::from_utf8_lossy(&out).ends_with("other"));
        assert!(out.len() < 200_000, "{}", out.len());
        // An unoptimised program needs a second; quadratic growth would need minutes.
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}

#[test]
fn nothing_waits_that_cannot_be_a_value() {
    let mut masker = masker(&[TOKEN]);
    let mut out = Vec::new();
    masker.push(b"Password: ", &mut out);
    assert_eq!(out, b"Password: ");
    for letter in b'A'..=b'z' {
        out.clear();
        masker.push(&[letter, b'\n'], &mut out);
        assert_eq!(out.last(), Some(&b'\n'), "a line that ends with {letter} is whole");
    }
    out = b"Password: ".to_vec();
    masker.push(b"gh", &mut out);
    assert_eq!(out, b"Password: ", "may be the beginning");
    masker.push(b"o", &mut out);
    assert_eq!(out, b"Password: gho");
    masker.push(TOKEN.as_bytes(), &mut out);
    assert_eq!(out, format!("Password: gho{MASK}").as_bytes(), "a whole value is not waited with");
    masker.push(b"g", &mut out);
    masker.finish(&mut out);
    assert_eq!(out, format!("Password: gho{MASK}g").as_bytes());
}

#[test]
fn overlapping_values_are_masked_as_one() {
    assert_eq!(mask_text(&["abcdefgh", "efghijkl"], "abcdefghijkl"), MASK);
    assert_eq!(mask_text(&["abcde", "abcdefgh"], "abcdefgh abcdef"), format!("{MASK} {MASK}f"));
    assert_eq!(mask_text(&["aabaa"], "aabaabaa."), format!("{MASK}."));
}

#[test]
fn short_values_and_no_values_change_nothing() {
    assert_eq!(mask_text(&["1234", ""], "1234 12345"), "1234 12345");
    assert_eq!(mask_text(&[], "text"), "text");
}

#[test]
fn lines_of_a_key_are_masked_one_by_one() {
    let key =
        "-----BEGIN MADE UP KEY-----\nAAAAmadeupmadeupmadeup01\nBBBBmadeupmadeupmadeup02\n-----END MADE UP KEY-----\n";
    let shown: String = key.lines().map(|line| format!("  {line}\r\n")).collect();
    let expected = format!("  -----BEGIN MADE UP KEY-----\r\n  {MASK}\r\n  {MASK}\r\n  -----END MADE UP KEY-----\r\n");
    assert_eq!(mask_text(&[key], &shown), expected);
}

/// Does the same slowly over the whole text: it covers every occurrence of every form in every reading, and leaves
/// everything else.
fn reference(values: &[String], text: &[u8]) -> Vec<u8> {
    let mut covered = vec![false; text.len()];
    let values: Vec<&[u8]> =
        values.iter().map(|v| v.as_bytes()).filter(|v| v.len() >= super::SHORTEST_MASKED).collect();
    let mut cover = |reading: &[(u8, Span)], form: &[u8]| {
        let units: Vec<u8> = reading.iter().map(|(unit, _)| *unit).collect();
        for (_, span) in occurrences(&units, form).flat_map(|range| &reading[range]) {
            covered[span.start..span.end].fill(true);
        }
    };
    let plain: Vec<(u8, Span)> = text.iter().enumerate().map(|(at, byte)| (*byte, Span::at(at))).collect();
    let once = decoded(&plain);
    let twice = decoded(&once);
    for reading in [plain, once, twice] {
        let reading: Vec<_> = reading.into_iter().map(|(byte, span)| (fold(byte), span)).collect();
        values.iter().flat_map(|value| forms::text(value)).for_each(|form| cover(&reading, &form));
    }
    for reading in runs(text, b"+/-_", b"=", |_| false) {
        values.iter().flat_map(|value| forms::base64(value)).for_each(|form| cover(&reading, &form));
    }
    let is_pair = |before: &[u8]| {
        let pair = before.len() > 1 && before[before.len() - 2..].iter().all(u8::is_ascii_hexdigit);
        pair || before.ends_with(b"\n")
    };
    for reading in runs(text, b"", b" ", is_pair) {
        values.iter().for_each(|value| cover(&reading, &forms::hex(value)));
    }
    let mut out = Vec::new();
    for (index, byte) in text.iter().enumerate() {
        match covered[index] {
            false => out.push(*byte),
            true if index > 0 && covered[index - 1] => {}
            true => out.extend_from_slice(MASK.as_bytes()),
        }
    }
    out
}

fn decoded(reading: &[(u8, Span)]) -> Vec<(u8, Span)> {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    reading.iter().for_each(|(byte, span)| decoder.push(*byte, *span, &mut |byte, span| out.push((byte, span))));
    decoder.finish(&mut |byte, span| out.push((byte, span)));
    out
}

/// Returns what is read as one encoded text: letters and digits (hexadecimal ones if `more` is empty) and `more`;
/// `also` may stand in full lines too.
fn runs(text: &[u8], more: &[u8], also: &[u8], gap: impl Fn(&[u8]) -> bool) -> Vec<Vec<(u8, Span)>> {
    let unit = |byte: u8| match byte {
        byte if more.is_empty() => byte.is_ascii_hexdigit().then(|| byte.to_ascii_lowercase()),
        b'-' => Some(b'+'),
        b'_' => Some(b'/'),
        byte => (byte.is_ascii_alphanumeric() || more.contains(&byte)).then_some(byte),
    };
    let mut pieces = vec![Vec::new()];
    for (at, byte) in text.iter().enumerate() {
        let before = text[..at].strip_suffix(b"\r").unwrap_or(&text[..at]);
        let line = &before[before.len().saturating_sub(16)..];
        let full = line.len() == 16 && line.iter().all(|byte| unit(*byte).is_some() || also.contains(byte));
        match unit(*byte) {
            Some(unit) => pieces.last_mut().unwrap().push((unit, Span::at(at))),
            None if matches!(byte, b'\r' | b'\n') && full => {}
            None if *byte == b' ' && gap(&text[..at]) => {}
            None => pieces.push(Vec::new()),
        }
    }
    pieces
}

fn occurrences(text: &[u8], form: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let starts = text.windows(form.len()).enumerate().filter(move |(_, window)| *window == form);
    let length = form.len();
    starts.map(move |(start, _)| start..start + length).collect::<Vec<_>>().into_iter()
}

/// Values over a small alphabet overlap each other and themselves; the others resemble real ones.
fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]{5,9}", "[ab]{30,90}", "[a-c/ \"]{5,12}", "[A-Za-z0-9_/+=%\\\\\"\u{fc}\u{1f511}]{8,80}"]
}

/// The value as programs print it.
fn printed(value: &str) -> Vec<Vec<u8>> {
    let json = serde_json::to_string(value).unwrap();
    let hex = forms::hex(value.as_bytes());
    let pairs = hex.chunks(2).map(|pair| [pair, b" "].concat()).collect::<Vec<_>>();
    let base64 = STANDARD.encode(format!("..{value}."));
    let wrap = |text: &[u8], width| text.chunks(width).collect::<Vec<_>>().join(&b"\r\n"[..]);
    let percent = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string();
    vec![
        value.as_bytes().to_vec(),
        serde_json::to_string(&json).unwrap().into_bytes(),
        json.into_bytes(),
        value.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>().into_bytes(),
        percent.into_bytes(),
        URL_SAFE.encode(value).into_bytes(),
        wrap(base64.as_bytes(), 7),
        wrap(base64.as_bytes(), 20),
        base64.into_bytes(),
        wrap(&hex, 16),
        pairs.chunks(8).map(|line| line.concat()).collect::<Vec<_>>().join(&b"\n"[..]),
        hex.to_ascii_uppercase(),
        value.chars().map(|char| format!("{char}\u{1b}[m")).collect::<String>().into_bytes(),
    ]
}

/// Pieces of a stream: values in some form, whole or cut, between other bytes.
fn stream(values: Vec<String>) -> impl Strategy<Value = (Vec<String>, Vec<u8>)> {
    let forms: Vec<Vec<u8>> = values.iter().flat_map(|value| printed(value)).collect();
    let piece = prop_oneof![
        prop::sample::select(forms.clone()),
        (prop::sample::select(forms), any::<prop::sample::Index>()).prop_map(|(form, at)| {
            let end = at.index(form.len() + 1);
            form[..end].to_vec()
        }),
        "[ab%\\\\ \n]{0,6}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..12).prop_map(move |pieces| (values.clone(), pieces.concat()))
}

fn cut<'a>(text: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).chain([0, text.len()]).collect();
    at.sort_unstable();
    at.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_chunks_give_what_the_slow_way_gives(
        (values, text) in prop::collection::vec(value(), 1..4).prop_flat_map(stream),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let named: Vec<&str> = values.iter().map(String::as_str).collect();
        let expected = reference(&values, &text);
        prop_assert_eq!(&mask(&named, &text), &expected);
        prop_assert_eq!(&mask_chunks(&named, &cut(&text, &cuts)), &expected);
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        prop_assert_eq!(&mask_chunks(&named, &bytes), &expected);
        for value in &values {
            prop_assert!(occurrences(&expected, value.as_bytes()).next().is_none());
        }
    }

    #[test]
    fn a_stream_without_values_is_unchanged(
        values in prop::collection::vec("[A-Z]{12,20}", 1..4),
        text in prop::collection::vec(0x80..=0xffu8, 0..2000),
    ) {
        let named: Vec<&str> = values.iter().map(String::as_str).collect();
        prop_assert_eq!(mask(&named, &text), text);
    }
}
