//! Which keychain this system has.

use std::sync::Arc;

use keyring_core::{CredentialStore, Result};

/// The Secret Service (D-Bus) of a desktop.
#[cfg(target_os = "linux")]
pub(crate) fn store() -> Option<Result<Arc<CredentialStore>>> {
    Some(zbus_secret_service_keyring_store::Store::new().map(|store| store as Arc<CredentialStore>))
}

/// The login keychain.
#[cfg(target_os = "macos")]
pub(crate) fn store() -> Option<Result<Arc<CredentialStore>>> {
    Some(apple_native_keyring_store::keychain::Store::new().map(|store| store as Arc<CredentialStore>))
}

/// None that is supported.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(crate) fn store() -> Option<Result<Arc<CredentialStore>>> {
    None
}
