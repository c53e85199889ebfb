//! Messages as text: rendered HTML, previews, and text that is safe to print on a terminal.

use super::codes::{head, text_of_html};
use super::model::InboxItem;

/// How many bytes of HTML are shown; the rest is cut off.
const MOST_HTML: usize = 512 * 1024;
/// How many bytes of HTML a preview is made from.
const PREVIEW_HTML: usize = 32 * 1024;
/// Characters of a preview.
const PREVIEW: usize = 120;

/// Returns the text of a mail: its text part, else its HTML as text.
pub(super) fn of_mail(text: &str, html: &str) -> String {
    if text.trim().is_empty() && !html.trim().is_empty() { render(html, MOST_HTML) } else { text.to_owned() }
}

/// Returns the beginning of a mail on one line.
pub(super) fn preview_of_mail(text: &str, html: &str) -> String {
    if text.trim().is_empty() && !html.trim().is_empty() { preview(&render(html, PREVIEW_HTML)) } else { preview(text) }
}

/// Returns the beginning of a text on one line.
pub(super) fn preview(text: &str) -> String {
    let mut line = String::with_capacity(PREVIEW);
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.chars().count() > PREVIEW {
            return line.chars().take(PREVIEW - 1).chain(['…']).collect();
        }
    }
    line
}

fn render(html: &str, most: usize) -> String {
    text_of_html(head(html, most))
}

impl InboxItem {
    /// Returns the sender, for a list.
    pub fn sender(&self) -> String {
        match &self.from_name {
            Some(name) => format!("{name} <{}>", self.from),
            None => self.from.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_shown_as_text_with_its_links() {
        let html = "<html><style>p{color:red}</style><body><h1>Hi</h1><p>Your code is <b>123456</b>.</p>\
                    <p><a href=\"https://example.com/verify?t=1\">Confirm</a></p><script>alert(1)</script></body></html>";
        let text = of_mail(" ", html);
        assert!(text.contains("123456") && text.contains("https://example.com/verify?t=1"), "{text}");
        assert!(text.contains("Confirm [1]") && text.ends_with("[1]: https://example.com/verify?t=1"), "{text}");
        assert!(!text.contains("color:red") && !text.contains("alert"), "{text}");
        assert_eq!(of_mail("plain", html), "plain");
        assert!(preview_of_mail("", html).starts_with("Hi Your code is"), "{}", preview_of_mail("", html));
    }

    #[test]
    fn garbage_is_shown_without_failing() {
        for html in ["<<<>>>", "<table><tr><td>", &"é".repeat(MOST_HTML)] {
            let _ = of_mail("", html);
        }
    }

    #[test]
    fn a_link_is_numbered_whatever_white_space_follows_it() {
        for space in (0..=0x3000).filter_map(char::from_u32).filter(|c| c.is_whitespace()) {
            for next in ["→→→→→", "é→→→→", "a→→→→"] {
                let html = format!("<table><tr><td><a href=https://example.com>a{space}{space}</a><td>{next}</table>");
                let text = of_mail("", &html);
                assert!(text.starts_with('a') && text.contains("[1]"), "{space:?}: {text:?}");
            }
        }
    }

    #[test]
    fn a_hostile_page_is_shown_as_text_in_little_time() {
        let attributes: String = (0..MOST_HTML / 8).map(|number| format!("a{number} ")).collect();
        let open: String = (0..MOST_HTML / 16).map(|number| format!("<b id={number}>")).collect();
        let spans = "<table><tr><td colspan=1000000>x</table>".repeat(100);
        let pages = [
            "<div>".repeat(MOST_HTML),
            "<a href=x>y".repeat(MOST_HTML),
            "<a href=http://x.example>y".repeat(MOST_HTML / 16),
            "<a href=http://x.example>y</a><td>".repeat(MOST_HTML / 16),
            "<table><td>".repeat(MOST_HTML),
            format!("<table><tr>{}", "<td>x".repeat(MOST_HTML)),
            "<table><tr><td>x</table>".repeat(MOST_HTML / 24),
            "<p>".repeat(MOST_HTML),
            "<li>x".repeat(MOST_HTML / 5),
            "<br>".repeat(MOST_HTML),
            "</b>".repeat(MOST_HTML),
            format!("<p>{open}</p><p>x"),
            format!("<p {attributes}>"),
            spans,
            "x ".repeat(MOST_HTML),
            "x".repeat(MOST_HTML),
        ];
        for page in pages {
            let html = format!("<p>Your code is 123456.</p>{page}");
            let begun = std::time::Instant::now();
            let text = of_mail("", &html);
            println!("{:>6} ms: {:.40}", begun.elapsed().as_millis(), page);
            assert!(text.contains("Your code is 123456."), "{:.40} {:.200}", page, text);
        }
    }

    #[test]
    fn a_preview_is_one_short_line() {
        assert_eq!(preview(" a\n\n b\tc "), "a b c");
        let long = preview(&"word ".repeat(100));
        assert_eq!((long.chars().count(), long.chars().last()), (PREVIEW, Some('…')));
    }
}
