//! How long Ravi's answers are relied on.

use std::time::Duration;

/// How old an answer from Ravi may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// A value younger than this is used without asking.
    pub(crate) fresh: Duration,
    /// For this long, a secret that did not exist is assumed still not to exist.
    pub(crate) absent: Duration,
    /// An answer younger than this is used if Ravi cannot be reached.
    pub(crate) stale: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        Limits { fresh: minutes(5), absent: Duration::ZERO, stale: minutes(24 * 60) }
    }
}
