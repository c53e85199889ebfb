//! What can go wrong when a workspace is given its bundle.

use crate::error::Explain;

/// A failure of this room. Holds no value.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum BundleError {
    /// Every value of the pool is held by a live workspace.
    #[error("workspace {id}: none of the {size} values of the pool {pool} is free")]
    #[explain(
        code = "bundle.none_free",
        hint(
            "Release a workspace that is no longer needed, or store another value as {pool}_{}; then run the same \
             command again.",
            size + 1
        )
    )]
    NoneFree {
        /// The workspace's id.
        id: String,
        /// Name of the pool.
        pool: String,
        /// How many different values it has.
        size: usize,
    },
    /// The host identity has no value for the pool.
    #[error("workspace {id}: the host identity has no secret {pool}_1, {pool}_2 …")]
    #[explain(
        code = "bundle.empty_pool",
        kind = NotFound,
        hint("Store them: `ravi-workspace secret set {pool}_1` reads the value from standard input.")
    )]
    EmptyPool {
        /// The workspace's id.
        id: String,
        /// Name of the pool.
        pool: String,
    },
    /// The host identity does not have what is to be copied.
    #[error("workspace {id}: the host identity has no secret {secret}")]
    #[explain(
        code = "bundle.no_secret",
        kind = NotFound,
        hint("Store it: `ravi-workspace secret set {secret}` reads the value from standard input.")
    )]
    NoSecret {
        /// The workspace's id.
        id: String,
        /// The secret's name.
        secret: String,
    },
}
