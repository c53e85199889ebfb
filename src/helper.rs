//! Being called by another program: by git as its credential helper, as `gh`, or by git to sign. The first thing a program
//! of ours looks at, before it opens a window or reads its arguments.

/// Acts as git's credential helper, as `gh`, or as a signing program where this process was called as one, and ends the
/// process; returns at once otherwise. An app calls it first in `main`, so that its own program can stand in for
/// `ravi-workspace`:
///
/// ```no_run
/// tauri_plugin_ravi::helper_main();
/// // … the app's window
/// ```
///
/// It acts only where the program was called by the name `gh` or `ravi-ssh-sign`, or with `git-credential` as its first
/// argument.
pub fn helper_main() {
    if let Some(code) = act() {
        std::process::exit(i32::from(code));
    }
}

/// The same for a program that ends by itself: its exit code, where it was called as helper.
pub(crate) fn act() -> Option<u8> {
    crate::github::acts_as_helper();
    crate::github::act_as_helper().or_else(crate::handover::act)
}
