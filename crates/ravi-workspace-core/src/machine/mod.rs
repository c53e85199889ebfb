//! Everything that touches the machine: files, programs, locks, the clock, the keychain.
//!
//! The lowest room: it must know nothing of Ravi, workspaces, git or the ledger.

pub(crate) mod blocking;
pub mod clock;
pub mod cores;
pub(crate) mod crash;
pub(crate) mod disk;
pub mod files;
pub(crate) mod keychain;
pub(crate) mod lock;
pub(crate) mod places;
pub(crate) mod process;
pub(crate) mod shell;
