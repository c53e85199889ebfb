//! What a workspace may be called: one line of text that git takes as an author's name.

use crate::machine::files;
use ravi_error::shown::is_odd;

/// Longest id and name; enough for uuids, paths and sentences.
pub(crate) const LONGEST_TEXT: usize = 200;

/// Whether git drops this character from the ends of an author's name.
pub(super) fn is_crud(c: char) -> bool {
    ".,:;<>\"\\'".contains(c) || c.is_whitespace()
}

/// Makes a workspace's name from any text, such as a folder's name.
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

/// Makes a workspace's id from any text: the text itself or, if it is too long, its beginning and a digest of all of
/// it.
pub(crate) fn as_id(text: &str) -> String {
    if text.len() <= LONGEST_TEXT {
        return text.to_owned();
    }
    let digest = files::name_for(text);
    let mut end = LONGEST_TEXT - digest.len() - 1;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}-{digest}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_too_long_is_cut_and_stays_one_of_a_kind() {
        assert_eq!(as_id("agent-pane-%4"), "agent-pane-%4");
        let [one, other] = ["é".repeat(200) + "a", "é".repeat(200) + "b"].map(|text| as_id(&text));
        assert!(one.len() <= LONGEST_TEXT && one.starts_with("éé") && one != other, "{one}");
        assert_eq!(as_id(&one), one);
    }

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
