//! Messages of identities whose events Ravi does not provide, numbered in the order in which they were first seen here.

use rusqlite::{OptionalExtension as _, params};

use super::{Ledger, LedgerError};
use crate::api::IdentityUuid;

pub(super) const TABLES: &str = "
CREATE TABLE inbox_polled (
    identity TEXT NOT NULL,
    message  TEXT NOT NULL,             -- such as email:12
    number   INTEGER NOT NULL,          -- 1, 2, 3, … within the identity
    incoming INTEGER NOT NULL,
    at_ms    INTEGER,                   -- when it came by Ravi's clock, where that is known
    PRIMARY KEY (identity, message)
) STRICT;
CREATE UNIQUE INDEX inbox_polled_number ON inbox_polled (identity, number);
";

/// A message in one of Ravi's lists.
#[derive(Debug, Clone)]
pub(crate) struct Sighting {
    pub(crate) message: String,
    pub(crate) incoming: bool,
    pub(crate) at_ms: Option<i64>,
}

/// A message that has a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub(crate) number: i64,
    pub(crate) message: String,
    pub(crate) incoming: bool,
}

impl Ledger {
    /// Numbers those messages that have no number yet, in the order given.
    pub(crate) fn number_messages(&self, identity: &IdentityUuid, seen: &[Sighting]) -> Result<(), LedgerError> {
        let new = self.read(|c| {
            let mut known = c.prepare_cached("SELECT 1 FROM inbox_polled WHERE identity = ?1 AND message = ?2")?;
            let mut new = Vec::new();
            for sighting in seen {
                if !known.exists(params![identity.as_str(), sighting.message])? {
                    new.push(sighting);
                }
            }
            Ok(new)
        })?;
        if new.is_empty() {
            return Ok(());
        }
        self.change("ledger: messages numbered", |t| {
            let mut insert = t.prepare_cached(
                "INSERT OR IGNORE INTO inbox_polled (identity, message, number, incoming, at_ms)
                 SELECT ?1, ?2, coalesce(max(number), 0) + 1, ?3, ?4 FROM inbox_polled WHERE identity = ?1",
            )?;
            for Sighting { message, incoming, at_ms } in &new {
                insert.execute(params![identity.as_str(), message, incoming, at_ms])?;
            }
            Ok(())
        })
    }

    /// The messages after `number`, in order.
    pub(crate) fn numbered_after(&self, identity: &IdentityUuid, number: i64) -> Result<Vec<Numbered>, LedgerError> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT number, message, incoming FROM inbox_polled WHERE identity = ?1 AND number > ?2 ORDER BY number",
            )?
            .query_map(params![identity.as_str(), number], |row| {
                Ok(Numbered { number: row.get(0)?, message: row.get(1)?, incoming: row.get(2)? })
            })?
            .collect()
        })
    }

    /// The last number; 0 if there is none.
    pub(crate) fn last_number(&self, identity: &IdentityUuid) -> Result<i64, LedgerError> {
        self.read(|c| {
            c.prepare_cached("SELECT coalesce(max(number), 0) FROM inbox_polled WHERE identity = ?1")?
                .query_row([identity.as_str()], |row| row.get(0))
        })
    }

    /// When the last numbered mail arrived, if that is known.
    pub(crate) fn last_numbered_mail_ms(&self, identity: &IdentityUuid) -> Result<Option<i64>, LedgerError> {
        let at = self.read(|c| {
            c.prepare_cached(
                "SELECT at_ms FROM inbox_polled WHERE identity = ?1 AND message LIKE 'email:%'
                 ORDER BY number DESC LIMIT 1",
            )?
            .query_row([identity.as_str()], |row| row.get(0))
            .optional()
        })?;
        Ok(at.flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_keeps_its_number_and_identities_are_counted_apart() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Ledger::open(dir.path(), Some(crate::config::Keychain::File)).unwrap();
        let (alice, bob) = (IdentityUuid::from("alice"), IdentityUuid::from("bob"));
        let seen = |message: &str, at_ms| Sighting { message: message.into(), incoming: message != "email:2", at_ms };
        let ledger = open();
        assert_eq!(ledger.last_number(&alice).unwrap(), 0);
        ledger.number_messages(&alice, &[seen("email:2", Some(5)), seen("sms:1", None)]).unwrap();
        ledger.number_messages(&bob, &[seen("email:7", None)]).unwrap();
        // Another process, and a list in another order.
        let other = open();
        other
            .number_messages(&alice, &[seen("sms:1", None), seen("email:3", Some(9)), seen("email:2", Some(5))])
            .unwrap();
        let numbered: Vec<_> =
            ledger.numbered_after(&alice, 0).unwrap().into_iter().map(|n| (n.number, n.message)).collect();
        assert_eq!(numbered, [(1, "email:2".into()), (2, "sms:1".into()), (3, "email:3".into())]);
        assert!(
            !ledger.numbered_after(&alice, 0).unwrap()[0].incoming
                && ledger.numbered_after(&alice, 2).unwrap()[0].incoming
        );
        assert_eq!((ledger.last_number(&alice).unwrap(), ledger.last_number(&bob).unwrap()), (3, 1));
        assert_eq!(ledger.last_numbered_mail_ms(&alice).unwrap(), Some(9));
        assert_eq!(ledger.last_numbered_mail_ms(&bob).unwrap(), None);
    }
}
