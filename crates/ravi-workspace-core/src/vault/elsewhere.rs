//! Finds out which other identities of an account have a secret of a given name, for a person who stored it
//! somewhere other than expected. Only names are read; nothing found here is ever used as the value.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};

use crate::api::{Credential, Identity, Session};
use crate::model::reference::SecretName;

/// How long the search may take: it only makes an error message clearer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many identities are searched at most.
const MOST: usize = 24;

/// How many calls run at the same time.
const AT_ONCE: usize = 8;

/// Those of `identities` that have a secret with one of `names`, each as `name <address>` and with the secret's name.
/// Identities that cannot be searched are skipped.
pub(crate) async fn elsewhere<K: Credential>(
    account: &Session<K>,
    identities: &[&Identity],
    names: &[SecretName],
) -> Vec<Found> {
    let mut found = Vec::new();
    let until = tokio::time::Instant::now() + PATIENCE;
    for some in identities[..identities.len().min(MOST)].chunks(AT_ONCE) {
        let looks: Vec<BoxFuture<'_, Option<Found>>> =
            some.iter().map(|identity| look(account, identity, names).boxed()).collect();
        match tokio::time::timeout_at(until, join_all(looks)).await {
            Ok(some) => found.extend(some.into_iter().flatten()),
            Err(_) => break,
        }
    }
    found
}

/// A secret in another identity's vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The identity, as `name <address>`.
    pub(crate) identity: String,
    pub(crate) secret: SecretName,
}

async fn look<K: Credential>(account: &Session<K>, identity: &Identity, names: &[SecretName]) -> Option<Found> {
    let told = |secret: &SecretName| Found {
        identity: format!("{} <{}>", identity.name, identity.email),
        secret: secret.clone(),
    };
    for name in names {
        if account.secrets(&identity.uuid).find(name.as_str()).await.ok()?.is_some() {
            return Some(told(name));
        }
    }
    None
}
