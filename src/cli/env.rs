//! `env`: what the processes of a workspace are given.

use std::path::Path;

use super::output::{Output, print};
use crate::handover::{Environment, Shell};
use crate::{Ravi, Result};

pub(super) async fn env(ravi: &Ravi, path: &Path, shell: Option<&str>, output: Output) -> Result<()> {
    let environment = ravi.open_workspace(path).await?.environment();
    let shell = shell.map(|name| match name {
        "zsh" => Shell::Zsh,
        "fish" => Shell::Fish,
        _ => Shell::Bash,
    });
    match shell {
        Some(shell) => print(environment.script(shell).trim_end()),
        None => output.answer(&environment, text),
    }
    Ok(())
}

fn text(environment: &Environment) -> String {
    let variables = environment.env.iter().map(|(name, value)| format!("{name}={value}"));
    let path = environment.path_prepend.iter().map(|dir| format!("first on PATH: {}", dir.display()));
    variables.chain(path).collect::<Vec<_>>().join("\n")
}
