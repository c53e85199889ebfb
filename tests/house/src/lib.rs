//! Reads ARCHITECTURE.md and the sources it speaks of. The tests compare them.

mod imports;
mod page;
mod systems;

use std::path::{Path, PathBuf};

pub use imports::{Import, imports};
pub use page::{Table, table};
pub use systems::of_one_system;

/// The folder of the whole project.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("it is there")
}
