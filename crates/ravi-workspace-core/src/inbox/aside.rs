//! The threads on which the texts of messages are laid out and searched.
//!
//! Strangers write these texts, and a page of half a megabyte may be crafted to take seconds. That would hold up other
//! calls on the threads that serve everybody, so whatever works on a text requires an [`Aside`], which exists only on a
//! thread for long work. `text` and `codes` limit how much of a text is read.

use tokio::task::JoinHandle;

use crate::error::Result;
use crate::workspace::WorkspaceError;

/// Proof that this thread may be kept busy.
pub(super) struct Aside(());

impl Aside {
    /// Runs `work` on a thread for long work.
    pub(super) async fn run<T: Send + 'static>(work: impl FnOnce(&Aside) -> T + Send + 'static) -> Result<T> {
        Aside::end(&mut Aside::begin(work)).await
    }

    /// Begins `work`, for a caller that may stop waiting for it and come back.
    pub(super) fn begin<T: Send + 'static>(work: impl FnOnce(&Aside) -> T + Send + 'static) -> JoinHandle<T> {
        tokio::task::spawn_blocking(|| work(&Aside(())))
    }

    /// Waits for the result.
    pub(super) async fn end<T>(begun: &mut JoinHandle<T>) -> Result<T> {
        Ok(begun.await.map_err(|_| WorkspaceError::Stopped)?)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::Aside;

    /// The runtime of this test has one thread for calls, which waits here.
    #[tokio::test]
    async fn work_is_done_on_another_thread_than_calls() {
        let there = Aside::run(|_| thread::current().id()).await.unwrap();
        assert_ne!(there, thread::current().id());
    }
}
