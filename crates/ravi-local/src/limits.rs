//! What the account's plan allows, and how the server behaves if Ravi's own behaviour is unknown or varies. Kept until
//! the server stops.
//!
//! This module holds the switches; each resource that consults one decides what it does.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Plan;

/// All switches, as `GET /_local/limits` shows them.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    /// How many identities the plan has room for; null for any number.
    pub(super) max_identities: Option<i64>,
    /// Whether names of identities must be unique.
    pub(super) unique_names: bool,
    /// How the server says that an address is taken.
    pub(super) address_taken_as: Taken,
    /// The create reply and this many reads after it show a new identity without its address; 0 for none.
    pub(super) late_inbox: u32,
    /// Whether lists come in pages instead of bare arrays.
    pub(super) paged: bool,
    /// Whether the links to other pages name another server.
    pub(super) foreign_next: bool,
    /// Whether the reply with a new key lacks the uuid of its record.
    pub(super) mint_without_uuid: bool,
    /// Whether text messages and calls name their phone by a number instead of a string.
    pub(super) numeric_phone: bool,
    /// Whether there is a log of events.
    pub(super) events: EventLog,
}

/// How the server says that an address is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Taken {
    /// 409.
    #[default]
    Conflict,
    /// 400, blaming `email_identifier`.
    Field,
}

/// What `/api/events/` and its socket do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum EventLog {
    /// Serve.
    #[default]
    On,
    /// Refuse, with 403.
    Forbidden,
    /// Nothing: this server has no such path.
    Missing,
}

impl Limits {
    /// Returns the switches of an account with this plan.
    pub(super) fn of(plan: Plan) -> Limits {
        let max_identities = match plan {
            Plan::Unlimited | Plan::Paid => None,
            Plan::Free => Some(1),
        };
        Limits { max_identities, ..Limits::default() }
    }

    /// Returns these limits with the switches in `changes`; the others stay. The error says what is wrong with them.
    pub(super) fn with(self, changes: Map<String, Value>) -> Result<Limits, serde_json::Error> {
        let mut all = match serde_json::to_value(self)? {
            Value::Object(all) => all,
            _ => Map::new(),
        };
        all.extend(changes);
        serde_json::from_value(Value::Object(all))
    }
}

/// Identities whose address is not shown yet, and for how many more reads.
#[derive(Default)]
pub(super) struct Late(Mutex<HashMap<String, u32>>);

impl Late {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hides the address of a new identity for this many reads.
    pub(super) fn begin(&self, uuid: &str, reads: u32) {
        self.lock().insert(uuid.to_owned(), reads);
    }

    /// Whether this read still finds no address. Counts it.
    pub(super) fn hides(&self, uuid: &str) -> bool {
        let mut late = self.lock();
        let Some(reads) = late.get_mut(uuid) else { return false };
        let Some(left) = reads.checked_sub(1) else {
            late.remove(uuid);
            return false;
        };
        *reads = left;
        true
    }

    /// Whether the address is hidden now. Does not count.
    pub(super) fn is_hidden(&self, uuid: &str) -> bool {
        self.lock().get(uuid).is_some_and(|reads| *reads > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_hidden_for_as_many_reads_as_asked_for() {
        let late = Late::default();
        late.begin("a", 2);
        assert!(!late.hides("b"));
        assert_eq!(
            [late.hides("a"), late.is_hidden("a"), late.hides("a"), late.is_hidden("a")],
            [true, true, true, false]
        );
        assert!(!late.hides("a"));
    }
}
