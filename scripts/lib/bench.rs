//! Times pairs of commands in turn and prints the ratio of their medians; see scripts/bench.
//!
//!     bench ROUNDS FILE
//!
//! Each case of FILE is a block of lines `name`, `goal`, `less` (`yes`: the baseline is part of what is measured and is
//! subtracted), `folder`, `input`, `command`, `base_folder`, `base`, as `KEY=VALUE`, ended by an empty line. Words of a
//! command are separated by tabs.

use std::fs::File;
use std::io::Write as _;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let (rounds, text) = (args[1].parse().expect("a number"), std::fs::read_to_string(&args[2]).expect("cases"));
    let met: Vec<bool> = text.split("\n\n").filter(|block| !block.trim().is_empty()).map(|b| run(b, rounds)).collect();
    if met.iter().all(|met| *met) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(block: &str, rounds: usize) -> bool {
    let get = |key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(&format!("{key}=")));
        line.unwrap_or_else(|| panic!("no {key} in {block}")).to_owned()
    };
    let (ours, base) = (get("command"), get("base"));
    let (folder, base_folder, input) = (get("folder"), get("base_folder"), get("input"));
    let (mut our_times, mut base_times) = (Vec::new(), Vec::new());
    // The first rounds fill the disk caches and are not counted.
    for round in 0..rounds + 20 {
        let a = time(&ours, &folder, &input);
        let b = time(&base, &base_folder, &input);
        if round >= 20 {
            our_times.push(a);
            base_times.push(b);
        }
    }
    let (ours, base) = (quantiles(our_times), quantiles(base_times));
    let cost = if get("less") == "yes" { ours.0.saturating_sub(base.0) } else { ours.0 };
    let (ratio, goal) = (cost.as_secs_f64() / base.0.as_secs_f64(), get("goal").parse::<f64>().expect("a number"));
    println!("{}", get("name"));
    println!("  ours      median {:>8.2?}  p95 {:>8.2?}", ours.0, ours.1);
    println!("  baseline  median {:>8.2?}  p95 {:>8.2?}", base.0, base.1);
    println!("  ratio     {ratio:.2}  (goal at most {goal}): {}", if ratio <= goal { "met" } else { "MISSED" });
    ratio <= goal
}

fn time(command: &str, folder: &str, input: &str) -> Duration {
    let mut words = command.split('\t');
    let mut command = Command::new(words.next().expect("a command"));
    command.args(words).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::piped());
    command.stdin(if input.is_empty() { Stdio::null() } else { File::open(input).expect("the input").into() });
    let begin = Instant::now();
    let output = command.output().expect("it starts");
    let took = begin.elapsed();
    if !output.status.success() {
        let _ = std::io::stderr().write_all(&output.stderr);
        panic!("{command:?}: {}", output.status);
    }
    took
}

/// Median and 95th percentile.
fn quantiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    (times[times.len() / 2], times[times.len() * 95 / 100])
}
