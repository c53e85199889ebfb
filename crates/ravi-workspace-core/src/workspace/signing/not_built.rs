//! A build without the feature `sign`: the same functions, which all refuse.

use secrecy::SecretString;

use crate::workspace::WorkspaceError;

/// Refuses: this build has no support for signing.
pub fn check_built() -> Result<(), WorkspaceError> {
    Err(WorkspaceError::SignNotBuilt)
}

pub(super) fn make() -> Result<SecretString, WorkspaceError> {
    Err(WorkspaceError::SignNotBuilt)
}

pub(super) fn public(_private: &SecretString) -> Result<String, WorkspaceError> {
    Err(WorkspaceError::SignNotBuilt)
}

/// Refuses, likewise.
pub fn sign(_private: &SecretString, _namespace: &str, _message: &[u8]) -> Result<String, WorkspaceError> {
    Err(WorkspaceError::SignNotBuilt)
}
