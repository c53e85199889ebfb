//! The log, on standard error: off unless `RAVI_WORKSPACE_LOG` asks for it.
//!
//! Only lines of this crate are shown, whatever the level: those of libraries may hold headers and bodies. Lines of this
//! crate hold names, codes and times, and no value of a secret.

use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::output::{line, say};
use crate::config::ConfigError;

const VARIABLE: &str = "RAVI_WORKSPACE_LOG";

/// Takes an entry of the log, and makes it one line.
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

/// Begins to log where the environment asks for it: `error`, `warn`, `info`, `debug` or `trace`.
pub(super) fn start() -> Result<(), ConfigError> {
    let Some(text) = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty()) else { return Ok(()) };
    let level: LevelFilter = text.parse().map_err(|_| ConfigError::Log { given: text })?;
    let ours = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level);
    let lines = tracing_subscriber::fmt::layer().with_writer(|| Lines).with_ansi(false).with_filter(ours);
    // Fails only where a subscriber is there already, which then does the same work.
    let _ = tracing_subscriber::registry().with(lines).try_init();
    Ok(())
}
