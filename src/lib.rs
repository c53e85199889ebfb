//! Gives every agent workspace of a desktop app its own [Ravi](https://ravi.id) identity, and keeps the app's secrets out
//! of plaintext files.
//!
//! One crate serves three kinds of callers, all through the same handle, [`Ravi`]:
//!
//! * a Tauri app registers the plugin (feature `tauri`, on by default) and calls typed commands;
//! * a headless daemon uses the plain library (`default-features = false`), which links no web view;
//! * shells, git and other programs run `ravi-workspace` (feature `cli`).
//!
//! ```no_run
//! # async fn example() -> tauri_plugin_ravi::Result<()> {
//! use tauri_plugin_ravi::{Config, Ravi};
//!
//! let ravi = Ravi::open(Config::default().with_env()?)?;
//! let token = ravi.secret("CODEX_MONITOR_DAEMON_TOKEN").await?;
//! # drop(token);
//! # Ok(())
//! # }
//! ```

pub mod account;
pub mod api;
pub mod audit;
pub mod bundle;
pub mod codex;
pub mod config;
pub mod doctor;
pub mod error;
pub mod files;
pub mod github;
pub mod handover;
pub mod hooks;
pub mod inbox;
pub mod policy;
pub mod vault;
pub mod workspace;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "local")]
pub mod local;

#[cfg(feature = "tauri")]
pub mod plugin;

mod crash;
mod helper;
mod keychain;
mod ledger;
mod ravi;

pub use config::{Config, Keychain};
pub use error::{Error, ErrorBody, Result};
pub use handover::{Environment, Handover, Workspace};
pub use helper::helper_main;
pub use keychain::KeychainError;
pub use ledger::Ending;
#[cfg(feature = "tauri")]
pub use plugin::{Builder, RaviExt, init};
pub use ravi::{Ravi, Settings, UndoReport};
pub use workspace::{Progress, ProvisionRequest, Provisioned, Released, WorkspaceSummary};
