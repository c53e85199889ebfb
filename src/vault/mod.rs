//! Secrets of the app: read, written, referred to.
//!
//! Values come from the vault of the host identity and are kept in memory for a while. Settings files hold references
//! in their place ([`settings`]). It must not know workspaces, Tauri or the command line.

pub mod reference;
pub mod settings;

mod cache;
mod error;
mod memory;
mod secrets;

pub use error::VaultError;

pub(crate) use cache::{Cache, CacheKey, Cached, Limits};
pub(crate) use memory::Memory;
pub(crate) use secrets::Vault;
