//! Which program other programs call to come back here.

use std::path::{Path, PathBuf};

const NAME: &str = "ravi-workspace";

/// A `ravi-workspace` beside the running program, else the first on PATH, else the running program itself.
pub(crate) fn program() -> Option<PathBuf> {
    let own = std::env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent).map(|dir| dir.join(NAME));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> =
        std::env::split_paths(&path).filter(|dir| dir.is_absolute()).map(|d| d.join(NAME)).collect();
    beside.into_iter().chain(on_path).find(|path| path.is_file()).or(own)
}
