//! Reading secrets while asking Ravi as little as possible: first memory, then the ledger, then the network.

use std::collections::HashMap;
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::timeout;

use super::cache::{Cache, CacheKey, Cached, may_pass};
use super::secrets::Vault;
use crate::config::Limits;
use crate::error::{Error, Kind, Result};
use crate::ledger::SecretAt;
use crate::machine::clock::now_ms;
use crate::model::opened::Opened;
use crate::model::reference::SecretName;

/// How long Ravi may take to answer if older values can be served.
const PATIENCE: Duration = Duration::from_secs(3);

/// A secret, and how old that knowledge is.
#[derive(Debug, Clone)]
pub struct SecretRead {
    /// The value.
    pub value: SecretString,
    /// Time since Ravi said so.
    pub age: Duration,
    /// Whether it is older than wanted: Ravi cannot be reached, or is being asked in the background.
    pub stale: bool,
}

impl Vault<'_> {
    fn key(&self, name: &SecretName) -> CacheKey {
        let (server, identity) = (self.identity.server.clone(), self.identity.uuid.clone());
        CacheKey { server, identity, name: name.clone() }
    }

    /// Keeps what Ravi just said, in memory and in the ledger.
    pub(super) async fn remember(&self, name: &SecretName, value: &Opened) -> Result<()> {
        self.memory.put(name.clone(), value.clone(), Duration::ZERO);
        Ok(Cache::new(self.ledger).put(&self.key(name), Some(value)).await?)
    }

    /// Forgets a secret that is gone.
    pub(super) async fn forget(&self, name: &SecretName) -> Result<()> {
        self.memory.gone(name);
        Ok(Cache::new(self.ledger).drop_value(&self.key(name)).await?)
    }

    /// Reads one secret that must exist.
    ///
    /// It comes from the ledger while it is fresh, otherwise from Ravi, once for all processes that want it now. If
    /// Ravi does not answer, it comes from the ledger as long as it is not too old.
    pub async fn read(&self, name: &SecretName) -> Result<SecretRead> {
        let asked = Cache::new(self.ledger).get(&self.key(name), self.limits, async || self.ask(name).await).await;
        match asked {
            Ok(cached) => self.served(name, cached),
            Err(error) => {
                // The ledger has forgotten it as well: memory must not outlive a refused key.
                if matches!(error.kind(), Kind::Account | Kind::NotFound) {
                    self.memory.gone(name);
                }
                Err(error)
            }
        }
    }

    /// Reads several secrets that must exist, in the given order, with at most one call.
    pub(crate) async fn read_many(&self, names: &[SecretName]) -> Result<Vec<SecretString>> {
        if let Some(fresh) = self.kept(names, self.limits).await? {
            return self.all_served(names, fresh);
        }
        // Anything that is recent enough to be used in an outage.
        let older = self.kept(names, Limits { fresh: self.limits.stale, ..self.limits }).await?;
        let list = async { Ok::<_, Error>(self.remote().list().await?) };
        let list = match older {
            None => list.await?,
            Some(older) => match timeout(PATIENCE, list).await {
                Err(_) => return self.all_in_vain(names, older).await,
                Ok(Err(error)) if may_pass(&error) => return self.all_in_vain(names, older).await,
                Ok(answer) => answer?,
            },
        };
        let found: HashMap<String, SecretString> = list.into_iter().map(|secret| (secret.key, secret.value)).collect();
        let mut values = Vec::with_capacity(names.len());
        for name in names {
            let Some(stored) = found.get(name.as_str()) else {
                self.forget(name).await?;
                return Err(self.missing(name));
            };
            let value = self.open(name, stored)?;
            self.remember(name, &value).await?;
            values.push(value.into_value());
        }
        Ok(values)
    }

    /// What the ledger has of each that may be used in an outage. Asks nobody.
    pub(crate) async fn at_hand(&self, names: &[SecretName]) -> Result<Vec<Option<SecretString>>> {
        let limits = Limits { fresh: self.limits.stale, ..self.limits };
        let keys: Vec<CacheKey> = names.iter().map(|name| self.key(name)).collect();
        let kept = self.ledger.run(move |l| keys.iter().map(|key| Cache::new(l).peek(key, limits)).collect());
        let kept: Vec<Option<Cached>> = kept.await?;
        Ok(kept.into_iter().map(|cached| cached.and_then(|cached| cached.value).map(Opened::into_value)).collect())
    }

    /// What the ledger has of all of them; `None` if it lacks one.
    async fn kept(&self, names: &[SecretName], limits: Limits) -> Result<Option<Vec<Cached>>> {
        let keys: Vec<CacheKey> = names.iter().map(|name| self.key(name)).collect();
        let kept = self.ledger.run(move |l| keys.iter().map(|key| Cache::new(l).peek(key, limits)).collect());
        Ok(kept.await?)
    }

    fn all_served(&self, names: &[SecretName], kept: Vec<Cached>) -> Result<Vec<SecretString>> {
        names.iter().zip(kept).map(|(name, cached)| Ok(self.served(name, cached)?.value)).collect()
    }

    fn served(&self, name: &SecretName, cached: Cached) -> Result<SecretRead> {
        let Some(value) = cached.value else {
            self.memory.gone(name);
            return Err(self.missing(name));
        };
        self.memory.put(name.clone(), value.clone(), cached.age);
        Ok(SecretRead { value: value.into_value(), age: cached.age, stale: cached.age >= self.limits.fresh })
    }

    /// Serves older values, since Ravi did not answer, and leaves Ravi alone for a moment.
    async fn all_in_vain(&self, names: &[SecretName], older: Vec<Cached>) -> Result<Vec<SecretString>> {
        let keys: Vec<CacheKey> = names.iter().map(|name| self.key(name)).collect();
        let note = self.ledger.run(move |l| {
            let at = |key: &CacheKey| -> Result<(), crate::ledger::LedgerError> {
                let at = SecretAt { server: &key.server, identity: &key.identity, name: key.name.as_str() };
                l.cache_tried(at, now_ms())
            };
            keys.iter().try_for_each(at)
        });
        note.await?;
        self.all_served(names, older)
    }
}
