//! Which identities have a signing key of ours in their vault: written before it is put there, taken away when it is
//! gone.

use super::{Ledger, LedgerError};
use crate::api::IdentityUuid;

pub(super) const TABLES: &str = "
CREATE TABLE signing_key (
    identity TEXT PRIMARY KEY REFERENCES identity (uuid) ON DELETE CASCADE
) STRICT;
";

impl Ledger {
    /// A signing key is about to be put into the identity's vault.
    pub(crate) fn intend_signing_key(&self, identity: &IdentityUuid) -> Result<(), LedgerError> {
        self.change("ledger: signing key begun", |t| {
            t.execute("INSERT OR IGNORE INTO signing_key (identity) VALUES (?1)", [identity.as_str()])
        })?;
        Ok(())
    }

    /// Whether a signing key of ours is, or may be, in the identity's vault.
    pub(crate) fn has_signing_key(&self, identity: &IdentityUuid) -> Result<bool, LedgerError> {
        self.read(|c| {
            c.prepare_cached("SELECT EXISTS (SELECT 1 FROM signing_key WHERE identity = ?1)")?
                .query_row([identity.as_str()], |row| row.get(0))
        })
    }

    /// It is gone.
    pub(crate) fn signing_key_gone(&self, identity: &IdentityUuid) -> Result<(), LedgerError> {
        self.change("ledger: signing key gone", |t| {
            t.execute("DELETE FROM signing_key WHERE identity = ?1", [identity.as_str()])
        })?;
        Ok(())
    }
}
