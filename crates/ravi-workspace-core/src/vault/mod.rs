//! Secrets of the app: reading, writing, and references to them.
//!
//! Values come from the vault of the host identity and are kept in memory for a while. Settings files hold references
//! in their place ([`settings`]). This room must know nothing of workspaces, Tauri or the command line.

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

pub use crate::model::new_value::{DEFAULT_LENGTH, NewValue};
pub use crate::model::reference;
pub use error::VaultError;
pub(crate) use error::address;
pub use reading::SecretRead;
pub use seal::{RECOVERY, SHORTEST_PASSPHRASE, SealedError};
#[cfg(feature = "seal")]
pub use sealing::{SealState, SealStatus};
pub use secrets::MAX_VALUE;

pub(crate) use cache::{Cache, CacheKey, Cached};
pub(crate) use elsewhere::{Found, elsewhere};
pub(crate) use key_ring::{KeyRing, open_stored};
pub(crate) use memory::Memory;
#[cfg(feature = "seal")]
pub use sealing::passphrase_credential;
pub(crate) use secrets::Vault;
