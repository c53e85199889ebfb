//! When a watcher has something to do.
//!
//! The file is looked at four times a second, by its inode, size and times. Not by notifications of the system: these say
//! nothing on network homes, have a limit per user that editors and agents use up, follow a folder and not the link that
//! `auth.json` may be, and a timer for leases and retries is there anyway. One look is one stat(2).

use std::time::Duration;

use tokio::time::Instant;

use super::CodexOptions;
use super::home::{Home, Stamp};

/// How often the vault is looked at, where nothing else is chosen.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(30);

const SHORTEST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// How often the file is looked at.
pub(crate) const BEAT: Duration = Duration::from_millis(250);

/// Decides when to act.
#[derive(Debug)]
pub(crate) struct Pulse {
    seen: Option<Option<Stamp>>,
    look_every: Duration,
    next_look: Instant,
    retry: Option<Instant>,
    delay: Duration,
}

impl Pulse {
    /// One that has something to do at once.
    pub(crate) fn new(options: &CodexOptions) -> Pulse {
        let look_every = options.look_every.unwrap_or(LOOK_EVERY);
        Pulse { seen: None, look_every, next_look: Instant::now(), retry: None, delay: SHORTEST_RETRY }
    }

    /// Whether there is something to do now. The state of the file is taken before it is read, so that what is written
    /// while it is read is seen next time.
    pub(crate) fn is_due(&mut self, home: &Home) -> bool {
        let (now, stamp) = (Instant::now(), home.stamp());
        let changed = self.seen != Some(stamp);
        let due = changed || now >= self.next_look || self.retry.is_some_and(|at| now >= at);
        if due {
            self.seen = Some(stamp);
            self.next_look = now + self.look_every;
        }
        due
    }

    pub(crate) fn succeeded(&mut self) {
        (self.retry, self.delay) = (None, SHORTEST_RETRY);
    }

    pub(crate) fn failed(&mut self) {
        self.retry = Some(Instant::now() + self.delay);
        self.delay = (self.delay * 2).min(LONGEST_RETRY);
    }
}
