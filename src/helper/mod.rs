//! Being called by another program: by git as its credential helper, as `gh` or `ravi`, or by git to sign. The first thing
//! a program of ours looks at, before it opens a window or reads its arguments.
//!
//! What these programs share is here: which program the others are led to, the folder of names that lead there, the real
//! program behind a name, and the workspace that a folder lies in. It must not know what any of them does as a workspace.

mod bound;
mod caller;
mod error;
mod names;
mod next;
mod program;

pub use error::HelperError;

pub(crate) use bound::{Bound, Place, at_git_dir, find, named};
pub(crate) use caller::{Caller, tell};
pub(crate) use names::{DIR as SHIM_DIR, NAMES, shim_dir};
pub(crate) use next::{NoNext, Shim};
pub(crate) use program::{own_name_is, program};

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
/// It acts only where the program was called by the name `gh`, `ravi` or `ravi-ssh-sign`, or with `git-credential` as its
/// first argument. An app whose own program is named `gh` or `ravi` is started as ever under that name, and gets no shim
/// of it.
pub fn helper_main() {
    if let Some(code) = act() {
        std::process::exit(i32::from(code));
    }
}

/// The same for a program that ends by itself: its exit code, where it was called as helper.
pub(crate) fn act() -> Option<u8> {
    program::acts_as_helper();
    crate::github::act_as_helper().or_else(crate::ravi_cli::act).or_else(crate::handover::act)
}
