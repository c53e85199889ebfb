//! What can go wrong between here and Ravi, as cases a caller can act on.
//!
//! The one question that HTTP libraries leave open matters most here, as the API has no idempotency keys: may the call
//! have taken effect although it failed? [`ApiError::outcome_unknown`] answers it.

use std::fmt;
use std::time::Duration;

use crate::error::{Explain, Kind};

/// Which call failed: method and path, without the values of identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    pub(super) verb: Verb,
    pub(super) template: &'static str,
}

impl Endpoint {
    /// Ravi itself answers with a page where an identifier in a path is of another form than its own.
    fn or_its_id(&self) -> &'static str {
        if self.template.contains("{}") { ", and that the id is written as Ravi writes it" } else { "" }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb.as_str(), self.template)
    }
}

/// The methods the API has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Patch,
    Delete,
}

impl Verb {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
        }
    }

    /// Whether doing it twice is the same as doing it once. True of `PATCH`, as every body sent here sets values.
    pub(super) fn is_idempotent(self) -> bool {
        self != Verb::Post
    }
}

/// What the server said about a refusal. Bounded, one line, without keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerMessage {
    /// Its code, e.g. `identity.no_inbox`; the most specific one; `http.502` where it gave none.
    pub code: String,
    /// Its text; `HTTP 502` where it gave none.
    pub message: String,
    /// Name of a field of the request and what is wrong with it.
    pub fields: Vec<(String, String)>,
}

impl fmt::Display for ServerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Nobody listens at the address.
    Refused,
    /// No connection in time.
    ConnectTimeout,
    /// The other side could not prove who it is, or speaks no TLS.
    Tls,
    /// No connection for another reason, such as a name that cannot be found.
    Connect,
    /// The connection broke after the request had begun to be sent.
    Lost,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::Refused => "connection refused",
            Cause::ConnectTimeout => "no connection in time",
            Cause::Tls => "no secure connection",
            Cause::Connect => "no connection",
            Cause::Lost => "the connection broke",
        })
    }
}

