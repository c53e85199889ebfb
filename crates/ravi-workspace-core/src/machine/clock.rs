//! The current time.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix time in milliseconds.
pub(crate) fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)).saturating_add(offset_ms())
}

/// Lets tests move in time without waiting: `RAVI_WORKSPACE_CLOCK_OFFSET_S`, in builds with the feature `__testing`,
/// which nothing that is shipped has.
#[cfg(feature = "__testing")]
fn offset_ms() -> i64 {
    static OFFSET: std::sync::OnceLock<i64> = std::sync::OnceLock::new();
    *OFFSET.get_or_init(|| {
        let seconds = std::env::var("RAVI_WORKSPACE_CLOCK_OFFSET_S").ok().and_then(|s| s.parse::<i64>().ok());
        seconds.unwrap_or(0).saturating_mul(1000)
    })
}

#[cfg(not(feature = "__testing"))]
fn offset_ms() -> i64 {
    0
}
