//! A build without the feature `sign`: the same doors, all closed.

use secrecy::SecretString;

use crate::workspace::WorkspaceError;

pub(crate) fn check_built() -> Result<(), WorkspaceError> {
    Err(WorkspaceError::SignNotBuilt)
}

pub(super) fn make() -> Result<SecretString, WorkspaceError> {
    Err(WorkspaceError::SignNotBuilt)
}

pub(super) fn public(_private: &SecretString) -> Result<String, WorkspaceError> {
    Err(WorkspaceError::SignNotBuilt)
}

pub(crate) fn sign(_private: &SecretString, _namespace: &str, _message: &[u8]) -> Result<String, WorkspaceError> {
    Err(WorkspaceError::SignNotBuilt)
}
