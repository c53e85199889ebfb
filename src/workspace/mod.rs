//! Workspaces: provision, release, list, find.
//!
//! What is done to a worktree lives here, as does the order in which it is done. It must not know Tauri, the command
//! line, or how secrets are cached.

mod address;
mod borrow;
mod bundle;
mod context;
mod disk;
mod env_file;
mod error;
mod find;
mod former;
mod git;
mod git_command;
mod git_lock;
mod git_values;
mod heal;
mod holders;
mod identity;
mod include;
mod inspect;
mod keys;
mod listing;
mod lock;
mod login;
mod model;
mod name;
mod note;
mod own_git_dir;
mod panes;
mod plain_git_dir;
mod provision;
mod ravi_dir;
mod reap;
mod release;
mod room;
mod seen;
mod shared;
pub(crate) mod signing;
mod splice;
mod suspend;
mod told;
mod used;
mod values;
mod worktrees;

pub use error::WorkspaceError;
pub use model::*;

pub(crate) use borrow::refuse_open_host;
pub(crate) use context::{Context, Listener};
pub(crate) use find::{find, has_note, summaries, summaries_now, summary, summary_now};
pub(crate) use git::{Setting, check_version};
pub(crate) use git_command::{Purpose, asked, git_in, without_keys};
pub(crate) use heal::{heal_all, named_programs};
pub(crate) use holders::{id_at, let_go};
pub(crate) use include::{INDEX_FILE, literal as literal_pattern};
pub(crate) use inspect::{common_dir_of, git_dir_of, inspect};
pub(crate) use listing::Listing;
pub(crate) use lock::Lock;
pub(crate) use name::{LONGEST_TEXT, as_id, as_name};
pub(crate) use note::{NOTE_FILE, Note};
pub(crate) use panes::dmux_panes;
pub(crate) use provision::{git_info, provision};
pub(crate) use ravi_dir::home;
pub(crate) use reap::reap;
pub(crate) use release::{done_before, pay_due, release};
pub(crate) use shared::{RECORD_FILE, Repository, overridden_at};
pub(crate) use splice::{Splice, Undone};
pub(crate) use suspend::{suspend, wake};
pub(crate) use told::{Told, foreign};
pub(crate) use values::{BELOW_FILE, VALUES_FILE, is_origin};
pub(crate) use worktrees::unmarked_worktrees;
