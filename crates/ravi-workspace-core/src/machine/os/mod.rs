//! The operating system: the only place that knows which one this is.
//!
//! What differs from system to system is asked here, in words that hold on all of them: who may open a file rather than
//! which mode it has, what tells one file from another rather than its inode. The names below are what a system must
//! offer; everything else is free of `cfg` and of the names of one system, which `tests/house` checks. This room must not
//! know what the files and programs are for.

mod facts;
mod how;
#[cfg(feature = "keychain")]
mod keychain;
#[cfg(unix)]
mod unix;

#[cfg(unix)]
use unix as system;

pub use facts::Kind;
pub(crate) use facts::{Cause, Stopped};
pub(crate) use how::{How, Links};
#[cfg(feature = "keychain")]
pub(crate) use keychain::store as keychain_store;
#[cfg(feature = "codex")]
pub(crate) use system::machine::{id as machine_id, like_stderr};
pub use system::{Facts, FileId, cores, processes::has_one_thread, programs::turn_into};
pub(crate) use system::{
    Family, Folder, Outputs, Stamp, access, disk_of, errors, lock, machine::name as machine_name, open, positions,
    processes::is_dead, processes::works_in, programs::is_executable, text,
};
