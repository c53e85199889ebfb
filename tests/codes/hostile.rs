//! Promise: whatever a stranger sends, the search ends, does not panic, and does not take long.

use proptest::prelude::*;
use ravi_codes::{Extraction, MessageText, extract};

fn html(html: &str) -> Extraction {
    extract(&MessageText {
        from: "a@b.test",
        own_address: Some("agent@in.example"),
        html: Some(html),
        ..MessageText::default()
    })
}

fn text(text: &str) -> Extraction {
    extract(&MessageText {
        from: "a@b.test",
        own_address: Some("agent@in.example"),
        text: Some(text),
        ..MessageText::default()
    })
}

/// Sizes and nestings that take a quadratic reader hours: this test would not end.
#[test]
fn ten_megabytes_of_anything_come_to_an_end() {
    const MUCH: usize = 10 << 20;
    let fill = |piece: &str| piece.repeat(MUCH / piece.len());
    for piece in ["<div>", "<a href=x>", "<table><td>", "<!--"] {
        html(&fill(piece));
    }
    html(&format!("<style>{}</style>{}", ".a .b{display:none}".repeat(50_000), fill("<i class=a>")));
    for piece in
        ["code 123456 ", "if not enter the code 123456 was used ", "1 ", "a@", "http://a.b/", "code code ", "a/", "> "]
    {
        text(&fill(piece));
    }
    text(&fill("order 123456 is paid\n"));
}

/// A code at the top is found in front of whatever follows.
#[test]
fn a_code_before_a_huge_body_is_found() {
    let body = format!("Your verification code is 482913.\n\n{}", "lorem ipsum dolor sit amet\n".repeat(400_000));
    assert_eq!(text(&body).code.map(|c| c.value).as_deref(), Some("482913"));
}

/// What is answered is among the candidates, scores fit, and doubt answers nothing.
fn whole(found: &Extraction) {
    for value in found.code.iter().map(|c| &c.value).chain(found.link.iter().map(|l| &l.url)) {
        assert!(found.candidates.iter().any(|c| c.value == *value && c.score >= 60), "{found:?}");
    }
    assert!(found.candidates.len() <= 10);
    assert!(found.code.as_ref().is_none_or(|c| c.value.is_ascii() && (4..=20).contains(&c.value.len())));
    assert!(found.confident || (found.code.is_none() && found.link.is_none()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(a in ".{0,300}", b in "(?s).{0,600}", own in ".{0,30}") {
        let message = MessageText { from: &a, to: &[&b], own_address: Some(&own), subject: &a, text: Some(&b), html: Some(&b), ..MessageText::default() };
        whole(&extract(&message));
    }

    #[test]
    fn any_soup_of_codes_words_and_marks_is_survived(
        parts in prop::collection::vec(prop::sample::select(vec![
            "123456", "code", "Your verification code is ", "验证码", "<b>", "</b>", "<p style=\"color:#fff\">", "<style>p{", "}", "</style>",
            "\n", " ", ".", "：", "http://a.test/verify?token=a1b2c3d4", "@", "agent@in.example", "x@y.test", "-", "#", "$", "١٢٣٤", "İ",
            "ﬀ", "А1", "\u{200b}", "&#x0;", "<!--", "(", ")", "example", "2024", "K7-QX", "\t", "> ", "é", "🔐", "\r\n", "<a href='https://b.test/confirm/a1b2c3d4'>", "</a>",
        ]), 0..60)
    ) {
        let soup: String = parts.concat();
        let message = MessageText { from: "a@b.test", to: &["agent@in.example"], own_address: Some("agent@in.example"), subject: &soup, text: Some(&soup), html: Some(&soup), ..MessageText::default() };
        whole(&extract(&message));
    }
}
