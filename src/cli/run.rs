//! Each command: a few lines over [`Ravi`].

use std::process::ExitCode;

use serde::Serialize;

use super::account;
use super::args::{Command, Hook};
use super::doctor;
use super::output::{Output, line, path as shown_path, say, table, time};
use super::progress::Steps;
use super::seal;
use super::secret;
use super::settings;
use crate::workspace::{
    BundleInfo, BundleOrigin, GithubInfo, GithubSource, OwedRevocation, ProvisionRequest, Provisioned, ReapFailure,
    ReapReport, Reaped, Released, Sharing, WorkspaceSummary,
};
use crate::{Config, ErrorBody, Ravi, Result};

pub(super) async fn run(command: Command, output: Output) -> Result<ExitCode> {
    let config = Config::default().with_env()?;
    if let Command::Power(job) = command {
        return super::power::run(config, job, output);
    }
    // git waits for its hook at every checkout, and whatever is wrong with the ledger is no matter of the person's.
    if let Command::Hook(Hook::Git(hook)) = &command
        && super::hooks::is_later_checkout(hook)
        && !output.json
    {
        return Ok(ExitCode::SUCCESS);
    }
    let ravi = Ravi::open(config)?;
    let done = Box::pin(answer(ravi.clone(), command, output)).await;
    account::say_fallback(&ravi);
    say_warnings(&ravi.take_warnings());
    done
}

async fn answer(ravi: Ravi, command: Command, output: Output) -> Result<ExitCode> {
    match command {
        Command::Login { key_stdin, import } => account::login(&ravi, key_stdin, import, output).await,
        Command::Logout => account::logout(&ravi, output).await,
        Command::Account { keychain, host_identity, job } => {
            account::account(&ravi, account::Wish { keychain, host_identity, job }, output).await
        }
        // Answered before: there may be no ledger.
        Command::Power(_) => Ok(()),
        Command::Provision(wish) => provision(&ravi, wish.into(), output).await,
        Command::Release { target, retire } => release(&ravi, &target, retire, output).await,
        Command::Suspend { target } => super::lifetimes::suspend(&ravi, &target, output).await,
        Command::Wake { target } => super::lifetimes::wake(&ravi, &target, output).await,
        Command::Reap { dry_run } => return reap(&ravi, dry_run, output).await,
        Command::List => list(&ravi, output).await,
        Command::Status { path } => {
            output.answer(&ravi.workspace(&path).await?, status_text);
            Ok(())
        }
        // Answered before: it needs no runtime.
        Command::GitCredential { .. } => Ok(()),
        Command::Env { path, shell, no_ssh_agent } => {
            super::env::env(&ravi, &path, shell.as_deref(), no_ssh_agent, output).await
        }
        Command::Exec { path, secret, no_mask, no_ssh_agent, command } => {
            super::exec::exec(&ravi, &path, &secret, super::exec::Wish { no_mask, no_ssh_agent }, &command).await
        }
        Command::Codex(command) => Box::pin(super::codex::run(&ravi, command, output)).await,
        Command::Hook(Hook::Claude(hook)) => super::hooks::claude(&ravi, hook, output).await,
        Command::Hook(Hook::Dmux(hook)) => super::hooks::dmux(&ravi, hook, output).await,
        Command::Hook(Hook::Git(hook)) => super::hooks::git(&ravi, hook, output).await,
        Command::Hook(Hook::Jean(hook)) => super::hooks::jean(&ravi, hook, output).await,
        Command::Watch { codex_monitor, take_over, grace, once } => {
            let grace = std::time::Duration::from_secs(grace);
            super::watch::watch(&ravi, &codex_monitor, take_over, grace, once, output).await
        }
        Command::Hook(Hook::Codex(hook)) => super::codex_hook::codex(&ravi, hook, output).await,
        Command::Inbox(command) => return super::inbox::run(&ravi, command, output).await,
        Command::Registration(command) => super::registration::run(&ravi, command, output).await,
        Command::Secret(command) => secret::run(&ravi, command, output).await,
        Command::Seal(command) => seal::run(&ravi, command, output).await,
        Command::Settings(command) => settings::run(&ravi, command, output).await,
        Command::Audit { query, job } => return super::audit::run(&ravi, query, job, output).await,
        Command::Doctor => return doctor::doctor(&ravi, output).await,
    }?;
    Ok(ExitCode::SUCCESS)
}

