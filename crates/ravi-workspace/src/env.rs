//! `env`: what the processes of a workspace are given.

use std::path::PathBuf;

use super::output::{Output, line, path as shown_path, print_exactly};
use ravi_workspace_core::handover::{Environment, Shell};
use ravi_workspace_core::{Ravi, Result};

/// Show what the processes of a workspace are given, without secrets
#[derive(Debug, clap::Args)]
pub(super) struct EnvArgs {
    /// A path in the workspace
    path: PathBuf,
    /// Print commands for a shell to `eval`
    #[arg(long, value_name = "SHELL", value_parser = ["bash", "zsh", "fish"], conflicts_with = "json")]
    shell: Option<String>,
    /// Also remove your own SSH agent
    #[arg(long)]
    no_ssh_agent: bool,
}

impl EnvArgs {
    pub(super) fn is_for_a_shell(&self) -> bool {
        self.shell.is_some()
    }
}

pub(super) async fn env(ravi: &Ravi, args: EnvArgs, output: Output) -> Result<()> {
    let environment = ravi.workspaces().open(&args.path).await?.environment();
    let environment = if args.no_ssh_agent { environment.without_ssh_agent() } else { environment };
    let shell = args.shell.as_deref().map(|name| match name {
        "zsh" => Shell::Zsh,
        "fish" => Shell::Fish,
        _ => Shell::Bash,
    });
    match shell {
        Some(shell) => print_exactly(environment.script(shell).trim_end()),
        None => output.answer(&environment, text),
    }
    Ok(())
}

fn text(environment: &Environment) -> String {
    let variables = environment.env.iter().map(|(name, value)| format!("{name}={}", line(value)));
    let path = environment.path_prepend.iter().map(|dir| format!("first on PATH: {}", shown_path(dir)));
    let unset = environment.unset.iter().map(|name| format!("taken out: {name}"));
    variables.chain(path).chain(unset).collect::<Vec<_>>().join("\n")
}
