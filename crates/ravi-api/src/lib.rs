//! Ravi over HTTP, and nothing else.
//!
//! A [`Client`] knows an address; [`Client::with`] adds a key and returns a [`Session`], whose methods are the
//! resources of the API, one file each. The compiler checks which calls exist for which kind of key. This crate knows
//! no files, no git and no cache: every method is one call (or one list) that succeeds or fails within one deadline.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use ravi_api::{Client, ClientOptions, ManagementKey};
//! use secrecy::{ExposeSecret as _, SecretString};
//!
//! let client = Client::new(ClientOptions::new("https://api.ravi.id".parse()?))?;
//! let key = ManagementKey::parse(SecretString::from(std::env::var("RAVI_API_KEY")?))?;
//! let session = client.with(&key);
//!
//! for identity in session.identities().list().await? {
//!     if let Some(secret) = session.secrets(&identity.uuid).find("GH_TOKEN").await? {
//!         println!("{}: a token of {} characters", identity.name, secret.value.expose_secret().len());
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Calls are repeated only if that is safe: Ravi has no idempotency keys, so a `POST` whose reply was lost is never sent
//! again. [`ApiError::outcome_unknown`] says whether a failed call may have taken effect.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod api_keys;
mod call;
mod clock;
mod device;
mod domains;
mod email;
mod envelope;
mod error;
mod events;
mod http;
mod identities;
mod ids;
mod keys;
mod lenient;
mod page;
mod passwords;
mod retry;
mod scrub;
mod secrets;
mod sms;
#[cfg_attr(not(feature = "live"), path = "no_socket.rs")]
mod socket;
mod socket_error;
mod wish;

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::HeaderValue;
use url::{Host, Url};

pub use api_keys::{CreatedKey, IdentityKeys, KeyRecord, ManagementKeys};
pub use clock::ServerClock;
pub use device::{Device, DeviceCode, DeviceLogin, DevicePoll, verification_page};
pub use domains::{Domain, Domains};
pub use email::{Attachment, Compose, Email, Message, MessageQuery, Reply, Thread, ThreadDetail};
pub use error::{ApiError, Cause, Endpoint, ServerMessage};
pub use events::{Event, Events};
pub use identities::{CreatedIdentity, Identities, Identity, NewIdentity};
pub use ids::{IdentityUuid, KeyUuid, MessageId, SecretUuid};
pub use keys::{AnyKey, Credential, IdentityKey, ManagementKey};
pub use lenient::Direction;
pub use passwords::{Password, Passwords};
pub use secrets::{Secret, Secrets};
pub use sms::{Conversation, ConversationDetail, Sms, SmsMessage};
pub use socket::EventSocket;
pub use socket_error::SocketError;

use http::Caller;

/// How a [`Client`] behaves.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Address of the API, without the `/api/` part.
    pub base_url: Url,
    /// Longest time for a whole call: all attempts, pauses and pages. Default 30 s.
    pub deadline: Duration,
    /// Longest single pause at the server's request; a longer one ends the call. Default 20 s.
    pub retry_ceiling: Duration,
    /// First pause between attempts if the server names none; doubles each time. Default 0.5 s.
    pub retry_base: Duration,
    /// Most bytes of an answer that are read, all pages of a list together. Default 8 MiB.
    pub max_body: usize,
    /// Longest wait for one answer of the device login, whose length the server chooses. Default 75 s.
    pub poll_deadline: Duration,
    /// What the client calls itself. Default `ravi-api/` and the version.
    pub user_agent: String,
    /// Called once before and once after each call that changes something at Ravi, with all its attempts. Does nothing
    /// by default.
    pub on_change: fn(Moment, Endpoint),
}

/// Whether [`ClientOptions::on_change`] is called before or after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nothing has been sent yet.
    Before,
    /// The call has succeeded or failed.
    After,
}

impl ClientOptions {
    /// The defaults for one address.
    pub fn new(base_url: Url) -> Self {
        ClientOptions {
            base_url,
            deadline: Duration::from_secs(30),
            retry_ceiling: Duration::from_secs(20),
            retry_base: Duration::from_millis(500),
            max_body: 8 * 1024 * 1024,
            poll_deadline: Duration::from_secs(75),
            user_agent: concat!("ravi-api/", env!("CARGO_PKG_VERSION")).to_owned(),
            on_change: |_, _| {},
        }
    }
}

/// Checks whether keys may be sent to an address: `https` anywhere, `http` on loopback only, without user name,
/// password, query or fragment. The error is the reason, ready to be shown.
pub fn check_base_url(url: &Url) -> Result<(), &'static str> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err("only https is accepted, and http on loopback");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it contains a user name or password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it contains a query or fragment");
    }
    if url.scheme() == "http" && !is_loopback(url) {
        return Err("plain http is accepted on loopback only");
    }
    Ok(())
}

