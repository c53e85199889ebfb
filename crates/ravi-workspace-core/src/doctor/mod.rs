//! What is wrong on this machine, and what to do about it.
//!
//! Each check looks at one thing and changes nothing. This room must not know Tauri or the command line; what needs the
//! engine (account, server) is asked by [`crate::Ravi::doctor`], which assembles the report.

mod files;
mod git;
#[cfg(feature = "hooks")]
mod hooks;
mod launchers;
mod machine_key;
mod plaintext;
mod programs;
mod work;
#[cfg(feature = "hooks")]
mod worktrees;

use serde::{Deserialize, Serialize};

pub(crate) use files::files;
pub(crate) use git::git;
#[cfg(feature = "hooks")]
pub(crate) use hooks::hooks;
pub(crate) use launchers::launchers;
pub(crate) use machine_key::machine_key;
pub(crate) use plaintext::plaintext;
pub(crate) use programs::{own_gh, programs};
pub(crate) use work::{AtRavi, counterparts, revocations, workspaces};
#[cfg(feature = "hooks")]
pub(crate) use worktrees::worktrees;

use crate::api::{ApiError, ServerClock};
use crate::error::{Error, Explain as _};

/// What was found, in the order of the checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Report {
    /// Nothing fails; there may be warnings.
    pub ok: bool,
    /// The findings; each check that ran has at least one. A window that may only know of some workspaces gets fewer
    /// checks.
    pub findings: Vec<Finding>,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Finding {
    /// What was checked, such as `clock`; stable.
    pub check: String,
    /// The result.
    pub state: FindingState,
    /// What was seen.
    pub message: String,
    /// What to do; `None` if nothing is wrong.
    pub fix: Option<String>,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum FindingState {
    /// As it should be.
    Ok,
    /// It works, but should be looked at.
    Warn,
    /// Something does not work, or a secret is exposed.
    Fail,
}

impl Report {
    /// Makes a report of these findings.
    pub(crate) fn new(findings: Vec<Finding>) -> Self {
        Report { ok: findings.iter().all(|finding| finding.state != FindingState::Fail), findings }
    }
}

impl Finding {
    pub(crate) fn ok(check: &str, message: impl Into<String>) -> Self {
        Finding { check: check.to_owned(), state: FindingState::Ok, message: message.into(), fix: None }
    }

    pub(crate) fn warn(check: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        let (message, fix) = (message.into(), Some(fix.into()));
        Finding { check: check.to_owned(), state: FindingState::Warn, message, fix }
    }

    pub(crate) fn fail(check: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Finding { state: FindingState::Fail, ..Self::warn(check, message, fix) }
    }

    /// Makes a finding of the error of a check that should have succeeded.
    pub(crate) fn error(check: &str, error: &Error) -> Self {
        Self::fail(check, error.to_string(), error.hint())
    }
}

/// Seconds by which the clocks may differ: answers carry whole seconds and take time.
const SKEW_WARN: u64 = 30;
/// From here on, signatures, one-time codes and certificates of other services fail.
const SKEW_FAIL: u64 = 300;

/// Checks whether Ravi answers, and whether both clocks agree.
pub(crate) fn server(address: &str, answer: Result<ServerClock, ApiError>) -> Vec<Finding> {
    match answer {
        Ok(clock) => {
            let message = format!("{address} answers within {} ms", clock.took.as_millis());
            vec![Finding::ok("server", message), self::clock(clock)]
        }
        Err(e) => vec![
            Finding::fail("server", e.to_string(), e.hint()),
            Finding::warn("clock", "not compared, because Ravi does not answer", "Try again later."),
        ],
    }
}

fn clock(clock: ServerClock) -> Finding {
    const CHECK: &str = "clock";
    const FIX: &str = "Set the clock; `timedatectl set-ntp true` keeps it right.";
    let Some(date) = clock.date else {
        return Finding::ok(CHECK, "not compared: the server does not send its time");
    };
    let (seconds, which) = match clock.here.duration_since(date) {
        Ok(ahead) => (ahead.as_secs(), "ahead of"),
        Err(behind) => (behind.duration().as_secs(), "behind"),
    };
    let message = format!("this machine's clock is {seconds} s {which} the server's");
    match seconds {
        SKEW_FAIL.. => Finding::fail(CHECK, message, FIX),
        SKEW_WARN.. => Finding::warn(CHECK, message, FIX),
        _ => Finding::ok(CHECK, "agrees with the server's"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn clocks_that_differ_are_told_apart_in_both_directions() {
        let here = SystemTime::now();
        let seen = |date| self::clock(ServerClock { date: Some(date), here, took: Duration::ZERO }).state;
        for (seconds, state) in
            [(0, FindingState::Ok), (29, FindingState::Ok), (45, FindingState::Warn), (600, FindingState::Fail)]
        {
            assert_eq!(seen(here - Duration::from_secs(seconds)), state, "{seconds} s ahead");
            assert_eq!(seen(here + Duration::from_secs(seconds)), state, "{seconds} s behind");
        }
    }

    #[test]
    fn a_warning_is_no_failure() {
        let warn = Finding::warn("a", "b", "c");
        assert!(Report::new(vec![Finding::ok("a", "b"), warn.clone()]).ok);
        assert!(!Report::new(vec![warn, Finding::fail("a", "b", "c")]).ok);
    }
}
