//! Maps each command to its function.

use std::process::ExitCode;

use super::args::Command;
use super::hooks::Hook;
use super::output::{Output, say_warnings};
use super::{
    account, audit, codex, codex_hook, doctor, env, exec, hooks, inbox, lifetimes, list, power, provision, reap,
    registration, release, seal, secret, settings, status, watch,
};
use ravi_workspace_core::{Config, Ravi, Result};

pub(super) async fn run(command: Command, output: Output) -> Result<ExitCode> {
    // clap sees the conflict only if `--json` comes last.
    if output.json && command.prints_another_form() {
        return Ok(output.plain_failure("usage", "--json cannot be used with --shell or --csv", 2));
    }
    let config = Config::default().with_env()?;
    if let Command::Power(job) = command {
        return power::run(config, job, output);
    }
    // git waits for its hook at every checkout, and a problem with the ledger must not bother the person there.
    if let Command::Hook(Hook::Git(hook)) = &command
        && hooks::is_later_checkout(hook)
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
        Command::Login(args) => account::login(&ravi, args, output).await,
        Command::Logout => account::logout(&ravi, output).await,
        Command::Account(args) => account::account(&ravi, args, output).await,
        // Handled before: there may be no ledger.
        Command::Power(_) => Ok(()),
        Command::Provision(wish) => provision::provision(&ravi, wish.into(), output).await,
        Command::Release(args) => release::release(&ravi, args, output).await,
        Command::Suspend(args) => lifetimes::suspend(&ravi, args, output).await,
        Command::Wake(args) => lifetimes::wake(&ravi, args, output).await,
        Command::Reap(args) => return reap::reap(&ravi, args, output).await,
        Command::List => list::list(&ravi, output).await,
        Command::Status(args) => status::status(&ravi, args, output).await,
        // Handled before: they need no runtime.
        Command::GitCredential { .. } | Command::Completions(_) => Ok(()),
        Command::Env(args) => env::env(&ravi, args, output).await,
        Command::Exec(args) => exec::exec(&ravi, args).await,
        Command::Codex(command) => Box::pin(codex::run(&ravi, command, output)).await,
        Command::Hook(Hook::Claude(hook)) => hooks::claude(&ravi, hook, output).await,
        Command::Hook(Hook::Dmux(hook)) => hooks::dmux(&ravi, hook, output).await,
        Command::Hook(Hook::Git(hook)) => hooks::git(&ravi, hook, output).await,
        Command::Hook(Hook::Jean(hook)) => hooks::jean(&ravi, hook, output).await,
        Command::Watch(args) => watch::watch(&ravi, args, output).await,
        Command::Hook(Hook::Codex(hook)) => codex_hook::codex(&ravi, hook, output).await,
        Command::Inbox(command) => return inbox::run(&ravi, command, output).await,
        Command::Registration(command) => registration::run(&ravi, command, output).await,
        Command::Secret(command) => secret::run(&ravi, command, output).await,
        Command::Seal(command) => seal::run(&ravi, command, output).await,
        Command::Settings(command) => settings::run(&ravi, command, output).await,
        Command::Audit(args) => return audit::run(&ravi, args, output).await,
        Command::Doctor => return doctor::doctor(&ravi, output).await,
    }?;
    Ok(ExitCode::SUCCESS)
}
