//! Login with a device code (RFC 8628, with Ravi's differences): a person approves in a browser while this side polls.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::call::Call;
use super::error::{Cause, Endpoint, Verb};
use super::http::Caller;
use super::{ApiError, Identity, IdentityKey, ManagementKey, lenient};

const TOKEN: &str = "/api/auth/device/token/";

/// The page for people. The server names a page of its API instead.
const PAGE: &str = "https://ravi.id/device";

/// Hosts of Ravi whose page is [`PAGE`].
const RAVI_HOSTS: [&str; 4] = ["api.ravi.id", "api.ravi.app", "ravi.id", "ravi.app"];

/// The current path of the API's own page.
const API_PAGE: &str = "/api/auth/device/verify";

/// A code that waits for approval.
#[derive(Debug, Clone)]
pub struct DeviceCode {
    /// What [`Device::poll`] sends. Whoever has it gets the keys.
    pub device_code: SecretString,
    /// What the person compares or types.
    pub user_code: String,
    /// The page that the server names; see [`verification_page`].
    pub verification_uri: String,
    /// How long the code can be approved.
    pub expires_in: Duration,
    /// Pause between two polls.
    pub interval: Duration,
}

/// The state of a login.
#[derive(Debug, Clone)]
pub enum DevicePoll {
    /// Not yet approved; ask again after the interval.
    Pending,
    /// Ask less often: add 5 s to the interval.
    SlowDown,
    /// Approved. Keep the keys; the code is used up.
    Approved(Box<DeviceLogin>),
    /// The person refused.
    Denied,
    /// Too late; start over.
    Expired,
    /// The server does not know the code, or it was used up.
    Invalid,
}

/// What an approved login gives.
#[derive(Debug, Clone)]
pub struct DeviceLogin {
    /// Key for the account.
    pub management_key: ManagementKey,
    /// Key for the new identity, if the person has just signed up.
    pub identity_key: Option<IdentityKey>,
    /// The new identity, if the person has just signed up.
    pub identity: Option<Identity>,
    /// The identities to choose from, if the person already had an account.
    pub identities: Vec<Identity>,
    /// The person's address.
    pub user_email: Option<String>,
}

/// Calls for a login with a device code.
#[derive(Clone, Copy)]
pub struct Device<'a> {
    caller: Caller<'a>,
}

impl<'a> Device<'a> {
    pub(super) fn new(caller: Caller<'a>) -> Self {
        Device { caller }
    }

    /// `POST /api/auth/device/`
    pub async fn start(&self) -> Result<DeviceCode, ApiError> {
        let wire: CodeWire = self.caller.fetch(Call::post("/api/auth/device/", &[])?.json(&Empty {})).await?;
        Ok(wire.into())
    }

    /// `POST /api/auth/device/token/`, which the server may hold open for a while.
    ///
    /// No answer in time, a broken connection and a server fault count as pending, so that a bad minute does not end
    /// the login. The caller stops when the code has expired.
    pub async fn poll(&self, device_code: &SecretString) -> Result<DevicePoll, ApiError> {
        let body = TokenRequest { device_code: device_code.expose_secret(), wait: true };
        let call = Call::post(TOKEN, &[])?.within(self.caller.options().poll_deadline);
        match self.caller.fetch::<LoginWire>(call.hiding(device_code).json(&body)).await {
            Ok(wire) => wire.into_login().map(|login| DevicePoll::Approved(Box::new(login))),
            Err(error) => standing(error),
        }
    }
}

/// Interprets a refusal. The code counts, not the status, about which standards and servers differ.
fn standing(error: ApiError) -> Result<DevicePoll, ApiError> {
    match error.server_code() {
        Some("authorization_pending") => return Ok(DevicePoll::Pending),
        Some("slow_down") => return Ok(DevicePoll::SlowDown),
        Some("expired_token") => return Ok(DevicePoll::Expired),
        Some("access_denied") => return Ok(DevicePoll::Denied),
        Some("invalid_grant") => return Ok(DevicePoll::Invalid),
        _ => {}
    }
    match error {
        ApiError::Deadline { .. }
        | ApiError::Server { .. }
        | ApiError::Provider { .. }
        | ApiError::Unreachable { cause: Cause::Lost, .. }
        | ApiError::Refused { status: 408 | 425, .. } => Ok(DevicePoll::Pending),
        ApiError::Throttled { .. } => Ok(DevicePoll::SlowDown),
        other => Err(other),
    }
}

/// Returns the page to show to a person, and the page that the server named, in case the first does not work.
///
/// Ravi's own API page is replaced with the one for people, as in the official command line; on other hosts only the
/// path is. A page that is not an `http(s)` address, or that hides its host behind a user name, is not shown at all.
pub fn verification_page(code: &DeviceCode) -> (String, String) {
    let returned = Url::parse(&code.verification_uri).ok().filter(is_showable);
    let mut page = page_for_people(returned.as_ref().filter(|url| !is_ravi(url)));
    if !code.user_code.is_empty() {
        page.query_pairs_mut().append_pair("user_code", &code.user_code);
    }
    let fallback = returned.as_ref().unwrap_or(&page).to_string();
    (page.to_string(), fallback)
}

