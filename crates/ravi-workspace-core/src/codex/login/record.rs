//! The stored record: a login, which version of it this is, and the one machine that may use it.

use std::path::PathBuf;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::auth::Auth;
use super::error::CodexError;
use super::holder::Holder;
use super::home::Home;
use super::report::CodexHolder;
use crate::ledger::{Ledger, LedgerError};
use crate::machine::hex::hex;
use crate::machine::os::{machine_id, machine_name};
use crate::model::reference::SecretName;

/// The format of records written here.
const FORM: u32 = 1;

/// What is in the vault.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    ravi_codex: u32,
    /// One more for every change of content.
    pub(crate) generation: i64,
    /// Which machine wrote the content.
    pub(crate) writer: String,
    /// When, by Ravi's clock, in Unix milliseconds.
    pub(crate) saved_ms: i64,
    account: String,
    auth_mode: String,
    last_refresh: Option<Timestamp>,
    /// `None` for an API key, and if nobody has it.
    pub(crate) holder: Option<Holder>,
    #[serde(serialize_with = "exposed")]
    auth: SecretString,
}

fn exposed<S: Serializer>(text: &SecretString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(text.expose_secret())
}

impl Holder {
    pub(crate) fn shown(&self, me: &Me, now_ms: i64) -> CodexHolder {
        CodexHolder {
            host: self.host.clone(),
            home: self.home.clone(),
            since_ms: self.since_ms,
            until_ms: self.until_ms,
            watched: self.watched,
            here: me.is(self),
            expired: !self.lives(now_ms),
        }
    }
}

/// This machine, with respect to one Codex folder.
#[derive(Debug, Clone)]
pub(crate) struct Me {
    pub(crate) machine: String,
    pub(crate) host: String,
    pub(crate) home: PathBuf,
    process_ms: i64,
}

impl Me {
    /// Identifies this machine. A ledger that was copied to another machine, with everything else, counts as another
    /// machine.
    pub(crate) fn at(ledger: &Ledger, home: &Home, process_ms: i64) -> Result<Me, LedgerError> {
        let digest = Sha256::digest([ledger.ledger_id()?.as_bytes(), b"/", &machine_id()].concat());
        let machine = hex(&digest[..8]);
        Ok(Me { machine, host: machine_name(), home: home.dir().to_owned(), process_ms })
    }

    pub(crate) fn is(&self, holder: &Holder) -> bool {
        holder.machine == self.machine && holder.home == self.home
    }

    /// This machine as the holder, from now on or, if it already was, still.
    pub(crate) fn holding(&self, before: Option<&Holder>, now_ms: i64, lease_ms: i64, watched: bool) -> Holder {
        let since = before.filter(|holder| self.is(holder)).map_or(now_ms, |holder| holder.since_ms);
        Holder {
            machine: self.machine.clone(),
            host: self.host.clone(),
            home: self.home.clone(),
            since_ms: since,
            process_ms: self.process_ms,
            until_ms: now_ms + lease_ms,
            watched,
        }
    }
}

impl Record {
    /// A record of `auth`, following `before`.
    pub(crate) fn of(auth: &Auth, before: Option<&Record>, me: &Me, now_ms: i64) -> Record {
        let same = before.filter(|record| record.digest() == auth.digest);
        Record {
            ravi_codex: FORM,
            generation: same.map_or(before.map_or(0, |record| record.generation) + 1, |record| record.generation),
            writer: same.map_or_else(|| me.machine.clone(), |record| record.writer.clone()),
            saved_ms: same.map_or(now_ms, |record| record.saved_ms),
            account: auth.account.shown(),
            auth_mode: auth.account.mode().codex_name().to_owned(),
            last_refresh: auth.last_refresh,
            holder: None,
            auth: auth.text.clone(),
        }
    }

    /// The same, without a holder.
    pub(crate) fn let_go(self) -> Record {
        Record { holder: None, ..self }
    }

    pub(crate) fn parse(name: &SecretName, value: &SecretString) -> Result<Record, CodexError> {
        #[derive(Deserialize)]
        struct Form {
            ravi_codex: u32,
        }
        let none = |_| CodexError::Record { name: name.to_string() };
        let form: Form = serde_json::from_str(value.expose_secret()).map_err(none)?;
        if form.ravi_codex > FORM {
            return Err(CodexError::Newer { name: name.to_string() });
        }
        let record: Record = serde_json::from_str(value.expose_secret()).map_err(none)?;
        record.login(name)?;
        Ok(record)
    }

    pub(crate) fn text(&self) -> SecretString {
        SecretString::from(serde_json::to_string(self).unwrap_or_default()) // cannot fail: texts and numbers only
    }

    /// The login in it.
    pub(crate) fn login(&self, name: &SecretName) -> Result<Auth, CodexError> {
        let bytes = self.auth.expose_secret().as_bytes();
        Auth::parse(std::path::Path::new(name.as_str()), bytes)
            .map_err(|_| CodexError::Record { name: name.to_string() })
    }

    pub(crate) fn digest(&self) -> String {
        hex(&Sha256::digest(self.auth.expose_secret()))
    }

    /// The other machine that has it now, if there is one.
    pub(crate) fn held_by_other(&self, me: &Me, now_ms: i64) -> Option<&Holder> {
        self.holder.as_ref().filter(|holder| !me.is(holder) && holder.lives(now_ms))
    }
}

/// Which of two logins of one account is to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Newer {
    Same,
    Local,
    Vault,
}

/// How far apart, in milliseconds, the clocks of two machines that had a login may be. Beyond that, the times in the
/// logins count for more than which one followed which.
const APART_MS: i64 = 3_600_000;

/// Decides between this machine's login and the vault's.
///
/// `base` is the digest of what both last agreed on: whatever differs from it came after it. If that is not conclusive,
/// the times in the logins decide.
pub(crate) fn newer(local: &Auth, stored: &Auth, base: Option<&str>) -> Newer {
    if local.digest == stored.digest {
        return Newer::Same;
    }
    let (ours, theirs) = (millis(local), millis(stored));
    match base {
        Some(base) if base == stored.digest && ours + APART_MS >= theirs => Newer::Local,
        Some(base) if base == local.digest && theirs + APART_MS >= ours => Newer::Vault,
        // What the vault has is what others have already been told.
        _ if ours > theirs => Newer::Local,
        _ => Newer::Vault,
    }
}

fn millis(auth: &Auth) -> i64 {
    auth.last_refresh.map_or(0, Timestamp::as_millisecond)
}
