//! Options for bundles.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::WorkspacePattern;
use crate::model::new_value::{DEFAULT_LENGTH, NewValue};
use crate::model::reference::SecretName;

/// What workspaces are given when they are provisioned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BundleConfig {
    /// What is given to whom. If several entries for one key match a workspace, the first one counts.
    pub entries: Vec<BundleEntry>,
    /// How many seconds a provision waits for a value of a pool to become free. With 0, the default, it fails at once.
    #[serde(default)]
    pub wait_seconds: u64,
}

/// One secret that workspaces are given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BundleEntry {
    /// Which workspaces; all by default.
    #[serde(default)]
    pub workspace: WorkspacePattern,
    /// Name of the secret in the workspace identity's vault.
    pub key: SecretName,
    /// Where its value comes from; by default a copy of the host identity's secret of the same name.
    #[serde(default)]
    pub from: Option<BundleSource>,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BundleSource {
    /// A copy of this secret of the host identity.
    Copy(SecretName),
    /// One of the host identity's secrets `NAME_1`, `NAME_2` …, held by no other live workspace of this ledger.
    Pool(SecretName),
    /// This many random letters and digits (16 to 1024).
    Generate(usize),
}

impl BundleConfig {
    /// The entries for one workspace, one per key.
    pub(crate) fn of(&self, id: &str, name: &str) -> Vec<&BundleEntry> {
        let mut chosen: Vec<&BundleEntry> = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.workspace.matches(id, name)) {
            if chosen.iter().all(|other| other.key != entry.key) {
                chosen.push(entry);
            }
        }
        chosen
    }

    pub(crate) fn wait(&self) -> Duration {
        Duration::from_secs(self.wait_seconds)
    }

    /// Refuses what would go wrong later, and says why in words.
    pub(crate) fn check(&self) -> Result<(), String> {
        for BundleEntry { key, from, .. } in &self.entries {
            if key.as_str().starts_with("RAVI_") {
                return Err(format!("{key}: names that begin with RAVI_ are this program's own"));
            }
            match from {
                Some(BundleSource::Generate(length)) => {
                    NewValue::Generated(*length).into_value().map_err(|e| format!("{key}: {e}"))?;
                }
                Some(BundleSource::Copy(secret)) => self.check_copy(secret)?,
                Some(BundleSource::Pool(_)) => {}
                None => self.check_copy(key)?,
            }
        }
        Ok(())
    }

    /// Refuses to copy a value from a pool, which would then be in two vaults.
    fn check_copy(&self, secret: &SecretName) -> Result<(), String> {
        let pools = self.entries.iter().filter_map(|entry| match &entry.from {
            Some(BundleSource::Pool(pool)) => Some(pool),
            _ => None,
        });
        match pools.into_iter().find(|pool| number_in(pool, secret.as_str()).is_some()) {
            Some(pool) => Err(format!("{secret} is one of the pool {pool} and cannot be copied as well")),
            None => Ok(()),
        }
    }
}

impl BundleEntry {
    pub(crate) fn source(&self) -> BundleSource {
        self.from.clone().unwrap_or_else(|| BundleSource::Copy(self.key.clone()))
    }
}

/// The number of a secret within a pool: 7 for `STRIPE_TEST_KEY_7` in `STRIPE_TEST_KEY`.
pub(crate) fn number_in(pool: &SecretName, secret: &str) -> Option<u64> {
    let digits = secret.strip_prefix(pool.as_str())?.strip_prefix('_')?;
    digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))
}

impl BundleSource {
    /// A generated value of the default length.
    pub fn generated() -> Self {
        BundleSource::Generate(DEFAULT_LENGTH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> BundleConfig {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_configuration_reads_as_documented() {
        let config = config(
            r#"{"waitSeconds":60,"entries":[
                {"workspace":"payments-*","key":"STRIPE_KEY","from":{"pool":"STRIPE_TEST_KEY"}},
                {"key":"OPENAI_API_KEY"},
                {"key":"stripe_key","from":{"copy":"STRIPE_SHARED_KEY"}},
                {"key":"SESSION_SECRET","from":{"generate":32}}]}"#,
        );
        assert_eq!(config.check(), Ok(()));
        let of = |id| config.of(id, "name").iter().map(|e| e.source()).collect::<Vec<_>>();
        let name = |text: &str| SecretName::parse(text).unwrap();
        let copy = BundleSource::Copy(name("OPENAI_API_KEY"));
        let pool = BundleSource::Pool(name("STRIPE_TEST_KEY"));
        assert_eq!(of("payments-1"), [pool, copy.clone(), BundleSource::Generate(32)]);
        assert_eq!(of("w1"), [copy, BundleSource::Copy(name("STRIPE_SHARED_KEY")), BundleSource::Generate(32)]);
    }

    #[test]
    fn what_would_go_wrong_is_refused() {
        for (json, part) in [
            (r#"{"entries":[{"key":"RAVI_SIGNING_KEY"}]}"#, "RAVI_"),
            (r#"{"entries":[{"key":"A","from":{"generate":3}}]}"#, "A: "),
            (r#"{"entries":[{"key":"P_1"},{"key":"B","from":{"pool":"P"}}]}"#, "P_1 is one of the pool P"),
            (r#"{"entries":[{"key":"A","from":{"copy":"P_12"}},{"key":"B","from":{"pool":"P"}}]}"#, "P_12"),
        ] {
            let refused = config(json).check().unwrap_err();
            assert!(refused.contains(part), "{refused}");
        }
        for bad in [r#"{"entries":[{"key":"1A"}]}"#, r#"{"entries":[{"key":"A","form":{"copy":"B"}}]}"#, "{}"] {
            assert!(serde_json::from_str::<BundleConfig>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_numbers_belong_to_a_pool() {
        let pool = SecretName::parse("KEY").unwrap();
        let numbers = ["KEY_1", "KEY_032", "KEY_", "KEY_A", "KEY_1A", "KEY1", "OKEY_1", "KEY_1_2"];
        let found: Vec<_> = numbers.iter().map(|name| number_in(&pool, name)).collect();
        assert_eq!(found, [Some(1), Some(32), None, None, None, None, None, None]);
    }
}
