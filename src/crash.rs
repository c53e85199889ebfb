//! Crash points: places where a test may end the process as if the machine had lost power.
//!
//! The lowest functions that have an outside effect (a commit of the ledger, a file put in place, a git value, an API
//! call that changes something) call [`point`] before and after it. So the list of points is made by running a command,
//! not kept by hand, and a new effect is covered without anybody thinking of it. Points exist only in builds with the
//! feature `local`, which no app ships.

/// Passes a crash point. `what` says which effect, for the trace.
#[cfg(not(feature = "local"))]
#[inline(always)]
pub(crate) fn point(_when: When, _what: impl std::fmt::Display) {}

/// On which side of an effect a point lies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    Before,
    After,
}

/// Passes a crash point. With `RAVI_WORKSPACE_CRASH_TRACE=FILE` the point is written to that file; with
/// `RAVI_WORKSPACE_CRASH_AT` the process is aborted at the Nth point it passes (from 1), or at the first one with that
/// text in the trace, such as `After POST /api/auth/keys/identity/`: some effects have no fixed order among each other.
#[cfg(feature = "local")]
pub(crate) fn point(when: When, what: impl std::fmt::Display) {
    use std::io::Write as _;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static PLAN: OnceLock<(Option<String>, Option<std::ffi::OsString>)> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let (at, trace) = PLAN.get_or_init(|| {
        (std::env::var("RAVI_WORKSPACE_CRASH_AT").ok(), std::env::var_os("RAVI_WORKSPACE_CRASH_TRACE"))
    });
    if at.is_none() && trace.is_none() {
        return;
    }
    let passed = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
    let text = format!("{when:?} {what}");
    if let Some(file) = trace
        && let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(file)
    {
        let _ = writeln!(file, "{passed} {text}");
    }
    if at.as_ref().is_some_and(|at| *at == text || *at == passed.to_string()) {
        std::process::abort();
    }
}
