//! Files and places that are wrong: each gives a clear error that reveals nothing of the content.

use std::os::unix::fs::{PermissionsExt, symlink};

use rustix::fs::{CWD, mkfifoat};

use super::fixture::*;
use crate::error::{Explain, Kind};
use crate::vault::settings::{MAX_DEPTH, MAX_SIZE, Place, SettingsError, SettingsFile};

/// Stands for the secret in all files here; no error may contain it.
const CANARY: &str = "made-up-canary-93";

fn checked(error: SettingsError) -> SettingsError {
    for text in [error.to_string(), format!("{error:?}"), error.hint()] {
        assert!(!text.contains(CANARY), "{text}");
    }
    assert!(!error.hint().is_empty());
    error
}

fn unreadable(bytes: impl AsRef<[u8]>) -> SettingsError {
    let (_dir, path) = on_disk(bytes.as_ref());
    let error = checked(SettingsFile::read(&path).unwrap_err());
    assert_eq!(std::fs::read(&path).unwrap(), bytes.as_ref());
    assert!(error.to_string().contains("settings.json"), "{error}");
    error
}

fn not_found(text: &str, places: &[Place]) -> SettingsError {
    checked(file(&text.replace("CANARY", CANARY)).find(places).unwrap_err())
}

#[test]
fn what_is_not_json_is_named_by_line_and_column() {
    let at = |text: &str| match unreadable(text.replace("CANARY", CANARY)) {
        SettingsError::NotJson { line, column, .. } => (line, column),
        other => panic!("{other:?}"),
    };
    assert_eq!(at(""), (1, 1));
    assert_eq!(at("CANARY"), (1, 1));
    assert_eq!(at("{\n  \"a\": \"CANARY\" \"b\"}"), (2, 28));
    assert_eq!(at("{\"a\":\"CANARY"), (1, 5 + 1 + CANARY.len()));
    assert_eq!(at("{\"a\":\"CANARY\"} x"), (1, 7 + CANARY.len() + 3));
    assert_eq!(at("{\"a\":\"CANARY\n\"}").0, 1);
    assert_eq!(at("// comment\n{}"), (1, 1));
    assert_eq!(at("{\"a\":1,}"), (1, 8));
    assert_eq!(at("{'a':'CANARY'}"), (1, 2));
    assert_eq!(at("[01]"), (1, 3));
    assert_eq!(at("\"a\u{0}b\""), (1, 2));
    assert_eq!(unreadable("nope").code(), "settings.not_json");
    let text = unreadable("{\n\"a\" 1}").to_string();
    assert!(text.ends_with("settings.json is not JSON: line 2, column 5: expected `:`"), "{text}");
}

#[test]
fn half_a_pair_in_a_key_is_named_where_it_stands() {
    let broken = file("{\n \"x\": {\"\\ud800\": 1, \"t\": \"made-up-canary-93\"}}");
    match checked(broken.find(&[place("/x/t", "T")]).unwrap_err()) {
        SettingsError::NotJson { line: 2, column, .. } => assert!((8..=18).contains(&column), "{column}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(not_found("{\"t\":\"CANARY\\udc00\"}", &[place("/t", "T")]).code(), "settings.not_text");
}

#[test]
fn other_encodings_are_told_apart() {
    assert_eq!(unreadable("\u{feff}{}").code(), "settings.bom");
    assert!(matches!(unreadable(b"\xff\xfe{\0}\0"), SettingsError::NotUtf8 { offset: 0, .. }));
    assert!(matches!(unreadable(b"{\"a\":\"\xe9\"}"), SettingsError::NotUtf8 { offset: 6, .. }));
}

#[test]
fn nesting_is_limited_as_in_serde_json() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(serde_json::from_str::<serde_json::Value>(&nested(MAX_DEPTH)).is_ok());
    assert!(serde_json::from_str::<serde_json::Value>(&nested(MAX_DEPTH + 1)).is_err());
    let (_dir, path) = on_disk(nested(MAX_DEPTH));
    assert!(SettingsFile::read(&path).is_ok());
    assert_eq!(unreadable(nested(MAX_DEPTH + 1)).code(), "settings.too_deep");
    assert_eq!(unreadable(nested(2_000_000)).code(), "settings.too_deep");
    assert_eq!(unreadable("[{\"a\":".repeat(1_000_000)).code(), "settings.not_json");
    let (_dir, path) = on_disk(format!("{{\"a\\\"[\": \"{}\"}}", "[{".repeat(500)));
    assert!(SettingsFile::read(&path).is_ok(), "brackets in strings are text");
}

