//! When a call is retried, and after how long.
//!
//! What may be repeated depends on what is known about the failed attempt: refused without effect, never sent, or
//! unclear. The API has no idempotency keys, so an unclear `POST` is never repeated.

use std::time::{Duration, SystemTime};

use backon::ExponentialBuilder;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::error::{ApiError, Verb};

/// Attempts after the first, as in the official SDK.
const MOST_RETRIES: usize = 3;

/// Attempts after the first if there was no connection. Few and quick: somebody who waits for a command wants to know.
const MOST_RECONNECTS: u32 = 2;

/// No pause that we choose ourselves is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// A failed attempt, and what that means for another one.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: ApiError,
    pub(super) effect: Effect,
}

/// What is known about the effect of a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Another attempt would fail the same way.
    Final,
    /// Nothing of it was sent.
    NotSent,
    /// Rejected for now; to be tried again later.
    TurnedAway,
    /// It may or may not have taken effect, and another attempt may succeed.
    Unclear,
}

impl Effect {
    /// Returns the effect for a status: the set that the official SDK retries.
    pub(super) fn of_status(status: u16) -> Effect {
        match status {
            429 => Effect::TurnedAway,
            408 | 425 | 500 | 502 | 503 | 504 => Effect::Unclear,
            _ => Effect::Final,
        }
    }
}

/// Decides about one call, attempt by attempt.
#[derive(Debug)]
pub(super) struct Policy {
    verb: Verb,
    base: Duration,
    ceiling: Duration,
    reconnects: u32,
}

impl Policy {
    pub(super) fn new(verb: Verb, base: Duration, ceiling: Duration) -> Policy {
        Policy { verb, base, ceiling, reconnects: 0 }
    }

    /// Returns the pause before the next attempt; `None` if there must be none. `planned` comes from [`schedule`],
    /// `left` is the time until the deadline: a pause that reaches it would only turn the real error into a late one.
    pub(super) fn pause(&mut self, failure: &Failure, planned: Option<Duration>, left: Duration) -> Option<Duration> {
        let planned = planned?;
        let pause = match failure.effect {
            Effect::Final => return None,
            Effect::Unclear if !self.verb.is_idempotent() => return None,
            Effect::NotSent => self.reconnect()?,
            Effect::TurnedAway | Effect::Unclear => failure.error.retry_after().unwrap_or(planned),
        };
        (pause <= self.ceiling && pause < left).then_some(pause)
    }

    fn reconnect(&mut self) -> Option<Duration> {
        self.reconnects += 1;
        (self.reconnects <= MOST_RECONNECTS).then(|| self.base / 5 * self.reconnects)
    }
}

/// Returns the pauses to make if the server names none: 0.5, 1, 2 s for a base of 0.5 s.
pub(super) fn schedule(base: Duration) -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(base)
        .with_factor(2.0)
        .with_max_delay(LONGEST_PAUSE)
        .with_max_times(MOST_RETRIES)
}

/// Reads `Retry-After` as seconds, with or without a fraction, or as an HTTP date. A date is compared with the server's
/// own clock, if it sends its time.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return pause_of(seconds);
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let now = headers.get(DATE).and_then(|d| httpdate::parse_http_date(d.to_str().ok()?).ok());
    Some(at.duration_since(now.unwrap_or_else(SystemTime::now)).unwrap_or_default())
}

