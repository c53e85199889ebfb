//! Secrets of the app: read, written, referred to.
//!
//! Values come from the vault of the host identity and are kept in memory for a while. Settings files hold references
//! in their place ([`settings`]). It must not know workspaces, Tauri or the command line.

pub mod reference;
pub mod settings;

mod cache;
mod claim;
mod elsewhere;
mod error;
mod generate;
mod key_ring;
mod memory;
mod reading;
mod seal;
#[cfg(feature = "seal")]
mod sealing;
mod secrets;

pub use error::VaultError;
pub use generate::{DEFAULT_LENGTH, NewValue};
pub use reading::SecretRead;
pub use seal::{RECOVERY, SHORTEST_PASSPHRASE, SealedError};
#[cfg(feature = "seal")]
pub use sealing::{SealState, SealStatus};
pub use secrets::MAX_VALUE;

pub(crate) use cache::{Cache, CacheKey, Cached, Limits};
pub(crate) use elsewhere::{Found, elsewhere};
pub(crate) use key_ring::{KeyRing, Opened, open_stored};
pub(crate) use memory::Memory;
#[cfg(feature = "seal")]
pub(crate) use sealing::passphrase_credential;
pub(crate) use secrets::Vault;
