//! Credential bundles: what each workspace is given in its own identity's vault, and who holds what.
//!
//! A value is first reserved in the ledger, then put into the vault, then marked as given. It becomes free again only
//! once the identity's vault has been emptied. So a value from a pool is in at most one live vault, whatever is killed
//! at whatever moment. This room must not know how a workspace is set up.

mod error;
mod give;

pub use crate::config::{BundleConfig, BundleEntry, BundleSource};
pub use error::BundleError;

pub(crate) use give::{Giver, Plan};
