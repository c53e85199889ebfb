//! The whole look at this machine.

use std::path::PathBuf;

use super::Ravi;
use crate::account::{Account, KeyKind};
use crate::doctor::{self, Finding, Report};
use crate::error::{Error, Kind, Result};
use crate::ledger::{LedgerError, now_ms};

impl Ravi {
    /// Looks at everything that can be wrong on this machine: account, server, clock, keychain, rights of files, git and
    /// gh, secrets in plaintext files of known programs, what is owed or stuck. Changes nothing. Two API calls at most;
    /// a keychain is given up after 3 s. That something is wrong is no error: it is in the report, with what to do.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn doctor(&self) -> Result<Report> {
        let clock = self.inner.client.clock().await;
        let answers = clock.is_ok();
        let mut findings = vec![self.account_finding(answers).await];
        findings.extend(doctor::server(self.server(), clock));
        findings.extend(self.inner.ledger.run(doctor::machine_key).await?);
        let workspaces = self.workspaces().await?;
        findings.extend(self.local_findings(workspaces.iter().map(|w| w.path.clone()).collect()).await?);
        findings.push(doctor::revocations(&self.owed().await?));
        findings.extend(doctor::workspaces(&workspaces, now_ms()));
        Ok(Report::new(findings))
    }

    async fn account_finding(&self, answers: bool) -> Finding {
        const CHECK: &str = "account";
        // Without an answer only the key itself can be looked for, and the rest of the time-out is saved.
        let asked = match answers {
            true => self.account().await.map(|account| describe(&account)),
            false => self.access().await.map(|_| "a key is there".to_owned()),
        };
        match asked {
            Ok(message) if answers => Finding::ok(CHECK, message),
            Ok(message) => Finding::warn(CHECK, format!("{message}; Ravi was not asked about it"), "Try again later."),
            Err(e) if e.kind() == Kind::Unreachable => Finding::warn(CHECK, e.to_string(), e.hint()),
            Err(e) => Finding::error(CHECK, &e),
        }
    }

    async fn local_findings(&self, workspaces: Vec<PathBuf>) -> Result<Vec<Finding>> {
        let state_dir = self.state_dir();
        let look = move || {
            let mut findings = doctor::files(&state_dir, &workspaces);
            findings.extend(doctor::programs(&state_dir));
            findings.extend(doctor::hooks(&workspaces));
            findings.extend(doctor::plaintext());
            findings
        };
        tokio::task::spawn_blocking(look).await.map_err(|_| Error::from(LedgerError::Stopped))
    }
}

fn describe(account: &Account) -> String {
    let reach = match account.key {
        KeyKind::Management => "the whole account",
        KeyKind::Identity => "one identity",
    };
    format!("the key from {} reaches {reach}", account.source.in_words())
}
