//! Audit entries noted outside the caller's path: reads answered from memory.
//!
//! Such a read takes a microsecond and must not wait for the disk. Its entry goes into a queue that a thread writes to
//! the ledger, many in one transaction, [`GATHER`] after the first of them arrived and whenever the handle is dropped.
//! A process that is killed loses at most the last 50 ms. While the ledger cannot be written, nothing goes into the
//! queue: the caller has to note the entry itself, and learns why it cannot.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Ledger;
use crate::audit::{Entry, Stamped};

/// How long entries are gathered. Together with the time that writing takes, this is well below the 50 ms that may be
/// lost.
const GATHER: Duration = Duration::from_millis(20);

/// How many entries wait one by one. Beyond that, equal ones are counted instead.
const ROOM: usize = 4096;

/// How long to pause after a failed write.
const REST: Duration = Duration::from_secs(1);

/// The queue of one handle, and the thread that empties it.
pub(crate) struct Trail {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    ledger: Ledger,
    queue: Mutex<Queue>,
    came: Condvar,
    /// Held from taking entries out of the queue until they are in the ledger.
    writing: Mutex<()>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Stamped>,
    /// The positions of entries beyond [`ROOM`].
    counted: HashMap<Entry, usize>,
    /// Whether the last attempt to write failed.
    failing: bool,
    ending: bool,
}

impl Trail {
    /// A queue for `ledger`. The thread is started with the first entry.
    pub(crate) fn new(ledger: &Ledger) -> Trail {
        let shared =
            Shared { ledger: ledger.clone(), queue: Mutex::default(), came: Condvar::new(), writing: Mutex::default() };
        Trail { shared: Arc::new(shared), writer: Mutex::default() }
    }

    /// Takes an entry that is to be written within 50 ms; gives it back if that cannot be promised.
    pub(crate) fn note_soon(&self, entry: Entry) -> Result<(), Entry> {
        let mut queue = self.shared.queue();
        let first = queue.waiting.is_empty();
        queue.push(entry)?;
        drop(queue);
        if first {
            self.wake();
        }
        Ok(())
    }

    /// Writes what is waiting, and returns when it is in the ledger.
    pub(crate) fn flush(&self) {
        self.shared.write_out();
    }

    fn wake(&self) {
        let mut writer = lock(&self.writer);
        if writer.is_none() {
            let shared = Arc::clone(&self.shared);
            let thread = std::thread::Builder::new().name("ravi-audit".into()).spawn(move || shared.run());
            match thread {
                Ok(thread) => *writer = Some(thread),
                // No thread can be started, so it is written here and now.
                Err(_) => self.shared.write_out(),
            }
        }
        self.shared.came.notify_one();
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        self.shared.queue().ending = true;
        self.shared.came.notify_one();
        if let Some(writer) = lock(&self.writer).take() {
            let _ = writer.join();
        }
    }
}

impl Queue {
    fn push(&mut self, entry: Entry) -> Result<(), Entry> {
        if self.failing || self.waiting.len() >= 2 * ROOM {
            return Err(entry);
        }
        if self.waiting.len() < ROOM {
            self.waiting.push(Stamped::now(entry));
            return Ok(());
        }
        match self.counted.get(&entry) {
            Some(&at) => self.waiting[at].times += 1,
            None => {
                self.counted.insert(entry.clone(), self.waiting.len());
                self.waiting.push(Stamped::now(entry));
            }
        }
        Ok(())
    }

    fn take(&mut self) -> Vec<Stamped> {
        self.counted.clear();
        std::mem::take(&mut self.waiting)
    }

    /// Puts entries that could not be written back, ahead of those that have arrived since.
    fn put_back(&mut self, mut batch: Vec<Stamped>) {
        batch.append(&mut self.waiting);
        self.waiting = batch;
        self.counted.clear();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    fn run(&self) {
        loop {
            let mut queue = self.queue();
            while queue.waiting.is_empty() && !queue.ending {
                queue = self.came.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            let pause = if queue.failing { REST } else { GATHER };
            let waited = self.came.wait_timeout_while(queue, pause, |queue| !queue.ending);
            let ending = waited.unwrap_or_else(PoisonError::into_inner).0.ending;
            self.write_out();
            if ending {
                return;
            }
        }
    }

    fn write_out(&self) {
        let _writing = lock(&self.writing);
        let batch = self.queue().take();
        if batch.is_empty() {
            return;
        }
        let written = self.ledger.note_all(&batch);
        let mut queue = self.queue();
        queue.failing = written.is_err();
        if let Err(error) = written {
            tracing::warn!(%error, entries = batch.len(), "the ledger cannot be written; audit entries are waiting");
            queue.put_back(batch);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panicking thread leaves the queue whole: every change is a single push or take.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
