//! Credential bundles: what each workspace is given in its own identity's vault, and who holds what.
//!
//! A value is reserved in the ledger first, then put into the vault, then marked as given; it is free again only when the
//! identity's vault was emptied. So a value of a pool is in one live vault at most, whatever is killed when. It must not
//! know how a workspace is set up.

mod config;
mod error;
mod give;

pub use config::{BundleConfig, BundleEntry, BundleSource};
pub use error::BundleError;

pub(crate) use give::{Giver, Plan};
