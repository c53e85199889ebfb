//! Promise: a code or link that is answered is the right one. Shown on messages that people labelled (`tests/corpus`) and
//! on generated ones; misses are printed. `RAVI_CORPUS_HALF=first|second` looks at every other message only,
//! `RAVI_CORPUS_SEED=random` (or a number) generates other messages.

mod corpus;
mod generated;
mod hostile;
mod near_misses;
mod told_apart;

use corpus::{Labelled, Tally};

#[test]
fn the_labelled_corpus_is_answered_as_a_careful_person_would() {
    let all = corpus::read();
    let languages: std::collections::BTreeSet<&str> = all.iter().map(|m| m.language.as_str()).collect();
    let traps = all.iter().filter(|m| m.trap).count();
    println!("{} messages, {} languages, {traps} traps", all.len(), languages.len());
    if std::env::var_os("RAVI_CORPUS_HALF").is_none() {
        assert!(all.len() >= 500 && languages.len() >= 20 && traps >= 150, "the corpus is too small");
    }

    let half = std::env::var("RAVI_CORPUS_HALF").unwrap_or_default();
    let chosen = |nth: usize| match half.as_str() {
        "first" => nth.is_multiple_of(2),
        "second" => !nth.is_multiple_of(2),
        _ => true,
    };
    let mut tally = Tally::default();
    for (_, message) in all.iter().enumerate().filter(|(nth, _)| chosen(*nth)) {
        tally.add(message);
    }
    tally.check("labelled");
}

#[test]
fn generated_messages_are_answered_as_well() {
    let seeds = match std::env::var("RAVI_CORPUS_SEED").as_deref() {
        Ok("random") => vec![uuid::Uuid::new_v4().as_u64_pair().0],
        Ok(seed) => vec![seed.parse().expect("RAVI_CORPUS_SEED is a number")],
        Err(_) => vec![1, 20, 300, 4000, 50000],
    };
    for seed in seeds {
        println!("seed {seed}");
        let mut tally = Tally::default();
        generated::messages(seed, 400).iter().for_each(|m: &Labelled| tally.add(m));
        tally.check("generated");
    }
}