/// Turns a number of seconds into a pause; a negative one is none, and one beyond all clocks is the longest.
pub(super) fn pause_of(seconds: f64) -> Option<Duration> {
    if !seconds.is_finite() {
        return None;
    }
    Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use backon::BackoffBuilder;

    use super::super::error::{Cause, Endpoint, ServerMessage};
    use super::*;

    const BASE: Duration = Duration::from_millis(500);
    const CEILING: Duration = Duration::from_secs(20);
    const LEFT: Duration = Duration::from_secs(30);

    fn failure(verb: Verb, effect: Effect, retry_after: Option<Duration>) -> Failure {
        let endpoint = Endpoint { verb, template: "/api/x/" };
        let error = match effect {
            Effect::NotSent => ApiError::Unreachable {
                endpoint,
                host: "h".into(),
                cause: Cause::Refused,
                detail: String::new(),
                outcome_unknown: false,
            },
            _ => ApiError::Throttled { endpoint, retry_after, server: Box::<ServerMessage>::default() },
        };
        Failure { error, effect }
    }

    fn pause(verb: Verb, effect: Effect, asked: Option<Duration>) -> Option<Duration> {
        Policy::new(verb, BASE, CEILING).pause(&failure(verb, effect, asked), Some(BASE), LEFT)
    }

    #[test]
    fn pauses_without_header_are_those_of_the_official_sdk() {
        let pauses: Vec<_> = schedule(BASE).build().map(|d| d.as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000]);
        let long: Vec<_> = schedule(Duration::from_secs(6)).build().map(|d| d.as_secs()).collect();
        assert_eq!(long, [6, 8, 8]);
    }

    #[test]
    fn only_what_is_safe_is_repeated() {
        for verb in [Verb::Get, Verb::Patch, Verb::Delete] {
            assert_eq!(pause(verb, Effect::Unclear, None), Some(BASE), "{verb:?}");
        }
        assert_eq!(pause(Verb::Post, Effect::Unclear, None), None);
        for verb in [Verb::Get, Verb::Post, Verb::Patch, Verb::Delete] {
            assert_eq!(pause(verb, Effect::Final, None), None, "{verb:?}");
            assert_eq!(pause(verb, Effect::TurnedAway, None), Some(BASE), "{verb:?}");
            assert_eq!(pause(verb, Effect::NotSent, None), Some(BASE / 5), "{verb:?}");
        }
    }

    #[test]
    fn reconnecting_is_quick_and_rare() {
        let mut policy = Policy::new(Verb::Get, BASE, CEILING);
        let failed = failure(Verb::Get, Effect::NotSent, None);
        let pauses: Vec<_> = (0..4).map(|_| policy.pause(&failed, Some(BASE), LEFT)).collect();
        assert_eq!(pauses, [Some(BASE / 5), Some(BASE / 5 * 2), None, None]);
    }

    #[test]
    fn the_servers_wish_is_honoured_in_full_or_not_at_all() {
        let asked = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(pause(Verb::Get, Effect::TurnedAway, asked(20)), asked(20));
        assert_eq!(pause(Verb::Get, Effect::TurnedAway, asked(0)), asked(0));
        assert_eq!(pause(Verb::Get, Effect::TurnedAway, asked(21)), None);
        let failed = failure(Verb::Get, Effect::TurnedAway, asked(10));
        let mut policy = Policy::new(Verb::Get, BASE, CEILING);
        assert_eq!(policy.pause(&failed, Some(BASE), Duration::from_secs(10)), None);
        assert_eq!(policy.pause(&failed, None, LEFT), None, "no attempts left");
    }

    #[test]
    fn statuses_are_sorted_as_documented() {
        let repeated: Vec<u16> = (300..600).filter(|s| Effect::of_status(*s) != Effect::Final).collect();
        assert_eq!(repeated, [408, 425, 429, 500, 502, 503, 504]);
    }

    #[test]
    fn retry_after_is_read_in_all_forms() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            headers.insert(DATE, "Wed, 21 Oct 2026 07:28:00 GMT".parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(read("30"), Some(Duration::from_secs(30)));
        assert_eq!(read(" 1.5 "), Some(Duration::from_millis(1500)));
        assert_eq!(read("-7"), Some(Duration::ZERO));
        assert_eq!(read("36000"), Some(Duration::from_secs(36000)));
        assert_eq!(read("1e300"), Some(Duration::MAX));
        assert_eq!(read("Wed, 21 Oct 2026 07:28:42 GMT"), Some(Duration::from_secs(42)));
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        for nonsense in ["soon", "NaN", "inf", ""] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
