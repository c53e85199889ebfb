//! Setting workspaces up.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ravi_workspace_core::{ProvisionRequest, Ravi};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::ravi_local::RaviLocal;
use crate::{Rows, median, ms};

/// What a workspace may take, in milliseconds, where Ravi answers at once.
const GOAL_MS: f64 = 30.0;
/// How many calls of one may stand in sequence.
const GOAL_CALLS: f64 = 3.0;
/// Far above what else a provision takes, so that it tells.
const TELLING_MS: u64 = 200;

/// Of many at once: the round trip, how many, how many of them at the same time, and the goal in round trips.
const ROUND_TRIP_MS: u64 = 80;
const WORKSPACES: usize = 32;
const AT_ONCE: usize = 16;
const GOAL_ROUND_TRIPS: f64 = 6.0;

/// One after the other.
pub async fn one(rows: &mut Rows, rounds: usize) {
    rows.title("provision a worktree, Ravi answering at once");
    let (at_once, later) = (RaviLocal::start(0), RaviLocal::start(TELLING_MS));
    let [first, next] = times(&at_once, rounds).await;
    rows.goal("the repository's first, median ms", ms(first), GOAL_MS);
    rows.goal("the repository's second, median ms", ms(next), GOAL_MS);
    let slow = times(&later, 3).await;
    for (name, slow, fast) in [("first", slow[0], first), ("second, soon after", slow[1], next)] {
        let sequence = (ms(slow) - ms(fast)) / TELLING_MS as f64;
        rows.goal(&format!("calls in sequence ({name}: {sequence:.2})"), sequence.round(), GOAL_CALLS);
    }
}

/// Medians of a repository's first and second workspace. For the first, nobody has asked for the account's identities of
/// late, as each round has a handle of its own.
async fn times(server: &RaviLocal, rounds: usize) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=rounds {
        let trees = server.worktrees(&format!("repo-{round}"), 2);
        let ravi = server.ravi("state");
        // The connection is there.
        ravi.secrets().names().await.expect("names");
        for (n, tree) in trees.into_iter().enumerate() {
            let begin = Instant::now();
            provision(&ravi, tree).await;
            if round > 0 {
                times[n].push(begin.elapsed());
            }
        }
    }
    times.map(median)
}

/// Many at once, in one process.
pub async fn many(rows: &mut Rows, rounds: usize) {
    rows.title(&format!(
        "provision {WORKSPACES} worktrees of one repository, {AT_ONCE} at once, {ROUND_TRIP_MS} ms round trip"
    ));
    let (mut times, mut trips, mut calls) = (Vec::new(), Vec::new(), 0);
    for _ in 0..rounds {
        let server = RaviLocal::start(ROUND_TRIP_MS);
        let trees = server.worktrees("repo", WORKSPACES);
        let ravi = server.ravi("state");
        // As in an app that runs: the connection is there, the ledger is open.
        ravi.secrets().names().await.expect("an answer");
        trips.push(server.round_trip().await);
        server.calls().await;
        let begin = Instant::now();
        all(&ravi, trees).await;
        times.push(begin.elapsed());
        calls = server.calls().await;
    }
    let (time, trip) = (ms(median(times)), ms(median(trips)));
    rows.figure("wall time, median ms", format!("{time:.0}"));
    rows.figure("one call on a warm connection, median ms", format!("{trip:.1}"));
    rows.figure("calls", calls);
    rows.goal("wall time in round trips", time / trip, GOAL_ROUND_TRIPS);
}

async fn all(ravi: &Ravi, trees: Vec<PathBuf>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut jobs = JoinSet::new();
    for tree in trees {
        let (ravi, room) = (ravi.clone(), Arc::clone(&room));
        jobs.spawn(async move {
            let _turn = room.acquire().await.expect("it stays open");
            provision(&ravi, tree).await;
        });
    }
    jobs.join_all().await;
}

async fn provision(ravi: &Ravi, tree: PathBuf) {
    let name = tree.file_name().expect("a name").to_string_lossy().into_owned();
    ravi.workspaces().provision(ProvisionRequest::new(tree, &name, &name), |_| {}).await.expect("it is set up");
}
