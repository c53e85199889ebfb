//! Blocking work, moved to a thread meant for it.

use std::panic::resume_unwind;

/// The program is shutting down and the work was never started.
#[derive(Debug)]
pub(crate) struct Stopped;

/// Runs `work` where it may block.
///
/// A panic in it continues in the caller: there is no error to report it as.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Stopped> {
    tokio::task::spawn_blocking(work).await.map_err(|failed| match failed.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_cancelled) => Stopped,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_not_told_as_a_shutdown() {
        let caller = tokio::spawn(blocking(|| panic!("made up")));
        let panic = caller.await.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"made up"));
    }
}
