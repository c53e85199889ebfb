//! Which identity is the host: the rules, applied to what is known. Asks nobody and writes nothing.
//!
//! In this order: the one that is configured; the one that was chosen; one with the name that this program gives to a
//! host; the only one there is. An identity that this machine's ledger knows as a workspace's own is never the host,
//! whatever it is called, and neither is a retired one.

use super::OpenHost;
use crate::api::{Identity, IdentityUuid};
use crate::config::DEFAULT_HOST_IDENTITY;
use crate::ledger::{IdentityRow, IdentityState};

/// How the name of a retired identity begins at Ravi, whichever ledger retired it. Other machines know it only by that;
/// whether one of this ledger's own is retired is in the ledger.
pub(crate) const RETIRED: &str = "retired-";

/// What was said about which one it should be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    /// Name, uuid or address.
    pub(super) configured: Option<&'a str>,
    pub(super) chosen: Option<&'a IdentityUuid>,
}

/// What the rules say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict<'a> {
    Is(&'a Identity),
    Open(OpenHost),
}

/// Applies the rules to `all` of the account's identities; `ours` are those that the ledger knows.
pub(super) fn choose<'a>(all: &'a [Identity], ours: &[IdentityRow], wish: Wish<'_>) -> Verdict<'a> {
    let free = || all.iter().filter(|identity| !is_workspaces(identity, ours));
    let there = || free().filter(|identity| !identity.name.starts_with(RETIRED)).cloned().collect::<Vec<_>>();
    if let Some(wanted) = wish.configured {
        return match oldest(free().filter(|identity| is_meant(identity, wanted))) {
            Some(identity) => Verdict::Is(identity),
            None if all.iter().any(|identity| is_meant(identity, wanted)) => {
                Verdict::Open(OpenHost::Workspace { wanted: wanted.to_owned() })
            }
            None => Verdict::Open(OpenHost::Missing { wanted: wanted.to_owned(), there: there() }),
        };
    }
    if let Some(chosen) = wish.chosen {
        return match all.iter().find(|identity| identity.uuid == *chosen) {
            Some(identity) => Verdict::Is(identity),
            None => Verdict::Open(OpenHost::Missing { wanted: chosen.to_string(), there: there() }),
        };
    }
    if let Some(named) = oldest(free().filter(|identity| identity.name == DEFAULT_HOST_IDENTITY)) {
        return Verdict::Is(named);
    }
    let mut in_use = free().filter(|identity| !identity.name.starts_with(RETIRED));
    match (in_use.next(), in_use.next()) {
        (Some(only), None) => Verdict::Is(only),
        (None, _) => Verdict::Open(OpenHost::Nobody),
        (Some(_), Some(_)) => Verdict::Open(OpenHost::Choose(there())),
    }
}

/// Whether a workspace of this ledger has it, had it, or is to have it. One that existed before and is merely used by a
/// workspace can be the host as well.
pub(super) fn is_workspaces(identity: &Identity, ours: &[IdentityRow]) -> bool {
    ours.iter().any(|row| row.uuid == identity.uuid && row.state != IdentityState::Host && !row.borrowed)
}

/// Whether a name, uuid or address refers to this identity.
pub(super) fn is_meant(identity: &Identity, wanted: &str) -> bool {
    is_called(identity.uuid.as_str(), &identity.name, &identity.email, wanted)
}

/// The same for one that the ledger knows.
pub(super) fn row_is_meant(row: &IdentityRow, wanted: &str) -> bool {
    is_called(row.uuid.as_str(), &row.name, &row.email, wanted)
}

fn is_called(uuid: &str, name: &str, email: &str, wanted: &str) -> bool {
    let wanted = wanted.trim();
    name == wanted || uuid.eq_ignore_ascii_case(wanted) || (!email.is_empty() && email.eq_ignore_ascii_case(wanted))
}

/// The oldest one, so that machines looking at the same account agree.
pub(super) fn oldest<'a>(identities: impl Iterator<Item = &'a Identity>) -> Option<&'a Identity> {
    identities.min_by_key(|identity| (identity.created_dt.as_deref(), identity.uuid.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(uuid: &str, name: &str) -> Identity {
        Identity {
            uuid: uuid.into(),
            name: name.into(),
            email: format!("{uuid}@raviapp.test"),
            phone: None,
            created_dt: Some(format!("2026-01-0{}", uuid.len())),
            updated_dt: None,
        }
    }

    fn row(uuid: &str, state: IdentityState, borrowed: bool) -> IdentityRow {
        IdentityRow { state, borrowed, ..IdentityRow::host(&identity(uuid, uuid), "https://ravi.test") }
    }

    const NOTHING: Wish<'_> = Wish { configured: None, chosen: None };

    fn verdict(all: &[Identity], ours: &[IdentityRow], wish: Wish<'_>) -> String {
        match choose(all, ours, wish) {
            Verdict::Is(identity) => identity.uuid.to_string(),
            Verdict::Open(OpenHost::Choose(there)) => format!("choose of {}", there.len()),
            Verdict::Open(OpenHost::Nobody) => "nobody".into(),
            Verdict::Open(OpenHost::Missing { wanted, .. }) => format!("no {wanted}"),
            Verdict::Open(OpenHost::Workspace { wanted }) => format!("{wanted} is a workspace's"),
        }
    }

    #[test]
    fn the_rules_hold_in_their_order() {
        let (main, other, host) =
            (identity("a", "Main"), identity("bb", "Other"), identity("ccc", DEFAULT_HOST_IDENTITY));
        let all = [main.clone(), other.clone(), host.clone()];
        let configured = |wanted| Wish { configured: Some(wanted), chosen: Some(&all[1].uuid) };
        for (wanted, found) in
            [("Main", "a"), ("A", "a"), ("BB@RaviApp.test", "bb"), ("nobody", "no nobody"), ("main", "no main")]
        {
            assert_eq!(verdict(&all, &[], configured(wanted)), found, "{wanted}");
        }
        assert_eq!(verdict(&all, &[], Wish { configured: None, chosen: Some(&other.uuid) }), "bb");
        assert_eq!(verdict(&all, &[], Wish { configured: None, chosen: Some(&"gone".into()) }), "no gone");
        assert_eq!(verdict(&all, &[], NOTHING), "ccc");
        assert_eq!(verdict(&all[..2], &[], NOTHING), "choose of 2");
        assert_eq!(verdict(&all[..1], &[], NOTHING), "a");
        assert_eq!(verdict(&[], &[], NOTHING), "nobody");
    }

    #[test]
    fn a_workspaces_own_identity_and_a_retired_one_are_never_taken() {
        let all = [identity("a", "Main"), identity("bb", DEFAULT_HOST_IDENTITY), identity("ccc", "retired-x")];
        for state in [IdentityState::Bound, IdentityState::Pooled, IdentityState::Leaving, IdentityState::Retired] {
            assert_eq!(verdict(&all, &[row("bb", state, false)], NOTHING), "a", "{state:?}");
        }
        let ours = [row("bb", IdentityState::Bound, false)];
        let wish = Wish { configured: Some("bb"), chosen: None };
        assert_eq!(verdict(&all, &ours, wish), "bb is a workspace's");
        assert_eq!(verdict(&all, &[row("bb", IdentityState::Bound, true)], NOTHING), "bb", "used, and not its own");
    }

    #[test]
    fn of_several_with_the_name_the_oldest_counts() {
        let all = [identity("bb", DEFAULT_HOST_IDENTITY), identity("a", DEFAULT_HOST_IDENTITY)];
        assert_eq!(verdict(&all, &[], NOTHING), "a");
    }
}