/// A call to Ravi that failed. Holds no secret and no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// No answer.
    #[error("{endpoint}: {host} cannot be reached: {cause}{}", aside(.detail))]
    Unreachable {
        /// The call.
        endpoint: Endpoint,
        /// Host and port that were asked.
        host: String,
        /// Why.
        cause: Cause,
        /// What the system said, may be empty.
        detail: String,
        /// Whether the call may have taken effect.
        outcome_unknown: bool,
    },
    /// Not done in the time a call has.
    #[error("{endpoint}: not done within {after:?}")]
    Deadline {
        /// The call.
        endpoint: Endpoint,
        /// The time it had.
        after: Duration,
        /// Whether the call may have taken effect.
        outcome_unknown: bool,
    },
    /// 401: no such key, or revoked.
    #[error("{endpoint}: the key was not accepted: {server}")]
    Unauthorized {
        /// The call.
        endpoint: Endpoint,
        /// What the server said.
        server: Box<ServerMessage>,
    },
    /// 403: the key may not do this.
    #[error("{endpoint}: the key may not do this: {server}")]
    Forbidden {
        /// The call.
        endpoint: Endpoint,
        /// What the server said.
        server: Box<ServerMessage>,
    },
    /// 402: the account's plan does not include it.
    #[error("{endpoint}: the plan does not include this: {server}")]
    PlanNeeded {
        /// The call.
        endpoint: Endpoint,
        /// What the server said.
        server: Box<ServerMessage>,
    },
    /// 404: absent, or not visible to this key.
    #[error("{endpoint}: not found: {server}")]
    NotFound {
        /// The call.
        endpoint: Endpoint,
        /// What the server said.
        server: Box<ServerMessage>,
    },
    /// 404, but not as Ravi says it: nothing is known about what was asked for.
    #[error("{endpoint}: {address} answers 404, and not as Ravi's API does")]
    NotRavi {
        /// The call.
        endpoint: Endpoint,
        /// The address of the API that was asked: scheme, host and the path before `/api/`.
        address: String,
    },
    /// 401, 402, 403, 407 or 511 of something between here and Ravi: a proxy, a firewall, a network that wants a login.
    /// Ravi was not asked, so that it says nothing about the key.
    #[error("{endpoint}: refused ({status}) by something between here and {host}{}", aside(.by))]
    Gateway {
        /// The call.
        endpoint: Endpoint,
        /// HTTP status.
        status: u16,
        /// Host and port that were asked.
        host: String,
        /// What it calls itself (`Server` or `Via`), may be empty.
        by: String,
    },
    /// 409: an address that is taken, a second phone.
    #[error("{endpoint}: conflict: {server}")]
    Conflict {
        /// The call.
        endpoint: Endpoint,
        /// What the server said.
        server: Box<ServerMessage>,
    },
    /// 400 or 422: the request is not acceptable.
    #[error("{endpoint}: not accepted: {server}")]
    Invalid {
        /// The call.
        endpoint: Endpoint,
        /// 400 or 422.
        status: u16,
        /// What the server said, by field where it did.
        server: Box<ServerMessage>,
    },
    /// 429: too many calls; refused without effect.
    #[error("{endpoint}: too many calls{}: {server}", wait(.retry_after))]
    Throttled {
        /// The call.
        endpoint: Endpoint,
        /// When to ask again, counted from the answer.
        retry_after: Option<Duration>,
        /// What the server said.
        server: Box<ServerMessage>,
    },
    /// 5xx except 502 and 503: a fault of the server.
    #[error("{endpoint}: the server failed ({status}): {server}")]
    Server {
        /// The call.
        endpoint: Endpoint,
        /// HTTP status.
        status: u16,
        /// When to ask again, where the server said so.
        retry_after: Option<Duration>,
        /// What the server said.
        server: Box<ServerMessage>,
        /// Whether the call may have taken effect.
        outcome_unknown: bool,
    },
    /// 502 or 503: a provider behind Ravi (telephony, mail) failed, or has no number to give.
    #[error("{endpoint}: a provider behind Ravi failed ({status}): {server}")]
    Provider {
        /// The call.
        endpoint: Endpoint,
        /// 502 or 503.
        status: u16,
        /// When to ask again, where the server said so.
        retry_after: Option<Duration>,
        /// What the server said.
        server: Box<ServerMessage>,
        /// Whether the call may have taken effect.
        outcome_unknown: bool,
    },
    /// Any other status that is no success.
    #[error("{endpoint}: refused ({status}): {server}")]
    Refused {
        /// The call.
        endpoint: Endpoint,
        /// HTTP status.
        status: u16,
        /// What the server said.
        server: Box<ServerMessage>,
        /// Whether the call may have taken effect.
        outcome_unknown: bool,
    },
    /// The status says success, the body cannot be understood.
    #[error("{endpoint}: the answer cannot be understood: {what}")]
    Garbage {
        /// The call.
        endpoint: Endpoint,
        /// Where it is wrong, never with which value: `wrong shape at results[0].uuid`.
        what: String,
        /// Whether the call may have taken effect.
        outcome_unknown: bool,
    },
    /// The answer is larger than is read.
    #[error("{endpoint}: the answer is larger than {limit} bytes or has too many pages")]
    TooLarge {
        /// The call.
        endpoint: Endpoint,
        /// Most bytes that are read.
        limit: usize,
        /// Whether the call may have taken effect.
        outcome_unknown: bool,
    },
    /// The server points to a place that the key is not sent to.
    #[error("{endpoint}: the server points to {to}, where the key is not sent")]
    Redirected {
        /// The call.
        endpoint: Endpoint,
        /// Scheme and host it points to.
        to: String,
        /// Whether the call may have taken effect.
        outcome_unknown: bool,
    },
    /// What was given as a key is none. Nothing was sent.
    #[error("this is not a key of the form {expected}: {reason}")]
    BadKey {
        /// How such a key begins.
        expected: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An identifier that cannot be put into an address. Nothing was sent.
    #[error("{endpoint}: an identifier is empty or not usable")]
    BadId {
        /// The call.
        endpoint: Endpoint,
    },
    /// The address of the API is not one that keys may be sent to.
    #[error("the API address is not usable: {reason}")]
    BaseUrl {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The HTTP client could not be built, e.g. because no CA certificates are installed. Nothing was sent.
    #[error("no HTTP client: {reason}")]
    Setup {
        /// What the library said.
        reason: String,
    },
}

fn aside(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" ({detail})") }
}

