//! Counts and logs the calls to the API, so that a test can tell how many there were and in which order.
//!
//! It keeps no header, no body and no key, and knows no resource.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;
use uuid::Uuid;

/// How many entries the log keeps; older ones are dropped. The counts stay.
const LOG_LENGTH: usize = 100_000;

/// One call.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Entry {
    method: String,
    /// The path with ids replaced by `{id}`.
    path: String,
    /// The path as sent, with its query.
    target: String,
    /// The status that was sent; null while the call runs, and for ever if no reply left the server.
    status: Option<u16>,
    /// When the call arrived, in milliseconds since the server started.
    at_ms: u64,
    /// When its reply was ready, in milliseconds since the server started; null like `status`.
    done_ms: Option<u64>,
}

/// The answer of `GET /_local/calls`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    counts: BTreeMap<String, u64>,
    log: VecDeque<Entry>,
}

#[derive(Default)]
struct State {
    report: Report,
    /// How many entries were dropped from the beginning of the log.
    forgotten: usize,
}

/// The calls since the start or the last reset.
pub(super) struct Calls {
    started: Instant,
    state: Mutex<State>,
}

impl Calls {
    pub(super) fn new() -> Calls {
        Calls { started: Instant::now(), state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Records a call's arrival; the number returned is for [`Calls::end`].
    pub(super) fn begin(&self, method: &str, path: &str, target: &str) -> usize {
        let at_ms = self.now_ms();
        let mut state = self.lock();
        *state.report.counts.entry(format!("{method} {path}")).or_default() += 1;
        if state.report.log.len() == LOG_LENGTH {
            state.report.log.pop_front();
            state.forgotten += 1;
        }
        let (method, path, target) = (method.to_owned(), path.to_owned(), target.to_owned());
        state.report.log.push_back(Entry { method, path, target, status: None, at_ms, done_ms: None });
        state.forgotten + state.report.log.len() - 1
    }

    /// Records the status sent to call `number`.
    pub(super) fn end(&self, number: usize, status: u16) {
        let now = self.now_ms();
        let mut state = self.lock();
        let index = number.checked_sub(state.forgotten);
        if let Some(entry) = index.and_then(|index| state.report.log.get_mut(index)) {
            entry.status = Some(status);
            entry.done_ms = Some(now);
        }
    }

    /// Returns the calls so far.
    pub(super) fn report<T>(&self, read: impl FnOnce(&Report) -> T) -> T {
        read(&self.lock().report)
    }

    /// Forgets all calls.
    pub(super) fn reset(&self) {
        let mut state = self.lock();
        state.forgotten += state.report.log.len();
        state.report = Report::default();
    }
}

/// Returns a path with its ids replaced, for paths that match no route.
pub(super) fn template(path: &str) -> String {
    let is_id =
        |part: &str| !part.is_empty() && (part.bytes().all(|b| b.is_ascii_digit()) || Uuid::try_parse(part).is_ok());
    path.split('/').map(|part| if is_id(part) { "{id}" } else { part }).collect::<Vec<_>>().join("/")
}
