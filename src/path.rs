//! The folder of the shims for `gh` and `ravi`, first on the app's own PATH.
//!
//! A shim finds the workspace, and the ledger that has it, from the folder it is run in, so one folder per user serves
//! every app. Nothing here stops an app from starting.

use std::path::{Path, PathBuf};

use ravi_workspace_core::config::{Config, Start};
use ravi_workspace_core::internal::{launcher, os};

/// Puts the shims' folder first on this process's PATH, if that is safe and there is a program that the shims can lead
/// to.
pub(super) fn put_shim_first(config: &Config) {
    if !os::has_one_thread() {
        tracing::warn!("the shims are not on PATH: the plugin was built after the app had started threads");
        return;
    }
    match shim_dir(config) {
        Ok(Some(dir)) => set_path(&dir),
        Ok(None) => {}
        Err(error) => tracing::debug!(code = error.code(), "the shims are not on PATH"),
    }
}

/// Returns `None` for an app that is off until a person switches it on: nothing is made for it.
fn shim_dir(config: &Config) -> ravi_workspace_core::Result<Option<PathBuf>> {
    let config = config.clone().with_env()?;
    match config.start {
        Some(Start::Asked) => Ok(None),
        _ => Ok(Some(launcher::shim_dir(&config.folder()?)?)),
    }
}

fn set_path(dir: &Path) {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let rest: Vec<PathBuf> = std::env::split_paths(&inherited).filter(|entry| entry != dir).collect();
    let Ok(path) = std::env::join_paths(std::iter::once(dir.to_owned()).chain(rest)) else { return };
    #[allow(
        unsafe_code,
        reason = "the app's own programs are to find the shims, and there is no other way to tell them"
    )]
    // SAFETY: `set_var` is unsound only while another thread reads or writes the environment (its documentation). The
    // caller has seen that this process has one thread; no other thread exists that could have started one since.
    unsafe {
        std::env::set_var("PATH", path)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_threads_keeps_its_path() {
        let before = std::env::var_os("PATH");
        let dir = tempfile::tempdir().unwrap();
        // The test runner has threads; a process without them is in the tests of the plugin's own crate.
        put_shim_first(&Config { state_dir: Some(dir.path().to_owned()), ..Config::default() });
        assert_eq!(std::env::var_os("PATH"), before);
        assert!(!dir.path().join("bin").exists());
    }
}
