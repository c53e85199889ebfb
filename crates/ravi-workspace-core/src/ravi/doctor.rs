//! The whole inspection of this machine.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use super::Ravi;
use crate::account::{Account, KeyKind};
use crate::doctor::{self, Finding, Report};
use crate::error::{Error, Kind, Result};
use crate::ledger::LedgerError;
use crate::machine::blocking::blocking;
use crate::machine::clock::now_ms;
use crate::workspace::WorkspaceSummary;

impl Ravi {
    /// Checks everything that can be wrong on this machine.
    ///
    /// That is: account, server, clock, keychain, permissions of files, git and gh, launchers and hooks (each is
    /// started and asked for its version), secrets in plaintext files of known programs, what is owed or stuck, and
    /// what somebody else changed at Ravi. Changes nothing. Makes four API calls at most, and gives up on a keychain
    /// after 3 s. A problem is not an error: it is in the report, with what to do.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn doctor(&self) -> Result<Report> {
        Ok(Report::new(self.findings(None).await?))
    }

    /// Returns the findings; of workspaces, only those about `shown`, if given.
    async fn findings(&self, shown: Shown<'_>) -> Result<Vec<Finding>> {
        let clock = self.inner.client.clock().await;
        let answers = clock.is_ok();
        let mut findings = vec![self.account_finding(answers).await];
        findings.extend(doctor::server(self.server(), clock));
        findings.extend(self.inner.ledger.run(doctor::machine_key).await?);
        let mut workspaces = self.workspaces().list().await?;
        workspaces.retain(|one| is_shown(shown, &one.id));
        findings.extend(self.local_findings(&workspaces, shown).await?);
        findings.extend(self.launchers(shown).await?);
        findings.extend(doctor::workspaces(&workspaces, now_ms()));
        if shown.is_none() {
            findings.push(doctor::revocations(&self.workspaces().owed().await?));
            let unreadable = self.newer_rows().await?;
            findings
                .extend(unreadable.iter().map(|error| Finding::warn("workspaces", error.to_string(), error.hint())));
        }
        if answers {
            findings.extend(self.counterparts(shown).await?);
        }
        Ok(findings)
    }

    /// Like [`doctor`](Ravi::doctor), for the calling program: an app or a daemon.
    ///
    /// It also checks whether the `gh` that the program runs by itself is the workspace's.
    ///
    /// # Errors
    /// As [`doctor`](Ravi::doctor).
    pub async fn doctor_of_app(&self) -> Result<Report> {
        self.doctor_of_app_for(None).await
    }

    /// Like [`doctor_of_app`](Ravi::doctor_of_app), for a window that may only know of some workspaces: it says nothing
    /// of the others, nor of folders that are not workspaces.
    pub async fn doctor_of_app_for(&self, shown: Shown<'_>) -> Result<Report> {
        let mut findings = self.findings(shown).await?;
        let has_asked = self.inner.asked_program.load(Ordering::Relaxed);
        findings.push(doctor::own_gh(self.inner.ledger.dir(), has_asked));
        Ok(Report::new(findings))
    }

    /// Checks what the account has for the workspaces of this ledger. A key that reaches one identity cannot tell, and
    /// that Ravi refuses the key has been reported already.
    async fn counterparts(&self, shown: Shown<'_>) -> Result<Vec<Finding>> {
        let server = self.inner.server.clone();
        let known = self.inner.ledger.run(move |l| Ok((l.bindings()?, l.identities(&server)?))).await?;
        let (mut bindings, mut rows) = known;
        bindings.retain(|binding| binding.server == self.inner.server && is_shown(shown, &binding.id));
        if shown.is_some() {
            rows.retain(|row| bindings.iter().any(|binding| binding.identity.as_ref() == Some(&row.uuid)));
        }
        let Ok(account) = self.management("looking at identities").await else { return Ok(Vec::new()) };
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let (identities, keys) = (account.identities(), account.identity_keys());
        match tokio::try_join!(identities.list(), keys.list()) {
            Ok((identities, keys)) => {
                let there = doctor::AtRavi { identities: &identities, keys: &keys };
                Ok(doctor::counterparts(&bindings, &rows, &there))
            }
            Err(_) => Ok(Vec::new()),
        }
    }

    async fn account_finding(&self, answers: bool) -> Finding {
        const CHECK: &str = "account";
        // If Ravi does not answer, only the key itself is looked for, which saves the rest of the time-out.
        let asked = match answers {
            true => self.account().status().await.map(|account| describe(&account)),
            false => self.access().await.map(|_| "a key is there".to_owned()),
        };
        match asked {
            Ok(message) if answers => Finding::ok(CHECK, message),
            Ok(message) => Finding::warn(CHECK, format!("{message}; Ravi was not asked about it"), "Try again later."),
            Err(e) if e.kind() == Kind::Unreachable => Finding::warn(CHECK, e.to_string(), e.hint()),
            Err(e) => Finding::error(CHECK, &e),
        }
    }

    /// Returns why this version cannot read a newer version's workspaces. They are in no list.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn newer_rows(&self) -> Result<Vec<Error>> {
        let unreadable = self.inner.ledger.run(|l| l.unreadable_bindings()).await?;
        Ok(unreadable.into_iter().map(Error::from).collect())
    }

    async fn launchers(&self, shown: Shown<'_>) -> Result<Vec<Finding>> {
        let bindings = self.inner.ledger.run(|l| l.bindings()).await?.into_iter();
        let bindings = bindings.filter(|binding| is_shown(shown, &binding.id));
        let workspaces = bindings.filter_map(|binding| Some((binding.id, binding.git_dir?))).collect::<Vec<_>>();
        let state_dir = self.state_dir();
        let look = move || doctor::launchers(&state_dir, &workspaces);
        blocking(look).await.map_err(|_| Error::from(LedgerError::Stopped))
    }

    async fn local_findings(&self, workspaces: &[WorkspaceSummary], shown: Shown<'_>) -> Result<Vec<Finding>> {
        let (state_dir, all) = (self.state_dir(), workspaces.to_vec());
        let every = shown.is_none();
        #[cfg(feature = "hooks")]
        let repositories = self.inner.ledger.run(|l| l.bindings()).await?.into_iter().filter_map(|b| b.common_dir);
        let look = move || {
            let known: Vec<_> = all.iter().map(|w| (w.id.clone(), w.path.clone())).collect();
            let mut findings = doctor::files(&state_dir, &known);
            findings.extend(doctor::programs(&state_dir));
            findings.extend(doctor::git(&all));
            #[cfg(feature = "hooks")]
            findings.extend(doctor::hooks(&known.into_iter().map(|(_, path)| path).collect::<Vec<_>>()));
            if every {
                #[cfg(feature = "hooks")]
                findings.extend(doctor::worktrees(repositories));
                findings.extend(doctor::plaintext());
            }
            findings
        };
        blocking(look).await.map_err(|_| Error::from(LedgerError::Stopped))
    }
}

/// Ids of the workspaces that may be mentioned; `None`: all.
type Shown<'a> = Option<&'a HashSet<String>>;

fn is_shown(shown: Shown<'_>, id: &str) -> bool {
    shown.is_none_or(|shown| shown.contains(id))
}

fn describe(account: &Account) -> String {
    let reach = match account.key {
        KeyKind::Management => "the whole account",
        KeyKind::Identity => "one identity",
    };
    format!("the key from {} reaches {reach}", account.source.in_words())
}