async fn provision(ravi: &Ravi, request: ProvisionRequest, output: Output) -> Result<()> {
    let steps = Steps::new(&request.id, if request.phone { 8 } else { 7 });
    let provisioned = ravi.provision(request, |progress| steps.tell(&progress)).await;
    steps.end();
    let provisioned = provisioned?;
    say_warnings(&provisioned.warnings);
    output.answer(&provisioned, provisioned_text);
    Ok(())
}

/// What a person should know, on standard error: with `--json` it is in the document as well.
pub(super) fn say_warnings(warnings: &[ErrorBody]) {
    for warning in warnings {
        say(&format!("note: {} ({}). {}", line(&warning.message), warning.code, line(&warning.hint)));
    }
}

pub(super) fn provisioned_text(done: &Provisioned) -> String {
    let author = match &done.git {
        Some(git) => line(&format!("{} <{}>", git.user_name, git.user_email)),
        None => "none; the folder is in no git repository".to_owned(),
    };
    let phone = done.identity.phone.as_deref().unwrap_or("none");
    let mut text = format!(
        "Workspace {} is ready.\n  folder: {}\n  email:  {}\n  phone:  {phone}\n  author: {author}\n  GitHub: {}",
        done.id,
        shown_path(&done.path),
        line(&done.identity.email),
        github_text(&done.github)
    );
    if let Some(sharing) = &done.sharing {
        text += &format!("\n  shared: {}", sharing_text(sharing, &done.identity.name));
    }
    if !done.key {
        text += "\n  key:    none; it has no inbox and no vault";
    }
    text
}

fn sharing_text(sharing: &Sharing, name: &str) -> String {
    let mut who: Vec<String> = Vec::new();
    if sharing.host {
        who.push("the app's own secrets".to_owned());
    }
    if !sharing.with.is_empty() {
        who.push(format!("workspaces {}", sharing.with.join(", ")));
    }
    let with = if who.is_empty() { String::new() } else { format!(" with {}", who.join(" and ")) };
    let kept = if sharing.borrowed { "; it stays as it is when the workspace goes" } else { "" };
    format!("address, inbox, phone and vault of {name}{with}{kept}")
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
    let left = released.left.iter().map(|what| format!("\n  left alone: {}", line(what)));
    format!("Workspace {} is released.{}", released.id, left.collect::<String>())
}

async fn reap(ravi: &Ravi, dry_run: bool, output: Output) -> Result<ExitCode> {
    let report = ravi.reap(dry_run, |_| {}).await?;
    output.answer(&report, reap_text);
    Ok(match report.keys_unseen {
        _ if !report.failed.is_empty() => ExitCode::from(1),
        Some(_) if !dry_run => ExitCode::from(5),
        _ => ExitCode::SUCCESS,
    })
}

fn reap_text(report: &ReapReport) -> String {
    let (release, revoke) = match report.dry_run {
        true => ("would release", "would revoke"),
        false => ("released", "revoked"),
    };
    let reaped = |verb: &str, r: &Reaped| format!("{verb} {} ({}): {}", r.id, shown_path(&r.path), line(&r.why));
    let released = report.released.iter().map(|r| reaped(release, r));
    let suspend = if report.dry_run { "would suspend" } else { "suspended" };
    let suspended = report.suspended.iter().map(|r| reaped(suspend, r));
    let left = report.left.iter().map(|r| reaped("left", r));
    let failed = report.failed.iter().map(|f| {
        let ReapFailure { id, path, error } = f;
        let (message, hint) = (line(&error.message), line(&error.hint));
        format!("failed {id} ({}): {message} ({})\n  {hint}", shown_path(path), error.code)
    });
    let keys = report.keys.iter().map(|k| format!("{revoke} key {} made for {}", k.uuid, k.workspace));
    let unseen =
        report.keys_unseen.iter().map(|e| format!("not looked at: keys at Ravi ({}: {})", e.code, line(&e.message)));
    let lines: Vec<String> = released.chain(suspended).chain(left).chain(failed).chain(keys).chain(unseen).collect();
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
    say_warnings(&ravi.newer_rows().await?.iter().map(crate::Error::body).collect::<Vec<_>>());
    output.answer(&list, |list| {
        let given = list.workspaces.iter().any(|workspace| !workspace.bundle.is_empty());
        let rows: Vec<Vec<String>> = list.workspaces.iter().map(|workspace| list_row(workspace, given)).collect();
        let header = ["ID", "NAME", "STATE", "EMAIL", "PATH", "GIVEN"];
        let header = &header[..if given { 6 } else { 5 }];
        let owed = list.owed.iter().map(|o| {
            format!("\nowed: identity {} is not put away yet (its keys, and what is in its vault)", o.identity)
        });
        table(header, &rows, "No workspaces.") + &owed.collect::<String>()
    });
    Ok(())
}

