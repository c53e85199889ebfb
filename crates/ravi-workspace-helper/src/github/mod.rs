//! git's credential helper, the shim for `gh`, and the ssh that git starts: GitHub as the workspace, for one call.
//!
//! They find the workspace from the folder in which they are run. A token goes only to the exact hosts that the
//! workspace was set up for. The engine decides what a workspace's login is.

mod bound;
mod credential;
mod gh_alias;
mod gh_target;
mod helper;
mod shim;
mod ssh;

pub(crate) use helper::act;
pub use helper::answer_git;
