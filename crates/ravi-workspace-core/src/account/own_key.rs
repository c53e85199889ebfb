//! The account key that a login mints for this ledger, and the keys that it replaces.
//!
//! The key handed out by a login page has no name and no record that can be identified for certain, so nobody could
//! revoke it later. A login therefore mints a key of its own, with a label that a person recognises in the dashboard,
//! keeps that one, and revokes the other if it can be identified.

use std::time::Duration;

use crate::api::{ApiError, IdentityUuid, KeyRecord, KeyUuid, ManagementKey, Session};
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::ledger::Ledger;
use crate::machine::os::machine_name;

/// How far apart the clocks of this machine and of Ravi may be for a key to be recognised as the one from this login.
const CLOCKS_APART: Duration = Duration::from_secs(600);

/// How the labels of keys minted by this program's logins begin.
const LABEL: &str = "ravi-workspace login";

/// Where a person revokes keys.
pub(crate) const DASHBOARD: &str = "https://ravi.id/dashboard/api-keys/";

/// Mints and revokes account keys for a login.
pub(crate) struct OwnKey<'a> {
    pub(crate) ledger: &'a Ledger,
    /// A session with the key that was handed out.
    pub(crate) account: &'a Session<ManagementKey>,
}

/// A key of the ledger's own, with what it replaces.
pub(crate) struct Minted {
    pub(crate) key: ManagementKey,
    pub(crate) uuid: KeyUuid,
    /// Records of keys that nobody needs any more.
    pub(crate) former: Vec<KeyUuid>,
    /// Whether the key that was handed out is among them.
    pub(crate) told: bool,
}

impl OwnKey<'_> {
    /// Mints a key for this ledger in place of the one that was `handed` out. `waited` is how long ago the login began.
    pub(crate) async fn mint(&self, handed: &ManagementKey, waited: Duration) -> Result<Minted> {
        let label = self.label().await?;
        let before = self.account.management_keys().list().await?;
        let created = self.account.management_keys().create(&label).await?;
        let handed = by_mask(&before, handed).or_else(|| by_age(&before, waited));
        // Left behind by an interrupted login of this ledger.
        let left = before.iter().filter(|key| key.is_active && key.label == label);
        let former = left.chain(handed).map(|key| key.uuid.clone()).collect();
        let entry = Entry::done(Action::KeyMint).object(created.record.uuid.as_str()).because("login");
        self.ledger.run(move |l| l.note(entry)).await?;
        Ok(Minted { key: created.key, uuid: created.record.uuid, former, told: handed.is_some() })
    }

    /// What a person sees in the dashboard: which program, which machine, and the ledger's id, which tells the key from
    /// others.
    async fn label(&self) -> Result<String> {
        let ledger = self.ledger.run(|l| l.ledger_id()).await?;
        let machine: String = machine_name().chars().filter(|c| c.is_ascii_graphic()).take(60).collect();
        Ok(format!("{LABEL} {machine} {ledger}"))
    }

    /// Revokes the account's keys that the ledger knows nobody needs. It is not an error if a key is already gone.
    pub(crate) async fn pay(&self, server: &str) -> Result<()> {
        let known = server.to_owned();
        for key in self.ledger.run(move |l| l.owed_account_keys(&known)).await? {
            match self.account.management_keys().revoke(&key).await {
                Ok(()) | Err(ApiError::NotFound { .. }) => {}
                Err(e) => return Err(e.into()),
            }
            let entry = Entry::done(Action::KeyRevoke).object(key.as_str()).because("nobody needs it");
            self.ledger.run(move |l| l.account_key_paid(&key).and_then(|()| l.note(entry))).await?;
        }
        Ok(())
    }

    /// Revokes the key that came with an identity when the person signed up: nothing here needs it. `false` if it
    /// cannot be identified.
    pub(crate) async fn revoke_sign_up_key(&self, identity: &IdentityUuid) -> Result<bool> {
        let keys = self.account.identity_keys().list().await?;
        let mut theirs = keys.iter().filter(|key| key.is_active && key.identity.as_ref() == Some(identity));
        let (Some(only), None) = (theirs.next(), theirs.next()) else { return Ok(false) };
        match self.account.identity_keys().revoke(&only.uuid).await {
            Ok(()) | Err(ApiError::NotFound { .. }) => {}
            Err(e) => return Err(e.into()),
        }
        let entry = Entry::done(Action::KeyRevoke).object(only.uuid.as_str()).because("came with the sign-up");
        self.ledger.run(move |l| l.note(entry)).await?;
        Ok(true)
    }
}

