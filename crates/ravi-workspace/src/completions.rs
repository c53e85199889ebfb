//! `completions`: the script by which a shell completes the words of this program.
//!
//! Packages ship what this prints, so it needs no ledger, no key and no state folder.

use std::process::ExitCode;

use clap_complete::Shell;

use super::output::{Output, print_exactly};

/// Print the script by which a shell completes the words of this program
#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs, output: Output) -> ExitCode {
    if output.json {
        return output.plain_failure("usage", "a shell reads this, and not JSON: --json cannot be used here", 2);
    }
    let mut command = super::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, &name, &mut script);
    let script = String::from_utf8_lossy(&script);
    match args.shell {
        Shell::Bash => print_exactly(with_its_name(&script, &name).trim_end()),
        _ => print_exactly(script.trim_end()),
    }
    ExitCode::SUCCESS
}

/// clap_complete 4.6 spells a program's name with a hyphen in two ways in the script for bash, so that only the first word
/// after it would be completed. This makes it one way.
fn with_its_name(script: &str, name: &str) -> String {
    let [wrong, right] = ["__subcmd__", "__"].map(|between| format!("{}__subcmd__", name.replace('-', between)));
    script.replace(&wrong, &right)
}
