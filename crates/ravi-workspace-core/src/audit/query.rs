//! Queries of the trail and their results.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::entry::Outcome;
use crate::machine::clock::now_ms;

/// Which entries are wanted: those that match all the given conditions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts", optional_fields))]
#[serde(default, deny_unknown_fields)]
pub struct AuditFilter {
    /// Id of the workspace.
    pub workspace: Option<String>,
    /// Name of the secret. Finds every use of it: reading, changing, giving it to git, gh or a program.
    pub secret: Option<String>,
    /// Name of the action, such as `secret.read`; or its first half, such as `secret`.
    pub action: Option<String>,
    /// Not older than this, in milliseconds since 1970.
    #[cfg_attr(feature = "__typescript", ts(type = "number"))]
    pub since_ms: Option<i64>,
    /// Not younger than this, in milliseconds since 1970.
    #[cfg_attr(feature = "__typescript", ts(type = "number"))]
    pub until_ms: Option<i64>,
    /// At most this many, the newest ones.
    pub limit: Option<u32>,
    /// Whether to include what Ravi's own event log has about the workspaces' identities: mail, text messages and
    /// calls, incoming and outgoing, but never their texts. Takes three API calls per identity.
    pub with_events: bool,
}

/// One line of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct AuditRow {
    /// Who recorded it.
    pub source: AuditSource,
    /// Its number there.
    #[cfg_attr(feature = "__typescript", ts(type = "number"))]
    pub seq: i64,
    /// When it happened, in milliseconds since 1970; `null` if Ravi does not say.
    #[cfg_attr(feature = "__typescript", ts(type = "number | null"))]
    pub at_ms: Option<i64>,
    /// The same as text (RFC 3339, UTC).
    pub at: Option<String>,
    /// File name of the program that did it.
    pub program: Option<String>,
    /// Its process id.
    pub pid: Option<u32>,
    /// Id of the workspace that used it, or that the message was for.
    pub workspace: Option<String>,
    /// What was done, such as `secret.read`, or the kind of event, such as `email.message.received`.
    pub action: String,
    /// What it was done to: name of a secret, uuid of a key, id of a message, path of a file.
    pub object: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// More about it; the error's code, if it did not go well.
    pub reason: Option<String>,
    /// How often. More than 1 if one process did the same many thousands of times at once.
    pub times: u32,
    /// For an event, the uuid of the identity.
    pub identity: Option<String>,
    /// Address or number that a message came from.
    pub from: Option<String>,
    /// Address or number that it went to.
    pub to: Option<String>,
}

/// Who recorded a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum AuditSource {
    /// This machine, in its ledger.
    Ledger,
    /// Ravi, in its event log.
    Ravi,
}

impl AuditFilter {
    /// Whether a line that is not one of the ledger's entries is wanted.
    pub(crate) fn wants(&self, row: &AuditRow) -> bool {
        let action = |wanted: &String| {
            let rest = row.action.strip_prefix(wanted.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.secret.is_none()
            && self.workspace.as_ref().is_none_or(|wanted| row.workspace.as_ref() == Some(wanted))
            && self.action.as_ref().is_none_or(action)
            && self.since_ms.is_none_or(|since| row.at_ms.is_some_and(|at| at >= since))
            && self.until_ms.is_none_or(|until| row.at_ms.is_some_and(|at| at <= until))
    }
}

/// Parses a point in time, in milliseconds since 1970.
///
/// Accepts `2026-01-31T12:00:00Z`, a day or time without a zone (taken as UTC), seconds since 1970, or how long ago,
/// such as `7d` or `12h 30m`.
///
/// # Errors
/// Why it is not a point in time, in words.
pub fn parse_time(text: &str) -> Result<i64, String> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return seconds.checked_mul(1000).ok_or_else(|| "the number is too large".to_owned());
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.as_millisecond());
    }
    if let Ok(at) = text.parse::<jiff::civil::DateTime>() {
        return at.to_zoned(TimeZone::UTC).map(|at| at.timestamp().as_millisecond()).map_err(|e| e.to_string());
    }
    let unknown = |_| {
        format!("{text:?} is not a time; give one such as 2026-01-31T12:00:00Z, 2026-01-31, 7d, or seconds since 1970")
    };
    let ago: Span = text.parse().map_err(unknown)?;
    let now = Timestamp::from_millisecond(now_ms()).map_err(|e| e.to_string())?.to_zoned(TimeZone::UTC);
    now.checked_sub(ago.abs()).map(|at| at.timestamp().as_millisecond()).map_err(|e| e.to_string())
}

/// A point in time as text (RFC 3339, UTC, milliseconds).
pub(crate) fn time_text(at_ms: i64) -> Option<String> {
    Timestamp::from_millisecond(at_ms).ok().map(|at| format!("{at:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form_that_is_promised() {
        let noon = 1_769_860_800_000;
        for text in ["2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", "2026-01-31 12:00", "1769860800"] {
            assert_eq!(parse_time(text), Ok(noon), "{text}");
        }
        assert_eq!(parse_time("2026-01-31"), Ok(noon - 12 * 3_600_000));
        for (text, ms) in [("7d", 7 * 86_400_000), ("12h 30m", 45_000_000), ("90s", 90_000), ("1w", 7 * 86_400_000)] {
            let off = now_ms() - ms - parse_time(text).unwrap();
            assert!((-60_000..=60_000).contains(&off), "{text}: {off}");
        }
        for bad in ["", "yesterday", "7x", "2026-13-01", "99999999999999999999"] {
            assert!(parse_time(bad).is_err(), "{bad}");
        }
        assert_eq!(time_text(noon).as_deref(), Some("2026-01-31T12:00:00.000Z"));
    }
}
