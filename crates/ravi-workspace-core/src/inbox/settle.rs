//! Which events were seen, and where the replay has to begin.
//!
//! Events are numbered in order but may become visible out of order, and an identity sees only its own. So a gap may be
//! somebody else's event or a late one. A gap is watched for a while, and then taken for somebody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

/// How long after a later event an event may still become visible.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What was seen above a floor.
#[derive(Debug)]
pub(super) struct Settling {
    floor: i64,
    seen: BTreeMap<i64, Instant>,
    open: BTreeSet<i64>,
}

impl Settling {
    pub(super) fn new(floor: i64) -> Settling {
        Settling { floor, seen: BTreeMap::new(), open: BTreeSet::new() }
    }

    /// Returns where the replay begins: everything up to here was seen or is nobody's.
    pub(super) fn floor(&self) -> i64 {
        self.floor
    }

    /// Whether the event has not been seen yet.
    pub(super) fn is_new(&self, seq: i64) -> bool {
        seq > self.floor && !self.seen.contains_key(&seq)
    }

    /// Records an event that was dealt with.
    pub(super) fn done(&mut self, seq: i64, now: Instant) {
        self.open.remove(&seq);
        if seq > self.floor {
            self.seen.entry(seq).or_insert(now);
        }
    }

    /// Records an event that could not be dealt with; the floor stays below it.
    pub(super) fn failed(&mut self, seq: i64) {
        self.open.insert(seq);
    }

    /// Makes everything after `floor` count as unseen.
    pub(super) fn rewind(&mut self, floor: i64) {
        self.floor = self.floor.min(floor);
        self.seen.clear();
    }

    /// Raises the floor to where nothing can appear below it any more.
    pub(super) fn settle(&mut self, now: Instant) {
        while let Some((&seq, &at)) = self.seen.first_key_value() {
            let next = seq == self.floor + 1 || now.duration_since(at) >= PATIENCE;
            if !next || self.open.first().is_some_and(|open| *open < seq) {
                break;
            }
            self.floor = seq;
            self.seen.pop_first();
        }
    }

    /// Whether an event may still appear below one that was seen.
    pub(super) fn unsettled(&self) -> bool {
        !self.seen.is_empty() || !self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_waits_for_late_events() {
        let start = Instant::now();
        let mut settling = Settling::new(10);
        settling.done(11, start);
        settling.done(14, start);
        settling.settle(start);
        assert_eq!((settling.floor(), settling.unsettled()), (11, true));
        assert!(settling.is_new(12) && settling.is_new(13) && !settling.is_new(14) && !settling.is_new(11));
        settling.done(12, start + Duration::from_secs(1));
        settling.settle(start + Duration::from_secs(1));
        assert_eq!(settling.floor(), 12);
        settling.settle(start + PATIENCE);
        assert_eq!((settling.floor(), settling.unsettled()), (14, false));
    }

    #[test]
    fn the_floor_stays_below_what_could_not_be_dealt_with() {
        let start = Instant::now();
        let mut settling = Settling::new(0);
        settling.failed(1);
        settling.done(2, start);
        settling.settle(start + PATIENCE * 2);
        assert_eq!((settling.floor(), settling.is_new(1)), (0, true));
        settling.done(1, start);
        settling.settle(start);
        assert_eq!(settling.floor(), 2);
    }

    #[test]
    fn a_rewind_shows_everything_again() {
        let start = Instant::now();
        let mut settling = Settling::new(5);
        settling.done(6, start);
        settling.settle(start);
        settling.rewind(3);
        assert!(settling.floor() == 3 && settling.is_new(4) && settling.is_new(6));
    }
}
