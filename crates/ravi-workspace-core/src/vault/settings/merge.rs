//! Carries over what an app changed in its settings into the file as it is now.
//!
//! Three versions meet: what the app loaded, what it has now, and the text on disk, which another process may have
//! written meanwhile and which may have keys that the app does not know. Only what the app has changed since loading is
//! written; everything else keeps its bytes: order, white space, the way numbers and strings are written.

use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};
use zeroize::Zeroizing;

use super::error::JsonType;
use super::json::{Document, Entries, JsonError, type_of};
use super::pointer::Pointer;

/// `text` with the changes from `base` to `ours` applied.
pub(super) fn merge(text: &str, base: &Json, ours: &Json) -> Result<Zeroizing<String>, JsonError> {
    let document = Document::parse(text)?;
    let root = document.root();
    let span = document.span(root);
    let merged = Merge { text, document }.value(root, Some(base), ours, &Pointer::default())?;
    Ok(Zeroizing::new([&text[..span.start], &merged, &text[span.end..]].concat()))
}

struct Merge<'a> {
    text: &'a str,
    document: Document<'a>,
}

impl<'a> Merge<'a> {
    fn value(
        &self,
        raw: &'a RawValue,
        base: Option<&Json>,
        ours: &Json,
        at: &Pointer,
    ) -> Result<Zeroizing<String>, JsonError> {
        if base == Some(ours) {
            return Ok(owned(raw.get()));
        }
        match (ours, type_of(raw)) {
            (Json::Object(ours), JsonType::Object) => self.object(raw, base.and_then(Json::as_object), ours, at),
            (Json::Array(ours), JsonType::Array) => self.array(raw, base.and_then(Json::as_array), ours, at),
            _ if parsed(raw).is_some_and(|now| now == *ours) => Ok(owned(raw.get())),
            _ => Ok(written(ours, "")),
        }
    }

    fn object(
        &self,
        raw: &'a RawValue,
        base: Option<&Map<String, Json>>,
        ours: &Map<String, Json>,
        at: &Pointer,
    ) -> Result<Zeroizing<String>, JsonError> {
        let Entries(entries) = self.document.open(raw)?;
        let base = |key: &str| base.and_then(|base| base.get(key));
        let mut list = List::new(self.text, self.document.span(raw));
        let mut seen = HashSet::new();
        for (key, value) in entries {
            let below = at.join(&key);
            let changed = ours.get(&key) != base(&key);
            if !seen.insert(key.clone()) && changed {
                return Err(JsonError::DuplicateKey(below));
            }
            let merged = match (ours.get(&key), base(&key)) {
                (Some(now), before) => Some(self.value(value, before, now, &below)?),
                // The app knew it and dropped it.
                (None, Some(_)) => None,
                // The app does not know it.
                (None, None) => Some(owned(value.get())),
            };
            list.next(self.document.span(value), merged);
        }
        // What the app loaded and the file lacks was removed by somebody, or is a default that nobody wrote.
        for (key, now) in ours.iter().filter(|(key, now)| !seen.contains(*key) && base(key) != Some(*now)) {
            list.add(Some(key), now);
        }
        Ok(list.end())
    }

    fn array(
        &self,
        raw: &'a RawValue,
        base: Option<&Vec<Json>>,
        ours: &[Json],
        at: &Pointer,
    ) -> Result<Zeroizing<String>, JsonError> {
        let elements: Vec<&'a RawValue> = self.document.open(raw)?;
        let base = base.map_or(&[][..], Vec::as_slice);
        let theirs: Vec<Json> = elements.iter().filter_map(|raw| parsed(raw)).collect();
        if theirs.len() != elements.len() {
            return Ok(written(&Json::Array(ours.to_vec()), ""));
        }
        let Some(plan) = plan(&theirs, base, ours) else {
            return Ok(written(&Json::Array(ours.to_vec()), &indent(self.text, self.document.span(raw).start)));
        };
        let in_place = plan.iter().enumerate().all(|(index, from)| from.theirs == Some(index));
        let mut list = List::new(self.text, self.document.span(raw));
        let mut merged = Vec::new();
        for from in &plan {
            merged.push(match (from.theirs, from.ours) {
                (Some(index), Some(now)) => {
                    self.value(elements[index], from.base, now, &at.join(&index.to_string()))?
                }
                (Some(index), None) => owned(elements[index].get()),
                (None, Some(now)) => {
                    written(now, &list.indent(elements.first().map(|raw| self.document.span(raw).start)))
                }
                (None, None) => continue,
            });
        }
        if in_place && merged.len() == elements.len() {
            for (raw, merged) in elements.iter().zip(merged) {
                list.next(self.document.span(raw), Some(merged));
            }
            return Ok(list.end());
        }
        Ok(list.rebuilt(elements.first().map(|raw| self.document.span(raw).start), &merged))
    }
}

