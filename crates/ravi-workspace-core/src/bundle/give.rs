//! Giving a workspace what its bundle lists.
//!
//! Each part looks at what exists and does what is missing, so that a second call and a call after a crash run the same
//! code. What was given stays as it was until the workspace is released; if the host identity has another value by
//! then, a later provision brings it. What somebody else put into the vault under a key is left alone.

use std::collections::{BTreeSet, HashMap};

use secrecy::{ExposeSecret as _, SecretString};

use super::error::BundleError;
use crate::api::{IdentityUuid, ManagementKey, Session};
use crate::config::{BundleConfig, BundleEntry, BundleSource, number_in};
use crate::error::{Kind, Result};
use crate::ledger::{Binding, BundleRow, Holder, Ledger, Origin, Wish, WishOrigin};
use crate::model::reference::SecretName;
use crate::policy::{Ask, Gate};
use crate::vault::{Cache, CacheKey, KeyRing, NewValue, VaultError};

/// Gives one workspace its bundle.
pub(crate) struct Giver<'a> {
    pub(crate) ledger: &'a Ledger,
    /// A session that may read the host identity's vault and write the workspace's.
    pub(crate) account: &'a Session<ManagementKey>,
    pub(crate) config: Option<&'a BundleConfig>,
    pub(crate) holder: Holder,
    pub(crate) binding: &'a Binding,
    /// The rules on what it may not be given.
    pub(crate) gate: Gate<'a>,
    /// The identity was made a moment ago, so its vault is empty and need not be read.
    pub(crate) new: bool,
}

/// What is to be done, and the values to do it with.
pub struct Plan {
    wishes: Vec<(Wish, Option<Pool>)>,
    hosts: Hosts,
    /// What the workspace identity's vault contains.
    own: HashMap<String, SecretString>,
}

/// What the host identity's vault contains.
struct Hosts {
    identity: Option<IdentityUuid>,
    keys: KeyRing,
    stored: HashMap<String, SecretString>,
}

impl Hosts {
    /// The value of a secret; `None` if there is none of that name.
    fn open(&self, secret: &str) -> Result<Option<SecretString>> {
        let (Some(stored), Some(identity)) = (self.stored.get(secret), &self.identity) else { return Ok(None) };
        let name = SecretName::parse(secret).map_err(VaultError::from)?;
        Ok(Some(self.keys.open(identity, &name, stored).map_err(VaultError::from)?.into_value()))
    }

    /// The secrets of a pool in the order of their numbers, with equal values grouped together. Sealing the same value
    /// twice gives different texts, so the opened values are compared.
    fn groups(&self, pool: &SecretName) -> Result<Vec<Vec<String>>> {
        let numbered = self.stored.keys().filter_map(|name| Some((number_in(pool, name)?, name)));
        let mut groups: Vec<(SecretString, Vec<String>)> = Vec::new();
        for (_, name) in BTreeSet::from_iter(numbered) {
            let Some(value) = self.open(name)? else { continue };
            match groups.iter_mut().find(|(other, _)| same(other, &value)) {
                Some((_, group)) => group.push(name.clone()),
                None => groups.push((value, vec![name.clone()])),
            }
        }
        Ok(groups.into_iter().map(|(_, group)| group).collect())
    }
}

/// A pool by name, and how many different values it has.
struct Pool {
    name: String,
    size: usize,
}

