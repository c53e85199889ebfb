//! What the program prints: one JSON document or plain text on standard output, and errors in the form that the caller
//! asked for.
//!
//! All text goes through here, so that a terminal takes no part of it for a command; whatever is inserted into a line
//! of ours is made one line with [`line`] or [`path`]. JSON, and values that were asked for, stay as they are.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use ravi_error::shown::printable;
pub(super) use ravi_error::shown::{line, path};
use ravi_workspace_core::error::{Error, ErrorBody};
use ravi_workspace_helper::OutputError;

/// The form that the caller wants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    pub(super) json: bool,
}

#[derive(Serialize)]
struct Failure<'a> {
    error: &'a ErrorBody,
}

impl Output {
    /// Prints `value`; `text` turns it into words for a person.
    pub(super) fn answer<T: Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) {
        if self.json { print_json(value) } else { print(&text(value)) }
    }

    /// Prints a value as it is: a program reads it, or a person asked for exactly this.
    pub(super) fn answer_exactly<T: Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) {
        if self.json { print_json(value) } else { print_exactly(&text(value)) }
    }

    /// Prints a failure; the exit code tells its kind.
    pub(super) fn failure(self, error: &Error) -> ExitCode {
        self.body(&error.body(), ravi_workspace_helper::exit_code(error.kind()))
    }

    /// Prints a failure that does not come from the engine.
    pub(super) fn plain_failure(self, code: &str, message: &str, exit_code: u8) -> ExitCode {
        let hint = "See `ravi-workspace --help`.".to_owned();
        self.body(&ErrorBody { code: code.to_owned(), message: message.to_owned(), hint }, exit_code)
    }

    fn body(self, body: &ErrorBody, exit_code: u8) -> ExitCode {
        if self.json {
            print_json(&Failure { error: body });
        }
        say(&error_text("error", body));
        ExitCode::from(exit_code)
    }
}

/// Formats an error, or something like one, for a person.
pub(super) fn error_text(kind: &str, body: &ErrorBody) -> String {
    format!("{kind}[{}]: {}\n  hint: {}", body.code, line(&body.message), line(&body.hint))
}

/// Prints a message for the person, next to the answer.
pub(super) fn say(text: &str) {
    // Whoever closed standard error does not want to hear it.
    let _ = writeln!(io::stderr(), "{}", printable(text));
}

fn print_json<T: Serialize>(value: &T) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => print_exactly(&text),
        Err(e) => say(&format!("error: the answer cannot be written as JSON: {e}")),
    }
}

/// Prints a line. A reader that has gone away (a closed pipe) ends the output, not the program's work.
pub(super) fn print(text: &str) {
    print_exactly(&printable(text));
}

/// Prints a line that a program reads.
pub(super) fn print_exactly(text: &str) {
    if let Err(error) = writeln!(io::stdout(), "{text}")
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        LOST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// Why an answer did not get out, if one did not.
static LOST: Mutex<Option<io::Error>> = Mutex::new(None);

/// The exit code of a program that ends with `code`: a success whose answer was lost is a failure.
pub(super) fn ended(code: ExitCode) -> ExitCode {
    match LOST.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(source) if code == ExitCode::SUCCESS => {
            Output { json: false }.failure(&OutputError::Unwritable { source }.into())
        }
        _ => code,
    }
}

/// Joins names that a stranger chose, each made one line.
pub(super) fn lines(names: &[String], between: &str) -> String {
    names.iter().map(|name| line(name)).collect::<Vec<_>>().join(between)
}

/// Formats a moment, to the second, in UTC.
pub(super) fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| "?".to_owned(), |at| format!("{at:.0}"))
}

/// Formats a table with aligned columns; `empty` is the text for one without rows.
pub(super) fn table(header: &[&str], rows: &[Vec<String>], empty: &str) -> String {
    if rows.is_empty() {
        return empty.to_owned();
    }
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| line(cell)).collect()).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let padded_line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let head = padded_line(header.to_vec());
    let body = rows.iter().map(|row| padded_line(row.iter().map(String::as_str).collect()));
    std::iter::once(head).chain(body).collect::<Vec<_>>().join("\n")
}

/// Prints warnings on standard error; with `--json` they are in the document as well.
pub(super) fn say_warnings(warnings: &[ErrorBody]) {
    for warning in warnings {
        say(&format!("note: {} ({}). {}", line(&warning.message), warning.code, line(&warning.hint)));
    }
}
