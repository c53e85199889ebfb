//! Crash points: places where a test may end the process as if the machine had lost power.
//!
//! The lowest functions with an outside effect (a ledger commit, a file put in place, a git value, an API call that
//! changes something) call [`point`] before and after it. So the list of points comes from running a command rather
//! than from a list kept by hand, and a new effect is covered without anybody having to think of it. Points exist only
//! in builds with the feature `__testing`, which nothing that is shipped has.

/// Passes a crash point. `what` names the effect, for the trace.
#[cfg(not(feature = "__testing"))]
#[inline(always)]
pub(crate) fn point(_when: When, _what: impl std::fmt::Display) {}

/// Which side of an effect a point is on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    Before,
    After,
}

/// Passes a crash point.
///
/// With `RAVI_WORKSPACE_CRASH_TRACE=FILE` the point is written to that file. With `RAVI_WORKSPACE_CRASH_AT` the process
/// is aborted at the Nth point it passes (from 1), or at the first one whose text in the trace is the given one, such
/// as `After POST /api/auth/keys/identity/`, since some effects come in no fixed order.
#[cfg(feature = "__testing")]
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
