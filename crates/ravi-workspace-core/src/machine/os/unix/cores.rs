//! Core dumps are forbidden, however the program ends: its memory holds the values of secrets.
//!
//! For our own short-lived programs. An app decides for itself, since its crash reporter would otherwise be blind.
//! Programs started from here get the original limit back.

use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit that was set before.
static BEFORE: OnceLock<Rlimit> = OnceLock::new();

/// Forbids core dumps of this process from here on. Failure is ignored.
pub fn forbid() {
    let before = *BEFORE.get_or_init(|| getrlimit(Resource::Core));
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), ..before });
    // The limit has no effect if the kernel pipes cores to a program; this does, and it also keeps the user's other
    // processes from attaching.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Restores the core limit for the program that this process is about to start or become, which inherits it. The other
/// setting is not inherited.
pub fn allow_others() {
    if let Some(before) = BEFORE.get() {
        let _ = setrlimit(Resource::Core, *before);
    }
}
