//! Who may write the record: its holder while the lease is valid, otherwise whoever has the claim.
//!
//! Ravi has no conditional write. So only the current holder writes the record, and whoever wants to become the holder
//! first creates a secret that only one can create. A watched holder sees it there, stores what it has, moves its copy
//! aside and lets go; only then does the other one read and write the record.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::custody::Custody;
use super::error::CodexError;
use super::holder::Holder;
use super::record::Record;
use crate::api::SecretUuid;
use crate::error::{Error, Result};
use crate::model::reference::SecretName;
use crate::vault::VaultError;

/// A claim older than this was left by somebody who died; it is longer than any take-over waits.
const CLAIM_LIMIT_MS: i64 = 120_000;
/// The longest wait of a take-over, so that what follows is done before its claim becomes too old.
const LONGEST_PATIENCE: Duration = super::watch::LOOK_EVERY.saturating_mul(3);
/// How long a caller waits for another one that is just taking over the login.
const CONTENTION_LIMIT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(250);

/// Somebody wants to become the holder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claim {
    machine: String,
    pub(crate) host: String,
    home: std::path::PathBuf,
    take_over: bool,
    at_ms: i64,
    /// Tells two claims of the same machine apart.
    nonce: String,
}

impl Custody<'_> {
    /// Does `work` while nobody else can become the holder.
    pub(super) async fn claiming<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let claim = self.claim().await?;
        let done = work.await;
        let freed = self.vault.unclaim(&claim).await;
        // A claim that stays is soon too old to matter.
        if let Err(error) = freed {
            tracing::debug!(code = error.code(), "a claim could not be removed");
        }
        done
    }

    async fn claim(&self) -> Result<SecretUuid> {
        let name = self.claim_name()?;
        let started = Instant::now();
        loop {
            let claim = Claim {
                machine: self.place.me.machine.clone(),
                host: self.place.me.host.clone(),
                home: self.place.me.home.clone(),
                take_over: self.options.take_over,
                at_ms: self.place.clock.now_ms(),
                nonce: uuid::Uuid::new_v4().to_string(),
            };
            let text = SecretString::from(serde_json::to_string(&claim).unwrap_or_default()); // cannot fail: texts only
            if let Some(made) = self.vault.claim(&name, &text).await? {
                return Ok(made);
            }
            let Some((uuid, there)) = self.vault.claimed(&name).await? else { continue };
            let there = there.and_then(|text| parse(&text));
            match there.filter(|there| !self.is_left_over(there)) {
                None => self.vault.unclaim(&uuid).await?,
                Some(there) if started.elapsed() > CONTENTION_LIMIT => {
                    return Err(CodexError::Contended { name: self.place.name.to_string(), host: there.host }.into());
                }
                Some(_) => sleep(PAUSE).await,
            }
        }
    }

    /// Whether a claim is left over. One of this machine's own was left by a dead process, since there is only one
    /// process at a time.
    fn is_left_over(&self, claim: &Claim) -> bool {
        let own = claim.machine == self.place.me.machine && claim.home == self.place.me.home;
        own || (self.place.clock.now_ms() - claim.at_ms).abs() > CLAIM_LIMIT_MS
    }

    /// The other machine that wants this login handed over.
    pub(crate) async fn wanted(&self) -> Result<Option<Claim>> {
        let Some((_, Some(text))) = self.vault.claimed(&self.claim_name()?).await? else { return Ok(None) };
        Ok(parse(&text).filter(|claim| claim.take_over && !self.is_left_over(claim)))
    }

    /// Waits until the machine that has the login lets go of it, and returns the record as it is then.
    pub(super) async fn let_go(&self) -> Result<Option<Record>> {
        let started = Instant::now();
        loop {
            let record = self.record().await?;
            let Some(other) = record.as_ref().and_then(|r| r.held_by_other(&self.place.me, self.place.clock.now_ms()))
            else {
                return Ok(record);
            };
            if !self.options.take_over {
                return Err(self.held(other));
            }
            if !other.watched {
                return Ok(record);
            }
            if started.elapsed() > self.patience() {
                if self.options.force {
                    return Ok(record);
                }
                let (name, holder) = (self.place.name.to_string(), Box::new(other.clone()));
                return Err(CodexError::HolderSilent { name, holder }.into());
            }
            sleep(PAUSE).await;
        }
    }

    pub(super) fn held(&self, holder: &Holder) -> Error {
        CodexError::Held { name: self.place.name.to_string(), holder: Box::new(holder.clone()) }.into()
    }

    fn patience(&self) -> Duration {
        self.options.patience.unwrap_or(LONGEST_PATIENCE).min(LONGEST_PATIENCE)
    }

    fn claim_name(&self) -> Result<SecretName> {
        Ok(SecretName::parse(&format!("{}__CLAIM", self.place.name)).map_err(VaultError::from)?)
    }
}

fn parse(text: &SecretString) -> Option<Claim> {
    serde_json::from_str(text.expose_secret()).ok()
}
