//! The program `ravi-workspace`: a thin layer over [`Ravi`](ravi_workspace_core::Ravi).
//!
//! With `--json` there is exactly one JSON document on standard output; progress and messages go to standard error. A
//! failure ends with an exit code that tells its kind and, with `--json`, `{"error":{"code","message","hint"}}` on
//! standard output. The program holds no logic of its own.

mod account;
mod args;
mod audit;
mod audit_csv;
mod codex;
mod codex_hook;
mod completions;
mod doctor;
mod env;
mod exec;
mod hooks;
mod inbox;
mod lifetimes;
mod list;
mod log;
mod output;
mod power;
mod progress;
mod provision;
mod reap;
mod registration;
mod release;
mod run;
mod seal;
mod secret;
mod settings;
#[cfg(test)]
mod snapshots;
mod status;
mod system;
mod watch;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use args::Args;
use output::Output;

/// Runs the program with the arguments of this process.
pub fn main() -> ExitCode {
    ravi_workspace_core::internal::os::cores::forbid();
    if let Some(code) = ravi_workspace_helper::act() {
        return ExitCode::from(code);
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(e) => return wrong_usage(&e),
    };
    // As the first argument it was handled above; here it follows others, such as `--json`.
    if let args::Command::GitCredential { operation } = &args.command {
        return ExitCode::from(ravi_workspace_helper::answer_git(operation.as_ref()));
    }
    let output = Output { json: args.json };
    if let args::Command::Completions(args) = &args.command {
        return completions::completions(args, output);
    }
    if let Err(e) = log::start() {
        return output.failure(&e.into());
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return output.plain_failure("runtime.start", &format!("the program cannot start: {e}"), 1),
    };
    output::ended(match runtime.block_on(run::run(args.command, output)) {
        Ok(code) => code,
        Err(e) => output.failure(&e),
    })
}

/// The command line as data, for what makes the manual pages; the command line itself is not part of the interface.
#[doc(hidden)]
pub fn command() -> clap::Command {
    Args::command()
}

/// Help and version are answers; anything else is the caller's mistake, with exit code 2.
fn wrong_usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if std::env::args_os().any(|arg| arg == "--json") {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        return Output { json: true }.plain_failure("usage", line, 2);
    }
    // It quotes what was typed, which may be somebody else's words.
    if std::env::args_os().any(|arg| output::line(&arg.to_string_lossy()) != arg.to_string_lossy()) {
        let text = error.to_string();
        let (what, usage) = text.split_once("\n\nUsage:").unwrap_or((&text, ""));
        output::say(&format!("{}\n\nUsage:{usage}", output::line(what)));
    } else {
        let _ = error.print();
    }
    ExitCode::from(2)
}
