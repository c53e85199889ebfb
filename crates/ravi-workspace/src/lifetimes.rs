//! `suspend`, `wake`, and how durations are written.

use super::output::{Output, say};
use super::progress::Steps;
use ravi_workspace_core::workspace::{State, Step, Suspended};
use ravi_workspace_core::{Ravi, Result};

/// Revoke a workspace's key and keep its identity, until the workspace is used again
#[derive(Debug, clap::Args)]
pub(super) struct SuspendArgs {
    /// Id or path of the workspace
    #[arg(value_name = "PATH|ID")]
    target: String,
}

/// Give a suspended workspace a key again
#[derive(Debug, clap::Args)]
pub(super) struct WakeArgs {
    /// Id or path of the workspace
    #[arg(value_name = "PATH|ID")]
    target: String,
}

/// Parses a time such as `90s`, `30m`, `8h` or `7d` into seconds; a bare number is seconds.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    let bad = || format!("{text} is not a time; write 90s, 30m, 8h or 7d");
    let (number, unit) = match text.char_indices().last().ok_or_else(bad)? {
        (_, digit) if digit.is_ascii_digit() => (text, 1),
        (at, 's') => (&text[..at], 1),
        (at, 'm') => (&text[..at], 60),
        (at, 'h') => (&text[..at], 3600),
        (at, 'd') => (&text[..at], 86400),
        _ => return Err(bad()),
    };
    let number: u64 = number.parse().map_err(|_| bad())?;
    number.checked_mul(unit).ok_or_else(bad)
}

pub(super) async fn suspend(ravi: &Ravi, SuspendArgs { target }: SuspendArgs, output: Output) -> Result<()> {
    let done = ravi.workspaces().suspend(&target).await?;
    if done.owed > 0 {
        say("note: Ravi could not revoke the key now. It is owed, and later commands will try again.");
    }
    output.answer(&done, suspended_text);
    Ok(())
}

fn suspended_text(done: &Suspended) -> String {
    match done.state {
        State::Suspended => format!(
            "Workspace {} is suspended. `wake` gives it a key again, and so does its next use unless that is switched off.",
            done.id
        ),
        _ => format!("Workspace {} is not set up; nothing was done.", done.id),
    }
}

pub(super) async fn wake(ravi: &Ravi, WakeArgs { target }: WakeArgs, output: Output) -> Result<()> {
    let steps = Steps::new(&target, Step::PROVISION);
    let woken = ravi.workspaces().wake(&target, |progress| steps.tell(&progress)).await;
    steps.end();
    output.answer(&woken?, super::provision::provisioned_text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_are_read_in_their_units_and_nonsense_is_refused() {
        let read = ["45", "90s", "30m", "8h", "7d"].map(seconds);
        assert_eq!(read, [Ok(45), Ok(90), Ok(1800), Ok(28_800), Ok(604_800)]);
        for bad in ["", "h", "1.5h", "-1s", "8 h", "9w", "999999999999999999d", "1\u{e9}"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
