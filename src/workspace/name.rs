//! What a workspace may be called: one line of text that git takes as an author's name.

/// Control characters, and marks that turn the direction of writing.
pub(super) fn is_odd(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What git drops from the ends of an author's name.
pub(super) fn is_crud(c: char) -> bool {
    ".,:;<>\"\\'".contains(c) || c.is_whitespace()
}

/// A name for a workspace out of any text, such as a folder's name.
pub(crate) fn as_name(text: &str, longest: usize) -> String {
    let plain: String = text.chars().map(|c| if is_odd(c) { ' ' } else { c }).collect();
    let mut end = longest.min(plain.len());
    while !plain.is_char_boundary(end) {
        end -= 1;
    }
    match plain[..end].trim() {
        name if name.chars().all(is_crud) => "worktree".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_gives_a_name_that_git_takes() {
        let name = |text: &str| as_name(text, 8);
        assert_eq!(name("payments agent"), "payments");
        assert_eq!(name("a\nb\u{202e}c"), "a b c");
        assert_eq!(name("éééé é"), "éééé");
        assert_eq!(name("aéééé"), "aééé", "no half a character");
        for nothing in ["", "...", "\n", " \u{200f}<>"] {
            assert_eq!(name(nothing), "worktree", "{nothing:?}");
        }
    }
}
