//! Being called by another program: by git as its credential helper, as `gh` or `ravi`, or by git to sign. A program of
//! ours checks this first, before it opens a window or reads its arguments.
//!
//! At the top is what these programs share (how this one was called, the workspace that a folder lies in, the real
//! program behind a name), and below it what each of them does. They read arguments and standard input, which the
//! engine does not. This crate must not know a window or the commands that a person types.

mod bound;
mod called;
mod caller;
mod github;
mod input;
mod next;
mod ravi_cli;
mod signer;

pub use github::answer_git;
pub use input::{InputError, OutputError};
pub use ravi_cli::RaviCliError;

pub(crate) use bound::{Bound, Place, find, named, started_in};
pub(crate) use called::Called;
pub(crate) use caller::{Caller, say, tell};
pub(crate) use next::{NoNext, Shim};
use ravi_workspace_core::error::Kind;
use ravi_workspace_core::internal::launcher;

/// A shell's exit code for a command that does not exist.
pub(crate) const NOT_INSTALLED: u8 = 127;

/// Acts as git's credential helper, as `gh`, as `ravi`, or as a signing program if this process was called as one, and
/// ends the process.
///
/// Returns at once otherwise. An app calls it first in `main`, so that its own program can stand in for
/// `ravi-workspace`:
///
/// ```no_run
/// ravi_workspace_helper::helper_main();
/// // … the app's window
/// ```
///
/// It acts only if a launcher started the program (`ravi-shim` is the first argument), if it was called by the name
/// `gh`, `ravi` or `ravi-ssh-sign`, or if its first argument is `git-credential`. An app whose own program is named
/// `ravi` is started as usual under that name.
pub fn helper_main() {
    if let Some(code) = act() {
        std::process::exit(i32::from(code));
    }
}

/// Like [`helper_main`], for a program that ends by itself: returns its exit code if it was called as a helper.
pub fn act() -> Option<u8> {
    launcher::acts_as_helper();
    let called = Called::now();
    if let Some(code) = called.answer_probe() {
        return Some(code);
    }
    if let Some(state_dir) = called.state_dir() {
        launcher::follow(state_dir);
    }
    github::act(&called).or_else(|| ravi_cli::act(&called)).or_else(|| signer::act(&called))
}

/// Returns the exit code of our programs for a kind of failure.
pub fn exit_code(kind: Kind) -> u8 {
    match kind {
        Kind::Usage => 2,
        Kind::Account => 3,
        Kind::NotFound => 4,
        Kind::Unreachable => 5,
        Kind::Policy => 6,
        _ => 1,
    }
}