/// Returns `url` as the base of API calls: without the `/api` that Ravi's own SDK puts at its end, because every call
/// adds it.
pub fn base_of(mut url: Url) -> Url {
    let path = url.path().trim_end_matches('/');
    if let Some(prefix) = path.strip_suffix("/api").map(str::to_owned) {
        url.set_path(&prefix);
    }
    url
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The connection to one Ravi. Cheap to clone; all clones share their connections.
///
/// Making one does no work: the HTTP client, which has to read the system's certificates, is built by the first call.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    options: ClientOptions,
    http: OnceLock<reqwest::Client>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.base_url().as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// Checks the address (see [`check_base_url`]) and keeps the options, without network or files.
    pub fn new(options: ClientOptions) -> Result<Client, ApiError> {
        check_base_url(&options.base_url).map_err(|reason| ApiError::BaseUrl { reason })?;
        Ok(Client { inner: Arc::new(Inner { options, http: OnceLock::new() }) })
    }

    /// Returns the calls that `key` may make.
    pub fn with<K: Credential>(&self, key: &K) -> Session<K> {
        Session { client: self.clone(), authorization: keys::authorization(key), kind: PhantomData }
    }

    /// Returns the calls for a login with a device code, which needs no key.
    pub fn device(&self) -> Device<'_> {
        Device::new(Caller::new(self, None))
    }

    /// The address in use.
    pub fn base_url(&self) -> &Url {
        &self.inner.options.base_url
    }

    /// How it behaves.
    pub fn options(&self) -> &ClientOptions {
        &self.inner.options
    }

    /// Returns the HTTP client, built on first use. A failure is not kept, so that a later call may succeed.
    fn http(&self) -> Result<&reqwest::Client, ApiError> {
        if let Some(ready) = self.inner.http.get() {
            return Ok(ready);
        }
        let built = http::build(self.options())?;
        Ok(self.inner.http.get_or_init(|| built))
    }
}

/// A client with a key. Cheap to clone; owns what it needs.
pub struct Session<K> {
    client: Client,
    authorization: HeaderValue,
    kind: PhantomData<fn() -> K>,
}

impl<K> Clone for Session<K> {
    fn clone(&self) -> Self {
        Session { client: self.client.clone(), authorization: self.authorization.clone(), kind: PhantomData }
    }
}

impl<K> fmt::Debug for Session<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("client", &self.client).finish_non_exhaustive()
    }
}

impl<K: Credential> Session<K> {
    /// The client this session was made from.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the same client with another key.
    pub fn with_key<O: Credential>(&self, key: &O) -> Session<O> {
        self.client.with(key)
    }

    /// Whether `other` uses the same key at the same server.
    pub fn has_key_of(&self, other: &Session<K>) -> bool {
        self.authorization == other.authorization && self.client.options().base_url == other.client.options().base_url
    }

    /// Identities: of the account, or the one identity of an identity key.
    pub fn identities(&self) -> Identities<'_, K> {
        Identities::new(self.caller())
    }

    /// Secrets of one identity.
    pub fn secrets<'a>(&'a self, identity: &'a IdentityUuid) -> Secrets<'a> {
        Secrets::new(self.caller(), identity)
    }

    /// Logins at websites of one identity.
    pub fn passwords<'a>(&'a self, identity: &'a IdentityUuid) -> Passwords<'a> {
        Passwords::new(self.caller(), identity)
    }

    /// Mail of one identity.
    pub fn email<'a>(&'a self, identity: &'a IdentityUuid) -> Email<'a> {
        Email::new(self.caller(), identity)
    }

    /// Text messages of one identity.
    pub fn sms<'a>(&'a self, identity: &'a IdentityUuid) -> Sms<'a> {
        Sms::new(self.caller(), identity)
    }

    /// Events of one identity or, if none is named, of everything that the key reaches.
    pub fn events<'a>(&'a self, identity: Option<&'a IdentityUuid>) -> Events<'a> {
        Events::new(self.caller(), identity)
    }

    /// Domains in which addresses can be made.
    pub fn domains(&self) -> Domains<'_> {
        Domains::new(self.caller())
    }

    fn caller(&self) -> Caller<'_> {
        Caller::new(&self.client, Some(&self.authorization))
    }
}

impl Session<ManagementKey> {
    /// Keys that are fenced to one identity.
    pub fn identity_keys(&self) -> IdentityKeys<'_> {
        IdentityKeys::new(self.caller())
    }

    /// Keys for the whole account.
    pub fn management_keys(&self) -> ManagementKeys<'_> {
        ManagementKeys::new(self.caller())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str) -> Result<(), &'static str> {
        check_base_url(&Url::parse(url).unwrap())
    }

    #[test]
    fn keys_go_to_https_or_loopback_only() {
        for good in [
            "https://api.ravi.id",
            "https://api.ravi.app/prefix/",
            "http://127.0.0.1:8000",
            "http://127.9.9.9/",
            "http://localhost:1",
            "http://[::1]:80/",
            "https://10.0.0.1/",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "http://api.ravi.id",
            "http://10.0.0.1",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://[::2]/",
            "https://user@api.ravi.id",
            "https://:pass@api.ravi.id",
            "https://api.ravi.id/?a=b",
            "https://api.ravi.id/#a",
            "ftp://api.ravi.id",
            "file:///etc/passwd",
            "data:text/plain,x",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_sdks_form_of_the_address_is_the_same_base() {
        let base = |url: &str| base_of(Url::parse(url).unwrap()).to_string();
        for (given, expected) in [
            ("https://api.ravi.id/api", "https://api.ravi.id/"),
            ("https://api.ravi.id/api/", "https://api.ravi.id/"),
            ("https://h/ravi/api//", "https://h/ravi"),
            ("https://h/ravi", "https://h/ravi"),
            ("https://h/my-api/", "https://h/my-api/"),
            ("https://api.ravi.id", "https://api.ravi.id/"),
        ] {
            assert_eq!(base(given), expected, "{given}");
        }
    }

    #[test]
    fn the_http_client_is_not_built_before_it_is_needed() {
        let client = Client::new(ClientOptions::new(Url::parse("https://api.ravi.id").unwrap())).unwrap();
        assert!(client.inner.http.get().is_none());
        assert_eq!(format!("{client:?}"), r#"Client { base_url: "https://api.ravi.id/", .. }"#);
    }
}
