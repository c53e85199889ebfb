//! What can go wrong when a workspace is given what it is to have.

use crate::error::{Explain, Kind};

/// A failure of this room. Holds no value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Every value of the pool is held by a live workspace.
    #[error("workspace {id}: none of the {size} values of the pool {pool} is free")]
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
    EmptyPool {
        /// The workspace's id.
        id: String,
        /// Name of the pool.
        pool: String,
    },
    /// The host identity does not have what is to be copied.
    #[error("workspace {id}: the host identity has no secret {secret}")]
    NoSecret {
        /// The workspace's id.
        id: String,
        /// The secret's name.
        secret: String,
    },
}

impl Explain for BundleError {
    fn code(&self) -> String {
        match self {
            BundleError::NoneFree { .. } => "bundle.none_free",
            BundleError::EmptyPool { .. } => "bundle.empty_pool",
            BundleError::NoSecret { .. } => "bundle.no_secret",
        }
        .into()
    }

    fn hint(&self) -> String {
        match self {
            BundleError::NoneFree { pool, size, .. } => format!(
                "Release a workspace that is not needed any more, or store another value as {pool}_{}; then run the same \
                 command again.",
                size + 1
            ),
            BundleError::EmptyPool { pool, .. } => {
                format!("Store them: `ravi-workspace secret set {pool}_1` reads the value from standard input.")
            }
            BundleError::NoSecret { secret, .. } => {
                format!("Store it: `ravi-workspace secret set {secret}` reads the value from standard input.")
            }
        }
    }

    fn kind(&self) -> Kind {
        match self {
            BundleError::NoneFree { .. } => Kind::Failed,
            BundleError::EmptyPool { .. } | BundleError::NoSecret { .. } => Kind::NotFound,
        }
    }
}