/// The record of the key handed out by a login page, identified by what lists show of each key.
fn by_mask<'a>(keys: &'a [KeyRecord], handed: &ManagementKey) -> Option<&'a KeyRecord> {
    let mut shown = keys.iter().filter(|key| key.is_active && key.shows(handed));
    shown.next().filter(|_| shown.next().is_none())
}

/// The same, identified by age: the only key made since the login began. If there are several, another program signed
/// in at the same time, and there is no telling which is whose.
fn by_age(keys: &[KeyRecord], waited: Duration) -> Option<&KeyRecord> {
    let now = jiff::Timestamp::now();
    let since = jiff::SignedDuration::try_from(waited + CLOCKS_APART).ok().and_then(|age| now.checked_sub(age).ok())?;
    let is_new = |key: &&KeyRecord| {
        let made = key.created_dt.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        key.is_active && !key.label.starts_with(LABEL) && made.is_some_and(|made| made >= since)
    };
    let mut new = keys.iter().filter(is_new);
    new.next().filter(|_| new.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(uuid: &str, label: &str, minutes_ago: i64) -> KeyRecord {
        let made = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes_ago);
        KeyRecord {
            uuid: uuid.into(),
            identity: None,
            label: label.into(),
            is_active: true,
            last_used_at: None,
            created_dt: Some(made.to_string()),
            masked: None,
        }
    }

    #[test]
    fn a_key_that_lists_show_in_part_is_told_by_that() {
        let handed = ManagementKey::parse("ravi_mgmt_MadeUpKeyOfThisTest".into()).expect("a key");
        let shown = |uuid: &str, masked: &str| KeyRecord { masked: Some(masked.into()), ..record(uuid, "", 600) };
        let told = |keys: &[KeyRecord]| by_mask(keys, &handed).map(|key| key.uuid.to_string());
        for mask in ["ravi_mgmt_Made…", "ravi_mgmt_****Test", "ravi_mgmt_Ma...st", "…hisTest"] {
            assert_eq!(told(&[shown("other", "ravi_mgmt_Othe…"), shown("it", mask)]).as_deref(), Some("it"), "{mask}");
        }
        for mask in ["ravi_mgmt_…", "***", "", "ravi_mgmt_Made", "ravi_id_Made…"] {
            assert_eq!(told(&[shown("it", mask)]), None, "{mask}");
        }
        assert_eq!(told(&[shown("one", "ravi_mgmt_Made…"), shown("two", "ravi_mgmt_Made…")]), None, "which of them?");
    }

    #[test]
    fn only_a_key_that_can_be_told_is_taken_for_the_one_that_was_handed_out() {
        let (old, new, other) = (record("old", "laptop", 600), record("new", "", 1), record("other", "cli", 2));
        let told = |keys: &[KeyRecord]| by_age(keys, Duration::from_secs(60)).map(|key| key.uuid.to_string());
        assert_eq!(told(&[old.clone(), new.clone()]).as_deref(), Some("new"));
        assert_eq!(told(&[old.clone(), new.clone(), other]), None);
        assert_eq!(told(std::slice::from_ref(&old)), None);
        assert_eq!(told(&[old, KeyRecord { is_active: false, ..new }]), None);
        assert_eq!(told(&[record("own", "ravi-workspace login host 12", 1)]), None);
    }
}
