//! Any JSON text, written in any way: only the bytes of the one string change.

use proptest::collection::vec;
use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::fixture::*;
use crate::vault::settings::{Pointer, SettingsFile, Value};

/// A value with the white space and spelling in which it is written.
#[derive(Debug, Clone)]
enum Json {
    Literal(&'static str),
    String(String, u64),
    Array(Vec<Json>, &'static str),
    Object(Vec<(String, Json)>, &'static str, u64),
}

fn literal() -> impl Strategy<Value = Json> {
    let spellings = ["null", "true", "false", "0", "-0", "1.50", "12345678901234567890", "-1E+2", "0.1e-7", "1e400"];
    proptest::sample::select(spellings.to_vec()).prop_map(Json::Literal)
}

fn space() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["", " ", "\n", "\t ", "\r\n  "])
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,6}", "[a-c*/~\"\\\\]{0,3}", Just("\u{1f600}\u{0}\u{7f}".to_owned()), Just("}],{[:\"".to_owned())]
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![literal(), (text(), any::<u64>()).prop_map(|(text, seed)| Json::String(text, seed))];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            (vec(inner.clone(), 0..5), space()).prop_map(|(members, space)| Json::Array(members, space)),
            (vec((text(), inner), 0..5), space(), any::<u64>()).prop_map(|(mut members, space, seed)| {
                let mut seen = std::collections::HashSet::new();
                members.retain(|(key, _)| seen.insert(key.clone()));
                Json::Object(members, space, seed)
            }),
        ]
    })
}

/// Where a string ended up: its pointer, what it says, its bytes.
type Spot = (Pointer, String, std::ops::Range<usize>);

#[derive(Default)]
struct Writer {
    out: String,
    spots: Vec<Spot>,
}

impl Writer {
    fn write(&mut self, json: &Json, at: &Pointer) {
        match json {
            Json::Literal(text) => self.out.push_str(text),
            Json::String(text, seed) => {
                let start = self.out.len();
                self.string(text, *seed);
                self.spots.push((at.clone(), text.clone(), start..self.out.len()));
            }
            Json::Array(members, space) => {
                self.out.push('[');
                for (index, member) in members.iter().enumerate() {
                    self.separate(index, space);
                    self.write(member, &at.join(&index.to_string()));
                    self.out.push_str(space);
                }
                self.out.push(']');
            }
            Json::Object(members, space, seed) => {
                self.out.push('{');
                for (index, (key, member)) in members.iter().enumerate() {
                    self.separate(index, space);
                    self.string(key, seed.rotate_left(index as u32));
                    self.out.push_str(space);
                    self.out.push(':');
                    self.out.push_str(space);
                    self.write(member, &at.join(key));
                }
                self.out.push_str(space);
                self.out.push('}');
            }
        }
    }

    fn separate(&mut self, index: usize, space: &str) {
        if index > 0 {
            self.out.push(',');
        }
        self.out.push_str(space);
    }

    /// Writes each character plainly, by its short escape, or as UTF-16 numbers, depending on the bits of `seed`.
    fn string(&mut self, text: &str, seed: u64) {
        self.out.push('"');
        for (index, c) in text.chars().enumerate() {
            match (c, seed >> (index * 2 % 62) & 3) {
                ('"' | '\\' | '/', 0 | 1) => self.out.extend(['\\', c]),
                ('\n', 0 | 1) => self.out.push_str("\\n"),
                ('"' | '\\' | '\0'..='\x1f', _) | (_, 3) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        self.out.push_str(&format!("\\u{unit:04X}"));
                    }
                }
                _ => self.out.push(c),
            }
        }
        self.out.push('"');
    }
}

/// A text and all its strings, of which there is at least one.
fn written(json: &Json, around: &str) -> Writer {
    let members = vec![("top".to_owned(), json.clone()), ("token".to_owned(), Json::String("made-up".into(), 0))];
    let mut writer = Writer { out: around.to_owned(), spots: Vec::new() };
    writer.write(&Json::Object(members, "", 7), &Pointer::default());
    writer.out.push_str(around);
    writer
}

proptest! {
    #[test]
    fn only_the_bytes_of_the_strings_change(
        json in json(),
        around in space(),
        picks in vec(any::<proptest::sample::Index>(), 1..4),
    ) {
        let Writer { out, spots } = written(&json, around);
        let mut chosen: Vec<_> = picks.iter().map(|pick| pick.index(spots.len())).collect();
        chosen.sort_unstable();
        chosen.dedup();
        let file = file(&out);

        let mut expected = out.clone();
        let mut replacements = Vec::new();
        for (n, &spot) in chosen.iter().enumerate().rev() {
            let (at, _, span) = &spots[spot];
            expected.replace_range(span.clone(), &format!("\"ravi://K{n}\""));
            replacements.push((at.clone(), host(&format!("K{n}"))));
        }
        let bytes = file.replace(&replacements).unwrap();
        prop_assert_eq!(std::str::from_utf8(&bytes).unwrap(), &expected);

        // What serde_json makes of it, if it can: it does not accept 1e400.
        if let Ok(mut before) = serde_json::from_str::<serde_json::Value>(&out) {
            for (at, reference) in &replacements {
                *before.pointer_mut(&at.to_string()).unwrap() = reference.to_string().into();
            }
            prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap(), before);
        }
    }

    #[test]
    fn every_string_is_read_as_it_was_meant(json in json(), around in space()) {
        let Writer { out, spots } = written(&json, around);
        let file = file(&out);
        for (at, text, _) in &spots {
            match file.value(at).unwrap() {
                Value::Plain(value) => prop_assert_eq!(value.expose_secret(), text),
                Value::Empty => prop_assert_eq!("", text),
                Value::Reference(_) => prop_assert!(false, "{}", text),
            }
        }
    }

    #[test]
    fn any_damage_is_an_error_and_never_a_panic(
        json in json(),
        at in any::<proptest::sample::Index>(),
        byte in prop_oneof![any::<u8>(), proptest::sample::select(b"\"\\{}[],:u0".to_vec())],
        cut in any::<bool>(),
    ) {
        let mut bytes = written(&json, " ").out.into_bytes();
        let index = at.index(bytes.len());
        if cut { bytes.truncate(index) } else { bytes[index] = byte }
        let valid = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok();
        let read = SettingsFile::from_bytes("/made/up".as_ref(), bytes.clone());
        prop_assert!(valid || read.is_err());
        if let Ok(file) = read {
            let unchanged = file.replace(&[]).unwrap();
            prop_assert_eq!(unchanged.as_slice(), bytes.as_slice());
            let _ = file.find(&[place("/top/*", "A_<ID>"), place("/*/*/*", "B_<ID>"), place("/token", "C")]);
        }
    }
}