/// Where an element of the new array comes from.
struct From<'v> {
    theirs: Option<usize>,
    base: Option<&'v Json>,
    ours: Option<&'v Json>,
}

/// Which elements belong together: those with the same `id`, otherwise those in the same position. `None` if that
/// cannot be determined, and the app's array counts as a whole.
fn plan<'v>(theirs: &[Json], base: &'v [Json], ours: &'v [Json]) -> Option<Vec<From<'v>>> {
    let (Some(their_ids), Some(base_ids), Some(our_ids)) = (ids(theirs), ids(base), ids(ours)) else {
        let same_length = theirs.len() == base.len() && base.len() == ours.len();
        let by_place = |index| From { theirs: Some(index), base: Some(&base[index]), ours: Some(&ours[index]) };
        return same_length.then(|| (0..ours.len()).map(by_place).collect());
    };
    let before = |id: &str| base_ids.get(id).map(|index| &base[*index]);
    let mut plan: Vec<From<'_>> = Vec::new();
    for now in ours {
        let id = id(now)?;
        let (theirs, base) = (their_ids.get(id).copied(), before(id));
        // Unchanged here and gone there: somebody else removed it.
        if theirs.is_some() || base != Some(now) {
            plan.push(From { theirs, base, ours: Some(now) });
        }
    }
    // Neither loaded nor made here: somebody else added it meanwhile.
    let added = |(index, theirs)| {
        let id = id(theirs)?;
        let new = !base_ids.contains_key(id) && !our_ids.contains_key(id);
        new.then_some(From { theirs: Some(index), base: None, ours: None })
    };
    plan.extend(theirs.iter().enumerate().filter_map(added));
    Some(plan)
}

fn id(element: &Json) -> Option<&str> {
    element.get("id").and_then(Json::as_str)
}

/// Index by id, if every element has a distinct one.
fn ids(elements: &[Json]) -> Option<HashMap<&str, usize>> {
    let found: HashMap<&str, usize> =
        elements.iter().enumerate().map(|(index, element)| Some((id(element)?, index))).collect::<Option<_>>()?;
    (found.len() == elements.len()).then_some(found)
}

/// The members of an object or array, copied together with what is between them.
struct List<'a> {
    text: &'a str,
    span: std::ops::Range<usize>,
    copied: usize,
    /// How many members were seen, and how many were kept.
    met: usize,
    kept: usize,
    /// What comes before the first member, and between its key and value.
    style: (&'a str, &'static str),
    out: Zeroizing<String>,
}

impl<'a> List<'a> {
    fn new(text: &'a str, span: std::ops::Range<usize>) -> List<'a> {
        let open = &text[span.start..=span.start];
        let out = Zeroizing::new(open.to_owned());
        List { text, copied: span.start + 1, span, met: 0, kept: 0, style: ("", ": "), out }
    }

    /// Copies the next member with what leads to it, or leaves both out.
    fn next(&mut self, value: std::ops::Range<usize>, merged: Option<Zeroizing<String>>) {
        let lead = &self.text[self.copied..value.start];
        if self.met == 0 {
            let colon = if lead.ends_with(": ") || lead.trim().is_empty() { ": " } else { ":" };
            self.style = (&lead[..lead.len() - lead.trim_start().len()], colon);
        }
        if let Some(merged) = merged {
            // A member that becomes the first one loses its leading comma.
            let lead = match lead.split_once(',') {
                Some((_, rest)) if self.kept == 0 && self.met > 0 => rest,
                _ => lead,
            };
            self.out.push_str(lead);
            self.out.push_str(&merged);
            self.kept += 1;
        }
        self.met += 1;
        self.copied = value.end;
    }

    fn add(&mut self, key: Option<&str>, value: &Json) {
        let (before, colon) = self.style;
        if self.kept > 0 {
            self.out.push(',');
        }
        self.out.push_str(before);
        if let Some(key) = key {
            self.out.push_str(&Json::from(key).to_string());
            self.out.push_str(colon);
        }
        let indent = before.rsplit_once('\n').map_or("", |(_, indent)| indent);
        self.out.push_str(&written(value, indent));
        self.kept += 1;
    }

    fn end(mut self) -> Zeroizing<String> {
        self.out.push_str(&self.text[self.copied..self.span.end]);
        self.out
    }

    /// The white space before the first member, from the last line break on.
    fn indent(&self, first: Option<usize>) -> String {
        let before = first.map_or("", |first| &self.text[self.span.start + 1..first]);
        before.rsplit_once('\n').map_or("", |(_, indent)| indent).to_owned()
    }

    /// Writes all members again, in the style of the first one.
    fn rebuilt(self, first: Option<usize>, members: &[Zeroizing<String>]) -> Zeroizing<String> {
        let before = first.map_or("", |first| &self.text[self.span.start + 1..first]);
        let inside = &self.text[self.span.start + 1..self.span.end - 1];
        let after = match members {
            [] => "",
            _ => &inside[inside.trim_end().len()..],
        };
        let mut out = self.out;
        for (index, member) in members.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            out.push_str(before);
            out.push_str(member);
        }
        out.push_str(after);
        out.push(']');
        out
    }
}

