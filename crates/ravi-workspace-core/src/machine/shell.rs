//! Text for a shell.

/// Quotes for a POSIX shell: within single quotes, only the quote itself is special.
pub(crate) fn posix(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Undoes [`posix`].
pub(crate) fn unquoted(word: &str) -> String {
    word.replace(r"'\''", "\u{0}").replace('\'', "").replace('\u{0}', "'")
}

/// Quotes for fish, which knows `\'` and `\\` within single quotes.
pub(crate) fn fish(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}
