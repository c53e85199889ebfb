//! The promises of the masker, tried with made-up values.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;
use secrecy::SecretString;

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
    let wrapped: Vec<String> =
        STANDARD.encode(TOKEN).as_bytes().chunks(40).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
    assert_eq!(mask_text(&[TOKEN], &wrapped.join("\r\n")), [MASK; 2].join("\r\n"));
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

/// The same done slowly over the whole text: every occurrence of every form is covered, everything else stays.
fn reference(values: &[String], text: &[u8]) -> Vec<u8> {
    let mut covered = vec![false; text.len()];
    let unwrapped = unwrapped(text);
    for value in values.iter().filter(|v| v.len() >= super::SHORTEST_MASKED) {
        for form in forms::plain(value.as_bytes()) {
            occurrences(text, &form).for_each(|range| covered[range].fill(true));
        }
        for form in forms::base64(value.as_bytes()) {
            for piece in &unwrapped {
                let bytes: Vec<u8> = piece.iter().map(|i| text[*i]).collect();
                occurrences(&bytes, &form).flatten().for_each(|i| covered[piece[i]] = true);
            }
        }
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

/// Places of the bytes of each run of text without its line ends; a run goes on after a line that ends with enough base64.
fn unwrapped(text: &[u8]) -> Vec<Vec<usize>> {
    let mut pieces = vec![Vec::new()];
    for line in text.split_inclusive(|b| *b == b'\n') {
        let at = line.as_ptr() as usize - text.as_ptr() as usize;
        let mut run = 0;
        for (index, byte) in line.iter().enumerate() {
            match byte {
                b'\r' | b'\n' if run < super::SHORTEST_WRAPPED_LINE => pieces.push(Vec::new()),
                b'\r' | b'\n' => {}
                byte => {
                    run = if super::is_base64(*byte) { run + 1 } else { 0 };
                    pieces.last_mut().unwrap().push(at + index);
                }
            }
        }
    }
    pieces
}

fn occurrences(text: &[u8], form: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let starts = text.windows(form.len()).enumerate().filter(move |(_, window)| *window == form);
    let length = form.len();
    starts.map(move |(start, _)| start..start + length).collect::<Vec<_>>().into_iter()
}

/// Values over a small alphabet overlap each other and themselves; the others are like real ones.
fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]{5,9}", "[a-c/ \"]{5,12}", "[A-Za-z0-9_/+=%\\\\\"\u{fc}\u{1f511}]{8,40}"]
}

/// Pieces of a stream: values in some form, whole or cut, between other bytes.
fn stream(values: Vec<String>) -> impl Strategy<Value = (Vec<String>, Vec<u8>)> {
    let forms: Vec<Vec<u8>> = values
        .iter()
        .flat_map(|value| {
            let encoded = STANDARD.encode(format!("..{value}.")).into_bytes();
            let wrap = |width| encoded.chunks(width).collect::<Vec<_>>().join(&b"\r\n"[..]);
            let wrapped = [wrap(7), wrap(40)];
            forms::plain(value.as_bytes()).into_iter().chain(wrapped).chain([encoded.clone()])
        })
        .collect();
    let piece = prop_oneof![
        prop::sample::select(forms.clone()),
        (prop::sample::select(forms), any::<prop::sample::Index>()).prop_map(|(form, at)| {
            let end = at.index(form.len() + 1);
            form[..end].to_vec()
        }),
        "[ab \n]{0,6}".prop_map(String::into_bytes),
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
            for form in forms::plain(value.as_bytes()) {
                prop_assert!(occurrences(&expected, &form).next().is_none());
            }
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
