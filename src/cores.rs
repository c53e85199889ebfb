//! No picture of this program's memory is written to a disk, whatever ends it: values of secrets are in it.
//!
//! For programs of ours that live for one call. In an app it is the app's own to decide: what reads its crashes would be
//! blind else. Other programs that are run get back what was allowed.

use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What was allowed before.
static BEFORE: OnceLock<Rlimit> = OnceLock::new();

/// From here on no core is dumped of this process. That it cannot be done stops nobody.
pub(crate) fn forbid() {
    let before = *BEFORE.get_or_init(|| getrlimit(Resource::Core));
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), ..before });
    // The limit does not hold where the kernel gives cores to a program; this does, and keeps other processes of the user
    // from attaching.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// For another program, which this process becomes or starts now: the limit is handed on to it. The rest is not.
pub(crate) fn allow_others() {
    if let Some(before) = BEFORE.get() {
        let _ = setrlimit(Resource::Core, *before);
    }
}