fn list_row(workspace: &WorkspaceSummary, given: bool) -> Vec<String> {
    let email = workspace.identity.as_ref().map(|identity| identity.email.clone());
    let mut row = vec![
        workspace.id.clone(),
        workspace.name.clone(),
        state_text(workspace),
        email.unwrap_or_else(|| "-".to_owned()),
        shown_path(&workspace.path),
    ];
    if given {
        row.push(workspace.bundle.iter().map(given_text).collect::<Vec<_>>().join(", "));
    }
    row
}

/// Which value of a pool it is tells workspaces apart; the rest is for `status`.
fn given_text(BundleInfo { key, source, secret, .. }: &BundleInfo) -> String {
    match (source, secret) {
        (BundleOrigin::Pool, Some(secret)) => format!("{key} ({secret})"),
        _ => key.clone(),
    }
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
    let row = |name: &str, value: Option<String>| {
        format!("{name:<9}{}\n", value.map_or_else(|| "-".to_owned(), |value| line(&value)))
    };
    let identity = workspace.identity.as_ref();
    let mut text = row("id", Some(workspace.id.clone()));
    text += &row("name", Some(workspace.name.clone()));
    text += &row("folder", Some(shown_path(&workspace.path)));
    text += &row("state", Some(state_text(workspace)));
    text += &row("identity", identity.map(|i| i.uuid.clone()));
    text += &row("email", identity.map(|i| i.email.clone()));
    text += &row("phone", identity.and_then(|i| i.phone.clone()));
    text += &row("author", workspace.git.as_ref().map(|g| format!("{} <{}>", g.user_name, g.user_email)));
    text += &row("github", workspace.github.as_ref().map(github_text));
    for way in workspace.github.iter().flat_map(|github| &github.open) {
        text += &row("", Some(format!("open: {way}")));
    }
    if let (Some(sharing), Some(identity)) = (&workspace.sharing, identity) {
        text += &row("shared", Some(sharing_text(sharing, &identity.name)));
    }
    if !workspace.key {
        text += &row("key", Some("none; it has no inbox and no vault".to_owned()));
    }
    for (at, secret) in workspace.bundle.iter().enumerate() {
        text += &row(if at == 0 { "given" } else { "" }, Some(bundle_text(secret)));
    }
    if let Some(program) = &workspace.outdated_program {
        let note = format!("calls {}, which goes with its version; provision it again", shown_path(program));
        text += &row("git", Some(note));
    }
    if let Some(ends) = workspace.ends_at_ms {
        text += &row("until", Some(time(ends)));
    }
    if let Some(error) = &workspace.last_error {
        text += &row("error", Some(format!("{} ({})", error.message, error.code)));
        text += &row("hint", Some(error.hint.clone()));
    }
    text.trim_end().to_owned()
}

fn bundle_text(BundleInfo { key, source, secret, given }: &BundleInfo) -> String {
    let secret = secret.as_deref().unwrap_or_default();
    let from = match source {
        BundleOrigin::Copy => format!("copy of {secret}"),
        BundleOrigin::Pool => format!("{secret}, of a pool"),
        BundleOrigin::Generated => "made for it".to_owned(),
    };
    format!("{key} ({from}{})", if *given { "" } else { "; not in its vault yet" })
}

fn github_text(github: &GithubInfo) -> String {
    let secret = github.secret.as_deref().unwrap_or_default();
    match github.source {
        GithubSource::Workspace => format!("token of its own ({secret})"),
        GithubSource::Host => format!("token that the host identity holds ({secret})"),
        GithubSource::Inherited => "inherited: your own login".to_owned(),
        GithubSource::Denied => "none, and yours is denied".to_owned(),
    }
}
