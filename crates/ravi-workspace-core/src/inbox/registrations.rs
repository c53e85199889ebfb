//! Logins at websites that a workspace made, kept in its own vault.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::error::InboxError;
use super::mailbox::Mailbox;
use crate::api::{ApiError, Password};
use crate::error::Result;
use crate::vault::NewValue;

/// Length of a generated password of letters and digits: 142 bits.
const PASSWORD_LENGTH: usize = 24;

/// A login at a website, without its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Registration {
    /// The website's domain, as Ravi keeps it.
    pub domain: String,
    /// The user name there.
    pub username: String,
    /// When it was made, ISO 8601.
    pub at: Option<String>,
}

/// A login with its password.
#[derive(Clone)]
pub struct RegistrationSecret {
    /// What a list shows of it.
    pub registration: Registration,
    /// The password.
    pub password: SecretString,
}

impl fmt::Debug for RegistrationSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistrationSecret").field("registration", &self.registration).finish_non_exhaustive()
    }
}

impl From<Password> for RegistrationSecret {
    fn from(found: Password) -> Self {
        let Password { domain, username, password, created_dt, .. } = found;
        RegistrationSecret { registration: Registration { domain, username, at: created_dt }, password }
    }
}

impl Mailbox {
    /// Makes a login with a new password, for `username` or the workspace's address.
    pub(crate) async fn register(&self, domain: &str, username: Option<&str>) -> Result<RegistrationSecret> {
        let passwords = self.session.passwords(&self.identity.uuid);
        let (username, password) =
            (username.unwrap_or(&self.identity.email), NewValue::Generated(PASSWORD_LENGTH).into_value()?);
        let notes = format!("workspace {}", self.id);
        match passwords.create(domain, username, &password, &notes).await {
            Err(error) if error.outcome_unknown() => {
                // The password is unique: if it is there, only the answer was lost.
                let all = passwords.list().await.unwrap_or_default();
                let made = all.into_iter().find(|one| one.password.expose_secret() == password.expose_secret());
                made.map(Into::into).ok_or_else(|| error.into())
            }
            made => Ok(made?.into()),
        }
    }

    /// Returns the workspace's logins, by website.
    pub(crate) async fn registrations(&self) -> Result<Vec<Registration>> {
        let all = self.session.passwords(&self.identity.uuid).list().await?;
        let mut all: Vec<Registration> =
            all.into_iter().map(|one| RegistrationSecret::from(one).registration).collect();
        all.sort_by(|a, b| (&a.domain, &a.username).cmp(&(&b.domain, &b.username)));
        Ok(all)
    }

    /// Returns the workspace's login for a website.
    pub(crate) async fn registration(&self, domain: &str, username: Option<&str>) -> Result<RegistrationSecret> {
        Ok(self.one_password(domain, username).await?.into())
    }

    /// Deletes the workspace's login for a website.
    pub(crate) async fn unregister(&self, domain: &str, username: Option<&str>) -> Result<Registration> {
        let found = self.one_password(domain, username).await?;
        match self.session.passwords(&self.identity.uuid).delete(&found.uuid).await {
            Ok(()) | Err(ApiError::NotFound { .. }) => Ok(RegistrationSecret::from(found).registration),
            Err(error) => Err(error.into()),
        }
    }

    async fn one_password(&self, domain: &str, username: Option<&str>) -> Result<Password> {
        let mut all = self.session.passwords(&self.identity.uuid).list().await?;
        all.retain(|one| is_of(&one.domain, domain) && username.is_none_or(|name| name == one.username));
        let (id, domain, count) = (self.id.clone(), domain.to_owned(), all.len());
        match (all.pop(), count) {
            (Some(only), 1) => Ok(only),
            (None, _) => Err(InboxError::NoRegistration { id, domain }.into()),
            _ => Err(InboxError::ManyRegistrations { id, domain, count }.into()),
        }
    }
}

/// Whether Ravi made `kept` from `asked`: it drops the scheme, the path and everything before the registered domain.
fn is_of(kept: &str, asked: &str) -> bool {
    let asked = asked.split_once("://").map_or(asked, |(_, rest)| rest);
    let host = asked.split(['/', ':', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let kept = kept.to_ascii_lowercase();
    !kept.is_empty() && (host == kept || host.strip_suffix(&kept).is_some_and(|rest| rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::is_of;

    #[test]
    fn a_website_is_known_by_its_domain() {
        for asked in ["example.com", "https://app.example.com/x", "Example.com:443", "a.b.example.com"] {
            assert!(is_of("example.com", asked), "{asked}");
        }
        for asked in ["notexample.com", "example.com.evil.test", "evil.test/example.com", ""] {
            assert!(!is_of("example.com", asked), "{asked}");
        }
    }
}
