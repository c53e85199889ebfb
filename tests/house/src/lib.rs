//! Reads ARCHITECTURE.md and the sources it speaks of. The tests compare them.

mod imports;
mod page;

use std::path::{Path, PathBuf};

pub use imports::{Import, imports};
pub use page::{Table, table};

/// The folder of the whole project.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("it is there")
}
