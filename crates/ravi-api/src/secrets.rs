//! Secrets of one identity. The server has keys in upper case, so they are converted here before anything is compared.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::http::Caller;
use super::{ApiError, IdentityUuid, SecretUuid, lenient};

/// How often [`Secrets::put`] starts over if others write the same key.
const MOST_ROUNDS: usize = 3;

/// A secret.
#[derive(Clone, Deserialize)]
pub struct Secret {
    /// Its identifier.
    pub uuid: SecretUuid,
    /// Its name, `^[A-Z][A-Z0-9_]*$`; unique within an identity.
    #[serde(default, deserialize_with = "lenient::text")]
    pub key: String,
    /// The value; text that old clients sealed (`e2e::…`) is returned as it is.
    #[serde(default, deserialize_with = "lenient::secret")]
    pub value: SecretString,
    /// Its owner's notes.
    #[serde(default, deserialize_with = "lenient::text")]
    pub notes: String,
    /// When it was last changed, ISO 8601.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub updated_dt: Option<String>,
}

/// People write passwords into notes, so they are left out too.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("uuid", &self.uuid).field("key", &self.key).finish_non_exhaustive()
    }
}

/// Calls about the secrets of one identity.
#[derive(Clone, Copy)]
pub struct Secrets<'a> {
    caller: Caller<'a>,
    identity: &'a IdentityUuid,
}

impl<'a> Secrets<'a> {
    pub(super) fn new(caller: Caller<'a>, identity: &'a IdentityUuid) -> Self {
        Secrets { caller, identity }
    }

    /// `GET /api/secrets/`: all of them, with their values. Also empty if the key belongs to another identity.
    pub async fn list(&self) -> Result<Vec<Secret>, ApiError> {
        self.caller.list(Call::get("/api/secrets/", &[])?.identity(self.identity)?).await
    }

    /// `GET /api/secrets/?key=`: the one with this name, in any case.
    pub async fn find(&self, key: &str) -> Result<Option<Secret>, ApiError> {
        let key = key.to_ascii_uppercase();
        let call = Call::get("/api/secrets/", &[])?.identity(self.identity)?.query("key", key.as_str());
        let found: Vec<Secret> = self.caller.list(call).await?;
        // A server that does not know the filter returns all of them.
        Ok(found.into_iter().find(|secret| secret.key.eq_ignore_ascii_case(&key)))
    }

    /// `GET /api/secrets/{uuid}/`
    pub async fn get(&self, secret: &SecretUuid) -> Result<Secret, ApiError> {
        let call = Call::get("/api/secrets/{}/", &[secret.as_str()])?.identity(self.identity)?;
        self.caller.fetch(call).await
    }

    /// `POST /api/secrets/`. Fails with [`ApiError::Invalid`] or [`ApiError::Conflict`] if the key already exists.
    pub async fn create(&self, key: &str, value: &SecretString, notes: Option<&str>) -> Result<Secret, ApiError> {
        #[derive(Serialize)]
        struct Body<'a> {
            key: &'a str,
            value: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            notes: Option<&'a str>,
        }
        let body = Body { key: &key.to_ascii_uppercase(), value: value.expose_secret(), notes };
        let call = Call::post("/api/secrets/", &[])?.identity(self.identity)?.hiding(value).json(&body);
        self.caller.fetch(call).await
    }

    /// `PATCH /api/secrets/{uuid}/`: a new value.
    pub async fn update(&self, secret: &SecretUuid, value: &SecretString) -> Result<Secret, ApiError> {
        #[derive(Serialize)]
        struct Body<'a> {
            value: &'a str,
        }
        let call = Call::patch("/api/secrets/{}/", &[secret.as_str()])?.identity(self.identity)?;
        self.caller.fetch(call.hiding(value).json(&Body { value: value.expose_secret() })).await
    }

    /// `DELETE /api/secrets/{uuid}/`
    pub async fn delete(&self, secret: &SecretUuid) -> Result<(), ApiError> {
        let call = Call::delete("/api/secrets/{}/", &[secret.as_str()])?.identity(self.identity)?;
        self.caller.discard(call).await
    }

    /// Creates or overwrites a secret.
    ///
    /// The server has no such call, so this looks first, and again if somebody else was quicker or the answer was lost.
    /// Makes two calls if nobody interferes, each with its own deadline.
    pub async fn put(&self, key: &str, value: &SecretString) -> Result<Secret, ApiError> {
        let mut found = self.find(key).await?;
        let mut round = 1;
        loop {
            let outcome = match &found {
                Some(secret) => self.update(&secret.uuid, value).await,
                None => self.create(key, value, None).await,
            };
            let Err(error) = outcome else { return outcome };
            if round == MOST_ROUNDS || !worth_another_look(&error, found.is_some()) {
                return Err(error);
            }
            let existed = found.is_some();
            // Without another look, the first failure is the one to report: it knows whether anything was sent.
            let Ok(now) = self.find(key).await else { return Err(error) };
            found = now;
            match &found {
                // Ours; its answer was lost.
                Some(secret) if error.outcome_unknown() && same(&secret.value, value) => return Ok(secret.clone()),
                // Refused for a reason other than that it exists, or still on its way: repeating it might double it.
                None if !existed => return Err(error),
                _ => round += 1,
            }
        }
    }
}

/// Whether the failure may mean that somebody else created or deleted the key in the meantime.
fn worth_another_look(error: &ApiError, existed: bool) -> bool {
    match error {
        ApiError::NotFound { .. } => existed,
        ApiError::Conflict { .. } | ApiError::Invalid { .. } => !existed,
        other => other.outcome_unknown(),
    }
}

fn same(a: &SecretString, b: &SecretString) -> bool {
    a.expose_secret() == b.expose_secret()
}
