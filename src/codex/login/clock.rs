//! Ravi's clock: the one that all machines which share a login can agree on.

use std::time::UNIX_EPOCH;

use crate::api::Client;
use crate::ledger::now_ms;

/// How far Ravi's clock is ahead of this machine's, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Clock {
    ahead_ms: i64,
}

impl Clock {
    /// Asks Ravi once. Where it does not say, both are taken to agree: a lease is hours long.
    pub(crate) async fn ask(client: &Client) -> Clock {
        let Ok(asked) = client.clock().await else { return Clock::default() };
        let here = now_ms();
        let date = asked.date.and_then(|date| date.duration_since(UNIX_EPOCH).ok());
        let ahead = date.and_then(|date| i64::try_from(date.as_millis()).ok()).map(|date| date - here);
        // Whole seconds: what is less than that is none.
        Clock { ahead_ms: ahead.filter(|ahead| ahead.abs() >= 2000).unwrap_or_default() }
    }

    /// Now, by Ravi's clock; Unix time in milliseconds.
    pub(crate) fn now_ms(self) -> i64 {
        now_ms() + self.ahead_ms
    }
}