fn wait(after: &Option<Duration>) -> String {
    after.map(|d| format!(", ask again in {} s", d.as_secs_f32().ceil())).unwrap_or_default()
}

impl ApiError {
    /// The HTTP status, where there was an answer that was refused.
    pub fn status(&self) -> Option<u16> {
        match self {
            ApiError::Unauthorized { .. } => Some(401),
            ApiError::PlanNeeded { .. } => Some(402),
            ApiError::Forbidden { .. } => Some(403),
            ApiError::NotFound { .. } | ApiError::NotRavi { .. } => Some(404),
            ApiError::Conflict { .. } => Some(409),
            ApiError::Throttled { .. } => Some(429),
            ApiError::Invalid { status, .. }
            | ApiError::Server { status, .. }
            | ApiError::Provider { status, .. }
            | ApiError::Gateway { status, .. }
            | ApiError::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// What the server said, where it refused.
    pub fn server(&self) -> Option<&ServerMessage> {
        match self {
            ApiError::Unauthorized { server, .. }
            | ApiError::Forbidden { server, .. }
            | ApiError::PlanNeeded { server, .. }
            | ApiError::NotFound { server, .. }
            | ApiError::Conflict { server, .. }
            | ApiError::Invalid { server, .. }
            | ApiError::Throttled { server, .. }
            | ApiError::Server { server, .. }
            | ApiError::Provider { server, .. }
            | ApiError::Refused { server, .. } => Some(server),
            _ => None,
        }
    }

    /// The server's code for the refusal; `http.<status>` where it gave none.
    pub fn server_code(&self) -> Option<&str> {
        self.server().map(|s| s.code.as_str())
    }

    /// When the server wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            ApiError::Throttled { retry_after, .. }
            | ApiError::Server { retry_after, .. }
            | ApiError::Provider { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether a call that must not be done twice may have taken effect: its answer was lost or not understood, or the
    /// server failed meanwhile. Look before doing it again. Never true of reads, deletions and changes of values.
    pub fn outcome_unknown(&self) -> bool {
        match self {
            ApiError::Unreachable { outcome_unknown, .. }
            | ApiError::Deadline { outcome_unknown, .. }
            | ApiError::Server { outcome_unknown, .. }
            | ApiError::Provider { outcome_unknown, .. }
            | ApiError::Refused { outcome_unknown, .. }
            | ApiError::Garbage { outcome_unknown, .. }
            | ApiError::TooLarge { outcome_unknown, .. }
            | ApiError::Redirected { outcome_unknown, .. } => *outcome_unknown,
            _ => false,
        }
    }

    /// Whether the server does not have the call, or not for this key, so that another way has to do. A key that is not
    /// accepted at all is not meant, nor is what stands in between.
    pub fn not_offered(&self) -> bool {
        matches!(
            self,
            ApiError::Forbidden { .. }
                | ApiError::PlanNeeded { .. }
                | ApiError::NotFound { .. }
                | ApiError::NotRavi { .. }
                | ApiError::Refused { status: 405 | 410, .. }
                | ApiError::Server { status: 501, .. }
        )
    }

    pub(super) fn garbage(endpoint: Endpoint, what: impl Into<String>) -> ApiError {
        ApiError::Garbage { endpoint, what: what.into(), outcome_unknown: !endpoint.verb.is_idempotent() }
    }
}

impl Explain for ApiError {
    fn code(&self) -> String {
        let case = match self {
            ApiError::Unreachable { .. } => "unreachable",
            ApiError::Deadline { .. } => "deadline",
            ApiError::Unauthorized { .. } => "unauthorized",
            ApiError::Forbidden { .. } => "forbidden",
            ApiError::PlanNeeded { .. } => "plan_needed",
            ApiError::NotFound { .. } => "not_found",
            ApiError::NotRavi { .. } => "not_ravi",
            ApiError::Gateway { .. } => "gateway",
            ApiError::Conflict { .. } => "conflict",
            ApiError::Invalid { .. } => "invalid",
            ApiError::Throttled { .. } => "throttled",
            ApiError::Server { .. } => "server",
            ApiError::Provider { .. } => "provider",
            ApiError::Refused { .. } => "refused",
            ApiError::Garbage { .. } => "garbage",
            ApiError::TooLarge { .. } => "too_large",
            ApiError::Redirected { .. } => "redirected",
            ApiError::BadKey { .. } => "bad_key",
            ApiError::BadId { .. } => "bad_id",
            ApiError::BaseUrl { .. } => "base_url",
            ApiError::Setup { .. } => "setup",
        };
        format!("api.{case}")
    }

    fn hint(&self) -> String {
        match self {
            ApiError::Unreachable { cause: Cause::Tls, .. } => {
                "Check the address, the machine's clock and its CA certificates.".into()
            }
            ApiError::Unreachable { .. } | ApiError::Deadline { .. } => {
                "Check the network and the address of the API (RAVI_API_URL), then run it again.".into()
            }
            ApiError::Unauthorized { .. } => "Sign in again, or set RAVI_API_KEY to a key that is not revoked.".into(),
            ApiError::Forbidden { .. } => {
                "Use a management key for the account, or the key of this very identity.".into()
            }
            ApiError::PlanNeeded { .. } => "Change the plan of the Ravi account, or do without this.".into(),
            ApiError::NotFound { .. } => {
                "Check the name, and that the key belongs to this account and identity.".into()
            }
            ApiError::NotRavi { endpoint, .. } => {
                format!(
                    "Check the address of the API (RAVI_API_URL, apiUrl in the configuration){}.",
                    endpoint.or_its_id()
                )
            }
            ApiError::Gateway { host, by, .. } => format!(
                "Sign in to the network, or have its proxy, firewall or VPN{} let {host} through, then run it again.",
                aside(by)
            ),
            ApiError::Conflict { .. } => "Choose another name or address, or use the one that exists.".into(),
            ApiError::Invalid { .. } => "Change what the server names, then run it again.".into(),
            ApiError::Throttled { retry_after: Some(after), .. } => {
                format!("Run it again in {} s.", after.as_secs_f32().ceil())
            }
            ApiError::Throttled { .. } => "Wait a little, then run it again.".into(),
            ApiError::Server { .. } | ApiError::Provider { .. } => "Ravi has a fault; run it again later.".into(),
            ApiError::Refused { .. } | ApiError::Garbage { .. } => {
                "Check that the address of the API (RAVI_API_URL) is Ravi's and that nothing stands in between.".into()
            }
            ApiError::TooLarge { .. } => "Ask for less at once.".into(),
            ApiError::Redirected { .. } => "Set the address of the API (RAVI_API_URL) to where it is now.".into(),
            ApiError::BadKey { .. } => "Copy the whole key from Ravi's page of API keys.".into(),
            ApiError::BadId { .. } => "Give the identifier as the server does.".into(),
            ApiError::BaseUrl { .. } => "Use an https address such as https://api.ravi.id, or http on loopback.".into(),
            ApiError::Setup { .. } => "Install the system's CA certificates (package ca-certificates).".into(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            ApiError::Unreachable { .. }
            | ApiError::Deadline { .. }
            | ApiError::Server { .. }
            | ApiError::Provider { .. } => Kind::Unreachable,
            // Ravi was not asked, and will be once the network lets the call through.
            ApiError::Gateway { .. } => Kind::Unreachable,
            // The same call works after a while, as after an outage. Shorter waits are none of the caller's business.
            ApiError::Throttled { .. } => Kind::Unreachable,
            ApiError::Unauthorized { .. } | ApiError::Forbidden { .. } | ApiError::BadKey { .. } => Kind::Account,
            ApiError::NotFound { .. } => Kind::NotFound,
            ApiError::PlanNeeded { .. } => Kind::Policy,
            ApiError::BaseUrl { .. } => Kind::Usage,
            _ => Kind::Failed,
        }
    }
}
