//! What a rule says no to.

use crate::error::{Explain, Kind};

/// A rule of the configuration forbids it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The workspace may not be given the secret. Holds its name and no value.
    #[error("the rules for workspace {id} do not let it be given {name}")]
    Secret {
        /// The workspace's id.
        id: String,
        /// The secret.
        name: String,
    },
}

impl Explain for PolicyError {
    fn code(&self) -> String {
        match self {
            PolicyError::Secret { .. } => "policy.secret",
        }
        .into()
    }

    fn hint(&self) -> String {
        match self {
            PolicyError::Secret { .. } => {
                "Ask for what its rules list, or change `secretPolicy` and provision the workspace again.".into()
            }
        }
    }

    fn kind(&self) -> Kind {
        Kind::Policy
    }
}
