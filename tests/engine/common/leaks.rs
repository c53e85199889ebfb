//! Looks for secrets in whatever a program leaves behind: as they are and encoded, whole and in part.
//!
//! A finding names the secret, never its value. Knows nothing of the test bed, so that other test programs can use it.
#![allow(dead_code)] // each test program uses a part of it

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// So many bytes of a secret's beginning, and of its end, are enough to find it: a text that was cut short leaks, too.
const PART: usize = 14;

/// What every key of a kind begins with, and is no secret.
const PREFIXES: [&str; 4] = ["ravi_mgmt_", "ravi_id_", "ghp_", "AGE-SECRET-KEY-1"];

/// What encodeURIComponent leaves as it is.
const COMPONENT: AsciiSet =
    NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'!').remove(b'~').remove(b'*').remove(b'\'');

/// Secrets by name, and how each is found.
#[derive(Clone)]
pub struct Searcher {
    patterns: AhoCorasick,
    /// Secret and form of each pattern.
    names: Vec<(String, &'static str)>,
}

impl Searcher {
    /// Looks for these secrets, given as name and value.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a str)>) -> Searcher {
        let (mut patterns, mut names) = (Vec::new(), Vec::new());
        for (name, value) in secrets {
            assert!(value.len() >= PART + 8, "{name} is too short to be told from other text");
            for part in parts(value) {
                for (form, pattern) in forms(&part) {
                    names.push((name.to_owned(), form));
                    patterns.push(pattern);
                }
            }
        }
        Searcher { patterns: AhoCorasick::new(patterns).expect("patterns"), names }
    }

    /// What is found in `bytes`: names of secrets, each with the form it is in.
    pub fn find(&self, bytes: &[u8]) -> Found {
        let found = self.patterns.find_overlapping_iter(bytes);
        found.map(|hit| self.names[hit.pattern().as_usize()].clone()).collect()
    }

    /// The same in every file below `folder` (not through links), names of files included.
    pub fn find_below(&self, folder: &Path) -> Vec<(PathBuf, String, &'static str)> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let kind = entry.file_type().expect("a type");
            let mut found = self.find(entry.file_name().as_encoded_bytes());
            if kind.is_dir() {
                all.extend(self.find_below(&path));
            } else if kind.is_file() {
                found.extend(self.find(&std::fs::read(&path).unwrap_or_default()));
            }
            all.extend(found.into_iter().map(|(name, form)| (path.clone(), name, form)));
        }
        all
    }

    /// Watches the arguments of all processes of this machine until [`Watch::end`].
    pub fn watch_arguments(&self) -> Watch {
        let (searcher, seen) = (self.clone(), Arc::new(Seen::default()));
        let noted = seen.clone();
        let thread = std::thread::spawn(move || {
            while !noted.done.load(Ordering::Relaxed) {
                for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
                    if let Ok(arguments) = std::fs::read(process.path().join("cmdline")) {
                        noted.found.lock().expect("whole").extend(searcher.find(&arguments));
                    }
                }
                noted.looks.fetch_add(1, Ordering::Relaxed);
                // Often enough for a program that runs for a few milliseconds, and time left for it.
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        });
        Watch { seen, thread }
    }
}

type Found = BTreeSet<(String, &'static str)>;

#[derive(Default)]
struct Seen {
    done: AtomicBool,
    looks: AtomicU64,
    found: Mutex<Found>,
}

/// A running watch over arguments of processes.
pub struct Watch {
    seen: Arc<Seen>,
    thread: JoinHandle<()>,
}

impl Watch {
    /// What was found so far.
    pub fn found(&self) -> Found {
        self.seen.found.lock().expect("whole").clone()
    }

    /// Ends it; what was found, and how often was looked.
    pub fn end(self) -> (Found, u64) {
        self.seen.done.store(true, Ordering::Relaxed);
        self.thread.join().expect("the watch ends");
        let found = self.seen.found.lock().expect("whole").clone();
        (found, self.seen.looks.load(Ordering::Relaxed))
    }
}

/// Beginning and end of what is secret in a value.
fn parts(value: &str) -> [String; 2] {
    let secret = PREFIXES.iter().find_map(|prefix| value.strip_prefix(prefix)).unwrap_or(value);
    let head: String = secret.chars().take(PART).collect();
    let from = secret.chars().count().saturating_sub(PART);
    [head, secret.chars().skip(from).collect()]
}

/// A text in every form that it is looked for.
fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let json = |value: &str| value.trim_matches('"').as_bytes().to_vec();
    let quoted = serde_json::to_string(text).expect("JSON");
    let ascii: String = quoted.encode_utf16().map(escape).collect();
    let mut forms = vec![
        ("raw", text.as_bytes().to_vec()),
        ("hex", hex.clone().into_bytes()),
        ("HEX", hex.to_uppercase().into_bytes()),
        ("JSON", quoted.as_bytes()[1..quoted.len() - 1].to_vec()),
        ("JSON", json(&quoted.replace('/', "\\/"))),
        ("JSON", ascii.as_bytes()[1..ascii.len() - 1].to_vec()),
    ];
    for set in [NON_ALPHANUMERIC, &COMPONENT] {
        let url = utf8_percent_encode(text, set).to_string();
        forms.push(("URL", url.replace("%20", "+").into_bytes()));
        forms.push(("URL", lower_escapes(&url).into_bytes()));
        forms.push(("URL", url.into_bytes()));
    }
    for offset in 0..3 {
        let bytes = [&[0; 3][..offset], text.as_bytes()].concat();
        // Characters that hold bits of a neighbour are left out.
        let (from, to) = ((8 * offset).div_ceil(6), 8 * bytes.len() / 6);
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            forms.push(("base64", engine.encode(&bytes).as_bytes()[from..to].to_vec()));
        }
    }
    forms
}

