//! An app that starts and wants several secrets.

use std::time::{Duration, Instant};

use crate::ravi_local::RaviLocal;
use crate::{Rows, median, ms};

/// Far above what else a read takes, so that it tells.
const TELLING_MS: u64 = 200;

pub async fn measure(rows: &mut Rows, rounds: usize) {
    rows.title("start-up on a warm connection: secrets that this machine has not read yet");
    let (at_once, later) = (RaviLocal::start(0), RaviLocal::start(TELLING_MS));
    for count in [1, 10, 50] {
        let names: Vec<String> = (0..count).map(|n| format!("SECRET_{n}")).collect();
        let (fast, _) = time(&at_once, &names, rounds).await;
        let (slow, calls) = time(&later, &names, 3).await;
        rows.figure(&format!("{count} secrets, Ravi answering at once"), format!("{fast:.2?}"));
        let sequence = (ms(slow) - ms(fast)) / TELLING_MS as f64;
        rows.goal(&format!("{count} secrets, round trips ({sequence:.2})"), sequence.round(), 1.0);
        rows.goal(&format!("{count} secrets, calls"), calls, 1);
    }
}

/// The median, and the calls of the last round.
async fn time(server: &RaviLocal, names: &[String], rounds: usize) -> (Duration, u64) {
    let keys: Vec<&str> = names.iter().map(String::as_str).collect();
    let elsewhere = server.ravi("elsewhere");
    let there = elsewhere.secrets().names().await.expect("names");
    for key in keys.iter().filter(|key| !there.contains(&(**key).to_owned())) {
        elsewhere.secrets().set(key, "made-up-value".into()).await.expect("it is stored");
    }
    let (mut times, mut calls) = (Vec::new(), 0);
    for round in 0..rounds {
        let ravi = server.ravi(&format!("state-{}-{round}", names.len()));
        // The connection is there, and whose vault it is.
        ravi.secrets().names().await.expect("names");
        server.calls().await;
        let begin = Instant::now();
        ravi.secrets().get_all(&keys).await.expect("values");
        times.push(begin.elapsed());
        calls = server.calls().await;
    }
    (median(times), calls)
}
