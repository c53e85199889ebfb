//! The log, on standard error: off unless `RAVI_WORKSPACE_LOG` asks for it.
//!
//! Only lines of our own crates are shown, whatever the level: those of other libraries may contain headers and bodies.
//! Ours contain names, codes and times, and never a secret's value.

use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::output::{line, say};
use ravi_workspace_core::config::ConfigError;

const VARIABLE: &str = "RAVI_WORKSPACE_LOG";

/// The crates whose lines are shown.
const OURS: [&str; 4] = ["ravi_api", "ravi_workspace", "ravi_workspace_core", "ravi_workspace_helper"];

/// Makes one line of each log entry.
struct Lines;

impl Write for Lines {
    fn write(&mut self, entry: &[u8]) -> io::Result<usize> {
        say(&line(String::from_utf8_lossy(entry).trim_end_matches('\n')));
        Ok(entry.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts logging if the environment asks for it: `error`, `warn`, `info`, `debug` or `trace`.
pub(super) fn start() -> Result<(), ConfigError> {
    let Some(text) = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty()) else { return Ok(()) };
    let level: LevelFilter = text.parse().map_err(|_| ConfigError::Log { given: text })?;
    let ours = Targets::new().with_targets(OURS.map(|name| (name, level)));
    let lines = tracing_subscriber::fmt::layer().with_writer(|| Lines).with_ansi(false).with_filter(ours);
    // Fails only if there already is a subscriber, which then does the same work.
    let _ = tracing_subscriber::registry().with(lines).try_init();
    Ok(())
}
