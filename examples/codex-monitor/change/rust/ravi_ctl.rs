//! What `daemonctl` knows about Ravi. It links nothing of Ravi: if the token is a reference, it asks the daemon's program for the
//! value.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the token in the settings is a reference, so that the daemon finds it by itself.
static DAEMON_HAS_IT: AtomicBool = AtomicBool::new(false);

pub(crate) fn is_reference(text: &str) -> bool {
    text.trim_start().starts_with("ravi://")
}

/// The token for talking to a daemon. A reference is not a token: if its value cannot be had, there is no token. A preview only
/// needs to know whether there is one, and starts nothing.
pub(crate) fn token(
    token: Option<String>,
    is_preview: bool,
    daemon: impl FnOnce() -> Result<PathBuf, String>,
    data_dir: &Path,
) -> Option<String> {
    if is_preview || !token.as_deref().is_some_and(is_reference) {
        return token;
    }
    DAEMON_HAS_IT.store(true, Ordering::Relaxed);
    daemon()
        .and_then(|program| ask(&program, data_dir))
        .map_err(|error| eprintln!("ravi: the daemon's token: {error}"))
        .ok()
}

/// Whether the daemon is to be started without a token in its arguments.
pub(crate) fn daemon_has_it() -> bool {
    DAEMON_HAS_IT.load(Ordering::Relaxed)
}

/// The token comes through a pipe, so it is not in any process's arguments or environment.
fn ask(program: &Path, data_dir: &Path) -> Result<String, String> {
    let output = Command::new(program)
        .args(["ravi-token", "--data-dir"])
        .arg(data_dir)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    let token = String::from_utf8_lossy(&output.stdout).trim().to_string();
    if !output.status.success() || token.is_empty() {
        return Err(format!("{} could not provide it", program.display()));
    }
    Ok(token)
}
