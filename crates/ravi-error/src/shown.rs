//! Text that strangers wrote, made safe to show: a terminal takes no part of it for a command, and no line of it passes
//! for one of ours.

use std::path::Path;

/// `text` without what a terminal would take for a command, and without marks that change the direction of writing.
///
/// Line ends and tabs stay.
pub fn printable(text: &str) -> String {
    let text = if text.contains('\r') { text.replace("\r\n", "\n") } else { text.to_owned() };
    let is_command = |c: char| is_odd(c) && c != '\n' && c != '\t';
    if text.contains(is_command) { text.replace(is_command, "\u{fffd}") } else { text }
}

/// The same on one line, for use within a line of ours.
pub fn line(text: &str) -> String {
    printable(text).replace(['\n', '\t', '\u{2028}', '\u{2029}'], " ")
}

/// A path, on one line.
pub fn path(path: impl AsRef<Path>) -> String {
    line(&path.as_ref().to_string_lossy())
}

/// Whether `c` is a control character or a mark that changes the direction of writing.
pub fn is_odd(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_commands() {
        assert_eq!(printable("\u{61c}"), "\u{fffd}");
        assert_eq!(printable("a\u{1b}[31mb\r\nc\t\u{202e}d\u{9b}x"), "a\u{fffd}[31mb\nc\t\u{fffd}d\u{fffd}x");
        assert_eq!(path("/tmp/a\nerror[x]: b\u{1b}]0;title\u{7}"), "/tmp/a error[x]: b\u{fffd}]0;title\u{fffd}");
    }
}
