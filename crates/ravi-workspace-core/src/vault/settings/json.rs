//! Finds values in JSON text without taking the text apart.
//!
//! serde_json checks the grammar and returns each member as the slice of text it was read from; the slice determines
//! which bytes to replace. One walk serves any number of queries, so a file with very many places takes time in
//! proportion to its size.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::JsonType;
use super::pointer::{Pointer, Step};

/// The deepest nesting accepted; serde_json, which the apps themselves use, gives up there too.
pub const MAX_DEPTH: usize = 127;

/// What is wrong with the text. Positions are bytes from its start.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum JsonError {
    Syntax { offset: usize, reason: String },
    TooDeep,
    DuplicateKey(Pointer),
}

/// Text whose grammar and depth have been checked.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    text: &'a str,
    root: &'a RawValue,
}

/// A value that matched a query.
pub(super) struct Hit<'a> {
    /// Index of the query.
    pub query: usize,
    pub pointer: Pointer,
    pub raw: &'a RawValue,
    /// What the innermost `*` on the way matched.
    pub member: Option<Member<'a>>,
}

/// What a `*` matched.
#[derive(Clone)]
pub(super) enum Member<'a> {
    /// A member of an array.
    Element { pointer: Pointer, raw: &'a RawValue },
    /// The key of a member of an object.
    Entry(String),
}

impl<'a> Document<'a> {
    pub fn parse(text: &'a str) -> Result<Document<'a>, JsonError> {
        let root = serde_json::from_str(text).map_err(|e| syntax(text, 0, &e))?;
        if depth(text) > MAX_DEPTH { Err(JsonError::TooDeep) } else { Ok(Document { text, root }) }
    }

    /// The outermost value.
    pub fn root(&self) -> &'a RawValue {
        self.root
    }

    /// Reads one of the document's values.
    pub fn open<T: Deserialize<'a>>(&self, raw: &'a RawValue) -> Result<T, JsonError> {
        serde_json::from_str(raw.get()).map_err(|e| syntax(raw.get(), self.span(raw).start, &e))
    }

    /// Every value that a query leads to, in the order of the file. A repeated key on the way to one is an error;
    /// elsewhere it does not matter here.
    pub fn find(&self, queries: &[Vec<Step>]) -> Result<Vec<Hit<'a>>, JsonError> {
        let mut walk = Walk { document: *self, hits: Vec::new() };
        let start = queries.iter().enumerate().map(|(query, rest)| Cursor { query, rest, member: None }).collect();
        walk.visit(self.root, Pointer::default(), start)?;
        Ok(walk.hits)
    }

    /// The same text, with `raw` as the value at which queries start.
    pub fn sub(&self, raw: &'a RawValue) -> Document<'a> {
        Document { text: self.text, root: raw }
    }

    /// The bytes that `raw` was read from.
    pub fn span(&self, raw: &RawValue) -> Range<usize> {
        let start = raw.get().as_ptr().addr() - self.text.as_ptr().addr();
        start..start + raw.get().len()
    }
}

/// Type of a value, from its first byte.
pub(super) fn type_of(raw: &RawValue) -> JsonType {
    match raw.get().as_bytes().first() {
        Some(b'{') => JsonType::Object,
        Some(b'[') => JsonType::Array,
        Some(b'"') => JsonType::String,
        Some(b't' | b'f') => JsonType::Boolean,
        Some(b'n') => JsonType::Null,
        _ => JsonType::Number,
    }
}

/// One query on its way down.
#[derive(Clone)]
struct Cursor<'q, 'a> {
    query: usize,
    rest: &'q [Step],
    member: Option<Member<'a>>,
}

struct Walk<'a> {
    document: Document<'a>,
    hits: Vec<Hit<'a>>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, raw: &'a RawValue, at: Pointer, cursors: Vec<Cursor<'_, 'a>>) -> Result<(), JsonError> {
        let mut ways = Ways::default();
        for cursor in cursors {
            match cursor.rest.split_first() {
                None => {
                    self.hits.push(Hit { query: cursor.query, pointer: at.clone(), raw, member: cursor.member });
                }
                Some((Step::Any, rest)) => ways.any.push(Cursor { rest, ..cursor }),
                Some((Step::Member(name), rest)) => {
                    ways.named.entry(name).or_default().push(Cursor { rest, ..cursor });
                }
            }
        }
        match type_of(raw) {
            _ if ways.is_empty() => Ok(()),
            JsonType::Object => self.visit_object(raw, &at, &ways),
            JsonType::Array => self.visit_array(raw, &at, &ways),
            // A query that goes deeper than the file matches nothing, as in RFC 6901.
            _ => Ok(()),
        }
    }

    fn visit_object(&mut self, raw: &'a RawValue, at: &Pointer, ways: &Ways<'_, 'a>) -> Result<(), JsonError> {
        let Entries(entries) = self.document.open(raw)?;
        let mut seen = HashSet::new();
        for (key, value) in entries {
            let next = ways.through(&key, || Member::Entry(key.clone()));
            if next.is_empty() {
                continue;
            }
            let below = at.join(&key);
            if !seen.insert(key) {
                return Err(JsonError::DuplicateKey(below));
            }
            self.visit(value, below, next)?;
        }
        Ok(())
    }

    fn visit_array(&mut self, raw: &'a RawValue, at: &Pointer, ways: &Ways<'_, 'a>) -> Result<(), JsonError> {
        let elements: Vec<&'a RawValue> = self.document.open(raw)?;
        for (index, value) in elements.into_iter().enumerate() {
            // Comparing texts refuses what RFC 6901 refuses: leading zeros, signs, "-".
            let index = index.to_string();
            let next = ways.through(&index, || Member::Element { pointer: at.join(&index), raw: value });
            if !next.is_empty() {
                self.visit(value, at.join(&index), next)?;
            }
        }
        Ok(())
    }
}

/// The queries that continue below one value.
#[derive(Default)]
struct Ways<'q, 'a> {
    any: Vec<Cursor<'q, 'a>>,
    named: HashMap<&'q str, Vec<Cursor<'q, 'a>>>,
}

impl<'q, 'a> Ways<'q, 'a> {
    fn is_empty(&self) -> bool {
        self.any.is_empty() && self.named.is_empty()
    }

    /// Those that continue through the member called `name`.
    fn through(&self, name: &str, member: impl Fn() -> Member<'a>) -> Vec<Cursor<'q, 'a>> {
        let any = self.any.iter().map(|cursor| Cursor { member: Some(member()), ..cursor.clone() });
        any.chain(self.named.get(name).into_iter().flatten().cloned()).collect()
    }
}

/// The members of an object as written, including repeated keys.
pub(super) struct Entries<'a>(pub Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

/// Explains a grammar error. In that case the part of serde_json's message before the position repeats nothing of the
/// text. That would not hold for errors about data, but there are none here, since no data is asked for.
fn syntax(text: &str, start: usize, error: &serde_json::Error) -> JsonError {
    let reason = if error.is_data() { "unexpected value".into() } else { grammar_message(error) };
    JsonError::Syntax { offset: start + offset(text, error.line(), error.column()), reason }
}

fn grammar_message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&position).unwrap_or(&message).to_owned()
}

/// serde_json counts lines from 1 and columns in bytes, from 1; column 0 is the start of the line.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let line_start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (line_start + column.saturating_sub(1)).min(text.len())
}

/// Line and column of a byte, both from 1.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    (line, column)
}

/// The deepest nesting of a text that is valid JSON.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
