//! Reads `tests/corpus` and compares answers with labels.

use std::fmt::Write as _;
use std::path::Path;

use ravi_codes::{Extraction, Kind, MessageText, extract};

/// A message and what a careful person would answer.
#[derive(Debug, Default, Clone)]
pub struct Labelled {
    pub place: String,
    pub language: String,
    pub trap: bool,
    pub label: Label,
    pub from: String,
    pub to: Vec<String>,
    pub own: Option<String>,
    pub subject: String,
    pub text: Option<String>,
    pub html: Option<String>,
    pub sms: bool,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Label {
    pub code: Option<String>,
    pub link: Option<String>,
    /// A careful person would not commit.
    pub unsure: bool,
}

impl Label {
    /// `code 123456 link https://…`, `none`, `unsure`; a `!` marks a trap.
    pub fn parse(text: &str) -> Label {
        let mut label = Label::default();
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            match word {
                "code" => label.code = words.next().map(str::to_owned),
                "link" => label.link = words.next().map(str::to_owned),
                "unsure" => label.unsure = true,
                "none" | "!" => {}
                other => panic!("what is {other:?} in the label {text:?}?"),
            }
        }
        label
    }
}

/// All files of the corpus.
pub fn read() -> Vec<Labelled> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "txt"));
    files.sort();
    files
        .iter()
        .flat_map(|f| parse(f.file_stem().unwrap().to_str().unwrap(), &std::fs::read_to_string(f).unwrap()))
        .collect()
}

fn parse(file: &str, text: &str) -> Vec<Labelled> {
    let mut all: Vec<Labelled> = Vec::new();
    let mut language = "en".to_owned();
    let mut within = ' ';
    for (nth, row) in text.lines().enumerate() {
        if let Some(name) = row.strip_prefix("# lang ") {
            name.clone_into(&mut language);
        } else if let Some(label) = row.strip_prefix("= ") {
            all.push(Labelled {
                place: format!("{file}:{}", nth + 1),
                language: language.clone(),
                trap: label.contains('!'),
                label: Label::parse(label),
                from: "Acme <no-reply@acme.test>".to_owned(),
                to: vec!["agent@in.example".to_owned()],
                own: Some("agent@in.example".to_owned()),
                ..Labelled::default()
            });
            within = ' ';
        } else if let Some(message) = all.last_mut() {
            field(message, row, &mut within);
        }
    }
    all
}

fn field(message: &mut Labelled, row: &str, within: &mut char) {
    if row == "sms" {
        message.sms = true;
        return;
    }
    match row.split_once(": ").or_else(|| row.strip_suffix(':').map(|key| (key, ""))) {
        Some(("f", value)) => value.clone_into(&mut message.from),
        Some(("to", value)) => message.to = value.split(", ").map(str::to_owned).collect(),
        Some(("own", value)) => message.own = (!value.is_empty()).then(|| value.to_owned()),
        Some(("s", value)) => value.clone_into(&mut message.subject),
        Some(("t", value)) => (message.text, *within) = (Some(value.to_owned()), 't'),
        Some(("h", value)) => (message.html, *within) = (Some(value.to_owned()), 'h'),
        _ => {
            let body = if *within == 'h' { &mut message.html } else { &mut message.text };
            if let Some(body) = body {
                body.push('\n');
                body.push_str(row);
            }
        }
    }
}

/// What came out.
#[derive(Debug, Default)]
pub struct Tally {
    all: usize,
    exact: usize,
    wrong: usize,
    misses: String,
}

impl Tally {
    pub fn add(&mut self, message: &Labelled) {
        let to: Vec<&str> = message.to.iter().map(String::as_str).collect();
        let found = extract(&MessageText {
            from: &message.from,
            to: &to,
            own_address: message.own.as_deref(),
            subject: &message.subject,
            text: message.text.as_deref(),
            html: message.html.as_deref(),
            kind: if message.sms { Kind::Sms } else { Kind::Email },
        });
        let answer = Label {
            code: found.code.as_ref().map(|c| c.value.clone()),
            link: found.link.as_ref().map(|l| l.url.clone()),
            unsure: !found.confident,
        };
        self.all += 1;
        if answer == message.label {
            self.exact += 1;
            return;
        }
        let wrong = answer.code.is_some() && answer.code != message.label.code
            || answer.link.is_some() && answer.link != message.label.link;
        self.wrong += usize::from(wrong);
        self.miss(message, &answer, &found, wrong);
    }

    fn miss(&mut self, message: &Labelled, answer: &Label, found: &Extraction, wrong: bool) {
        let what = if wrong { "WRONG" } else { "miss" };
        let _ = writeln!(
            self.misses,
            "{what} {} [{}]\n  want {:?}\n  got  {answer:?}",
            message.place, message.language, message.label
        );
        for c in found.candidates.iter().take(4) {
            let _ = writeln!(self.misses, "    {:>3} {:?} {} {:?}", c.score, c.kind, c.value, c.reasons);
        }
    }

    /// The bar: 99 of 100 exact, and never wrong with confidence.
    pub fn check(&self, name: &str) {
        let share = 100.0 * self.exact as f64 / self.all as f64;
        println!(
            "{}{name}: {} messages, exact {} ({share:.1} %), confident and wrong {}",
            self.misses, self.all, self.exact, self.wrong
        );
        assert!(self.exact * 100 >= self.all * 99, "{name}: {share:.1} % exact\n{}", self.misses);
        assert_eq!(self.wrong, 0, "{name}: confident and wrong\n{}", self.misses);
    }
}
