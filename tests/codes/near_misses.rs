//! Promise: a message that is only *about* codes is never answered with one, and a message that issues one is answered
//! with it, whatever else stands beside it. Both are made from tables: every row is filled and dressed in several ways,
//! the same for each run. Every other row of the near misses is of the second half, of whose misses only the number and
//! kind was looked at while the rules were made.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ravi_codes::{Extraction, Kind, MessageText, extract};

use super::generated::Dice;

/// Messages made of each row of near misses.
const OF_EACH: usize = 6;
/// Of 1000 codes that are issued as many are found at least; 926 were before there were rules for near misses.
const LEAST_FOUND: usize = 990;
/// Mails made of each sentence that issues a code.
const OF_EACH_ISSUED: usize = 24;

/// A message and the code that it issues.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Made {
    pub row: usize,
    pub kind: String,
    pub subject: String,
    pub text: Option<String>,
    pub html: Option<String>,
    pub sms: bool,
    pub code: Option<String>,
}

struct Row {
    nth: usize,
    kind: &'static str,
    language: &'static str,
    subject: &'static str,
    text: &'static str,
}

fn rows(table: &'static str) -> Vec<Row> {
    let row = |(nth, line): (usize, &'static str)| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [kind, language, subject, text] = columns[..] else { panic!("four columns: {line:?}") };
        Row { nth, kind, language, subject, text }
    };
    table.lines().enumerate().filter(|(_, line)| !line.starts_with('#')).map(row).collect()
}

/// Which half of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    Seen,
    Blind,
}

/// Messages that issue no code.
pub fn near_misses(half: Half) -> Vec<Made> {
    let mut dice = Dice(if half == Half::Seen { 71 } else { 72 });
    let mut made = BTreeSet::new();
    for row in rows(include_str!("near_misses.tsv")) {
        if row.nth.is_multiple_of(2) == (half == Half::Seen) {
            made.extend((0..OF_EACH).map(|_| {
                let (mut subject, text) = filled(&mut dice, row.subject, row.text);
                if subject == "-" {
                    dice.one(&["Hello", "News", "Your account"]).clone_into(&mut subject);
                }
                dressed(&mut dice, &row, subject, text)
            }));
        }
    }
    made.into_iter().collect()
}

/// Messages that issue a code, with up to three things beside it that are none.
pub fn issued() -> Vec<Made> {
    let mut dice = Dice(73);
    let (says, besides): (Vec<Row>, Vec<Row>) =
        rows(include_str!("issued.tsv")).into_iter().partition(|row| row.kind == "say");
    let mut made = BTreeSet::new();
    for row in &says {
        let besides: Vec<&Row> = besides.iter().filter(|b| b.language == row.language).collect();
        for _ in 0..OF_EACH_ISSUED {
            let code = one_time_code(&mut dice);
            let mut text = row.text.to_owned();
            for _ in 0..dice.below(if row.subject == "~" { 2 } else { 4 }) {
                let beside = besides[dice.below(besides.len())].text;
                let (first, second) = if dice.below(3) == 0 { (beside, &*text) } else { (&*text, beside) };
                let ended = first.ends_with(['.', '?', '!', '。', '.']);
                let between = if row.subject != "~" {
                    "\\n"
                } else if ended {
                    " "
                } else {
                    ". "
                };
                text = format!("{first}{between}{second}");
            }
            let (subject, text) = filled(&mut dice, row.subject, &text);
            let mut message = dressed(&mut dice, row, subject.replace("{code}", &code), text.replace("{code}", &code));
            message.code = Some(code);
            made.insert(message);
        }
    }
    made.into_iter().collect()
}

/// Not a year, which would be a trap of its own.
fn one_time_code(dice: &mut Dice) -> String {
    let digits = [4, 5, 6, 6, 6, 6, 6, 8][dice.below(8)];
    format!("{}{}", dice.one(&["3", "4", "5", "7", "9"]), dice.digits(digits - 1))
}

