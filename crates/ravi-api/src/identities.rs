//! Identities: listing, making and renaming them, and giving them a phone.

use std::marker::PhantomData;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::http::Caller;
use super::{ApiError, Credential, IdentityKey, IdentityUuid, ManagementKey, lenient};

/// Ravi's bundle of inbox, phone and vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "IdentityWire")]
pub struct Identity {
    /// Its identifier.
    pub uuid: IdentityUuid,
    /// A label; several identities may share it.
    pub name: String,
    /// Its address (`inbox` on the wire, `email` in old versions); may be empty.
    pub email: String,
    /// Its phone number (E.164), if it has one (`phone` on the wire, `phone_number` in old versions).
    pub phone: Option<String>,
    /// When it was made, ISO 8601.
    pub created_dt: Option<String>,
    /// When it was last changed, ISO 8601.
    pub updated_dt: Option<String>,
}

/// What to make. Everything is optional: the server then invents a name and an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NewIdentity {
    /// Its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Local part of its address. If it is taken, [`ApiError::Conflict`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_identifier: Option<String>,
    /// Domain of its address; the server accepts it only with `email_identifier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Whether it gets a phone number, which may need a paid plan.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub provision_phone: bool,
}

/// A new identity.
#[derive(Debug, Clone)]
pub struct CreatedIdentity {
    /// What was made. Check its address: the server may not have used the requested one.
    pub identity: Identity,
    /// A key fenced to it, shown only this once. Not every version of the server returns one; if so, mint one.
    pub api_key: Option<IdentityKey>,
}

/// Calls about identities.
#[derive(Clone, Copy)]
pub struct Identities<'a, K> {
    caller: Caller<'a>,
    kind: PhantomData<fn() -> K>,
}

impl<'a, K: Credential> Identities<'a, K> {
    pub(super) fn new(caller: Caller<'a>) -> Self {
        Identities { caller, kind: PhantomData }
    }

    /// `GET /api/identities/`: all identities of the account, or the one of an identity key.
    pub async fn list(&self) -> Result<Vec<Identity>, ApiError> {
        self.caller.list(Call::get("/api/identities/", &[])?).await
    }

    /// `GET /api/identities/{uuid}/`
    pub async fn get(&self, identity: &IdentityUuid) -> Result<Identity, ApiError> {
        self.caller.fetch(Call::get("/api/identities/{}/", &[identity.as_str()])?).await
    }

    /// `PATCH /api/identities/{uuid}/`. The address stays as it is.
    pub async fn rename(&self, identity: &IdentityUuid, name: &str) -> Result<Identity, ApiError> {
        #[derive(Serialize)]
        struct Body<'a> {
            name: &'a str,
        }
        let call = Call::patch("/api/identities/{}/", &[identity.as_str()])?;
        self.caller.fetch(call.json(&Body { name })).await
    }
}

impl Identities<'_, ManagementKey> {
    /// `POST /api/identities/`.
    ///
    /// Identities are permanent: if [`ApiError::outcome_unknown`], look for it by its name before you repeat this.
    pub async fn create(&self, new: &NewIdentity) -> Result<CreatedIdentity, ApiError> {
        let mut wire: IdentityWire = self.caller.fetch(Call::post("/api/identities/", &[])?.json(new)).await?;
        let api_key = wire.api_key.take().and_then(|key| IdentityKey::parse(key).ok());
        Ok(CreatedIdentity { identity: wire.into(), api_key })
    }

    /// `POST /api/identities/{uuid}/provision-phone/`. Takes seconds.
    ///
    /// `country` is a code such as `US`; without one, the server chooses. [`ApiError::Conflict`]: it already has a
    /// number; [`ApiError::Provider`]: no number is available now. If [`ApiError::outcome_unknown`], get the identity
    /// before you repeat this.
    pub async fn provision_phone(&self, identity: &IdentityUuid, country: Option<&str>) -> Result<Identity, ApiError> {
        #[derive(Serialize)]
        struct Body<'a> {
            country_code: &'a str,
        }
        let mut call = Call::post("/api/identities/{}/provision-phone/", &[identity.as_str()])?;
        if let Some(country_code) = country {
            call = call.json(&Body { country_code });
        }
        self.caller.fetch(call).await
    }
}

/// As the server writes it, in all versions. The names are not aliases of each other: both may be present.
#[derive(Deserialize)]
struct IdentityWire {
    uuid: IdentityUuid,
    #[serde(default, deserialize_with = "lenient::line")]
    name: String,
    #[serde(default, deserialize_with = "lenient::maybe_address")]
    inbox: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_address")]
    email: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_phone")]
    phone: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_phone")]
    phone_number: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    created_dt: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    updated_dt: Option<String>,
    #[serde(default)]
    api_key: Option<SecretString>,
}

impl From<IdentityWire> for Identity {
    fn from(wire: IdentityWire) -> Self {
        Identity {
            uuid: wire.uuid,
            name: wire.name,
            email: wire.inbox.or(wire.email).unwrap_or_default(),
            phone: wire.phone.or(wire.phone_number),
            created_dt: wire.created_dt,
            updated_dt: wire.updated_dt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// They go into git's configuration, into files that others read line by line, and to the terminal.
    #[test]
    fn what_the_server_calls_an_address_a_number_or_an_id_is_one() {
        let identity = |json: serde_json::Value| serde_json::from_value::<Identity>(json);
        let good = identity(serde_json::json!({
            "uuid": "0b1c", "name": "a\nb\u{1b}[31mc", "inbox": "pay.ments-1+x@mail.example", "phone": "+1 (555) 010-0",
        }));
        let good = good.unwrap();
        assert_eq!(good.name, "a b\u{fffd}[31mc");
        assert_eq!(
            (good.email.as_str(), good.phone.as_deref()),
            ("pay.ments-1+x@mail.example", Some("+1 (555) 010-0"))
        );
        for bad in [
            serde_json::json!({ "uuid": "a\nb" }),
            serde_json::json!({ "uuid": "u", "email": "a@x\n* ssh-ed25519 AAAA" }),
            serde_json::json!({ "uuid": "u", "email": "a@x,*" }),
            serde_json::json!({ "uuid": "u", "inbox": "a@x <b@y>" }),
            serde_json::json!({ "uuid": "u", "inbox": "nobody" }),
            serde_json::json!({ "uuid": "u", "phone": "1\n2" }),
        ] {
            assert!(identity(bad.clone()).is_err(), "{bad}");
        }
    }
}