fn parsed(raw: &RawValue) -> Option<Json> {
    serde_json::from_str(raw.get()).ok()
}

fn owned(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

/// The white space at the beginning of the line that contains `offset`.
fn indent(text: &str, offset: usize) -> String {
    let line = &text[text[..offset].rfind('\n').map_or(0, |at| at + 1)..offset];
    line[..line.len() - line.trim_start().len()].to_owned()
}

/// A new value, with `indent` before each further line. No JSON string contains a line break.
fn written(value: &Json, indent: &str) -> Zeroizing<String> {
    match value {
        Json::Object(_) | Json::Array(_) => Zeroizing::new(format!("{value:#}").replace('\n', &format!("\n{indent}"))),
        _ => Zeroizing::new(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(text: &str, base: &Json, ours: &Json) -> String {
        let merged = merge(text, base, ours).unwrap();
        serde_json::from_str::<Json>(&merged).unwrap_or_else(|e| panic!("{e}: {}", *merged));
        merged.to_string()
    }

    #[test]
    fn what_did_not_change_keeps_its_bytes() {
        let text = "\r\n{ \"b\" : 1.50,\"a\":[ 1 ,2 ],\t\"c\":{ \"x\":\"\\u0041\" } }\n";
        let base: Json = serde_json::from_str(text).unwrap();
        assert_eq!(merged(text, &base, &base), text);
        let mut ours = base.clone();
        ours["c"]["x"] = json!("B");
        assert_eq!(merged(text, &base, &ours), text.replace("\"\\u0041\"", "\"B\""));
    }

    #[test]
    fn keys_are_added_in_style_dropped_and_those_not_known_are_kept() {
        let text = "{\n  \"a\": 1,\n  \"unknown\": [true],\n  \"b\": 2\n}\n";
        let base = json!({ "a": 1, "b": 2 });
        let ours = json!({ "b": 2, "new": { "k": [1] } });
        let wanted = "{\n  \"unknown\": [true],\n  \"b\": 2,\n  \"new\": {\n    \"k\": [\n      1\n    ]\n  }\n}\n";
        assert_eq!(merged(text, &base, &ours), wanted);
        assert_eq!(merged("{\"a\":1,\"b\":2}", &base, &json!({ "b": 2 })), "{\"b\":2}");
        assert_eq!(merged("{ \"a\" :1 }", &json!({ "a": 1 }), &json!({})), "{ }");
        assert_eq!(merged("{}", &json!({}), &json!({ "a": "x" })), "{\"a\": \"x\"}");
    }

    #[test]
    fn another_process_keeps_what_it_changed() {
        let base = json!({ "a": 1, "b": 2, "c": 3, "d": 4 });
        let ours = json!({ "a": 10, "b": 2, "c": 3, "d": 4 });
        // It changed b, removed c and added e.
        assert_eq!(merged("{\"a\":1,\"b\":20,\"d\":4,\"e\":5}", &base, &ours), "{\"a\":10,\"b\":20,\"d\":4,\"e\":5}");
    }

    #[test]
    fn members_of_an_array_are_told_by_id() {
        let text = "[\n  {\"id\": \"x\", \"n\": 1, \"unknown\": true},\n  {\"id\": \"y\", \"n\": 2},\n  {\"id\": \"theirs\"}\n]";
        let base = json!([{ "id": "x", "n": 1 }, { "id": "y", "n": 2 }]);
        let ours = json!([{ "id": "new" }, { "id": "x", "n": 7 }]);
        let wanted = "[\n  {\n    \"id\": \"new\"\n  },\n  {\"id\": \"x\", \"n\": 7, \"unknown\": true},\n  {\"id\": \"theirs\"}\n]";
        assert_eq!(merged(text, &base, &ours), wanted);
        assert_eq!(merged("[1, 2]", &json!([1, 2]), &json!([1, 3])), "[1, 3]");
        assert_eq!(merged("[1, 2]", &json!([1, 2]), &json!([])), "[]");
        assert_eq!(merged("[{\"id\":\"x\"}]", &json!([{ "id": "x" }]), &json!([])), "[]");
    }

    #[test]
    fn a_key_that_stands_twice_cannot_be_changed() {
        let text = "{\"a\":1,\"a\":2,\"b\":1}";
        let base = json!({ "a": 2, "b": 1 });
        assert_eq!(merged(text, &base, &json!({ "a": 2, "b": 5 })), "{\"a\":1,\"a\":2,\"b\":5}");
        let refused = merge(text, &base, &json!({ "a": 3, "b": 1 })).unwrap_err();
        assert_eq!(refused, JsonError::DuplicateKey(Pointer::parse("/a").unwrap()));
    }
}
