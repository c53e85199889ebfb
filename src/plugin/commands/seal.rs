//! The vault sealed end to end.

use secrecy::SecretString;
use tauri::{AppHandle, Runtime, command};

use crate::plugin::RaviExt;
use crate::plugin::error::Result;
use crate::vault::SealStatus;

/// How the secrets lie at Ravi.
#[command]
pub(crate) async fn seal_status<R: Runtime>(app: AppHandle<R>) -> Result<SealStatus> {
    Ok(app.ravi().sealing_status().await?)
}

/// Switches sealing on; the passphrase opens the recovery copy of the key.
#[command]
pub(crate) async fn seal_enable<R: Runtime>(app: AppHandle<R>, passphrase: SecretString) -> Result<SealStatus> {
    Ok(app.ravi().enable_sealing(passphrase).await?)
}

/// Brings the key to this machine.
#[command]
pub(crate) async fn seal_unlock<R: Runtime>(app: AppHandle<R>, passphrase: SecretString) -> Result<SealStatus> {
    Ok(app.ravi().unlock_sealing(Some(passphrase)).await?)
}

/// Seals everything with a new key.
#[command]
pub(crate) async fn seal_rotate<R: Runtime>(app: AppHandle<R>, passphrase: SecretString) -> Result<SealStatus> {
    Ok(app.ravi().rotate_sealing(passphrase).await?)
}
