//! What can go wrong between here and Ravi, as cases that a caller can act on.
//!
//! The question that HTTP libraries leave open matters most here, because the API has no idempotency keys: may the call
//! have taken effect although it failed? [`ApiError::outcome_unknown`] answers it.

use std::fmt;
use std::time::Duration;

use ravi_error::Explain;

/// Which call failed: method and path, without the values of identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    pub(super) verb: Verb,
    pub(super) template: &'static str,
}

impl Endpoint {
    /// A hint about the id: Ravi itself answers with a page if an identifier in a path has another form than its own.
    fn or_its_id(&self) -> &'static str {
        if self.template.contains("{}") { ", and that the id is in the form that Ravi uses" } else { "" }
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

    /// Whether doing it twice is the same as doing it once. True of `PATCH`, because every body sent here sets values.
    pub(super) fn is_idempotent(self) -> bool {
        self != Verb::Post
    }
}

/// What the server said about a refusal. Bounded, on one line, without keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerMessage {
    /// Its code, such as `identity.no_inbox`: the most specific one, or `http.502` if there is none.
    pub code: String,
    /// Its text; `HTTP 502` if there is none.
    pub message: String,
    /// Names of fields of the request, and what is wrong with each.
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
    /// The other side could not prove its identity, or does not speak TLS.
    Tls,
    /// No connection for another reason, such as a name that cannot be resolved.
    Connect,
    /// The connection broke after sending had begun.
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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum ApiError {
    /// No answer.
    #[error("{endpoint}: {host} cannot be reached: {cause}{}", aside(.detail))]
    #[explain(
        if = *cause == Cause::Tls,
        code = "api.unreachable",
        kind = Unreachable,
        hint = "Check the address, the machine's clock and its CA certificates."
    )]
    #[explain(
        code = "api.unreachable",
        kind = Unreachable,
        hint = "Check the network and the address of the API (RAVI_API_URL), then run it again."
    )]
    Unreachable {
        /// The call.
        endpoint: Endpoint,
        /// Host and port that were used.
        host: String,
        /// Why.
        cause: Cause,
        /// What the operating system said; may be empty.
        detail: String,
        /// Whether the call may have taken effect.
        outcome_unknown: bool,
    },
    /// The call did not finish in the time that it had.
    #[error("{endpoint}: not done within {after:?}")]
    #[explain(
        code = "api.deadline",
        kind = Unreachable,
        hint = "Check the network and the address of the API (RAVI_API_URL), then run it again."
    )]
    Deadline {
        /// The call.
        endpoint: Endpoint,
        /// The time that it had.
        after: Duration,
        /// Whether the call may have taken effect.
        outcome_unknown: bool,
    },
    /// 401: there is no such key, or it was revoked.
    #[error("{endpoint}: the key was not accepted: {server}")]
    #[explain(
        code = "api.unauthorized",
        kind = Account,
        hint = "Sign in again, or set RAVI_API_KEY to a key that has not been revoked."
    )]
    Unauthorized {
        /// The call.
        endpoint: Endpoint,
        /// What the server said.
        server: Box<ServerMessage>,
    },
    /// 403: the key may not do this.
    #[error("{endpoint}: the key may not do this: {server}")]
    #[explain(
        code = "api.forbidden",
        kind = Account,
        hint = "Use a management key for the account, or the key of this very identity."
    )]
    Forbidden {
        /// The call.
        endpoint: Endpoint,
        /// What the server said.
        server: Box<ServerMessage>,
    },
    /// 402: the account's plan does not include it.
    #[error("{endpoint}: the plan does not include this: {server}")]
    #[explain(
        code = "api.plan_needed",
        kind = Policy,
        hint = "Change the plan of the Ravi account, or do without this."
    )]
    PlanNeeded {
        /// The call.
        endpoint: Endpoint,
        /// What the server said.
        server: Box<ServerMessage>,
    },
    /// 404: it does not exist, or this key cannot see it.
    #[error("{endpoint}: not found: {server}")]
    #[explain(
        code = "api.not_found",
        kind = NotFound,
        hint = "Check the name, and that the key belongs to this account and identity."
    )]
    NotFound {
        /// The call.
        endpoint: Endpoint,
        /// What the server said.
        server: Box<ServerMessage>,
    },
    /// 404, but not in Ravi's form: this says nothing about what was asked for.
    #[error("{endpoint}: {address} answers 404, but not in the way of Ravi's API")]
    #[explain(
        code = "api.not_ravi",
        hint("Check the address of the API (RAVI_API_URL, apiUrl in the configuration){}.", endpoint.or_its_id())
    )]
    NotRavi {
        /// The call.
        endpoint: Endpoint,
        /// The address of the API: scheme, host and the path before `/api/`.
        address: String,
    },
    /// 401, 402, 403, 407 or 511 from something between here and Ravi: a proxy, a firewall, a network that wants a
    /// login. Ravi was not asked, so this says nothing about the key.
    #[error("{endpoint}: refused ({status}) by something between here and {host}{}", aside(.by))]
    // Ravi was not asked, and will be once the network lets the call through.
    #[explain(
        code = "api.gateway",
        kind = Unreachable,
        hint(
            "Sign in to the network, or have its proxy, firewall or VPN{} let {host} through, then run it again.",
            aside(by)
        )
    )]
    Gateway {
        /// The call.
        endpoint: Endpoint,
        /// HTTP status.
        status: u16,
        /// Host and port that were used.
        host: String,
        /// What it calls itself (`Server` or `Via`); may be empty.
        by: String,
    },
    /// 409: an address that is taken, or a second phone.
    #[error("{endpoint}: conflict: {server}")]
    #[explain(code = "api.conflict", hint = "Choose another name or address, or use the one that exists.")]
    Conflict {
        /// The call.
        endpoint: Endpoint,
        /// What the server said.
        server: Box<ServerMessage>,
    },
    /// 400 or 422: the request is not acceptable.
    #[error("{endpoint}: not accepted: {server}")]
    #[explain(code = "api.invalid", hint = "Correct what the server names, then run it again.")]
    Invalid {
        /// The call.
        endpoint: Endpoint,
        /// 400 or 422.
        status: u16,
        /// What the server said, by field if it did.
        server: Box<ServerMessage>,
    },
    /// 429: too many calls; refused without effect.
    #[error("{endpoint}: too many calls{}: {server}", wait(.retry_after))]
    // The same call works after a while, as after an outage. Shorter waits do not concern the caller.
    #[explain(
        if = retry_after.is_none(),
        code = "api.throttled",
        kind = Unreachable,
        hint = "Wait a little, then run it again."
    )]
    #[explain(
        code = "api.throttled",
        kind = Unreachable,
        hint("Run it again in {} s.", retry_after.unwrap_or_default().as_secs_f32().ceil())
    )]
    Throttled {
        /// The call.
        endpoint: Endpoint,
        /// When to try again, counted from the answer.
        retry_after: Option<Duration>,
        /// What the server said.
        server: Box<ServerMessage>,
    },
    /// 5xx except 502 and 503: a fault of the server.
    #[error("{endpoint}: the server failed ({status}): {server}")]
    #[explain(code = "api.server", kind = Unreachable, hint = "Ravi has a fault; run it again later.")]
    Server {
        /// The call.
        endpoint: Endpoint,
        /// HTTP status.
        status: u16,
        /// When to try again, if the server said so.
        retry_after: Option<Duration>,
        /// What the server said.
        server: Box<ServerMessage>,
        /// Whether the call may have taken effect.
        outcome_unknown: bool,
    },
    /// 502 or 503: a provider behind Ravi (telephony, mail) failed, or has no number to give.
    #[error("{endpoint}: a provider behind Ravi failed ({status}): {server}")]
    #[explain(code = "api.provider", kind = Unreachable, hint = "Ravi has a fault; run it again later.")]
    Provider {
        /// The call.
        endpoint: Endpoint,
        /// 502 or 503.
        status: u16,
        /// When to try again, if the server said so.
        retry_after: Option<Duration>,
        /// What the server said.
        server: Box<ServerMessage>,
        /// Whether the call may have taken effect.
        outcome_unknown: bool,
    },
    /// Any other status that is not a success.
    #[error("{endpoint}: refused ({status}): {server}")]
    #[explain(
        code = "api.refused",
        hint = "Check that the address of the API (RAVI_API_URL) is Ravi's and that nothing intercepts the connection."
    )]
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
    /// The status says success, but the body cannot be understood.
    #[error("{endpoint}: the answer cannot be understood: {what}")]
    #[explain(
        code = "api.garbage",
        hint = "Check that the address of the API (RAVI_API_URL) is Ravi's and that nothing intercepts the connection."
    )]
    Garbage {
        /// The call.
        endpoint: Endpoint,
        /// Where it is wrong, never with which value: `wrong shape at results[0].uuid`.
        what: String,
        /// Whether the call may have taken effect.
        outcome_unknown: bool,
    },
    /// The answer is larger than this client reads.
    #[error("{endpoint}: the answer is larger than {limit} bytes or has too many pages")]
    #[explain(code = "api.too_large", hint = "Ask for less at once.")]
    TooLarge {
        /// The call.
        endpoint: Endpoint,
        /// Most bytes that are read.
        limit: usize,
        /// Whether the call may have taken effect.
        outcome_unknown: bool,
    },
    /// The server redirects to a place to which the key is not sent.
    #[error("{endpoint}: the server redirects to {to}, to which the key is not sent")]
    #[explain(code = "api.redirected", hint = "Set the address of the API (RAVI_API_URL) to its present one.")]
    Redirected {
        /// The call.
        endpoint: Endpoint,
        /// Scheme and host that it redirects to.
        to: String,
        /// Whether the call may have taken effect.
        outcome_unknown: bool,
    },
    /// What was given as a key is not one. Nothing was sent.
    #[error("this is not a key of the form {expected}: {reason}")]
    #[explain(code = "api.bad_key", kind = Account, hint = "Copy the whole key from Ravi's page of API keys.")]
    BadKey {
        /// How such a key begins.
        expected: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An identifier cannot be put into an address. Nothing was sent.
    #[error("{endpoint}: an identifier is empty or cannot be used")]
    #[explain(code = "api.bad_id", hint = "Give the identifier in the form that the server uses.")]
    BadId {
        /// The call.
        endpoint: Endpoint,
    },
    /// The address of the API is not one that keys may be sent to.
    #[error("the API address cannot be used: {reason}")]
    #[explain(
        code = "api.base_url",
        kind = Usage,
        hint = "Use an https address such as https://api.ravi.id, or http on loopback."
    )]
    BaseUrl {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The HTTP client could not be built, for example because no CA certificates are installed. Nothing was sent.
    #[error("the HTTP client cannot be set up: {reason}")]
    #[explain(code = "api.setup", hint = "Install the system's CA certificates (package ca-certificates).")]
    Setup {
        /// What the library said.
        reason: String,
    },
}

fn aside(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" ({detail})") }
}

fn wait(after: &Option<Duration>) -> String {
    after.map(|d| format!(", try again in {} s", d.as_secs_f32().ceil())).unwrap_or_default()
}

impl ApiError {
    /// Returns the HTTP status, if there was an answer and it was a refusal.
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

    /// Returns what the server said, if it refused.
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

    /// Returns the server's code for the refusal; `http.<status>` if it gave none.
    pub fn server_code(&self) -> Option<&str> {
        self.server().map(|s| s.code.as_str())
    }

    /// Returns when the server wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            ApiError::Throttled { retry_after, .. }
            | ApiError::Server { retry_after, .. }
            | ApiError::Provider { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether a call that must not be done twice may have taken effect: its answer was lost or not understood, or the
    /// server failed in the meantime.
    ///
    /// Look before you repeat it. Never true of reads, deletions and changes of values.
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

    /// Whether the server does not offer the call, or not to this key, so that another way has to do. This does not
    /// include a key that is not accepted at all, nor a refusal from something in between.
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
