//! Finds the one-time code and the verification link in a message.
//!
//! [`extract`] is a pure function over text that strangers wrote: it reads no file, asks no server, and follows nothing
//! that the message says. It looks at everything that could be a code or a link, gives each a score with reasons, and
//! answers only if one stands out; otherwise it says so and shows the candidates. This crate must not know where
//! messages come from or what an answer is used for.
//!
//! ```
//! use ravi_codes::{Kind, MessageText, extract};
//!
//! let found = extract(&MessageText {
//!     from: "Shop <no-reply@shop.example>",
//!     to: &["agent@example.com"],
//!     own_address: Some("agent@example.com"),
//!     subject: "Your verification code",
//!     text: Some("Your verification code is 314159. Order 271828 ships tomorrow."),
//!     html: None,
//!     kind: Kind::Email,
//! });
//! assert_eq!(found.code.unwrap().value, "314159");
//! ```

mod doubts;
mod html;
mod label;
mod lines;
mod links;
mod model;
mod normal;
mod people;
mod refuse;
mod sentence;
mod target;
mod tie;
mod tokens;
mod weigh;
mod words;

pub use html::text as text_of_html;
pub use lines::head;
pub use model::{Candidate, CandidateKind, Code, Extraction, Kind, Link, MessageText};

use std::collections::HashSet;

use links::WeighedLink;
use people::People;
use weigh::{Topic, Weighed};

/// Points that an answer needs.
const CHOOSE: i32 = 60;
/// Points by which it must be ahead of the next.
const LEAD: i32 = 12;
/// From here on, something may be an answer, so it would be wrong to say that there is none.
const POSSIBLE: i32 = 43;
/// How many candidates are shown.
const SHOWN: usize = 10;

/// Finds the code and the link in `message`.
///
/// Never fails: garbage has no code. Takes time in proportion to the message; of a very long one, only the first part
/// is read.
pub fn extract(message: &MessageText<'_>) -> Extraction {
    let words = words::words();
    let lines = lines::lines(message, words);
    let (topic, people) = (Topic::of(&lines, message.kind), People::of(message, &lines));
    let tokens = tokens::tokens(&lines, message.kind);
    let codes = codes(weigh::weigh(&lines, &tokens, &topic, &people));
    let links = distinct(links::weigh(&lines, &topic, &people, words));
    decide(&codes, &links)
}

/// Returns one entry for each value: its best place, and a little more for each other part that has it too. What is
/// said to be used or wrong in one place is so everywhere.
fn codes(mut all: Vec<Weighed>) -> Vec<Weighed> {
    let spent: HashSet<String> = all.iter().filter(|c| c.spent).map(|c| c.value.clone()).collect();
    for found in all.iter_mut().filter(|c| spent.contains(&c.value)) {
        found.limit(44, "spoken of as used, wrong or replaced");
    }
    let mut codes: Vec<Weighed> = Vec::new();
    for found in all {
        match codes.iter_mut().find(|c| c.value == found.value) {
            None => codes.push(found),
            Some(known) => {
                let elsewhere = known.part != found.part && known.score > 30 && found.score > 30;
                if found.score > known.score {
                    *known = found;
                }
                if elsewhere && known.score > 52 {
                    known.add(3, "in more than one part");
                }
            }
        }
    }
    codes.sort_by_key(|c| std::cmp::Reverse(c.score));
    codes
}

fn distinct(mut all: Vec<WeighedLink>) -> Vec<WeighedLink> {
    all.sort_by_key(|l| std::cmp::Reverse(l.weighed.score));
    let mut links: Vec<WeighedLink> = Vec::new();
    for link in all {
        if !links.iter().any(|known| links::same(known, &link)) {
            links.push(link);
        }
    }
    links
}

fn decide(codes: &[Weighed], links: &[WeighedLink]) -> Extraction {
    let code_scores: Vec<i32> = codes.iter().map(|c| c.score).collect();
    let link_scores: Vec<i32> = links.iter().map(|l| l.weighed.score).collect();
    let code = leads(&code_scores).then(|| Code { value: codes[0].value.clone(), shown: codes[0].shown.clone() });
    let link = leads(&link_scores).then(|| found_link(&links[0]));
    let possible = |scores: &[i32]| scores.first().is_some_and(|s| *s >= POSSIBLE);
    let doubt =
        (code.is_none() && possible(&code_scores)) || (code.is_none() && link.is_none() && possible(&link_scores));
    // A link stands for itself, next to a number that may be a code; a link makes no code doubtful.
    let confident = code.is_some() || link.is_some() || !doubt;
    Extraction { confident, candidates: candidates(codes, links), code, link }
}

fn leads(scores: &[i32]) -> bool {
    let second = scores.get(1).copied().unwrap_or(0);
    scores.first().is_some_and(|best| *best >= CHOOSE && (second < POSSIBLE + 7 || *best >= second + LEAD))
}

fn found_link(link: &WeighedLink) -> Link {
    let host = if link.target.opaque { None } else { link.target.url.host_str().map(str::to_owned) };
    Link { url: link.weighed.value.clone(), host, via: link.target.via.clone() }
}

fn candidates(codes: &[Weighed], links: &[WeighedLink]) -> Vec<Candidate> {
    let of = |kind: CandidateKind, w: &Weighed| Candidate {
        value: w.value.clone(),
        kind,
        score: u8::try_from(w.score.clamp(0, 100)).unwrap_or(0),
        reasons: w.reasons.clone(),
    };
    let codes = codes.iter().map(|c| of(CandidateKind::Code, c));
    let mut all: Vec<Candidate> = codes.chain(links.iter().map(|l| of(CandidateKind::Link, &l.weighed))).collect();
    all.sort_by_key(|c| std::cmp::Reverse(c.score));
    all.truncate(SHOWN);
    all
}
