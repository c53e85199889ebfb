//! `ravi-workspace registration …`: a workspace's logins at websites.

use clap::Subcommand;
use secrecy::ExposeSecret as _;
use serde::Serialize;

use super::output::{Output, line, table};
use ravi_workspace_core::inbox::{Registration, RegistrationSecret};
use ravi_workspace_core::{Ravi, Result};

#[derive(Debug, Subcommand)]
pub(super) enum Registrations {
    /// Make a login with a new password, and print the password
    Create(Website),
    /// Show the workspace's logins; no passwords
    List {
        /// A path in the workspace, or its id
        path: String,
    },
    /// Print the password for a website
    Get(Website),
    /// Delete the login for a website
    Delete(Website),
}

#[derive(Debug, clap::Args)]
pub(super) struct Website {
    /// A path in the workspace, or its id
    path: String,
    /// The website
    domain: String,
    /// User name there; a new login defaults to the workspace's mail address
    #[arg(long)]
    username: Option<String>,
}

#[derive(Serialize)]
struct Login<'a> {
    #[serde(flatten)]
    registration: &'a Registration,
    password: &'a str,
}

pub(super) async fn run(ravi: &Ravi, command: Registrations, output: Output) -> Result<()> {
    match command {
        Registrations::Create(Website { path, domain, username }) => {
            show(&ravi.registrations(&path).register(&domain, username.as_deref()).await?, output);
        }
        Registrations::List { path } => output.answer(&ravi.registrations(&path).list().await?, |all| {
            let row =
                |one: &Registration| vec![one.domain.clone(), one.username.clone(), one.at.clone().unwrap_or_default()];
            table(&["WEBSITE", "USER", "SINCE"], &all.iter().map(row).collect::<Vec<_>>(), "No logins.")
        }),
        Registrations::Get(Website { path, domain, username }) => {
            show(&ravi.registrations(&path).get(&domain, username.as_deref()).await?, output);
        }
        Registrations::Delete(Website { path, domain, username }) => {
            let gone = ravi.registrations(&path).remove(&domain, username.as_deref()).await?;
            output.answer(&gone, |gone| line(&format!("Deleted {} at {}.", gone.username, gone.domain)));
        }
    }
    Ok(())
}

fn show(found: &RegistrationSecret, output: Output) {
    let login = Login { registration: &found.registration, password: found.password.expose_secret() };
    output.answer_exactly(&login, |login| login.password.to_owned());
}
