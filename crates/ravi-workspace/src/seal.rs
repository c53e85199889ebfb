//! `ravi-workspace seal …`: the recovery passphrase comes from standard input or a systemd credential.

use super::output::{Output, lines};
use super::secret::read_secret;
use clap::Subcommand;
use ravi_workspace_core::vault::{SealState, SealStatus, passphrase_credential};
use ravi_workspace_core::{Ravi, Result};

#[derive(Debug, Subcommand)]
pub(super) enum Seal {
    /// Make a vault key and seal everything; the recovery passphrase is read from standard input
    Enable,
    /// Bring the vault key to this machine; the passphrase is read from standard input, or from the systemd credential
    /// ravi-vault-passphrase
    Unlock,
    /// Make a new vault key and seal everything again; reads the passphrase, which may be a new one
    Rotate,
    /// Show what is sealed
    Status,
}

pub(super) async fn run(ravi: &Ravi, command: Seal, output: Output) -> Result<()> {
    let status = match command {
        Seal::Enable => ravi.seal().enable(read_secret("Recovery passphrase: ")?).await?,
        Seal::Unlock => {
            let given = match passphrase_credential() {
                Some(credential) => credential,
                None => read_secret("Recovery passphrase: ")?,
            };
            ravi.seal().unlock(Some(given)).await?
        }
        Seal::Rotate => ravi.seal().rotate(read_secret("Recovery passphrase: ")?).await?,
        Seal::Status => ravi.seal().status().await?,
    };
    output.answer(&status, status_text);
    Ok(())
}

fn status_text(status: &SealStatus) -> String {
    let state = match status.state {
        SealState::Off => "off",
        SealState::On => "on",
        SealState::Locked => "on, but this machine does not have the key: run `ravi-workspace seal unlock`",
        SealState::Unfinished => "a change of keys is not finished: run the same command again",
    };
    let names = |title: &str, names: &[String]| match names {
        [] => String::new(),
        names => format!("\n{title}{}", lines(names, ", ")),
    };
    let key = status.key.as_ref().map_or(String::new(), |key| format!("\nKey:     {key}"));
    let (plain, refused) = (names("Plain:   ", &status.plain), names("Refused: ", &status.refused));
    format!("Sealing: {state}{key}\nSealed:  {}{plain}{refused}", status.sealed)
}
