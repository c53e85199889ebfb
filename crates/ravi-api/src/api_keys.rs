//! API keys: making, listing and revoking them.
//!
//! A key is shown once, when it is made; its record is what remains. If the reply does not name the record, the record
//! is looked up by its label, because the key cannot be revoked without it.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::error::{Endpoint, Verb};
use super::http::Caller;
use super::{ApiError, Credential, IdentityKey, IdentityUuid, KeyUuid, ManagementKey, lenient};

const IDENTITY_KEYS: &str = "/api/auth/keys/identity/";
const IDENTITY_KEY: &str = "/api/auth/keys/identity/{}/";
const MANAGEMENT_KEYS: &str = "/api/auth/keys/management/";
const MANAGEMENT_KEY: &str = "/api/auth/keys/management/{}/";

/// What the server says about a key, without the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "KeyWire")]
pub struct KeyRecord {
    /// Its identifier, which revoking takes.
    pub uuid: KeyUuid,
    /// The identity it is fenced to; `None` for a management key.
    pub identity: Option<IdentityUuid>,
    /// The label that it was given when it was made.
    pub label: String,
    /// Whether it still works.
    pub is_active: bool,
    /// When it was last used, ISO 8601.
    pub last_used_at: Option<String>,
    /// When it was made, ISO 8601.
    pub created_dt: Option<String>,
    /// The part of the key that lists show, if they show one.
    pub masked: Option<String>,
}

/// How many characters of a key must be shown to tell it from others.
const TELLING: usize = 4;

impl KeyRecord {
    /// Whether the part that lists show of this key belongs to `key`, and is enough to tell it from others.
    pub fn shows<K: Credential>(&self, key: &K) -> bool {
        let Some(masked) = &self.masked else { return false };
        let hides = |c: char| matches!(c, '*' | '.' | '…' | '•' | '·');
        let (Some(first), Some(last)) = (masked.find(hides), masked.rfind(hides)) else { return false };
        let tail = masked[last..].trim_start_matches(hides);
        let (head, whole) = (&masked[..first], key.expose());
        // The kind of a key, up to its last underscore, distinguishes nothing.
        let telling = head.rsplit('_').next().unwrap_or_default().len() + tail.len();
        telling >= TELLING && whole.starts_with(head) && whole.ends_with(tail)
    }
}

/// A new key, shown only this once. Keep `record.uuid`: without it the key cannot be revoked.
#[derive(Debug, Clone)]
pub struct CreatedKey<K> {
    /// What remains of it on the server.
    pub record: KeyRecord,
    /// The key.
    pub key: K,
}

/// Calls about keys that are fenced to one identity.
#[derive(Clone, Copy)]
pub struct IdentityKeys<'a> {
    caller: Caller<'a>,
}

impl<'a> IdentityKeys<'a> {
    pub(super) fn new(caller: Caller<'a>) -> Self {
        IdentityKeys { caller }
    }

    /// `GET /api/auth/keys/identity/`: the keys of all identities.
    pub async fn list(&self) -> Result<Vec<KeyRecord>, ApiError> {
        self.caller.list(Call::get(IDENTITY_KEYS, &[])?).await
    }

    /// Like [`list`](Self::list), for a caller that can do without the answer and does not wait long.
    pub async fn list_within(&self, limit: Duration) -> Result<Vec<KeyRecord>, ApiError> {
        self.caller.list(Call::get(IDENTITY_KEYS, &[])?.within(limit)).await
    }

    /// `POST /api/auth/keys/identity/`, and the list of keys if the reply does not name the key's record.
    ///
    /// The record is then the newest live one with this label and identity, so use a label only once. A key whose
    /// answer was lost ([`ApiError::outcome_unknown`]) stays valid: find it by its label and revoke it.
    pub async fn create(&self, identity: &IdentityUuid, label: &str) -> Result<CreatedKey<IdentityKey>, ApiError> {
        #[derive(Serialize)]
        struct Body<'a> {
            label: &'a str,
            identity_uuid: &'a str,
        }
        let call = Call::post(IDENTITY_KEYS, &[])?.json(&Body { label, identity_uuid: identity.as_str() });
        let (key, wire) = created(IDENTITY_KEYS, self.caller.fetch(call).await?, IdentityKey::parse)?;
        let mut record = match wire.uuid {
            Some(_) => wire.record(IDENTITY_KEYS)?,
            None => found(IDENTITY_KEYS, self.list().await, label, Some(identity))?,
        };
        record.identity.get_or_insert_with(|| identity.clone());
        Ok(CreatedKey { record, key })
    }

    /// `DELETE /api/auth/keys/identity/{uuid}/`
    pub async fn revoke(&self, key: &KeyUuid) -> Result<(), ApiError> {
        self.caller.discard(Call::delete(IDENTITY_KEY, &[key.as_str()])?).await
    }
}

