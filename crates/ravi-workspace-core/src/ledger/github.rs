//! Whose GitHub login each workspace uses, for helpers that know only the ledger.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, Transaction, params};

use serde::{Deserialize, Serialize};

use super::row::{self, json, parse};
use super::{Ledger, LedgerError};
use crate::api::IdentityUuid;
use crate::config::policy::Ask;
use crate::config::{GithubConfig, Limits, MissingToken};
use crate::model::reference::SecretName;
use crate::model::workspace::{GithubInfo, GithubSource, OpenWay};

/// Whose login a workspace uses, with everything a helper needs to know. Holds no token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Whose login it is.
    pub source: GithubSource,
    /// Where the token is; `None` if there is none.
    pub token: Option<TokenAt>,
    /// The secret requested by name when this was decided.
    pub(crate) asked: Option<String>,
    /// The options at that time.
    #[serde(deserialize_with = "crate::config::Stored::deserialize")]
    pub config: GithubConfig,
    /// Open ways that bypass the login.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) open: Vec<OpenWay>,
}

/// Where a token is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenAt {
    /// Whose vault.
    pub(crate) identity: IdentityUuid,
    /// Its name in that vault.
    pub secret: SecretName,
}

impl Plan {
    /// Whether a way that bypasses the login keeps the workspace from being set up.
    pub(crate) fn is_strict(&self) -> bool {
        self.config.strict || self.config.missing == MissingToken::Deny
    }

    /// The plan as people see it.
    pub(crate) fn info(&self) -> GithubInfo {
        let secret = self.token.as_ref().map(|token| token.secret.to_string());
        GithubInfo { source: self.source, secret, open: self.open.clone() }
    }

    /// Why the workspace has the token.
    pub(crate) fn ask(&self) -> Ask {
        if self.asked.is_some() { Ask::Named } else { Ask::Meant }
    }

    /// How old the token may be. The absence of a token is assumed for no longer than one call.
    pub(crate) fn limits(&self) -> Limits {
        Limits { fresh: self.config.fresh(), absent: Duration::ZERO, stale: self.config.stale() }
    }
}

pub(super) const TABLES: &str = "
CREATE TABLE github (
    binding TEXT PRIMARY KEY REFERENCES binding (id) ON DELETE CASCADE,
    plan    TEXT NOT NULL               -- github::Plan, JSON
) STRICT;
";

impl Ledger {
    /// What was decided for workspace `id`.
    pub fn github_plan(&self, id: &str) -> Result<Option<Plan>, LedgerError> {
        self.read(|c| {
            c.prepare_cached("SELECT plan FROM github WHERE binding = ?1")?
                .query_row([id], |row| parse(row, 0, &row::workspace(id)))
                .optional()
        })
    }
}

pub(super) fn put(transaction: &Transaction<'_>, id: &str, plan: &Plan) -> rusqlite::Result<usize> {
    let put = "INSERT OR REPLACE INTO github (binding, plan) VALUES (?1, ?2)";
    transaction.execute(put, params![id, json(plan)?])
}