/// Everything that is not ASCII as JSON writers for ASCII have it.
fn escape(unit: u16) -> String {
    match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
        _ => format!("\\u{unit:04x}"),
    }
}

fn lower_escapes(url: &str) -> String {
    let mut lower = String::with_capacity(url.len());
    let mut rest = 0;
    for c in url.chars() {
        if c == '%' {
            rest = 3;
        }
        lower.push(if rest > 0 { c.to_ascii_lowercase() } else { c });
        rest = usize::saturating_sub(rest, 1);
    }
    lower
}

#[test]
fn a_secret_is_found_in_each_form_wherever_it_begins_and_where_it_is_cut() {
    let value = "canary-alpha \"quoted\" /+é%?&\\ and canary-omega~é/";
    let searcher = Searcher::new([("alpha", value), ("key", "ravi_mgmt_canarycanary0123456789abcdef")]);
    let forms = |bytes: &[u8]| -> BTreeSet<&'static str> { searcher.find(bytes).into_iter().map(|(_, f)| f).collect() };
    let found =
        |bytes: &[u8], form: &str| assert!(forms(bytes).contains(form), "{form}: {}", String::from_utf8_lossy(bytes));
    let hex = |text: &str| text.bytes().map(|b| format!("{b:02x}")).collect::<String>();
    for before in ["", "x", "xy", "xyz"] {
        let text = format!("{before}{value}{before}");
        found(text.as_bytes(), "raw");
        found(hex(&text).as_bytes(), "hex");
        found(hex(&text).to_uppercase().as_bytes(), "HEX");
        let json = serde_json::to_string(&text).expect("JSON");
        found(json.as_bytes(), "JSON");
        found(json.replace('/', "\\/").replace('é', "\\u00e9").as_bytes(), "JSON");
        for set in [NON_ALPHANUMERIC, &COMPONENT] {
            let url = utf8_percent_encode(&text, set).to_string();
            found(url.as_bytes(), "URL");
            found(url.replace("%20", "+").as_bytes(), "URL");
            found(lower_escapes(&url).as_bytes(), "URL");
        }
        found(STANDARD_NO_PAD.encode(&text).as_bytes(), "base64");
        found(URL_SAFE_NO_PAD.encode(&text).as_bytes(), "base64");
    }
    for cut in [&value[..20], &value[24..]] {
        found(cut.as_bytes(), "raw");
        found(STANDARD_NO_PAD.encode(format!("ab{cut}cd")).as_bytes(), "base64");
    }
    found(b"ravi_mgmt_canarycanary0123", "raw");
    assert_eq!(forms(b"ravi_mgmt_ canary alpha, nothing of it"), BTreeSet::new());
}

#[test]
fn files_and_arguments_are_looked_through() {
    let searcher = Searcher::new([("alpha", "canary-in-a-file-or-an-argument")]);
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("below")).expect("a folder");
    let file = dir.path().join("below/file");
    std::fs::write(&file, hex_of("canary-in-a-file-or-an-argument")).expect("a file");
    assert_eq!(searcher.find_below(dir.path()), [(file, "alpha".to_owned(), "hex")]);
    let watch = searcher.watch_arguments();
    let words = ["-c", "read -r line", "canary-in-a-file-or-an-argument"];
    let mut child =
        std::process::Command::new("sh").args(words).stdin(std::process::Stdio::piped()).spawn().expect("it starts");
    while watch.found().is_empty() {
        std::thread::yield_now();
    }
    child.kill().and_then(|()| child.wait()).expect("it ends");
    assert!(watch.end().0.contains(&("alpha".to_owned(), "raw")));
}

fn hex_of(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
