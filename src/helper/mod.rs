//! Being called by another program: by git as its credential helper, as `gh` or `ravi`, or by git to sign. The first thing
//! a program of ours looks at, before it opens a window or reads its arguments.
//!
//! What these programs share is here: which program the others are led to, the launchers that lead there, the real
//! program behind a name, and the workspace that a folder lies in. It must not know what any of them does as a workspace.

mod bound;
mod called;
mod caller;
mod candidate;
mod error;
mod known;
mod launcher;
mod names;
mod next;
mod probe;
mod program;
mod script;

pub use error::HelperError;

pub(crate) use bound::{Bound, Place, find, named, started_in};
pub(crate) use called::Called;
pub(crate) use caller::{Caller, say, tell};
pub(crate) use known::remember;
pub(crate) use launcher::{LAUNCHER, follow, list_folders, renew, target};
pub(crate) use names::{DIR as SHIM_DIR, NAMES, RAVI_SWITCH, SIGNER, launcher_path, shim_dir, signer_path};
pub(crate) use next::{NoNext, Shim};
pub(crate) use probe::{Probed, launcher as probe_launcher};
pub(crate) use script::is_launcher;

/// Exit code of a shell for a command that is not there.
pub(crate) const NOT_INSTALLED: u8 = 127;

/// Acts as git's credential helper, as `gh`, as `ravi`, or as a signing program where this process was called as one, and
/// ends the process; returns at once otherwise. An app calls it first in `main`, so that its own program can stand in for
/// `ravi-workspace`:
///
/// ```no_run
/// tauri_plugin_ravi::helper_main();
/// // … the app's window
/// ```
///
/// It acts only where a launcher started the program (`ravi-shim` is the first argument), where it was called by the name
/// `gh`, `ravi` or `ravi-ssh-sign`, or with `git-credential` as its first argument. An app whose own program is named
/// `ravi` is started as ever under that name.
pub fn helper_main() {
    if let Some(code) = act() {
        std::process::exit(i32::from(code));
    }
}

/// The same for a program that ends by itself: its exit code, where it was called as helper.
pub(crate) fn act() -> Option<u8> {
    program::acts_as_helper();
    let called = Called::now();
    if let Some(code) = called.answer_probe() {
        return Some(code);
    }
    if let Some(state_dir) = called.state_dir() {
        launcher::follow(state_dir);
    }
    let acted = crate::github::act_as_helper(&called).or_else(|| crate::ravi_cli::act(&called));
    acted.or_else(|| crate::handover::act(&called))
}
