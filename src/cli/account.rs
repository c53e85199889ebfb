//! `login`, `logout`, `account`.

use serde::Serialize;

use super::output::{Output, say};
use super::secret::read_secret;
use crate::account::{Account, DevicePrompt, KeyKind, KeyPlace, KeySource};
use crate::{Keychain, Ravi, Result};

pub(super) async fn login(ravi: &Ravi, key_stdin: bool, import: bool, output: Output) -> Result<()> {
    let account = match (key_stdin, import) {
        (true, _) => ravi.login_with_key(read_secret("Key: ")?).await?,
        (false, true) => ravi.login_by_import().await?,
        (false, false) => ravi.login(show_prompt).await?,
    };
    output.answer(&account, account_text);
    Ok(())
}

fn show_prompt(prompt: &DevicePrompt) {
    let minutes = prompt.expires_in_s.div_ceil(60);
    say(&format!("Open {}\nand approve the code {} (valid for {minutes} min).", prompt.url, prompt.user_code));
    if prompt.fallback_url != prompt.url {
        say(&format!("If that page does not open: {}", prompt.fallback_url));
    }
}

#[derive(Serialize)]
struct SignedOut {
    signed_in: bool,
}

pub(super) async fn logout(ravi: &Ravi, output: Output) -> Result<()> {
    ravi.logout().await?;
    output.answer(&SignedOut { signed_in: false }, |_| "Signed out.".to_owned());
    Ok(())
}

pub(super) async fn account(ravi: &Ravi, keychain: Option<Keychain>, output: Output) -> Result<()> {
    if let Some(place) = keychain {
        ravi.keep_machine_key(place).await?;
    }
    output.answer(&ravi.account().await?, account_text);
    Ok(())
}

/// Said by the one command that had to fall back; later ones show it only when asked.
pub(super) fn say_fallback(ravi: &Ravi) {
    if let Some(reason) = ravi.take_keychain_fallback() {
        say(&format!(
            "note: {reason}. The key that opens what is kept here lies in a file (mode 0600) instead; \
             `ravi-workspace account --keychain system` moves it later."
        ));
    }
}

fn account_text(account: &Account) -> String {
    let source = match account.source {
        KeySource::Builder => "the program",
        KeySource::Environment => "RAVI_API_KEY",
        KeySource::Systemd => "the systemd credential ravi-api-key",
        KeySource::Login => "an earlier login",
    };
    let reach = match account.key {
        KeyKind::Management => "the whole account",
        KeyKind::Identity => "one identity",
    };
    let host = account.host.as_ref().map_or_else(
        || "none yet; made when the first secret is stored".to_owned(),
        |host| format!("{} <{}>", host.name, host.email),
    );
    let mut text = format!(
        "Server:        {}\nKey from:      {source}\nReaches:       {reach}\nHost identity: {host}",
        account.server
    );
    if let Some(kept) = &account.kept {
        text += &format!("\nKept:          {}", kept_text(kept));
    }
    if let Some(file) = &account.official {
        text += &format!("\nNote:          {} holds a key for the whole account in plaintext", file.display());
    }
    text
}

fn kept_text(kept: &KeyPlace) -> String {
    match (kept.keychain, &kept.fallback) {
        (Keychain::System, _) => "sealed; the key that opens it is in the system's keychain".to_owned(),
        (Keychain::File, None) => "sealed; the key that opens it is in a file (mode 0600)".to_owned(),
        (Keychain::File, Some(reason)) => {
            format!("sealed; the key that opens it is in a file (mode 0600), because {reason}")
        }
    }
}
