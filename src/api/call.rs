//! One call, before it is made: method, address and body. What makes it safe to put values of others into an address.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use super::IdentityUuid;
use super::error::{ApiError, Endpoint, Verb};

/// What may stand in a path segment as it is (RFC 3986 "unreserved").
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One call, not yet made.
pub(super) struct Call<'a> {
    pub(super) endpoint: Endpoint,
    path: String,
    query: Vec<(&'static str, String)>,
    pub(super) body: Option<Zeroizing<Vec<u8>>>,
    hidden: Option<&'a SecretString>,
    pub(super) deadline: Option<Duration>,
}

impl<'a> Call<'a> {
    pub(super) fn get(template: &'static str, ids: &[&str]) -> Result<Self, ApiError> {
        Call::new(Verb::Get, template, ids)
    }

    pub(super) fn post(template: &'static str, ids: &[&str]) -> Result<Self, ApiError> {
        Call::new(Verb::Post, template, ids)
    }

    pub(super) fn patch(template: &'static str, ids: &[&str]) -> Result<Self, ApiError> {
        Call::new(Verb::Patch, template, ids)
    }

    pub(super) fn delete(template: &'static str, ids: &[&str]) -> Result<Self, ApiError> {
        Call::new(Verb::Delete, template, ids)
    }

    /// Each `{}` of `template` is replaced by one of `ids`, as one path segment whatever it holds.
    fn new(verb: Verb, template: &'static str, ids: &[&str]) -> Result<Self, ApiError> {
        let endpoint = Endpoint { verb, template };
        let mut parts = template.split("{}");
        let mut path = parts.next().unwrap_or_default().to_owned();
        for (id, part) in ids.iter().zip(parts) {
            // Dots are special in paths even when they are escaped.
            if matches!(*id, "" | "." | "..") {
                return Err(ApiError::BadId { endpoint });
            }
            path.extend(utf8_percent_encode(id, SEGMENT));
            path.push_str(part);
        }
        Ok(Call { endpoint, path, query: Vec::new(), body: None, hidden: None, deadline: None })
    }

    /// `?identity=`. An empty one would ask for the whole account instead.
    pub(super) fn identity(self, identity: &IdentityUuid) -> Result<Self, ApiError> {
        if identity.as_str().is_empty() {
            return Err(ApiError::BadId { endpoint: self.endpoint });
        }
        Ok(self.query("identity", identity.as_str()))
    }

    pub(super) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Self {
        let bytes = serde_json::to_vec(body).expect("a plain struct"); // cannot fail: no maps with odd keys, no failing Serialize
        self.body = Some(Zeroizing::new(bytes));
        self
    }

    /// A secret that is sent and must not come back in the text of an error.
    pub(super) fn hiding(mut self, secret: &'a SecretString) -> Self {
        self.hidden = Some(secret);
        self
    }

    pub(super) fn within(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The whole address, below whatever path the base has.
    pub(super) fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), self.path));
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }

    /// What must not be quoted back.
    pub(super) fn hidden(&self) -> Option<&str> {
        self.hidden.map(ExposeSecret::expose_secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(template: &'static str, ids: &[&str]) -> Result<String, ApiError> {
        let call = Call::get(template, ids)?;
        Ok(call.url(&Url::parse("https://api.example.com").unwrap()).path().to_owned())
    }

    #[test]
    fn identifiers_are_one_segment() {
        let thread = path("/api/email-inbox/{}/", &["<CABx+y@mail.example.com>"]).unwrap();
        assert_eq!(thread, "/api/email-inbox/%3CCABx%2By%40mail.example.com%3E/");
        assert_eq!(path("/api/sms-inbox/{}/", &["1_+15559876543"]).unwrap(), "/api/sms-inbox/1_%2B15559876543/");
        assert_eq!(path("/api/x/{}/y/", &["../a/b?c#d%2e"]).unwrap(), "/api/x/..%2Fa%2Fb%3Fc%23d%252e/y/");
        for bad in ["", ".", ".."] {
            assert!(matches!(path("/api/x/{}/", &[bad]), Err(ApiError::BadId { .. })), "{bad:?}");
        }
    }

    #[test]
    fn a_prefix_of_the_base_is_kept() {
        let call = Call::get("/api/x/", &[]).unwrap().query("a", "1 &=ü").query("b", "+");
        for base in ["https://h/ravi", "https://h/ravi/"] {
            let url = call.url(&Url::parse(base).unwrap());
            assert_eq!(url.as_str(), "https://h/ravi/api/x/?a=1+%26%3D%C3%BC&b=%2B");
        }
    }

    #[test]
    fn an_empty_identity_is_not_the_whole_account() {
        let call = Call::get("/api/secrets/", &[]).unwrap().identity(&IdentityUuid::from(""));
        assert!(matches!(call, Err(ApiError::BadId { .. })));
    }
}
