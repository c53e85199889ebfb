//! API keys: making, listing and revoking them. A key is shown once, when it is made; its record is what remains.

use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::error::{Endpoint, Verb};
use super::http::Caller;
use super::{ApiError, IdentityKey, IdentityUuid, KeyUuid, ManagementKey, lenient};

const IDENTITY_KEYS: &str = "/api/auth/keys/identity/";
const IDENTITY_KEY: &str = "/api/auth/keys/identity/{}/";
const MANAGEMENT_KEYS: &str = "/api/auth/keys/management/";
const MANAGEMENT_KEY: &str = "/api/auth/keys/management/{}/";

/// What the server tells about a key. Not the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "KeyWire")]
pub struct KeyRecord {
    /// What revoking names.
    pub uuid: KeyUuid,
    /// The identity it is fenced to; `None` for a management key.
    pub identity: Option<IdentityUuid>,
    /// What it was called when it was made.
    pub label: String,
    /// Whether it still works.
    pub is_active: bool,
    /// When it was last used, ISO 8601.
    pub last_used_at: Option<String>,
    /// When it was made, ISO 8601.
    pub created_dt: Option<String>,
}

/// A new key, shown this once. Keep `record.uuid`: without it the key cannot be revoked.
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

    /// `GET /api/auth/keys/identity/`: of all identities.
    pub async fn list(&self) -> Result<Vec<KeyRecord>, ApiError> {
        self.caller.list(Call::get(IDENTITY_KEYS, &[])?).await
    }

    /// The same, for a caller that can do without it and does not wait long.
    pub async fn list_within(&self, limit: Duration) -> Result<Vec<KeyRecord>, ApiError> {
        self.caller.list(Call::get(IDENTITY_KEYS, &[])?.within(limit)).await
    }

    /// `POST /api/auth/keys/identity/`. A key whose answer was lost ([`ApiError::outcome_unknown`]) lives on: find it by
    /// its label and revoke it.
    pub async fn create(&self, identity: &IdentityUuid, label: &str) -> Result<CreatedKey<IdentityKey>, ApiError> {
        #[derive(Serialize)]
        struct Body<'a> {
            label: &'a str,
            identity_uuid: &'a str,
        }
        let call = Call::post(IDENTITY_KEYS, &[])?.json(&Body { label, identity_uuid: identity.as_str() });
        let mut created = created(IDENTITY_KEYS, self.caller.fetch(call).await?, IdentityKey::parse)?;
        created.record.identity.get_or_insert_with(|| identity.clone());
        Ok(created)
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

    /// `POST /api/auth/keys/management/`. A key whose answer was lost ([`ApiError::outcome_unknown`]) lives on: find it
    /// by its label and revoke it.
    pub async fn create(&self, label: &str) -> Result<CreatedKey<ManagementKey>, ApiError> {
        #[derive(Serialize)]
        struct Body<'a> {
            label: &'a str,
        }
        let call = Call::post(MANAGEMENT_KEYS, &[])?.json(&Body { label });
        created(MANAGEMENT_KEYS, self.caller.fetch(call).await?, ManagementKey::parse)
    }

    /// `DELETE /api/auth/keys/management/{uuid}/`
    pub async fn revoke(&self, key: &KeyUuid) -> Result<(), ApiError> {
        self.caller.discard(Call::delete(MANAGEMENT_KEY, &[key.as_str()])?).await
    }
}

fn created<K>(
    template: &'static str,
    mut wire: KeyWire,
    parse: impl FnOnce(SecretString) -> Result<K, ApiError>,
) -> Result<CreatedKey<K>, ApiError> {
    let endpoint = Endpoint { verb: Verb::Post, template };
    let key = wire.key.take().ok_or_else(|| ApiError::garbage(endpoint, "there is no key in it"))?;
    let key = parse(key).map_err(|_| ApiError::garbage(endpoint, "what it gives as key is none of this kind"))?;
    Ok(CreatedKey { record: wire.into(), key })
}

#[derive(Deserialize)]
struct KeyWire {
    uuid: KeyUuid,
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

/// The create reply of some versions does not say it; a key that was just made, or is listed, works.
fn yes() -> bool {
    true
}

impl From<KeyWire> for KeyRecord {
    fn from(wire: KeyWire) -> Self {
        KeyRecord {
            uuid: wire.uuid,
            identity: wire.identity_uuid.or(wire.identity),
            label: wire.label,
            is_active: wire.is_active,
            last_used_at: wire.last_used_at,
            created_dt: wire.created_dt,
        }
    }
}
