//! What the program says: one JSON document or plain text on standard output, errors in the form the caller asked for.

use std::io::{self, Write as _};
use std::process::ExitCode;

use serde::Serialize;

use crate::error::{Error, ErrorBody};

/// How the caller wants to be answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    pub(super) json: bool,
}

#[derive(Serialize)]
struct Failure<'a> {
    error: &'a ErrorBody,
}

impl Output {
    /// Answers `value`; `text` says how it reads for a person.
    pub(super) fn answer<T: Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) {
        match self.json {
            true => print_json(value),
            false => print(&text(value)),
        }
    }

    /// Answers a failure; the exit code tells its kind.
    pub(super) fn failure(self, error: &Error) -> ExitCode {
        self.body(&error.body(), error.kind().exit_code())
    }

    /// Answers a failure that is none of the engine's.
    pub(super) fn plain_failure(self, code: &str, message: &str, exit_code: u8) -> ExitCode {
        let hint = "See `ravi-workspace --help`.".to_owned();
        self.body(&ErrorBody { code: code.to_owned(), message: message.to_owned(), hint }, exit_code)
    }

    fn body(self, body: &ErrorBody, exit_code: u8) -> ExitCode {
        if self.json {
            print_json(&Failure { error: body });
        }
        say(&format!("error[{}]: {}\n  hint: {}", body.code, body.message, body.hint));
        ExitCode::from(exit_code)
    }
}

/// A message for the person, beside the answer.
pub(super) fn say(text: &str) {
    // Whoever closed standard error does not want to hear it.
    let _ = writeln!(io::stderr(), "{text}");
}

fn print_json<T: Serialize>(value: &T) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => print(&text),
        Err(e) => say(&format!("error: the answer cannot be written as JSON: {e}")),
    }
}

/// Prints a line. A reader that has gone away (a closed pipe) ends the output, not the program's work.
pub(super) fn print(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// A moment, to the second, in UTC.
pub(super) fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| "?".to_owned(), |at| format!("{at:.0}"))
}

/// A table with aligned columns; an empty one is said in words.
pub(super) fn table(header: &[&str], rows: &[Vec<String>], empty: &str) -> String {
    if rows.is_empty() {
        return empty.to_owned();
    }
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let head = line(header.to_vec());
    let body = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    std::iter::once(head).chain(body).collect::<Vec<_>>().join("\n")
}
