//! Logins at websites, in the vault of one identity.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::http::Caller;
use super::{ApiError, IdentityUuid, lenient};

/// A login at a website.
#[derive(Clone, Deserialize)]
pub struct Password {
    /// Its identifier.
    #[serde(deserialize_with = "lenient::identifier")]
    pub uuid: String,
    /// The website's registered domain, which the server derives from what it was given.
    #[serde(default, deserialize_with = "lenient::text")]
    pub domain: String,
    /// The user name there.
    #[serde(default, deserialize_with = "lenient::text")]
    pub username: String,
    /// The password.
    #[serde(default, deserialize_with = "lenient::secret")]
    pub password: SecretString,
    /// Notes.
    #[serde(default, deserialize_with = "lenient::text")]
    pub notes: String,
    /// When it was made, ISO 8601.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub created_dt: Option<String>,
}

impl Password {
    /// Whether both log the same user in at the same website with the same password.
    pub fn is_same_login(&self, other: &Password) -> bool {
        (&self.domain, &self.username, self.password.expose_secret())
            == (&other.domain, &other.username, other.password.expose_secret())
    }
}

/// People write passwords into notes, so they are left out too.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password").field("uuid", &self.uuid).field("domain", &self.domain).finish_non_exhaustive()
    }
}

/// Calls about the logins of one identity.
#[derive(Clone, Copy)]
pub struct Passwords<'a> {
    caller: Caller<'a>,
    identity: &'a IdentityUuid,
}

impl<'a> Passwords<'a> {
    pub(super) fn new(caller: Caller<'a>, identity: &'a IdentityUuid) -> Self {
        Passwords { caller, identity }
    }

    /// `GET /api/passwords/`: all of them, with their passwords.
    pub async fn list(&self) -> Result<Vec<Password>, ApiError> {
        self.caller.list(Call::get("/api/passwords/", &[])?.identity(self.identity)?).await
    }

    /// `POST /api/passwords/`. Nothing keeps the server from having two for one website.
    ///
    /// If [`ApiError::outcome_unknown`], look among them before you repeat this.
    pub async fn create(
        &self,
        domain: &str,
        username: &str,
        password: &SecretString,
        notes: &str,
    ) -> Result<Password, ApiError> {
        #[derive(Serialize)]
        struct Body<'a> {
            domain: &'a str,
            username: &'a str,
            password: &'a str,
            notes: &'a str,
        }
        let body = Body { domain, username, password: password.expose_secret(), notes };
        let call = Call::post("/api/passwords/", &[])?.identity(self.identity)?.hiding(password).json(&body);
        self.caller.fetch(call).await
    }

    /// `DELETE /api/passwords/{uuid}/`
    pub async fn delete(&self, uuid: &str) -> Result<(), ApiError> {
        let call = Call::delete("/api/passwords/{}/", &[uuid])?.identity(self.identity)?;
        self.caller.discard(call).await
    }
}
