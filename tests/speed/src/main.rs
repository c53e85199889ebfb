//! What reading secrets and setting workspaces up takes, against `ravi-local`. Fails where a goal is missed.
//!
//! `speed-probe [ROUNDS [reading|one|many|start-up]]`, run by `scripts/bench`
//!
//! The git configuration and `TMPDIR` are the caller's. How many calls stand in sequence is told by a server that makes
//! each wait for a known round trip: what a job takes longer than with a server that answers at once, in round trips.

mod provisioning;
mod ravi_local;
mod reading;
mod start_up;

use std::fmt::Display;
use std::process::ExitCode;
use std::time::Duration;

#[tokio::main]
async fn main() -> ExitCode {
    let rounds: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(30);
    let only = std::env::args().nth(2);
    let wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    let mut rows = Rows { all_met: true };
    if wanted("reading") {
        reading::measure(&mut rows, rounds).await;
    }
    if wanted("one") {
        provisioning::one(&mut rows, rounds).await;
    }
    if wanted("many") {
        provisioning::many(&mut rows, rounds.div_ceil(5)).await;
    }
    if wanted("start-up") {
        start_up::measure(&mut rows, rounds.div_ceil(5)).await;
    }
    if rows.all_met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What is printed.
pub struct Rows {
    all_met: bool,
}

impl Rows {
    /// What is measured next.
    pub fn title(&mut self, text: &str) {
        println!("{text}");
    }

    /// A figure without a goal.
    pub fn figure(&mut self, name: &str, value: impl Display) {
        println!("  {name:<42} {value}");
    }

    /// A figure that may be at most `goal`.
    pub fn goal<T: PartialOrd + Display>(&mut self, name: &str, value: T, goal: T) {
        let met = value <= goal;
        self.all_met &= met;
        println!("  {name:<42} {value:.3}  (goal at most {goal:.3}): {}", if met { "met" } else { "MISSED" });
    }
}

/// Milliseconds with a fraction.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The middle one of several times.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
