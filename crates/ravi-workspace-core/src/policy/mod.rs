//! The gate in front of every secret: it consults the rules of the configuration ([`SecretRule`]) and notes what they
//! refuse. This room must know neither what the secrets are nor whether they exist.

mod error;
mod gate;

pub use crate::config::{SecretRule, WorkspacePattern};
pub use error::PolicyError;

pub(crate) use crate::config::policy::Ask;
pub(crate) use gate::Gate;
