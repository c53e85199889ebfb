//! Ravi's clock: the one that all machines sharing a login can agree on.

use std::time::{Instant, UNIX_EPOCH};

use crate::api::Client;
use crate::machine::clock::now_ms;

/// How far Ravi's clock is ahead of this machine's, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    ahead_ms: i64,
    /// When it was asked, by this machine's clock and by one that is never adjusted.
    asked: (i64, Instant),
}

impl Clock {
    /// Asks Ravi once. If it does not say, both clocks are assumed to agree, since a lease lasts for hours.
    pub(crate) async fn ask(client: &Client) -> Clock {
        let unknown = Clock { ahead_ms: 0, asked: (now_ms(), Instant::now()) };
        let Ok(asked) = client.clock().await else { return unknown };
        let here = now_ms();
        let date = asked.date.and_then(|date| date.duration_since(UNIX_EPOCH).ok());
        let ahead = date.and_then(|date| i64::try_from(date.as_millis()).ok()).map(|date| date - here);
        // The date has whole seconds, so smaller differences do not count.
        Clock { ahead_ms: ahead.filter(|ahead| ahead.abs() >= 2000).unwrap_or_default(), ..unknown }
    }

    /// Whether this machine's clock was adjusted, or the machine slept, since Ravi was asked.
    pub(crate) fn is_stale(&self) -> bool {
        let ran = i64::try_from(self.asked.1.elapsed().as_millis()).unwrap_or(i64::MAX);
        (now_ms() - self.asked.0).saturating_sub(ran).abs() >= 2000
    }

    /// The current time by Ravi's clock; Unix time in milliseconds.
    pub(crate) fn now_ms(self) -> i64 {
        now_ms() + self.ahead_ms
    }
}