/// Calls about keys for the whole account.
#[derive(Clone, Copy)]
pub struct ManagementKeys<'a> {
    caller: Caller<'a>,
}

impl<'a> ManagementKeys<'a> {
    pub(super) fn new(caller: Caller<'a>) -> Self {
        ManagementKeys { caller }
    }

    /// `GET /api/auth/keys/management/`
    pub async fn list(&self) -> Result<Vec<KeyRecord>, ApiError> {
        self.caller.list(Call::get(MANAGEMENT_KEYS, &[])?).await
    }

    /// `POST /api/auth/keys/management/`, and the list of keys as for [`IdentityKeys::create`].
    ///
    /// A key whose answer was lost ([`ApiError::outcome_unknown`]) stays valid: find it by its label and revoke it.
    pub async fn create(&self, label: &str) -> Result<CreatedKey<ManagementKey>, ApiError> {
        #[derive(Serialize)]
        struct Body<'a> {
            label: &'a str,
        }
        let call = Call::post(MANAGEMENT_KEYS, &[])?.json(&Body { label });
        let (key, wire) = created(MANAGEMENT_KEYS, self.caller.fetch(call).await?, ManagementKey::parse)?;
        let record = match wire.uuid {
            Some(_) => wire.record(MANAGEMENT_KEYS)?,
            None => found(MANAGEMENT_KEYS, self.list().await, label, None)?,
        };
        Ok(CreatedKey { record, key })
    }

    /// `DELETE /api/auth/keys/management/{uuid}/`
    pub async fn revoke(&self, key: &KeyUuid) -> Result<(), ApiError> {
        self.caller.discard(Call::delete(MANAGEMENT_KEY, &[key.as_str()])?).await
    }
}

/// Returns the new key, and what else the reply says.
fn created<K>(
    template: &'static str,
    mut wire: KeyWire,
    parse: impl FnOnce(SecretString) -> Result<K, ApiError>,
) -> Result<(K, KeyWire), ApiError> {
    let garbage = |what| lost_key(template, what);
    let key = wire.key.take().ok_or_else(|| garbage("it contains no key"))?;
    let key = parse(key).map_err(|_| garbage("what it gives as the key is not one of this kind"))?;
    Ok((key, wire))
}

/// Makes the error for a reply that is of no use, although the key it was to bring stays valid.
fn lost_key(template: &'static str, what: impl Into<String>) -> ApiError {
    ApiError::garbage(Endpoint { verb: Verb::Post, template }, what)
}

/// Finds the record of the key that was just made, by its label.
fn found(
    template: &'static str,
    listed: Result<Vec<KeyRecord>, ApiError>,
    label: &str,
    identity: Option<&IdentityUuid>,
) -> Result<KeyRecord, ApiError> {
    let unnamed = "it does not name the key's record, and ";
    let mut live =
        listed.map_err(|error| lost_key(template, format!("{unnamed}the keys cannot be listed: {error}")))?;
    // A key that has already been used was made earlier.
    live.retain(|record| record.is_active && record.label == label && record.last_used_at.is_none());
    // A list that does not name identities by their uuids has to be searched by the label only.
    if identity.is_some() && live.iter().any(|record| record.identity.is_some()) {
        live.retain(|record| record.identity.as_ref() == identity);
    }
    lenient::sort_by_time(&mut live, |record| record.created_dt.as_deref());
    live.pop().ok_or_else(|| lost_key(template, format!("{unnamed}no unused key has its label")))
}

#[derive(Deserialize)]
struct KeyWire {
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    uuid: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_uuid")]
    identity: Option<IdentityUuid>,
    #[serde(default, deserialize_with = "lenient::maybe_uuid")]
    identity_uuid: Option<IdentityUuid>,
    #[serde(default, deserialize_with = "lenient::text")]
    label: String,
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    is_active: bool,
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    last_used_at: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    created_dt: Option<String>,
    #[serde(default)]
    key: Option<SecretString>,
}

/// The create reply of some versions does not say; a key that was just made, or is listed, works.
fn yes() -> bool {
    true
}

impl KeyWire {
    fn record(self, template: &'static str) -> Result<KeyRecord, ApiError> {
        self.try_into().map_err(|what| lost_key(template, what))
    }
}

impl TryFrom<KeyWire> for KeyRecord {
    type Error = &'static str;

    fn try_from(wire: KeyWire) -> Result<Self, &'static str> {
        Ok(KeyRecord {
            uuid: wire.uuid.map(KeyUuid::from).ok_or("a key has no uuid")?,
            identity: wire.identity_uuid.or(wire.identity),
            label: wire.label,
            is_active: wire.is_active,
            last_used_at: wire.last_used_at,
            created_dt: wire.created_dt,
            masked: wire.key.map(|key| key.expose_secret().to_owned()).filter(|text| !text.is_empty()),
        })
    }
}
