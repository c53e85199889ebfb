//! The page of error codes is what the errors say, and each code has one meaning.
#![cfg(feature = "full")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use plugin_tests::errors_page::{cases, page, rows};
use ravi_workspace_core::error::Case;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The texts of all files below a folder whose names end so.
fn sources(folder: &Path, end: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.to_str() {
            _ if path.is_dir() => sources(&path, end),
            Some(name) if name.ends_with(end) => vec![fs::read_to_string(&path).unwrap()],
            _ => Vec::new(),
        })
        .collect()
}

#[test]
fn the_page_is_what_the_errors_say() {
    let written = fs::read_to_string(root().join("docs/errors.md")).unwrap_or_default();
    assert!(written == page(), "cargo run -p plugin-tests --bin errors-page > docs/errors.md");
}

#[test]
fn each_error_of_the_crates_is_on_the_page() {
    let crates = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let crates = crates.filter(|folder| !folder.ends_with("ravi-error") && !folder.ends_with("ravi-error-derive"));
    let texts = crates.flat_map(|folder| sources(&folder.join("src"), ".rs"));
    let derives =
        |text: &String| text.lines().filter(|line| line.starts_with("#[derive(") && line.contains("Explain")).count();
    assert_eq!(texts.map(|text| derives(&text)).sum::<usize>(), cases().len());
}

#[test]
fn each_code_of_the_plugin_and_of_its_bindings_is_on_the_page() {
    let rows = rows();
    let texts = [sources(&root().join("src"), ".rs"), sources(&root().join("guest-js"), "refusal.ts")].concat();
    let codes = texts.iter().flat_map(|text| text.split("code: ").skip(1)).filter_map(|rest| {
        let quote = rest.chars().next().filter(|first| ['"', '\''].contains(first))?;
        rest[1..].split(quote).next()
    });
    let codes: Vec<&str> = codes.collect();
    assert!(codes.len() > 10, "{codes:?}");
    for code in codes {
        assert!(rows.contains_key(code), "{code}");
    }
}

#[test]
fn each_code_is_a_room_and_a_case() {
    let is_word = |part: &str| !part.is_empty() && part.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
    for code in rows().keys() {
        assert!(code.split_once('.').is_some_and(|(room, case)| is_word(room) && is_word(case)), "{code}");
    }
}

#[test]
fn a_code_means_the_same_wherever_it_is_met() {
    let mut kinds = BTreeMap::new();
    for Case { code, kind, .. } in cases().concat() {
        assert_eq!(*kinds.entry(code).or_insert(kind), kind, "{code}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_alike_in_every_room() {
    let all = cases().concat();
    let of = |code: &str| all.iter().find(|case| case.code == code).map(|case| (case.hint, case.kind));
    let files: Vec<&str> = all.iter().filter_map(|case| case.code.strip_prefix("file.")).collect();
    assert_eq!(files.len(), 8);
    for case in files {
        let expected = of(&format!("file.{case}"));
        assert_eq!(of(&format!("settings.{case}")), expected, "{case}");
        assert_eq!(of(&format!("codex.file_{case}")), expected, "{case}");
    }
}
