//! Calls from code that is not asynchronous.

use tokio::runtime::Builder;

use crate::error::{Explain, Result};

/// Why nothing can be called.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The system does not give what a runtime needs.
    #[error("calls to Ravi cannot be made: {source}")]
    #[explain(code = "runtime.start", hint = "Check the limits on open files and processes, then try again.")]
    Start {
        /// What the system said.
        source: std::io::Error,
    },
}

/// Does `work` on a runtime of its own. Must not be called on a thread that runs one.
pub fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|source| RuntimeError::Start { source })?.block_on(work)
}
