//! Each command: a few lines over [`Ravi`].

use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use zeroize::Zeroizing;

use super::args::{Command, Hook, Places, Secret, Settings};
use super::output::{Output, say, table};
use super::progress::Steps;
use crate::account::{Account, DevicePrompt, KeyKind, KeySource};
use crate::vault::VaultError;
use crate::vault::settings::{self, MigrateReport, Place};
use crate::workspace::{
    OwedRevocation, ProvisionRequest, Provisioned, ReapReport, Reaped, Released, WorkspaceError, WorkspaceSummary,
};
use crate::{Config, Error, Ravi, Result};

/// Largest value that `secret set` reads, in bytes; more is a mistake.
const LARGEST_VALUE: u64 = 1024 * 1024;

pub(super) async fn run(command: Command, output: Output) -> Result<()> {
    let ravi = Ravi::open(Config::default().with_env()?)?;
    match command {
        Command::Login { key_stdin } => login(&ravi, key_stdin, output).await,
        Command::Logout => logout(&ravi, output).await,
        Command::Account => {
            output.answer(&ravi.account().await?, account_text);
            Ok(())
        }
        Command::Provision { path, id, name, phone, email, env_file, github_secret, sign } => {
            let request = ProvisionRequest { path, id, name, phone, email, env_file, github_secret, sign };
            provision(&ravi, request, output).await
        }
        Command::Release { target, retire } => release(&ravi, &target, retire, output).await,
        Command::Reap { dry_run } => reap(&ravi, dry_run, output).await,
        Command::List => list(&ravi, output).await,
        Command::Status { path } => {
            output.answer(&ravi.workspace(&path).await?, status_text);
            Ok(())
        }
        Command::Env { path, shell } => super::env::env(&ravi, &path, shell.as_deref(), output).await,
        Command::Exec { path, secret, no_mask, command } => {
            super::exec::exec(&ravi, &path, &secret, no_mask, &command).await
        }
        Command::Hook(Hook::Codex(hook)) => super::codex_hook::codex(&ravi, hook, output).await,
        Command::Secret(command) => secret(&ravi, command, output).await,
        Command::Settings(command) => settings(&ravi, command, output).await,
    }
}

