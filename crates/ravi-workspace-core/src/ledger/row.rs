//! Reading rows that another version of this program may have written.
//!
//! An older and a newer program may use the same file. What the newer one adds to the JSON of a row is ignored here,
//! and preserved if the row is written again. An unknown word is an error for that one row; everything else goes on.

use std::fmt;

use rusqlite::types::{Type, ValueRef};
use rusqlite::{Error, Result, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A row that this version cannot read. It travels as a SQLite error to where the file is known.
#[derive(Debug)]
pub(super) struct Unknown {
    /// Whose row it is, in words: `workspace w1`.
    pub(super) of: String,
    /// What in it is unknown.
    pub(super) what: String,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} is not known here", self.what, self.of)
    }
}

impl std::error::Error for Unknown {}

/// The error for a word in `column` that this version does not know.
pub(super) fn unknown(row: &Row<'_>, column: usize, of: String) -> Error {
    let name = row.as_ref().column_name(column).unwrap_or("a column");
    let word = row.get_ref(column).ok().and_then(|value| value.as_str().ok()).unwrap_or_default();
    error(column, of, format!("the {name} {word:?}"))
}

fn error(column: usize, of: String, what: String) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, Box::new(Unknown { of, what }))
}

/// A workspace, in words.
pub(super) fn workspace(id: &str) -> String {
    format!("workspace {id}")
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::ToSqlConversionFailure(Box::new(e)))
}

/// The JSON of a row that is written again. Members known only to a newer version are kept.
pub(super) fn json_over<T: Serialize>(before: &str, value: &T) -> Result<String> {
    let mut all: Map<String, Value> = serde_json::from_str(before).unwrap_or_default();
    let failed = |e| Error::ToSqlConversionFailure(Box::new(e));
    match serde_json::to_value(value).map_err(failed)? {
        Value::Object(known) => all.extend(known),
        other => return json(&other),
    }
    json(&all)
}

/// Parses the JSON in `column` of a row that belongs to `of`.
pub(super) fn parse<T: DeserializeOwned>(row: &Row<'_>, column: usize, of: &str) -> Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|e| match e.is_data() {
        true => {
            error(column, of.to_owned(), format!("its {} ({e})", row.as_ref().column_name(column).unwrap_or("content")))
        }
        false => Error::FromSqlConversionFailure(column, Type::Text, Box::new(e)),
    })
}

pub(super) fn parse_optional<T: DeserializeOwned>(row: &Row<'_>, column: usize, of: &str) -> Result<Option<T>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        _ => parse(row, column, of).map(Some),
    }
}