impl Giver<'_> {
    /// What is missing; `None` if nothing can be. At most two calls, made at the same time. If Ravi cannot be reached,
    /// what was given before is enough.
    pub(crate) async fn look(&self) -> Result<Option<Plan>> {
        let rows = self.rows().await?;
        let entries = self.config.map_or_else(Vec::new, |config| config.of(&self.holder.workspace, &self.binding.name));
        let has = |entry: &BundleEntry| rows.iter().any(|row| row.key == entry.key.as_str());
        let wanted: Vec<&BundleEntry> = entries.into_iter().filter(|entry| !has(entry)).collect();
        let names = wanted.iter().flat_map(|entry| names(&entry.key, entry.source())).collect::<Vec<_>>();
        self.gate.check(self.binding, Ask::Meant, &names).await?;
        let hosts = async {
            let from_host = wanted.iter().any(|entry| !matches!(entry.source(), BundleSource::Generate(_)))
                || rows.iter().any(|row| !matches!(row.origin, Origin::Generated(_)));
            match &self.holder.host {
                Some(host) if from_host => self.values(host).await,
                _ => Ok(HashMap::new()),
            }
        };
        let own = async { if self.new { Ok(HashMap::new()) } else { self.values(&self.holder.identity).await } };
        let (hosts, own) = match tokio::try_join!(hosts, own) {
            Err(e) if e.kind() == Kind::Unreachable && wanted.is_empty() && rows.iter().all(|row| row.given) => {
                return Ok(None);
            }
            other => other?,
        };
        let missing = wanted.into_iter().filter(|entry| !own.contains_key(entry.key.as_str()));
        let hosts = Hosts { identity: self.holder.host.clone(), keys: self.keys().await?, stored: hosts };
        let wishes = missing.map(|entry| self.wish(entry, &hosts)).collect::<Result<_>>()?;
        Ok(Some(Plan { wishes, hosts, own }))
    }

    /// This machine's keys to the host identity's vault.
    async fn keys(&self) -> Result<KeyRing> {
        let Some(host) = self.holder.host.clone() else { return Ok(KeyRing::default()) };
        Ok(self.ledger.run(move |l| KeyRing::read(l, &host)).await?)
    }

    async fn rows(&self) -> Result<Vec<BundleRow>> {
        let identity = self.holder.identity.clone();
        Ok(self.ledger.run(move |l| l.bundle_of(&identity)).await?)
    }

    /// Everything in a vault, in the form in which it is stored.
    async fn values(&self, identity: &IdentityUuid) -> Result<HashMap<String, SecretString>> {
        let all = self.account.secrets(identity).list().await?;
        Ok(all.into_iter().map(|secret| (secret.key.to_ascii_uppercase(), secret.value)).collect())
    }

    fn wish(&self, entry: &BundleEntry, hosts: &Hosts) -> Result<(Wish, Option<Pool>)> {
        let id = || self.holder.workspace.clone();
        let (origin, pool) = match entry.source() {
            BundleSource::Generate(length) => (WishOrigin::Fixed(Origin::Generated(length)), None),
            BundleSource::Copy(secret) if !hosts.stored.contains_key(secret.as_str()) => {
                return Err(BundleError::NoSecret { id: id(), secret: secret.to_string() }.into());
            }
            BundleSource::Copy(secret) => (WishOrigin::Fixed(Origin::Copy(secret.to_string())), None),
            BundleSource::Pool(pool) => {
                let groups = hosts.groups(&pool)?;
                if groups.is_empty() {
                    return Err(BundleError::EmptyPool { id: id(), pool: pool.to_string() }.into());
                }
                let size = groups.len();
                (WishOrigin::OneOf(groups), Some(Pool { name: pool.to_string(), size }))
            }
        };
        Ok((Wish { key: entry.key.to_string(), origin }, pool))
    }

    /// Reserves everything that is missing, or nothing; the inner error says which pool has no free value.
    pub(crate) async fn reserve(&self, plan: &Plan) -> Result<Result<(), BundleError>> {
        if plan.wishes.is_empty() {
            return Ok(Ok(()));
        }
        let holder = self.holder.clone();
        let wishes: Vec<Wish> = plan.wishes.iter().map(|(wish, _)| wish.clone()).collect();
        let reserved = self.ledger.run(move |l| l.reserve_bundle(&holder, &wishes)).await?;
        Ok(reserved.map_err(|key| {
            let pool = plan.wishes.iter().find(|(wish, _)| wish.key == key).and_then(|(_, pool)| pool.as_ref());
            let (pool, size) = pool.map_or((key, 0), |pool| (pool.name.clone(), pool.size));
            BundleError::NoneFree { id: self.holder.workspace.clone(), pool, size }
        }))
    }

    /// Puts what is reserved into the vault, unless it is already there.
    pub(crate) async fn give(&self, plan: &Plan) -> Result<()> {
        for row in self.rows().await? {
            if let Some(value) = self.missing(&row, plan)? {
                self.check(&row).await?;
                self.account.secrets(&self.holder.identity).put(&row.key, &value).await?;
                self.forget(&row.key).await?;
            }
            if !row.given {
                let holder = self.holder.clone();
                self.ledger.run(move |l| l.bundle_given(&holder, &row)).await?;
            }
        }
        Ok(())
    }

    /// Checks the rules again: they may have changed since it was reserved, and for a pool it is only now known which
    /// secret it is.
    async fn check(&self, row: &BundleRow) -> Result<()> {
        let from = match &row.origin {
            Origin::Copy(secret) | Origin::Pool(secret) => Some(secret),
            Origin::Generated(_) => None,
        };
        let names = std::iter::once(&row.key).chain(from).map(|name| SecretName::parse(name));
        let names = names.collect::<Result<Vec<_>, _>>().map_err(VaultError::from)?;
        self.gate.check(self.binding, Ask::Meant, &names).await
    }

    /// The value that the vault lacks; `None` if it has it.
    fn missing(&self, row: &BundleRow, plan: &Plan) -> Result<Option<SecretString>> {
        let there = plan.own.get(&row.key);
        let secret = match &row.origin {
            Origin::Generated(_) if there.is_some() => return Ok(None),
            Origin::Generated(length) => return Ok(Some(NewValue::Generated(*length).into_value()?)),
            Origin::Copy(secret) | Origin::Pool(secret) => secret,
        };
        let value = match plan.hosts.open(secret)? {
            Some(value) => value,
            // The host identity no longer has it: what was given stays.
            None if row.given => return Ok(None),
            None => {
                let (id, secret) = (self.holder.workspace.clone(), secret.clone());
                return Err(BundleError::NoSecret { id, secret }.into());
            }
        };
        Ok((!there.is_some_and(|there| same(there, &value))).then_some(value))
    }

    /// Drops another value from the cache, such as an older GitHub token.
    async fn forget(&self, key: &str) -> Result<()> {
        let name = SecretName::parse(key).map_err(VaultError::from)?;
        let (server, identity) = (self.holder.server.clone(), self.holder.identity.clone());
        Ok(Cache::new(self.ledger).drop_value(&CacheKey { server, identity, name }).await?)
    }
}

/// The names under which an entry's value is given and found.
fn names(key: &SecretName, source: BundleSource) -> Vec<SecretName> {
    match source {
        BundleSource::Copy(secret) | BundleSource::Pool(secret) => vec![key.clone(), secret],
        BundleSource::Generate(_) => vec![key.clone()],
    }
}

fn same(a: &SecretString, b: &SecretString) -> bool {
    a.expose_secret() == b.expose_secret()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_in_the_order_of_its_numbers_and_one_value_counts_once() {
        let pool = SecretName::parse("KEY").unwrap();
        let stored = [("KEY_10", "a"), ("KEY_2", "b"), ("KEY_3", "a"), ("KEY", "c"), ("KEY_X", "d"), ("OTHER_1", "e")];
        let stored = stored.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from(*value))).collect();
        let hosts = Hosts { identity: Some("made-up".into()), keys: KeyRing::default(), stored };
        assert_eq!(
            hosts.groups(&pool).unwrap(),
            [vec!["KEY_2".to_owned()], vec!["KEY_3".to_owned(), "KEY_10".to_owned()]]
        );
    }
}
