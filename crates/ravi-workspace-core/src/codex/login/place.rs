//! One login in one Codex folder: what can be said and kept without asking Ravi.

use secrecy::{ExposeSecret as _, SecretString};

use super::auth::Auth;
use super::clock::Clock;
use super::error::CodexError;
use super::home::Home;
use super::record::{Me, Newer, Record, newer};
use super::report::{CodexFile, CodexHealth, CodexState, CodexStatus, CodexStored};
use crate::error::{Error, ErrorBody, Explain as _, Result};
use crate::ledger::{CodexAt, CodexRow, Ledger, LedgerError};
use crate::model::reference::SecretName;

/// Which login, and the folder it is for.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) home: Home,
    pub(crate) name: SecretName,
    pub(crate) me: Me,
    pub(crate) clock: Clock,
    /// Address of its Ravi.
    pub(crate) server: String,
}

impl Place {
    pub(super) fn at(&self) -> CodexAt {
        CodexAt {
            server: self.server.clone(),
            name: self.name.to_string(),
            home: self.me.home.to_string_lossy().into_owned(),
        }
    }

    /// What the ledger knows about it.
    pub(crate) async fn row(&self, ledger: &Ledger) -> Result<CodexRow> {
        let at = self.at();
        Ok(ledger.run(move |l| l.codex(&at)).await?)
    }

    /// Keeps in the ledger what is on disk, unless that was stored last. For when the vault is out of reach.
    pub(crate) async fn keep(&self, ledger: &Ledger) -> Result<()> {
        let (disk, row) = (self.blocking(Home::read_any).await?, self.row(ledger).await?);
        match (&disk, &row.digest) {
            (Some(disk), Some(_)) => self.pend(ledger, disk, &row).await,
            _ => Ok(()),
        }
    }

    /// Notes a login that is to go to the vault.
    pub(super) async fn pend(&self, ledger: &Ledger, local: &Auth, row: &CodexRow) -> Result<()> {
        let pending = row.pending.as_ref().map(|text| self.parse(text)).transpose()?;
        let known = row.digest.as_deref() == Some(&local.digest);
        if known || pending.is_some_and(|p| p.digest == local.digest || p.account != local.account) {
            return Ok(());
        }
        let (at, text) = (self.at(), local.text.clone());
        Ok(ledger.run(move |l| l.codex_pend(&at, &text)).await?)
    }

    pub(super) fn parse(&self, text: &SecretString) -> Result<Auth, CodexError> {
        Auth::parse(&self.home.auth_file(), text.expose_secret().as_bytes())
    }

    pub(super) fn stored(&self, record: &Record) -> Result<CodexStored> {
        let now = self.clock.now_ms();
        Ok(CodexStored {
            login: record.login(&self.name)?.shown(),
            generation: record.generation,
            saved_ms: record.saved_ms,
            holder: record.holder.as_ref().map(|holder| holder.shown(&self.me, now)),
        })
    }

    /// What is known about the login, given what is stored.
    pub(crate) async fn status(
        &self,
        ledger: &Ledger,
        record: Result<Option<Record>>,
        health: CodexHealth,
    ) -> Result<CodexStatus> {
        let row = self.row(ledger).await?;
        let read = self.blocking(|home| Ok(home.check_store().and_then(|()| home.read()))).await?;
        let (disk, error) = match read {
            Ok(disk) => (disk, None),
            Err(e) => (None, Some(ErrorBody { code: e.code(), message: e.to_string(), hint: e.hint() })),
        };
        let state = self.state(disk.as_ref(), &row, &record)?;
        let (record, vault_error) = match record {
            Ok(record) => (record, None),
            Err(e) => (None, Some(e.body())),
        };
        Ok(CodexStatus {
            name: self.name.to_string(),
            home: self.me.home.clone(),
            health,
            state,
            file: CodexFile { path: self.home.auth_file(), login: disk.map(|disk| disk.shown()), error },
            stored: record.map(|record| self.stored(&record)).transpose()?,
            vault_error,
            pending: row.pending.is_some(),
            pushed_ms: row.pushed_ms,
        })
    }

    fn state(&self, disk: Option<&Auth>, row: &CodexRow, record: &Result<Option<Record>>) -> Result<CodexState> {
        let (Ok(record), disk) = (record, disk) else { return Ok(CodexState::Unknown) };
        let Some(record) = record else { return Ok(CodexState::NotStored) };
        let Some(disk) = disk else { return Ok(CodexState::NoFile) };
        let stored = record.login(&self.name)?;
        Ok(match newer(disk, &stored, row.digest.as_deref()) {
            _ if stored.account != disk.account => CodexState::OtherAccount,
            Newer::Same => CodexState::InSync,
            Newer::Local => CodexState::FileNewer,
            Newer::Vault => CodexState::VaultNewer,
        })
    }

    /// Runs `work` where it may block, as Codex's locks may have to be waited for.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Home) -> Result<T, CodexError> + Send + 'static,
    ) -> Result<T> {
        let home = self.home.clone();
        Ok(crate::machine::blocking::blocking(move || work(&home))
            .await
            .map_err(|_| Error::from(LedgerError::Stopped))??)
    }
}
