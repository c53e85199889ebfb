//! GitHub as the workspace: which token it uses, decided when it is set up, and which ways around the token are closed.
//!
//! The programs that git and gh then call are in a separate crate (`ravi-workspace-helper`). This room must not know
//! how they are called.

mod error;
mod plan;
mod remote;
mod variables;
mod ways;

pub use crate::config::{GithubConfig, GithubHost, MissingToken};
pub use error::GithubError;

pub use crate::ledger::{Plan, TokenAt};
pub use plan::names_for;
pub use ways::{is_ssh_name, ssh_command, ssh_name};

pub(crate) use plan::{Decision, Read, decide, git_values, helper_program, helper_value, open_ways};
pub use remote::{Remote, Transport};
pub use variables::{CONFIG_DIR, DOTCOM, HOST, TOKENS, config_dir, token_variable};