/// Subject and text with the same fillings: what stands in both is the same number.
fn filled(dice: &mut Dice, subject: &str, text: &str) -> (String, String) {
    let (mut subject, mut text) = (subject.to_owned(), text.replace("\\n", "\n"));
    let host = dice.one(&["auth.acme.test", "10.20.0.7", "localhost", "db1.internal"]).to_owned();
    let capital = |dice: &mut Dice, n: usize| -> String {
        (0..n).map(|_| dice.one(&["A", "B", "E", "G", "H", "K", "M", "P", "R", "T", "X", "Z"])).collect()
    };
    let fills: [(&str, String); 20] = [
        ("{bot}", dice.one(&["octo-agent", "build_bot", "devin", "helper-1", "acme/agent"]).to_owned()),
        ("{repo}", dice.one(&["acme/app", "octo/server", "lyra/ios-client", "nova/web"]).to_owned()),
        ("{person}", dice.one(&["Hanna", "hanna-m", "Marek", "Yuki", "dependabot"]).to_owned()),
        ("{app}", dice.one(&["Acme", "Lyra", "Bolt", "Nova Bank", "Photogram", "Zed"]).to_owned()),
        ("{key}", format!("{}-{}", dice.one(&["PAY", "AUTH", "SEC", "OPS", "WEB2"]), number(dice, 4))),
        (
            "{cve}",
            format!("CVE-202{}-{}", dice.below(9), {
                let n = 4 + dice.below(3);
                number(dice, n)
            }),
        ),
        ("{port}", dice.one(&["8443", "3000", "50051", "9090", "4433", "10443"]).to_owned()),
        ("{host}", host),
        ("{year}", format!("20{}", 19 + dice.below(14))),
        ("{time}", format!("{}:{}", 10 + dice.below(10), 10 + dice.below(49))),
        ("{city}", dice.one(&["New Delhi", "Mumbai", "Bengaluru", "Pune", "Chennai"]).to_owned()),
        ("{pin}", format!("{}{}", dice.one(&["1", "4", "5", "6"]), dice.digits(5))),
        (
            "{mask}",
            dice.one(&["•••• ", "*** *** ", "+49 ••• ••", "xxx-xxx-", "****", "(***) ***-", "** ** "]).to_owned(),
        ),
        ("{lic}", format!("{}-{}-{}", capital(dice, 4), number(dice, 4), capital(dice, 4))),
        ("{pnr}", format!("{}{}{}", capital(dice, 2), number(dice, 2), capital(dice, 2))),
        ("{sha}", format!("{}a{}c", number(dice, 3), number(dice, 2))),
        ("{n2}", dice.digits(2)),
        ("{n3}", number(dice, 3)),
        ("{n7}", number(dice, 7)),
        ("{n8}", number(dice, 8)),
    ];
    let varied = [("{n4}", number(dice, 4)), ("{n5}", number(dice, 5)), ("{n6}", number(dice, 6))];
    for (mark, value) in fills.iter().chain(&varied) {
        (subject, text) = (subject.replace(mark, value), text.replace(mark, value));
    }
    (subject, text)
}

/// Digits that are no year.
fn number(dice: &mut Dice, n: usize) -> String {
    format!("{}{}", dice.one(&["3", "4", "5", "6", "7", "8"]), dice.digits(n - 1))
}

/// As text, HTML or both, with a greeting, a closing or neither.
fn dressed(dice: &mut Dice, row: &Row, subject: String, text: String) -> Made {
    let mut made = Made { row: row.nth, kind: row.kind.to_owned(), subject, ..Made::default() };
    if row.subject == "~" {
        (made.subject, made.sms, made.text) = (String::new(), true, Some(text));
        return made;
    }
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    match dice.below(4) {
        0 if row.language == "en" => lines.insert(0, "Hi there,".to_owned()),
        1 => lines.push("-- ".to_owned()),
        2 => lines.push("Acme".to_owned()),
        _ => {}
    }
    let html = || {
        let escaped = |row: &String| row.replace('&', "&amp;").replace('<', "&lt;");
        lines.iter().filter(|l| !l.is_empty()).map(|l| format!("<p>{}</p>", escaped(l))).collect::<String>()
    };
    match dice.below(3) {
        0 => made.text = Some(lines.join("\n")),
        1 => made.html = Some(html()),
        _ => (made.text, made.html) = (Some(lines.join("\n")), Some(html())),
    }
    made
}

/// The answer with confidence, as `inbox wait --code` gives it.
pub fn answer(made: &Made) -> (Option<String>, Extraction) {
    let found = extract(&MessageText {
        from: "Acme <no-reply@acme.test>",
        to: &["agent@in.example"],
        own_address: Some("agent@in.example"),
        subject: &made.subject,
        text: made.text.as_deref(),
        html: made.html.as_deref(),
        kind: if made.sms { Kind::Sms } else { Kind::Email },
    });
    (found.code.as_ref().filter(|_| found.confident).map(|c| c.value.clone()), found)
}

/// How many messages were answered right, wrongly with confidence, and not at all; the misses in words.
fn tally(all: &[Made]) -> (usize, usize, usize, String) {
    let (mut right, mut wrong, mut none, mut misses) = (0, 0, 0, String::new());
    for made in all {
        let (answer, found) = answer(made);
        if answer == made.code {
            right += 1;
            continue;
        }
        let count = if answer.is_some() { &mut wrong } else { &mut none };
        *count += 1;
        let _ = writeln!(misses, "{answer:?} of {made:?}\n  {:?}", found.candidates.first());
    }
    (right, wrong, none, misses)
}

#[test]
fn messages_about_codes_are_answered_with_none() {
    for half in [Half::Seen, Half::Blind] {
        let all = near_misses(half);
        let (right, wrong, _, misses) = tally(&all);
        println!("{half:?}: {} messages, right {right}, wrong with confidence {wrong}", all.len());
        assert!(all.len() >= 1000, "too few near misses");
        assert_eq!(wrong, 0, "{half:?}: confident and wrong\n{misses}");
    }
}

#[test]
fn codes_that_are_issued_are_found_beside_other_numbers() {
    let all = issued();
    let (right, wrong, none, misses) = tally(&all);
    println!("issued: {} messages, right {right}, wrong with confidence {wrong}, no answer {none}", all.len());
    assert!(all.len() >= 1000, "too few issued codes");
    assert_eq!(wrong, 0, "confident and wrong\n{misses}");
    assert!(right * 1000 >= all.len() * LEAST_FOUND, "found {right} of {}\n{misses}", all.len());
}