async fn login(ravi: &Ravi, key_stdin: bool, output: Output) -> Result<()> {
    let account = match key_stdin {
        true => ravi.login_with_key(read_secret("Key: ")?).await?,
        false => ravi.login(show_prompt).await?,
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

async fn logout(ravi: &Ravi, output: Output) -> Result<()> {
    ravi.logout().await?;
    output.answer(&SignedOut { signed_in: false }, |_| "Signed out.".to_owned());
    Ok(())
}

fn account_text(account: &Account) -> String {
    let source = match account.source {
        KeySource::Builder => "the program",
        KeySource::Environment => "RAVI_API_KEY",
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
    format!("Server:        {}\nKey from:      {source}\nReaches:       {reach}\nHost identity: {host}", account.server)
}

async fn provision(ravi: &Ravi, request: ProvisionRequest, output: Output) -> Result<()> {
    let steps = Steps::new(&request.id, if request.phone { 7 } else { 6 });
    let provisioned = ravi.provision(request, |progress| steps.tell(&progress)).await;
    steps.end();
    output.answer(&provisioned?, provisioned_text);
    Ok(())
}

fn provisioned_text(done: &Provisioned) -> String {
    let author = match &done.git {
        Some(git) => format!("{} <{}>", git.user_name, git.user_email),
        None => "none; the folder is in no git repository".to_owned(),
    };
    let phone = done.identity.phone.as_deref().unwrap_or("none");
    format!(
        "Workspace {} is ready.\n  folder: {}\n  email:  {}\n  phone:  {phone}\n  author: {author}",
        done.id,
        done.path.display(),
        done.identity.email
    )
}

async fn release(ravi: &Ravi, target: &str, retire: bool, output: Output) -> Result<()> {
    let steps = Steps::new(target, 3);
    let released = ravi.release(target, retire, |progress| steps.tell(&progress)).await;
    steps.end();
    let released = released?;
    if released.owed > 0 {
        say("note: Ravi could not revoke the key now. It is owed, and tried again by later commands.");
    }
    output.answer(&released, released_text);
    Ok(())
}

fn released_text(released: &Released) -> String {
    let left = released.left.iter().map(|what| format!("\n  left alone: {what}"));
    format!("Workspace {} is released.{}", released.id, left.collect::<String>())
}

async fn reap(ravi: &Ravi, dry_run: bool, output: Output) -> Result<()> {
    let report = ravi.reap(dry_run, |_| {}).await?;
    output.answer(&report, reap_text);
    Ok(())
}

fn reap_text(report: &ReapReport) -> String {
    let (release, revoke) = match report.dry_run {
        true => ("would release", "would revoke"),
        false => ("released", "revoked"),
    };
    let line = |verb: &str, r: &Reaped| format!("{verb} {} ({}): {}", r.id, r.path.display(), r.why);
    let released = report.released.iter().map(|r| line(release, r));
    let left = report.left.iter().map(|r| line("left", r));
    let keys = report.keys.iter().map(|k| format!("{revoke} key {} made for {}", k.uuid, k.workspace));
    let lines: Vec<String> = released.chain(left).chain(keys).collect();
    match lines.as_slice() {
        [] => "Nothing to reap.".to_owned(),
        lines => lines.join("\n"),
    }
}

#[derive(Serialize)]
struct List {
    workspaces: Vec<WorkspaceSummary>,
    owed: Vec<OwedRevocation>,
}

async fn list(ravi: &Ravi, output: Output) -> Result<()> {
    let list = List { workspaces: ravi.workspaces().await?, owed: ravi.owed().await? };
    output.answer(&list, |list| {
        let rows: Vec<Vec<String>> = list.workspaces.iter().map(list_row).collect();
        let owed = list.owed.iter().map(|o| format!("\nowed: keys of identity {} are not revoked yet", o.identity));
        table(&["ID", "NAME", "STATE", "EMAIL", "PATH"], &rows, "No workspaces.") + &owed.collect::<String>()
    });
    Ok(())
}

fn list_row(workspace: &WorkspaceSummary) -> Vec<String> {
    let email = workspace.identity.as_ref().map(|identity| identity.email.clone());
    vec![
        workspace.id.clone(),
        workspace.name.clone(),
        state_text(workspace),
        email.unwrap_or_else(|| "-".to_owned()),
        workspace.path.display().to_string(),
    ]
}

fn state_text(workspace: &WorkspaceSummary) -> String {
    let state = format!("{:?}", workspace.state).to_lowercase();
    match workspace.folder {
        crate::workspace::FolderState::Present => state,
        crate::workspace::FolderState::Gone => format!("{state}, folder gone"),
        crate::workspace::FolderState::Unseen => format!("{state}, folder not seen"),
    }
}

fn status_text(workspace: &WorkspaceSummary) -> String {
    let row = |name: &str, value: Option<String>| format!("{name:<9}{}\n", value.unwrap_or_else(|| "-".to_owned()));
    let identity = workspace.identity.as_ref();
    let mut text = row("id", Some(workspace.id.clone()));
    text += &row("name", Some(workspace.name.clone()));
    text += &row("folder", Some(workspace.path.display().to_string()));
    text += &row("state", Some(state_text(workspace)));
    text += &row("identity", identity.map(|i| i.uuid.clone()));
    text += &row("email", identity.map(|i| i.email.clone()));
    text += &row("phone", identity.and_then(|i| i.phone.clone()));
    text += &row("author", workspace.git.as_ref().map(|g| format!("{} <{}>", g.user_name, g.user_email)));
    if let Some(error) = &workspace.last_error {
        text += &row("error", Some(format!("{} ({})", error.message, error.code)));
        text += &row("hint", Some(error.hint.clone()));
    }
    text.trim_end().to_owned()
}

#[derive(Serialize)]
struct SecretValue<'a> {
    key: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct SecretChange<'a> {
    key: &'a str,
    state: &'static str,
}

#[derive(Serialize)]
struct SecretNames {
    secrets: Vec<String>,
}

async fn secret(ravi: &Ravi, command: Secret, output: Output) -> Result<()> {
    match command {
        Secret::Get { key } => {
            let value = ravi.secret(&key).await?;
            output.answer(&SecretValue { key: &key, value: value.expose_secret() }, |s| s.value.to_owned());
        }
        Secret::Set { key } => {
            ravi.set_secret(&key, read_secret("Value: ")?).await?;
            output.answer(&SecretChange { key: &key, state: "stored" }, |s| format!("Stored {}.", s.key));
        }
        Secret::List => {
            let names = SecretNames { secrets: ravi.secret_names().await? };
            output.answer(&names, |names| match names.secrets.as_slice() {
                [] => "No secrets.".to_owned(),
                names => names.join("\n"),
            });
        }
        Secret::Delete { key } => {
            ravi.delete_secret(&key).await?;
            output.answer(&SecretChange { key: &key, state: "deleted" }, |s| format!("Deleted {}.", s.key));
        }
    }
    Ok(())
}

/// Reads a secret: hidden from a terminal, else all of standard input without one newline at its end.
fn read_secret(prompt: &str) -> Result<SecretString> {
    let bad = |reason: String| Error::from(WorkspaceError::Request { field: "standard input", reason });
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(prompt).map(SecretString::from).map_err(|e| bad(e.to_string()));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    io::stdin().take(LARGEST_VALUE + 1).read_to_end(&mut bytes).map_err(|e| bad(e.to_string()))?;
    if bytes.len() as u64 > LARGEST_VALUE {
        return Err(bad("it is larger than 1 MiB".into()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| bad("it is not UTF-8".into()))?;
    let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    match text {
        "" => Err(bad("it is empty".into())),
        text => Ok(SecretString::from(text)),
    }
}

async fn settings(ravi: &Ravi, command: Settings, output: Output) -> Result<()> {
    match command {
        Settings::Migrate { file, places, dry_run } => {
            let report = ravi.migrate_settings(&file, &to_places(&places)?, dry_run).await?;
            output.answer(&report, report_text);
        }
        Settings::Get { file, places } => {
            let pointer = one_pointer(&file, &places)?;
            let value = ravi.settings_value(&file, &pointer).await?;
            output.answer(&PointerValue { pointer: &pointer, value: value.expose_secret() }, |p| p.value.to_owned());
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct PointerValue<'a> {
    pointer: &'a str,
    value: &'a str,
}

fn to_places(places: &Places) -> Result<Vec<Place>> {
    if let Some(preset) = &places.preset {
        return Ok(settings::preset(preset).unwrap_or_default());
    }
    places.pointer.iter().map(|text| to_place(text)).collect()
}

fn to_place(text: &str) -> Result<Place> {
    let (pointer, secret) = match text.rsplit_once('=') {
        Some((pointer, secret)) => (pointer.to_owned(), secret.to_owned()),
        None => (text.to_owned(), settings::secret_name_for(text)),
    };
    Ok(Place { pointer, secret })
}

/// The one place that `settings get` reads.
fn one_pointer(file: &Path, places: &Places) -> Result<String> {
    let all = to_places(places)?;
    match all.into_iter().find(|place| !place.pointer.contains('*')) {
        Some(place) => Ok(place.pointer),
        None => Err(VaultError::NoValue { file: file.to_owned(), pointer: places.pointer.join(" ") }.into()),
    }
}

fn report_text(report: &MigrateReport) -> String {
    let verb = if report.dry_run { "would move" } else { "moved" };
    let moved = report.moved.iter().map(|m| format!("{verb} {} to {}", m.pointer, m.secret));
    let already = report.already.iter().map(|m| format!("{} is {} already", m.pointer, m.reference));
    let lines: Vec<String> = moved.chain(already).collect();
    match lines.as_slice() {
        [] => "Nothing to move: no value is set at these places.".to_owned(),
        lines => lines.join("\n"),
    }
}
