//! `ravi-workspace codex …`: keeping a Codex login.

use std::io::Read as _;
use std::time::Duration;

use super::output::{Output, line, path as shown_path, say, time};
use super::system::asked_to_end;
use clap::Subcommand;
use ravi_workspace_core::codex::{
    AuthStatus, CodexError, CodexEvent, CodexHealth, CodexHolder, CodexLogin, CodexMode, CodexOptions, CodexRestored,
    CodexSaved, CodexState, CodexStatus, CodexStored, CodexWatched, WatchEnd,
};
use ravi_workspace_core::{Ravi, Result};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum Codex {
    /// Store the login from Codex's folder; this machine then holds it
    Save {
        #[command(flatten)]
        place: CodexPlace,
        /// Take the login over from the machine that holds it
        #[arg(long)]
        take_over: bool,
        /// Overwrite another account, or a newer login
        #[arg(long)]
        force: bool,
    },
    /// Put the stored login into Codex's folder
    Restore {
        #[command(flatten)]
        place: CodexPlace,
        /// Take the login over from the machine that holds it
        #[arg(long)]
        take_over: bool,
        /// Replace another account's file; with --take-over, do not wait for a machine that does not answer
        #[arg(long)]
        force: bool,
    },
    /// Restore, then store each rotation at once, until stopped
    Watch {
        #[command(flatten)]
        place: CodexPlace,
        /// Take the login over from the machine that holds it
        #[arg(long)]
        take_over: bool,
        /// How often to look whether another machine wants the login (default 30)
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
        look_every: Option<u64>,
    },
    /// Show the file, what is stored, and which machine holds it
    Status {
        #[command(flatten)]
        place: CodexPlace,
        /// Read an app-server's reply to getAuthStatus {"includeToken":true} from standard input; only that tells whether a login is dead
        #[arg(long)]
        reported_stdin: bool,
    },
    /// Sign in on a machine without a browser, and save
    SignIn {
        #[command(flatten)]
        place: CodexPlace,
        /// Sign in with the API key in this secret instead of a device code
        #[arg(long, value_name = "KEY")]
        api_key: Option<String>,
        /// The Codex program
        #[arg(long, value_name = "PROGRAM", default_value = "codex")]
        codex: PathBuf,
        /// Sign in even if there already is a login
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct CodexPlace {
    /// Codex's folder; default: CODEX_HOME, else ~/.codex
    #[arg(long, value_name = "DIR")]
    pub(super) codex_home: Option<PathBuf>,
    /// Secret that holds the login; one for each account
    #[arg(long, value_name = "NAME", default_value = ravi_workspace_core::codex::DEFAULT_NAME)]
    pub(super) name: Option<String>,
}

/// A reply of `getAuthStatus` is small; a token has a few kB.
const LARGEST_REPLY: u64 = 256 * 1024;

pub(super) async fn run(ravi: &Ravi, command: Codex, output: Output) -> Result<()> {
    match command {
        Codex::Save { place, take_over, force } => {
            output.answer(&ravi.codex().save(&options(place, take_over, force)).await?, saved_text);
        }
        Codex::Restore { place, take_over, force } => {
            output.answer(&ravi.codex().restore(&options(place, take_over, force)).await?, restored_text);
        }
        Codex::Watch { place, take_over, look_every } => {
            let look_every = look_every.map(Duration::from_secs);
            let options = CodexOptions { look_every, ..options(place, take_over, false) };
            let watched = ravi.codex().watch(&options, asked_to_end(), async |event| say(&event_text(&event))).await?;
            output.answer(&watched, watched_text);
        }
        Codex::Status { place, reported_stdin } => {
            let reported = if reported_stdin { Some(read_reported()?) } else { None };
            output.answer(&ravi.codex().status(&options(place, false, false), reported.as_ref()).await?, status_text);
        }
        Codex::SignIn { place, api_key, codex, force } => {
            let options = options(place, false, force);
            output.answer(&ravi.codex().sign_in(&options, &codex, api_key.as_deref()).await?, saved_text);
        }
    }
    Ok(())
}

fn options(place: CodexPlace, take_over: bool, force: bool) -> CodexOptions {
    CodexOptions { home: place.codex_home, name: place.name, take_over, force, ..CodexOptions::default() }
}

fn read_reported() -> Result<AuthStatus> {
    let mut text = zeroize::Zeroizing::new(String::new());
    let read = std::io::stdin().take(LARGEST_REPLY).read_to_string(&mut text);
    read.map_err(|_| CodexError::AuthStatus)?;
    Ok(AuthStatus::from_json(&text)?)
}

fn event_text(event: &CodexEvent) -> String {
    match event {
        CodexEvent::Watching { generation } => format!("Watching; version {generation} is in the vault."),
        CodexEvent::Pushed { generation } => format!("Stored version {generation}."),
        CodexEvent::Adopt => {
            "The file was replaced: send running app-servers account/read {\"refreshToken\":true}.".to_owned()
        }
        CodexEvent::Failed { error } => format!("warning[{}]: {}; it is tried again", error.code, line(&error.message)),
        CodexEvent::Yielding { to } => format!("{to} wants the login: handing it over. Stop Codex here."),
        CodexEvent::TakenOver { by, aside } => match aside {
            Some(aside) => {
                format!("The login is now {by}'s. The file was moved to {}. Stop Codex here.", shown_path(aside))
            }
            None => format!("The login is now {by}'s. Stop Codex here."),
        },
    }
}

fn saved_text(saved: &CodexSaved) -> String {
    let what = if saved.changed { "Stored" } else { "Already stored" };
    format!("{what} as {}.\n{}", saved.name, stored_text(&saved.stored))
}

fn restored_text(restored: &CodexRestored) -> String {
    let home = shown_path(&restored.home);
    let what = match (restored.changed, restored.pushed) {
        (true, _) => format!(
            "Restored {} to {home}. If an app-server runs, send it account/read {{\"refreshToken\":true}}.",
            restored.name
        ),
        (false, true) => format!("{home} has a newer login; stored it as {}.", restored.name),
        (false, false) => format!("{home} already has it."),
    };
    let aside = restored.aside.as_ref().map_or(String::new(), |aside| format!("\nFormer file: {}", shown_path(aside)));
    format!("{what}\n{}{aside}", stored_text(&restored.stored))
}

fn watched_text(watched: &CodexWatched) -> String {
    let end = match watched.end {
        WatchEnd::Stopped => "Stopped watching",
        WatchEnd::TakenOver => "Another machine has the login",
    };
    let pending = if watched.pending { "; one rotation is waiting to be stored" } else { "" };
    format!("{end}. Rotations stored: {}{pending}.", watched.pushed)
}

fn status_text(status: &CodexStatus) -> String {
    let health = match status.health {
        CodexHealth::Alive => "alive",
        CodexHealth::Dead => "dead: sign in again",
        CodexHealth::Unknown => "unknown; only an app-server can tell (--reported-stdin)",
    };
    let state = match status.state {
        CodexState::InSync => "file and vault have the same login",
        CodexState::FileNewer => "the file is newer: run `ravi-workspace codex save`",
        CodexState::VaultNewer => "the vault is newer: run `ravi-workspace codex restore`",
        CodexState::NoFile => "there is no usable file",
        CodexState::NotStored => "nothing is stored",
        CodexState::OtherAccount => "file and vault hold different accounts",
        CodexState::Unknown => "Ravi could not be asked",
    };
    let file = match (&status.file.login, &status.file.error) {
        (_, Some(error)) => line(&error.message),
        (Some(login), None) => login_text(login),
        (None, None) => "none".to_owned(),
    };
    let mut text = format!(
        "Login:   {}\nFolder:  {}\nHealth:  {health}\nState:   {state}\nFile:    {file}",
        status.name,
        shown_path(&status.home)
    );
    if let Some(stored) = &status.stored {
        text += &format!("\n{}", stored_text(stored));
    }
    if let Some(error) = &status.vault_error {
        text += &format!("\nVault:   {}", line(&error.message));
    }
    if let Some(pushed) = status.pushed_ms {
        text += &format!("\nPushed:  {}", time(pushed));
    }
    if status.pending {
        text += "\nA rotation is waiting to be stored.";
    }
    text
}

fn stored_text(stored: &CodexStored) -> String {
    let holder = stored.holder.as_ref().map_or_else(|| "nobody".to_owned(), holder_text);
    format!("Stored:  version {}, {}\nHolder:  {holder}", stored.generation, login_text(&stored.login))
}

fn holder_text(holder: &CodexHolder) -> String {
    let who = if holder.here { "this machine" } else { &holder.host };
    let until = if holder.expired { "expired" } else { "until" };
    let watched = if holder.watched { ", watched" } else { "" };
    format!(
        "{who} ({}) since {}, {until} {}{watched}",
        shown_path(&holder.home),
        time(holder.since_ms),
        time(holder.until_ms)
    )
}

fn login_text(login: &CodexLogin) -> String {
    let email = login.email.as_ref().map_or(String::new(), |email| format!(", {}", line(email)));
    match login.mode {
        CodexMode::ApiKey => login.account.clone(),
        _ => {
            let refreshed = login.last_refresh_ms.map_or_else(|| "never".to_owned(), time);
            let expires = login.expires_ms.map_or_else(String::new, |at| format!(", token until {}", time(at)));
            format!("{}{email}, refreshed {refreshed}{expires}", login.account)
        }
    }
}
