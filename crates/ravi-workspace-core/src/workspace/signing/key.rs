//! The signing key: made, read and used.

use secrecy::{ExposeSecret as _, SecretString};
use ssh_key::private::Ed25519Keypair;
use ssh_key::{HashAlg, LineEnding, PrivateKey};
use zeroize::Zeroizing;

use crate::workspace::WorkspaceError;

/// Checks that this program can sign.
pub fn check_built() -> Result<(), WorkspaceError> {
    Ok(())
}

/// Makes a new private key, in OpenSSH's format.
pub(super) fn make() -> Result<SecretString, WorkspaceError> {
    let mut seed = Zeroizing::new([0; 32]);
    let no_random = |e: getrandom::Error| WorkspaceError::SigningKey { reason: e.to_string() };
    getrandom::fill(seed.as_mut()).map_err(no_random)?;
    let key = PrivateKey::from(Ed25519Keypair::from_seed(&seed));
    let text = key.to_openssh(LineEnding::LF).map_err(unusable)?;
    Ok(SecretString::from(text.as_str()))
}

/// Returns its public part: `ssh-ed25519 …`, without a comment.
pub(super) fn public(private: &SecretString) -> Result<String, WorkspaceError> {
    let text = parse(private)?.public_key().to_openssh().map_err(unusable)?;
    Ok(text.split(' ').take(2).collect::<Vec<_>>().join(" "))
}

/// Returns the signature of `message`, in the form that git keeps.
pub fn sign(private: &SecretString, namespace: &str, message: &[u8]) -> Result<String, WorkspaceError> {
    let signed = parse(private)?.sign(namespace, HashAlg::Sha512, message);
    signed.and_then(|signature| signature.to_pem(LineEnding::LF)).map_err(unusable)
}

fn parse(private: &SecretString) -> Result<PrivateKey, WorkspaceError> {
    PrivateKey::from_openssh(private.expose_secret()).map_err(unusable)
}

fn unusable(error: ssh_key::Error) -> WorkspaceError {
    WorkspaceError::SigningKey { reason: error.to_string() }
}
