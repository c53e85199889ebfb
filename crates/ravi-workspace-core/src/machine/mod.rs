//! Everything that touches the machine: files, programs, locks, the clock, the keychain.
//!
//! The lowest room: it uses no other. Its errors may name a workspace, because that is what a user was waiting for; it
//! must not know what a workspace, a git folder or a ledger is.

pub(crate) mod blocking;
pub mod clock;
pub(crate) mod crash;
pub(crate) mod disk;
pub mod files;
pub mod hex;
pub(crate) mod keychain;
pub(crate) mod lock;
pub mod os;
pub(crate) mod pauses;
pub(crate) mod places;
pub(crate) mod process;
pub mod runtime;
pub(crate) mod shell;
