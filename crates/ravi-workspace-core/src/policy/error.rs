//! What the rules refuse.

use crate::error::Explain;

/// A rule of the configuration forbids it.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum PolicyError {
    /// The workspace may not be given the secret. Holds its name but no value.
    #[error("the rules for workspace {id} do not allow it to be given {name}")]
    #[explain(
        code = "policy.secret",
        kind = Policy,
        hint = "Ask for a secret that its rules allow, or change `secretPolicy` and provision the workspace again."
    )]
    Secret {
        /// The workspace's id.
        id: String,
        /// The secret.
        name: String,
    },
}
