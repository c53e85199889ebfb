//! The command line as types. The arguments of a command stand in its own file; the texts there are its help.

use clap::{Parser, Subcommand};

/// Gives agent workspaces their own Ravi identities, and keeps secrets out of plaintext files.
#[derive(Debug, Parser)]
#[command(name = "ravi-workspace", version, disable_help_subcommand = true, after_help = ENVIRONMENT)]
pub(super) struct Args {
    /// Print one JSON document on standard output
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

const ENVIRONMENT: &str = "\
Environment:
  RAVI_API_URL                  address of Ravi (default https://api.ravi.id)
  RAVI_API_URL_ALIASES          further addresses of the same Ravi, separated by spaces
  RAVI_API_KEY                  key to use, of either kind, instead of the one from a login
  RAVI_WORKSPACE_STATE          folder of the ledger
  RAVI_WORKSPACE_START          asked: off until switched on; always (default)
  RAVI_WORKSPACE_HOST_IDENTITY  identity that holds the app's own secrets: its name, uuid or address
  RAVI_WORKSPACE_SHARE          identity that workspaces use instead of their own, as JSON
  RAVI_WORKSPACE_KEYCHAIN       where the key of a new ledger is kept: file or system (default: system if it works)
  RAVI_WORKSPACE_KEY_IN_TREE    always: a workspace's key lies in its folder; never (default)
  RAVI_WORKSPACE_SIGNATURES     person: commits are signed as you set it up; workspace (default)
  RAVI_WORKSPACE_POOL_REUSE     all: used identities serve later workspaces, too; unused (default)
  RAVI_WORKSPACE_REGISTRATIONS  keep: move a released workspace's website logins to the host identity; delete (default)
  RAVI_WORKSPACE_WAKE           never: use does not wake a suspended workspace; on-use (default)
  RAVI_WORKSPACE_GITHUB         whose GitHub login workspaces use, as JSON
  RAVI_WORKSPACE_BUNDLE         what workspaces are given in their vaults, as JSON
  RAVI_WORKSPACE_POLICY         which secrets workspaces may be given, as JSON
  RAVI_WORKSPACE_LOG            what is logged on standard error: error, warn, info, debug or trace (default: off)

The JSON values are described in docs/configuration.md.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not signed in or key refused, 4 not found, 5 Ravi not reachable,
6 refused by policy.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Login(super::account::LoginArgs),
    /// Forget the key that a login kept here
    Logout,
    Account(super::account::AccountArgs),
    /// Show or change whether an app that is off by default uses Ravi
    #[command(subcommand)]
    Power(super::power::PowerJob),
    /// Give a workspace its own identity, or an existing one
    Provision(super::provision::ProvisionWish),
    Suspend(super::lifetimes::SuspendArgs),
    Wake(super::lifetimes::WakeArgs),
    Release(super::release::ReleaseArgs),
    Reap(super::reap::ReapArgs),
    /// Show all workspaces
    List,
    Status(super::status::StatusArgs),
    /// Act as git's credential helper; called by git in workspaces
    GitCredential {
        /// What git wants
        #[arg(value_parser = ["get", "store", "erase"])]
        operation: String,
    },
    Env(super::env::EnvArgs),
    Exec(super::exec::ExecArgs),
    /// Keep a Codex login in the vault, for machines where nobody signs in
    #[command(subcommand)]
    Codex(super::codex::Codex),
    /// Install and run the hooks of orchestrators and agents
    #[command(subcommand)]
    Hook(super::hooks::Hook),
    /// Read, send and wait for messages of a workspace
    #[command(subcommand)]
    Inbox(super::inbox::Inbox),
    /// Manage a workspace's logins at websites, kept in its own vault
    #[command(subcommand)]
    Registration(super::registration::Registrations),
    /// Read and write secrets of the host identity
    #[command(subcommand)]
    Secret(super::secret::Secret),
    /// Seal the vault end to end, so that not even Ravi can read it
    #[command(subcommand)]
    Seal(super::seal::Seal),
    /// Move plaintext secrets of a settings file into the vault, and read them back
    #[command(subcommand)]
    Settings(super::settings::Settings),
    Watch(super::watch::WatchArgs),
    Audit(super::audit::AuditArgs),
    /// Check everything that can be wrong on this machine, with a fix for each; exit code 1 if something fails
    Doctor,
    Completions(super::completions::CompletionsArgs),
}

impl Command {
    /// Whether it was asked for something that a shell or a spreadsheet reads.
    pub(super) fn prints_another_form(&self) -> bool {
        match self {
            Command::Env(args) => args.is_for_a_shell(),
            Command::Audit(args) => args.is_csv(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::Path;

    use clap::{Command, CommandFactory as _};

    use super::Args;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    /// Appends the help of a command and of those below it, each under its name.
    fn help(page: &mut String, name: &str, command: &mut Command) {
        let text = command.render_help().to_string();
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        writeln!(page, "\n## {name}\n\n```text\n{}\n```", lines.join("\n").trim()).unwrap();
        for below in command.get_subcommands_mut() {
            let name = format!("{name} {}", below.get_name());
            help(page, &name, below);
        }
    }

    /// `RAVI_WRITE_PAGES=1` writes the page.
    #[test]
    fn the_page_of_commands_is_what_the_help_says() {
        let mut command = Args::command();
        command.build();
        let mut page = "# Every command of ravi-workspace\n\nThe help of each command, as `--help` prints it. What they are for is \
                        in the [guide](command-line.md).\n"
            .to_owned();
        help(&mut page, "ravi-workspace", &mut command);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
        if std::env::var_os("RAVI_WRITE_PAGES").is_some() {
            std::fs::write(&file, &page).unwrap();
        }
        let written = std::fs::read_to_string(file).unwrap_or_default();
        assert!(written == page, "docs/cli.md is not what the help says; RAVI_WRITE_PAGES=1 writes it");
    }
}
