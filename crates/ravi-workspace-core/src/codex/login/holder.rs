//! The machine that has a login: what the record, and a refusal, says of it.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The machine that may use a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Which machine and ledger.
    pub(crate) machine: String,
    pub(crate) host: String,
    pub(crate) home: PathBuf,
    pub(crate) since_ms: i64,
    /// When the process that last acted for it began.
    pub(crate) process_ms: i64,
    pub(crate) until_ms: i64,
    /// Whether somebody is there to hand it over when asked.
    pub(crate) watched: bool,
}

impl Holder {
    pub(crate) fn in_words(&self) -> String {
        let time = |ms| Timestamp::from_millisecond(ms).map_or_else(|_| "?".into(), |at| format!("{at:.0}"));
        let (home, since, until) = (self.home.display(), time(self.since_ms), time(self.until_ms));
        format!("{} ({home}) since {since}, and is kept for it until {until}", self.host)
    }

    pub(crate) fn lives(&self, now_ms: i64) -> bool {
        now_ms < self.until_ms
    }
}
