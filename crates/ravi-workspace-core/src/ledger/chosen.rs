//! What was chosen for a workspace in the configuration of whoever set it up, besides the rules of its policy. Kept
//! here so that it applies to programs that do not know that configuration, such as a shell that wakes the workspace.

use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::row::{self, json, parse};
use super::{Ledger, LedgerError};
use crate::config::{Config, KeyInTree, Signatures};

pub(super) const TABLES: &str = "
CREATE TABLE chosen (
    binding TEXT PRIMARY KEY REFERENCES binding (id) ON DELETE CASCADE,
    choices TEXT NOT NULL               -- Chosen, JSON
) STRICT;
";

/// Choices that apply until somebody chooses otherwise; `None` if nobody has chosen.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chosen {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key_in_tree: Option<KeyInTree>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signatures: Option<Signatures>,
}

impl Chosen {
    /// What `config` says, otherwise what was chosen before.
    pub(crate) fn or_said_by(self, config: &Config) -> Chosen {
        Chosen {
            key_in_tree: config.key_in_tree.or(self.key_in_tree),
            signatures: config.signatures.or(self.signatures),
        }
    }
}

impl Ledger {
    /// Keeps what was chosen for workspace `id`.
    pub(crate) fn keep_chosen(&self, id: &str, chosen: Chosen) -> Result<(), LedgerError> {
        self.change("ledger: choices", |t| {
            let put = "INSERT OR REPLACE INTO chosen (binding, choices) VALUES (?1, ?2)";
            t.execute(put, params![id, json(&chosen)?])
        })?;
        Ok(())
    }

    /// What was chosen for workspace `id`.
    pub(crate) fn chosen(&self, id: &str) -> Result<Chosen, LedgerError> {
        let chosen = self.read(|c| {
            c.prepare_cached("SELECT choices FROM chosen WHERE binding = ?1")?
                .query_row([id], |row| parse(row, 0, &row::workspace(id)))
                .optional()
        })?;
        Ok(chosen.unwrap_or_default())
    }
}
