//! GitHub as the workspace: which token serves it, and how git and gh come by it.
//!
//! git asks a credential helper that the worktree's own configuration names; `gh` is met by a shim that is first on
//! PATH. Both are this same program under another name ([`crate::helper`]), find the workspace from the folder they are run
//! in, and live for one call: there is no daemon. It must not know Tauri or the command line, and it sends a token nowhere
//! but to the exact hosts that the workspace was set up for.

mod bound;
mod config;
mod credential;
mod error;
mod gh_alias;
mod gh_target;
mod helper;
mod plan;
mod remote;
mod shim;
mod ssh;
mod token;
mod ways;

pub use config::{GithubConfig, GithubHost, MissingToken};
pub use error::GithubError;

pub(crate) use helper::act as act_as_helper;
#[cfg(feature = "cli")]
pub(crate) use helper::answer_git;
pub(crate) use plan::{Decision, Plan, Read, decide, git_values, helper_program, helper_value, names_for, open_ways};
pub(crate) use shim::{CONFIG_DIR, HOST, TOKENS, config_dir, token_variable};
pub(crate) use token::{Login, read as read_token};
