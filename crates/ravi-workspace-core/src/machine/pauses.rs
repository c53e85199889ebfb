//! Pauses of a loop that waits for somebody else.
//!
//! Not the crate `backon`, which retries calls of `ravi-api`: what is waited for here is no failed call, and it would
//! bring every build of the engine one more crate.

use std::time::Duration;

/// Pauses that double: whoever is quick is noticed at once, and whoever is slow is not asked all the time.
#[derive(Debug)]
pub(crate) struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Pauses {
    /// Pauses from `first` up to `longest`.
    pub(crate) fn new(first: Duration, longest: Duration) -> Pauses {
        Pauses { next: first, longest }
    }

    /// Returns the pause to make now.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.next.min(self.longest);
        self.next = pause.saturating_mul(2);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut pauses = Pauses::new(Duration::from_millis(2), Duration::from_millis(10));
        assert_eq!([(); 5].map(|()| pauses.next().as_millis()), [2, 4, 8, 10, 10]);
    }
}
