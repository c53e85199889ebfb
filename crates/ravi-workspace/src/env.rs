//! `env`: what the processes of a workspace are given.

use std::path::Path;

use super::output::{Output, line, path as shown_path, print_exactly};
use ravi_workspace_core::handover::{Environment, Shell};
use ravi_workspace_core::{Ravi, Result};

pub(super) async fn env(
    ravi: &Ravi,
    path: &Path,
    shell: Option<&str>,
    no_ssh_agent: bool,
    output: Output,
) -> Result<()> {
    let environment = ravi.open_workspace(path).await?.environment();
    let environment = if no_ssh_agent { environment.without_ssh_agent() } else { environment };
    let shell = shell.map(|name| match name {
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
