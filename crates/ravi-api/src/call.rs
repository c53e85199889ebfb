//! One call before it is made: method, address and body. Makes it safe to put other people's values into an address.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use super::IdentityUuid;
use super::error::{ApiError, Endpoint, Verb};

/// What may appear in a path segment unescaped (RFC 3986 "unreserved").
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A call that has not been made yet.
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

    /// Replaces each `{}` of `template` with one of `ids`, as one path segment whatever it contains.
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

    /// Adds `?identity=`. An empty value would ask for the whole account instead.
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

    /// Names a secret that is sent and must not come back in the text of an error.
    pub(super) fn hiding(mut self, secret: &'a SecretString) -> Self {
        self.hidden = Some(secret);
        self
    }

    pub(super) fn within(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Returns the whole address, below whatever path the base has.
    pub(super) fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), self.path));
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }

    /// Returns the address of the page that `next` names, in the page at `current`.
    ///
    /// Behind a proxy, a server calls itself by another scheme, host or path prefix. So only the query of `next` is
    /// used: its path must be that of this list, and the page is requested where the list was, for the same identity.
    pub(super) fn next_page(&self, base: &Url, current: &Url, next: &str) -> Result<Url, ApiError> {
        let garbage = |what| ApiError::garbage(self.endpoint, what);
        let next = current.join(next).map_err(|_| garbage("the address of the next page is not valid"))?;
        let own = self.path.trim_end_matches('/');
        if !matches!(next.scheme(), "http" | "https") || !next.path().trim_end_matches('/').ends_with(own) {
            return Err(garbage("the address of the next page is not one of this list"));
        }
        let mut page = self.url(base);
        page.set_query(next.query());
        let Some((_, identity)) = self.query.iter().find(|(name, _)| *name == "identity") else { return Ok(page) };
        let mut named = next.query_pairs().filter(|(name, _)| name == "identity").map(|(_, uuid)| uuid);
        match (named.next(), named.next()) {
            // Otherwise it would be the whole account's list.
            (None, _) => page.query_pairs_mut().append_pair("identity", identity),
            (Some(uuid), None) if uuid == *identity => return Ok(page),
            _ => return Err(garbage("the next page is of another identity")),
        };
        Ok(page)
    }

    /// Returns what must not be quoted back.
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
    fn the_next_page_is_asked_for_where_the_list_was() {
        let base = Url::parse("https://h/ravi").unwrap();
        let call = Call::get("/api/x/", &[]).unwrap().identity(&IdentityUuid::from("alice")).unwrap();
        let next = |next: &str| call.next_page(&base, &call.url(&base), next).map(String::from);
        for (given, query) in [
            ("?identity=alice&page=2", "identity=alice&page=2"),
            ("?page=2", "page=2&identity=alice"),
            ("https://h/ravi/api/x/?identity=alice&page=2", "identity=alice&page=2"),
            ("http://h/ravi/api/x/?identity=alice&page=2", "identity=alice&page=2"),
            ("http://internal:8000/api/x/?identity=alice&page=2", "identity=alice&page=2"),
            ("//user:pass@other.example/v2/api/x?cursor=a%2Bb%3D&identity=alice", "cursor=a%2Bb%3D&identity=alice"),
        ] {
            assert_eq!(next(given).unwrap(), format!("https://h/ravi/api/x/?{query}"), "{given}");
        }
        for foreign in [
            "file:///api/x/?page=2",
            "javascript:alert(1)",
            "//evil.invalid/",
            "https://h/ravi/api/y/?page=2",
            "https://h/ravi/api/x/1/?page=2",
            "https://h/ravi/other-api/x/?page=2",
            "../y/?page=2",
            "?identity=bob&page=2",
            "?identity=alice&identity=bob",
            "http://",
        ] {
            let error = next(foreign).unwrap_err();
            assert!(matches!(error, ApiError::Garbage { .. }), "{foreign}: {error}");
            assert!(!error.to_string().contains("bob") && !error.to_string().contains("evil"), "{error}");
        }
    }

    #[test]
    fn an_empty_identity_is_not_the_whole_account() {
        let call = Call::get("/api/secrets/", &[]).unwrap().identity(&IdentityUuid::from(""));
        assert!(matches!(call, Err(ApiError::BadId { .. })));
    }
}
