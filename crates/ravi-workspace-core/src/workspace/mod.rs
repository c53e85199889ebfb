//! Workspaces: provisioning, releasing, listing and finding them.
//!
//! This room does the work on a worktree and decides its order. It must not know Tauri, the command line, or how
//! secrets are cached.

mod address;
mod borrow;
mod bundle;
mod context;
mod debts;
mod env_file;
mod error;
pub(crate) mod find;
mod former;
mod git_values;
mod heal;
mod holders;
mod identity;
mod include;
pub(crate) mod inspect;
mod keys;
mod listing;
mod login;
mod name;
pub(crate) mod note;
mod own_git_dir;
mod panes;
mod provision;
mod ravi_dir;
mod reap;
mod release;
mod room;
mod seen;
pub(crate) mod shared;
pub(crate) mod signing;
mod suspend;
mod told;
mod used;
pub(crate) mod values;
mod wake;
mod worktrees;

pub use crate::model::target::Target;
pub use crate::model::workspace::*;
pub use error::WorkspaceError;

pub(crate) use borrow::refuse_open_host;
pub(crate) use context::{Context, Listener};
pub(crate) use debts::pay_due;
pub(crate) use find::{find, summaries, summaries_now, summary, summary_now};
pub(crate) use heal::{heal_all, named_programs};
pub(crate) use holders::{id_at, let_go};
pub(crate) use include::{INDEX_FILE, literal as literal_pattern};
pub(crate) use inspect::{common_dir_of, inspect};
pub(crate) use listing::Listing;
pub(crate) use name::{LONGEST_TEXT, as_id, as_name};
pub(crate) use panes::dmux_panes;
pub(crate) use provision::provision;
pub(crate) use reap::reap;
pub(crate) use release::{done_before, release};
pub(crate) use shared::{RECORD_FILE, overridden_at};
pub(crate) use suspend::suspend;
pub(crate) use told::{Told, foreign};
pub(crate) use values::{BELOW_FILE, VALUES_FILE};
pub(crate) use wake::wake;
pub(crate) use worktrees::unmarked_worktrees;