fn is_showable(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
}

fn is_ravi(url: &Url) -> bool {
    url.host_str().is_some_and(|host| RAVI_HOSTS.contains(&host))
}

fn page_for_people(own: Option<&Url>) -> Url {
    let Some(own) = own else {
        return Url::parse(PAGE).expect("a constant"); // cannot fail: a constant that the tests parse
    };
    let mut page = own.clone();
    if own.path().trim_end_matches('/') == API_PAGE {
        page.set_path("/device");
    }
    page
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct TokenRequest<'a> {
    device_code: &'a str,
    wait: bool,
}

#[derive(Deserialize)]
struct CodeWire {
    device_code: SecretString,
    #[serde(default, deserialize_with = "lenient::text")]
    user_code: String,
    #[serde(default, deserialize_with = "lenient::text")]
    verification_uri: String,
    #[serde(default, deserialize_with = "lenient::maybe_number")]
    expires_in: Option<u64>,
    #[serde(default, deserialize_with = "lenient::maybe_number")]
    interval: Option<u64>,
}

impl From<CodeWire> for DeviceCode {
    fn from(wire: CodeWire) -> Self {
        // RFC 8628 §3.2 for the interval; Ravi's documentation for the lifetime. Bounded, so that clocks can add them.
        let seconds = |value: Option<u64>, otherwise, most| Duration::from_secs(value.unwrap_or(otherwise).min(most));
        DeviceCode {
            device_code: wire.device_code,
            user_code: wire.user_code,
            verification_uri: wire.verification_uri,
            expires_in: seconds(wire.expires_in, 900, 24 * 3600),
            interval: seconds(wire.interval.filter(|s| *s > 0), 5, 3600),
        }
    }
}

#[derive(Deserialize)]
struct LoginWire {
    management_key: SecretString,
    #[serde(default, deserialize_with = "lenient::secret")]
    identity_key: SecretString,
    #[serde(default)]
    identity: Option<Identity>,
    #[serde(default, deserialize_with = "lenient::list")]
    identities: Vec<Identity>,
    #[serde(default)]
    user: Option<UserWire>,
}

#[derive(Deserialize)]
struct UserWire {
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    email: Option<String>,
}

impl LoginWire {
    fn into_login(self) -> Result<DeviceLogin, ApiError> {
        let endpoint = Endpoint { verb: Verb::Post, template: TOKEN };
        let management_key = ManagementKey::parse(self.management_key)
            .map_err(|_| ApiError::garbage(endpoint, "what it gives as the management key is not one"))?;
        // An empty identity key, or one of another form, means that there is none: it can be minted.
        let identity_key = IdentityKey::parse(self.identity_key).ok();
        let user_email = self.user.and_then(|user| user.email);
        Ok(DeviceLogin {
            management_key,
            identity_key,
            identity: self.identity,
            identities: self.identities,
            user_email,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(verification_uri: &str, user_code: &str) -> (String, String) {
        verification_page(&DeviceCode {
            device_code: "made-up".into(),
            user_code: user_code.into(),
            verification_uri: verification_uri.into(),
            expires_in: Duration::from_secs(900),
            interval: Duration::from_secs(5),
        })
    }

    #[test]
    fn the_page_for_people_is_shown() {
        let ravi = "https://ravi.id/device?user_code=TEST-1234";
        for (returned, shown) in [
            ("https://api.ravi.app/api/auth/device/verify/", ravi),
            ("https://api.ravi.app/api/auth/device/verify", ravi),
            ("https://api.ravi.id/api/auth/device/verify/", ravi),
            ("https://ravi.app/device", ravi),
            ("", ravi),
            ("http://localhost:8000/api/auth/device/verify/", "http://localhost:8000/device?user_code=TEST-1234"),
            ("http://127.0.0.1:0/verify", "http://127.0.0.1:0/verify?user_code=TEST-1234"),
            ("javascript:alert(1)", ravi),
            ("file:///etc/passwd", ravi),
            ("https://ravi.id@evil.example/", ravi),
        ] {
            assert_eq!(page(returned, "TEST-1234").0, shown, "{returned}");
        }
        assert_eq!(page("https://api.ravi.app/api/auth/device/verify/", "").0, "https://ravi.id/device");
        assert_eq!(page("http://127.0.0.1:0/verify", "").0, "http://127.0.0.1:0/verify");
    }

    #[test]
    fn the_returned_page_is_the_fallback_if_it_is_one() {
        let returned = "https://api.ravi.app/api/auth/device/verify/";
        assert_eq!(page(returned, "TEST-1234").1, returned);
        for none in ["", "javascript:alert(1)", "https://a:b@ravi.id/"] {
            assert_eq!(page(none, "TEST-1234").1, "https://ravi.id/device?user_code=TEST-1234", "{none}");
        }
    }
}
