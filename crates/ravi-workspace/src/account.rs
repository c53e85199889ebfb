//! `login`, `logout`, `account`.

use serde::Serialize;

use super::output::{Output, line, lines, path as shown_path, say, say_warnings};
use super::secret::read_secret;
use clap::Subcommand;
use ravi_workspace_core::account::{Account, DevicePrompt, KeyKind, KeyPlace, KeySource, Merged};
use ravi_workspace_core::workspace::IdentityInfo;
use ravi_workspace_core::{Keychain, Ravi, Result};

/// Sign this machine in, by a code that you approve in a browser
#[derive(Debug, clap::Args)]
pub(super) struct LoginArgs {
    /// Read a key from standard input instead
    #[arg(long)]
    key_stdin: bool,
    /// Take over the key that the official command line keeps in ~/.ravi/config.json
    #[arg(long, conflicts_with = "key_stdin")]
    import: bool,
}

/// Show which key is used, where it comes from, what it reaches and where it is kept
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct AccountArgs {
    /// Move the machine key to the system's keychain or to a file first
    #[arg(long, value_name = "file|system")]
    keychain: Option<Keychain>,
    /// Choose the identity that holds the app's own secrets first; `new` makes one, which counts against your plan
    #[arg(long, value_name = "NAME|UUID|ADDRESS|new")]
    host_identity: Option<String>,
    #[command(subcommand)]
    job: Option<AccountJob>,
}

#[derive(Debug, Subcommand)]
pub(super) enum AccountJob {
    /// Copy another identity's secrets into the host identity's vault; the other one keeps everything
    MergeHost {
        /// Its name, uuid or address
        from: String,
    },
    /// Switch to another address of the same Ravi when the former one is given up
    MoveServer {
        /// The new address
        new: url::Url,
        /// The former address, if this ledger knows several
        #[arg(long, value_name = "URL")]
        from: Option<url::Url>,
    },
}

pub(super) async fn login(ravi: &Ravi, args: LoginArgs, output: Output) -> Result<()> {
    let account = match (args.key_stdin, args.import) {
        (true, _) => ravi.account().login_with_key(read_secret("Key: ")?).await?,
        (false, true) => ravi.account().login_by_import().await?,
        (false, false) => ravi.account().login(show_prompt).await?,
    };
    say_warnings(&account.warnings);
    output.answer(&account, account_text);
    Ok(())
}

fn show_prompt(prompt: &DevicePrompt) {
    let minutes = prompt.expires_in_s.div_ceil(60);
    let (url, code) = (line(&prompt.url), line(&prompt.user_code));
    say(&format!("Open {url}\nand approve the code {code} (valid for {minutes} min)."));
    if prompt.fallback_url != prompt.url {
        say(&format!("If that page does not open: {}", line(&prompt.fallback_url)));
    }
}

pub(super) async fn logout(ravi: &Ravi, output: Output) -> Result<()> {
    let done = ravi.account().logout().await?;
    say_warnings(&done.warnings);
    if std::env::var_os("RAVI_API_KEY").is_some_and(|key| !key.is_empty()) {
        say("note: RAVI_API_KEY is set, and its key is used as long as it is.");
    }
    output.answer(&done, |_| "Signed out.".to_owned());
    Ok(())
}

pub(super) async fn account(ravi: &Ravi, args: AccountArgs, output: Output) -> Result<()> {
    if let Some(job) = args.job {
        return do_job(ravi, job, output).await;
    }
    if let Some(place) = args.keychain {
        ravi.account().keep_machine_key(place).await?;
    }
    let account = match args.host_identity.as_deref() {
        None => ravi.account().status().await?,
        Some("new") => ravi.account().make_host().await?,
        Some(wanted) => ravi.account().choose_host(wanted).await?,
    };
    say_warnings(&account.warnings);
    output.answer(&account, account_text);
    Ok(())
}

#[derive(Serialize)]
struct Moved {
    server: String,
}

async fn do_job(ravi: &Ravi, job: AccountJob, output: Output) -> Result<()> {
    match job {
        AccountJob::MergeHost { from } => output.answer(&ravi.account().merge_host(&from).await?, merged_text),
        AccountJob::MoveServer { new, from } => {
            ravi.account().move_server(&new, from.as_ref()).await?;
            let moved = Moved { server: new.as_str().trim_end_matches('/').to_owned() };
            output.answer(&moved, |moved| {
                format!("This ledger now uses {0}. Set RAVI_API_URL={0} if it is not the default.", moved.server)
            });
        }
    }
    Ok(())
}

fn merged_text(merged: &Merged) -> String {
    let some = |what: &str, names: &[String]| match names {
        [] => String::new(),
        names => format!("\n  {what}: {}", lines(names, ", ")),
    };
    let counts = format!("{} secrets copied, {} already existed.", merged.copied.len(), merged.same.len());
    counts + &some("copied", &merged.copied) + &some("logins at websites", &merged.logins)
}

/// Printed by the command that had to fall back; later ones show it only on request.
pub(super) fn say_fallback(ravi: &Ravi) {
    if let Some(reason) = ravi.account().take_keychain_fallback() {
        say(&format!(
            "note: {reason}. The key that opens what is kept here is in a file (mode 0600) instead; \
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
    let host = account
        .host
        .as_ref()
        .map_or_else(|| host_choices(&account.choices), |host| line(&format!("{} <{}>", host.name, host.email)));
    let mut text = format!(
        "Server:        {}\nKey from:      {source}\nReaches:       {reach}\nHost identity: {host}",
        account.server
    );
    if let Some(kept) = &account.kept {
        text += &format!("\nKept:          {}", kept_text(kept));
    }
    if let Some(file) = &account.official {
        text += &format!("\nNote:          {} holds a key for the whole account in plaintext", shown_path(file));
    }
    text
}

fn host_choices(choices: &[IdentityInfo]) -> String {
    let listed: String = choices
        .iter()
        .map(|one| format!("\n                 {}", line(&format!("{} <{}>", one.name, one.email))))
        .collect();
    format!("none chosen{listed}")
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
