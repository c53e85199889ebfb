//! Finding and replacing in files that are well formed, however odd.

use secrecy::ExposeSecret;

use super::fixture::*;
use crate::error::Explain;
use crate::model::reference::Reference;
use crate::vault::settings::{Findings, PlainValue, Value, preset};

fn plain(found: &Findings) -> Vec<(String, String, String)> {
    let entry = |p: &PlainValue| (p.pointer.to_string(), p.secret.to_string(), p.value.expose_secret().to_owned());
    found.plain.iter().map(entry).collect()
}

fn expected(entries: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    entries.iter().map(|(a, b, c)| (a.to_string(), b.to_string(), c.to_string())).collect()
}

#[test]
fn the_preset_finds_the_tokens_of_codex_monitor() {
    let found = file(CODEX_MONITOR).find(&codex_monitor()).unwrap();
    let tokens = [
        ("/remoteBackendToken", "CODEX_MONITOR_DAEMON_TOKEN", TOKENS[0]),
        ("/remoteBackends/0/token", "CODEX_MONITOR_BACKEND_TOKEN_B4CK__ND_1", TOKENS[1]),
        ("/remoteBackends/4/token", "CODEX_MONITOR_BACKEND_TOKEN_C", TOKENS[2]),
    ];
    assert_eq!(plain(&found), expected(&tokens));
    assert_eq!(found.empty, [pointer("/remoteBackends/1/token"), pointer("/remoteBackends/2/token")]);
    assert!(found.references.is_empty());
    assert!(preset("codex").is_none());
}

#[test]
fn replacing_keeps_every_other_byte() {
    let replacements = [
        (pointer("/remoteBackends/4/token"), host("CODEX_MONITOR_BACKEND_TOKEN_C")),
        (pointer("/remoteBackendToken"), host("CODEX_MONITOR_DAEMON_TOKEN")),
        (pointer("/remoteBackends/0/token"), host("CODEX_MONITOR_BACKEND_TOKEN_B4CK__ND_1")),
    ];
    let bytes = file(CODEX_MONITOR).replace(&replacements).unwrap();
    assert_eq!(std::str::from_utf8(&bytes).unwrap(), migrated());
    let after = file(&migrated());
    let found = after.find(&codex_monitor()).unwrap();
    assert!(found.plain.is_empty());
    let references: Vec<_> = found.references.iter().map(|there| there.reference.to_string()).collect();
    let names = ["DAEMON_TOKEN", "BACKEND_TOKEN_B4CK__ND_1", "BACKEND_TOKEN_C"];
    assert_eq!(references, names.map(|name| format!("ravi://CODEX_MONITOR_{name}")));
    assert_eq!(*after.replace(&[]).unwrap(), migrated().as_bytes());
}

#[test]
fn escaped_and_starred_keys_are_met() {
    let text = r#"{"a/b":{"m~n":"one","*":"two","":"three","0":"four"},"list":["zero",["in"]]}"#;
    let file = file(text);
    let value = |at: &str| match file.value(&pointer(at)).unwrap() {
        Value::Plain(value) => value.expose_secret().to_owned(),
        other => panic!("{at}: {other:?}"),
    };
    for (at, expected) in [
        ("/a~1b/m~0n", "one"),
        ("/a~1b/*", "two"),
        ("/a~1b/", "three"),
        ("/a~1b/0", "four"),
        ("/list/0", "zero"),
        ("/list/1/0", "in"),
    ] {
        assert_eq!(value(at), expected, "{at}");
    }
    for at in ["/list/00", "/list/-", "/list/+1", "/list/2", "/list/0/0", "/a~1b/x", "/a", "/list/*"] {
        assert_eq!(file.value(&pointer(at)).unwrap_err().code(), "settings.missing", "{at}");
    }
}

#[test]
fn a_star_names_members_of_objects_by_their_key() {
    let text =
        r#"{"p":{"open ai":{"keys":[{"id":"x","k":"1"},{"id":"y","k":"2"}],"k":"3"},"b":{"k":"4","id":"other"}}}"#;
    let keys = file(text).find(&[place("/p/*/k", "KEY_<ID>")]).unwrap();
    assert_eq!(plain(&keys), expected(&[("/p/open ai/k", "KEY_OPEN_AI", "3"), ("/p/b/k", "KEY_B", "4")]));
    let innermost = file(text).find(&[place("/p/*/keys/*/k", "KEY_<ID>_<ID>")]).unwrap();
    let expected_keys = [("/p/open ai/keys/0/k", "KEY_X_X", "1"), ("/p/open ai/keys/1/k", "KEY_Y_Y", "2")];
    assert_eq!(plain(&innermost), expected(&expected_keys));
}

#[test]
fn a_whole_document_may_be_one_string() {
    let file = file(" \"made-up\"\n");
    let found = file.find(&[place("", "ONLY")]).unwrap();
    assert_eq!(plain(&found), expected(&[("", "ONLY", "made-up")]));
    assert_eq!(*file.replace(&[(pointer(""), host("ONLY"))]).unwrap(), b" \"ravi://ONLY\"\n");
}

#[test]
fn places_that_lead_to_one_value_must_agree() {
    let file = file(r#"{"list":[{"id":"a","t":"made-up"}]}"#);
    let star = place("/list/*/t", "T_<ID>");
    let found = file.find(&[star.clone(), place("/list/0/t", "t_a"), star.clone()]).unwrap();
    assert_eq!(plain(&found), expected(&[("/list/0/t", "T_A", "made-up")]));
    let error = file.find(&[star, place("/list/0/t", "OTHER")]).unwrap_err();
    assert_eq!(error.code(), "settings.two_names");
}

#[test]
fn empty_values_and_references_need_no_id() {
    let file = file(r#"{"l":[{"t":null},{"t":""},{"t":"ravi://OLD"},{"t":"ravi://other/X"},7,{}]}"#);
    let found = file.find(&[place("/l/*/t", "T_<ID>")]).unwrap();
    assert_eq!((found.plain.len(), found.empty.len()), (0, 2));
    let references: Vec<_> =
        found.references.iter().map(|r| (r.pointer.to_string(), r.reference.to_string())).collect();
    assert_eq!(
        references,
        [("/l/2/t".to_string(), "ravi://OLD".to_string()), ("/l/3/t".into(), "ravi://other/X".into())]
    );
}

#[test]
fn very_many_places_take_one_walk() {
    let members: Vec<_> = (0..20_000).map(|n| format!(r#"{{"id":"{n}","t":"made-up-{n}"}}"#)).collect();
    let file = file(&format!("[{}]", members.join(",")));
    let found = file.find(&[place("/*/t", "T_<ID>")]).unwrap();
    let replacements: Vec<_> =
        found.plain.iter().map(|p| (p.pointer.clone(), Reference::host(p.secret.clone()))).collect();
    let expected: Vec<_> = (0..20_000).map(|n| format!(r#"{{"id":"{n}","t":"ravi://T_{n}"}}"#)).collect();
    assert_eq!(*file.replace(&replacements).unwrap(), format!("[{}]", expected.join(",")).into_bytes());
}