#[test]
fn size_is_limited() {
    let (_dir, path) = on_disk("");
    let sized = std::fs::File::create(&path).unwrap();
    sized.set_len(MAX_SIZE as u64 + 1).unwrap();
    assert_eq!(SettingsFile::read(&path).unwrap_err().code(), "settings.too_large");
    let mut largest = "{}".to_owned();
    largest.push_str(&" ".repeat(MAX_SIZE - 2));
    std::fs::write(&path, largest).unwrap();
    assert!(SettingsFile::read(&path).is_ok());
}

#[test]
fn what_is_no_file_is_refused_without_waiting() {
    let (dir, path) = on_disk("{}");
    let at = |name: &str| dir.path().join(name);
    mkfifoat(CWD, at("fifo"), rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    symlink(at("fifo"), at("to-fifo")).unwrap();
    symlink(at("gone"), at("dangling")).unwrap();
    let code = |name: &str| checked(SettingsFile::read(&at(name)).unwrap_err()).code();
    assert_eq!(code(""), "settings.directory");
    assert_eq!(code("fifo"), "settings.not_regular");
    assert_eq!(code("to-fifo"), "settings.not_regular");
    assert_eq!(code("gone"), "settings.not_found");
    assert_eq!(code("dangling"), "settings.not_found");
    assert_eq!(SettingsFile::read(&at("gone")).unwrap_err().kind(), Kind::NotFound);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    let read = SettingsFile::read(&path).map(|_| ()).map_err(|e| e.code());
    let expected = if rustix::process::geteuid().is_root() { Ok(()) } else { Err("settings.denied".to_owned()) };
    assert_eq!(read, expected);
}

#[test]
fn a_key_that_stands_twice_on_the_way_is_refused() {
    let pointer = |text: &str, at: &str| match not_found(text, &[place(at, "T")]) {
        SettingsError::DuplicateKey { pointer, .. } => pointer,
        other => panic!("{other:?}"),
    };
    assert_eq!(pointer(r#"{"t":"CANARY","t":"CANARY"}"#, "/t"), "/t");
    assert_eq!(pointer(r#"{"t":null,"\u0074":"CANARY"}"#, "/t"), "/t");
    assert_eq!(pointer(r#"{"a":{"t":"CANARY"},"x":1,"a":{}}"#, "/a/t"), "/a");
    assert_eq!(pointer(r#"{"a":{"b":"1","b":"CANARY"}}"#, "/a/*"), "/a/b");
    let id = r#"{"l":[{"id":"a","id":"b","t":"CANARY"}]}"#;
    match not_found(id, &[place("/l/*/t", "T_<ID>")]) {
        SettingsError::DuplicateKey { pointer, .. } => assert_eq!(pointer, "/l/0/id"),
        other => panic!("{other:?}"),
    }
    let twice = file(r#"{"t":"1","t":"2"}"#);
    assert_eq!(twice.value(&super::fixture::pointer("/t")).unwrap_err().code(), "settings.duplicate_key");
    let replaced = twice.replace(&[(super::fixture::pointer("/t"), host("T"))]);
    assert_eq!(replaced.unwrap_err().code(), "settings.duplicate_key");
}

#[test]
fn other_types_at_a_place_are_named() {
    for (json, name) in
        [("1e400", "a number"), ("true", "a boolean"), (r#"["CANARY"]"#, "an array"), ("{}", "an object")]
    {
        let error = not_found(&format!(r#"{{"a":{{"t":{json}}}}}"#), &[place("/a/t", "T")]);
        assert_eq!(error.code(), "settings.wrong_type");
        let expected = format!("the value at \"/a/t\" in /made/up/settings.json is {name}, not a string");
        assert_eq!(error.to_string(), expected);
    }
    let file = file(r#"{"n":null,"o":{}}"#);
    assert_eq!(file.value(&pointer("/o")).unwrap_err().code(), "settings.wrong_type");
    assert_eq!(file.replace(&[(pointer("/n"), host("T"))]).unwrap_err().code(), "settings.wrong_type");
}

#[test]
fn a_file_without_any_of_the_keys_says_which() {
    let error = not_found(r#"{"other":"CANARY","remoteBackends":[]}"#, &codex_monitor());
    assert_eq!((error.code().as_str(), error.kind()), ("settings.nothing_to_migrate", Kind::NotFound));
    let expected = "/made/up/settings.json lacks the keys \"/remoteBackendToken\", \"/remoteBackends/*/token\"";
    assert_eq!(error.to_string(), expected);
    for text in ["null", "[]", "{}", "7", r#""CANARY""#, r#"{"remoteBackends":"CANARY"}"#] {
        assert_eq!(not_found(text, &codex_monitor()).code(), "settings.nothing_to_migrate", "{text}");
    }
    assert_eq!(file("{}").value(&pointer("/a")).unwrap_err().kind(), Kind::NotFound);
    assert_eq!(file("{}").replace(&[(pointer("/a"), host("A"))]).unwrap_err().code(), "settings.missing");
}

#[test]
fn names_that_cannot_be_or_clash_are_refused() {
    let backends = |ids: &str| not_found(&format!(r#"{{"remoteBackends":[{ids}]}}"#), &codex_monitor());
    let clash = backends(r#"{"id":"a-b","token":"CANARY1"},{"id":"A.B","token":"CANARY2"}"#);
    let expected = "\"/remoteBackends/0/token\" and \"/remoteBackends/1/token\" in /made/up/settings.json \
                    would both be stored as CODEX_MONITOR_BACKEND_TOKEN_A_B";
    assert_eq!((clash.code().as_str(), clash.to_string().as_str()), ("settings.same_name", expected));
    for member in [r#"{"token":"CANARY"}"#, r#"{"id":7,"token":"CANARY"}"#, r#"{"id":"","token":"CANARY"}"#] {
        assert_eq!(backends(member).code(), "settings.no_id", "{member}");
    }
    let long = format!(r#"{{"id":"{}","token":"CANARY"}}"#, "x".repeat(400));
    assert_eq!(backends(&long).code(), "settings.name");
    assert_eq!(not_found("[\"CANARY\"]", &[place("/*", "T_<ID>")]).code(), "settings.no_id");
}

#[test]
fn malformed_references_are_neither_moved_nor_followed() {
    let error = not_found(r#"{"t":"ravi://CANARY"}"#, &[place("/t", "T")]);
    assert_eq!(error.code(), "settings.reference");
    let file = file(&format!(r#"{{"t":"ravi://a/b/{CANARY}"}}"#));
    assert_eq!(checked(file.value(&pointer("/t")).unwrap_err()).code(), "settings.reference");
}

#[test]
fn places_that_make_no_sense_are_a_usage_error() {
    for (places, code) in [
        (vec![], "settings.no_places"),
        (vec![place("t", "T")], "settings.pointer"),
        (vec![place("/~t", "T")], "settings.pointer"),
        (vec![place("/t", "")], "settings.name"),
        (vec![place("/t", "A-B")], "settings.name"),
        (vec![place("/*", "T_<id>")], "settings.name"),
        (vec![place("/t", "T_<ID>")], "settings.id_without_member"),
    ] {
        let error = not_found(r#"{"t":"CANARY"}"#, &places);
        assert_eq!((error.code().as_str(), error.kind()), (code, Kind::Usage));
    }
    let twice = [(pointer("/t"), host("A")), (pointer("/t"), host("B"))];
    assert_eq!(file(r#"{"t":"x"}"#).replace(&twice).unwrap_err().code(), "settings.replaced_twice");
}

#[test]
fn nothing_of_the_file_is_shown() {
    let file = file(&format!(r#"{{"t":"{CANARY}","u":"{CANARY}"}}"#));
    let found = file.find(&[place("/t", "T")]).unwrap();
    let value = file.value(&pointer("/u")).unwrap();
    for text in [format!("{file:?}"), format!("{found:?}"), format!("{value:?}")] {
        assert!(!text.contains(CANARY), "{text}");
    }
    let escape = not_found("{\"a\\u001b[31m\":{\"t\":7}}", &[place("/*/t", "T")]).to_string();
    assert!(escape.contains(r"/a\u{1b}[31m/t") && !escape.contains('\u{1b}'), "{escape}");
}
