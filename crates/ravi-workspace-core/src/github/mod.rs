//! GitHub as the workspace: which token it uses, decided when it is set up, and which ways around the token are closed.
//!
//! The programs that git and gh then call are in a separate crate (`ravi-workspace-helper`). This room must not know
//! how they are called.

mod error;
mod plan;
pub(crate) mod remote;
pub(crate) mod variables;
pub(crate) mod ways;

pub use crate::config::{GithubConfig, GithubHost, MissingToken};
pub use error::GithubError;

pub(crate) use plan::{Decision, Read, decide, git_values, helper_program, helper_value, names_for, open_ways};
pub(crate) use variables::{CONFIG_DIR, HOST, TOKENS, config_dir, token_variable};
