//! The vault sealed end to end.

use secrecy::SecretString;
use tauri::{AppHandle, Runtime, command};

use crate::RaviExt;
use crate::command_error::Result;
use ravi_workspace_core::vault::SealStatus;

/// Returns whether the secrets are sealed at Ravi.
#[command]
pub(crate) async fn seal_status<R: Runtime>(app: AppHandle<R>) -> Result<SealStatus> {
    Ok(app.ravi().seal().status().await?)
}

/// Switches sealing on; the passphrase opens the recovery copy of the key.
#[command]
pub(crate) async fn seal_enable<R: Runtime>(app: AppHandle<R>, passphrase: SecretString) -> Result<SealStatus> {
    Ok(app.ravi().seal().enable(passphrase).await?)
}

/// Brings the key to this machine.
#[command]
pub(crate) async fn seal_unlock<R: Runtime>(app: AppHandle<R>, passphrase: SecretString) -> Result<SealStatus> {
    Ok(app.ravi().seal().unlock(Some(passphrase)).await?)
}

/// Seals everything with a new key.
#[command]
pub(crate) async fn seal_rotate<R: Runtime>(app: AppHandle<R>, passphrase: SecretString) -> Result<SealStatus> {
    Ok(app.ravi().seal().rotate(passphrase).await?)
}
