//! Places in a chunk where something may begin, and how a way of reading walks through them.

/// Places in a chunk, in order.
#[derive(Default)]
pub(super) struct Places {
    pub(super) text: Vec<usize>,
    pub(super) base64: Vec<usize>,
    pub(super) hex: Vec<usize>,
}

/// Walks through places in order.
pub(super) struct Ahead<'a>(&'a [usize]);

impl<'a> Ahead<'a> {
    pub(super) fn new(places: &'a [usize]) -> Ahead<'a> {
        Ahead(places)
    }

    /// Returns the first place at or after `at`.
    pub(super) fn next(&mut self, at: usize) -> Option<usize> {
        while self.0.first().is_some_and(|place| *place < at) {
            self.0 = &self.0[1..];
        }
        self.0.first().copied()
    }
}
