//! Decides when a watcher has something to do.
//!
//! The file is checked four times a second, by which file it is, its size and times, rather than by the system's notifications:
//! these do not work on network homes, have a per-user limit that editors and agents use up, and follow a folder
//! instead of the link that `auth.json` may be; and a timer for leases and retries is needed anyway. Each check is one
//! stat(2).

use std::time::Duration;

use tokio::time::Instant;

use super::home::Home;
use super::options::CodexOptions;
use crate::machine::os::Stamp;

/// How often the vault is checked, by default.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(30);

const SHORTEST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// How often the file is checked.
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
    /// A pulse that has something to do at once.
    pub(crate) fn new(options: &CodexOptions) -> Pulse {
        let look_every = options.look_every.unwrap_or(LOOK_EVERY);
        Pulse { seen: None, look_every, next_look: Instant::now(), retry: None, delay: SHORTEST_RETRY }
    }

    /// Whether there is something to do now. The state of the file is taken before the file is read, so that anything
    /// written during the read is noticed next time.
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
