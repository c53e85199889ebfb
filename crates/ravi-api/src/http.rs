//! One call over HTTP: sending, retrying, the bounded answer, and which answers are errors.
//!
//! Every way out of here is bounded: in time (the deadline of the call), in bytes, in redirects and in attempts. The
//! key is sent to one origin only.

use std::collections::HashSet;
use std::error::Error as _;
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use backon::Retryable;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, SERVER, VIA,
};
use reqwest::{Method, Request, Response, StatusCode};
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use super::call::Call;
use super::envelope::{self, Refusal};
use super::error::{ApiError, Cause, Endpoint, Verb};
use super::retry::{self, Effect, Failure, Policy};
use super::{Client, ClientOptions, scrub};
use crate::Moment;
use ravi_error::Explain;

/// How many redirects on the same origin are followed.
const MOST_REDIRECTS: usize = 3;

/// How many bytes of a refusal are read.
const MOST_OF_A_REFUSAL: usize = 64 * 1024;

/// How long to wait for the text of a refusal. Its status is known by then, and says more than a missed deadline.
const PATIENCE_FOR_A_REFUSAL: Duration = Duration::from_secs(5);

/// No call may take longer, whatever the options say: clocks cannot add every duration.
const LONGEST_DEADLINE: Duration = Duration::from_secs(24 * 3600);

/// Longest wait for a connection. Half of a shorter deadline, so that "never sent" can still be told from "no answer".
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// Builds the HTTP client. It does not follow redirects, because it would do so before the origin is checked.
pub(super) fn build(options: &ClientOptions) -> Result<reqwest::Client, ApiError> {
    finish(builder(options))
}

/// Builds one that speaks HTTP/1.1 only, for connections that are upgraded to something else.
#[cfg(feature = "live")]
pub(super) fn build_http1(options: &ClientOptions) -> Result<reqwest::Client, ApiError> {
    finish(builder(options).http1_only())
}

fn finish(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, ApiError> {
    builder.build().map_err(|error| ApiError::Setup { reason: scrub::scrub(&innermost(&error), None) })
}

fn builder(options: &ClientOptions) -> reqwest::ClientBuilder {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have been first, which is just as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let builder = reqwest::Client::builder()
        .user_agent(&options.user_agent)
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(LONGEST_CONNECT.min(options.deadline / 2));
    match options.base_url.scheme() {
        "https" => builder.https_only(true),
        // Loopback. No proxy may see the key, and no certificates are needed, which a small machine may lack.
        _ => builder.no_proxy().tls_certs_only([]),
    }
}

/// A success. The bytes may contain secrets, so they are wiped.
#[derive(Default)]
pub(super) struct Reply {
    status: u16,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// Where a call goes, and with which key.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    client: &'a Client,
    authorization: Option<&'a HeaderValue>,
}

impl<'a> Caller<'a> {
    pub(super) fn new(client: &'a Client, authorization: Option<&'a HeaderValue>) -> Self {
        Caller { client, authorization }
    }

    pub(super) fn options(&self) -> &'a ClientOptions {
        self.client.options()
    }

    /// Makes the call and decodes the answer.
    pub(super) async fn fetch<T: DeserializeOwned>(self, call: Call<'_>) -> Result<T, ApiError> {
        let reply = self.reply(&call).await?;
        decode(call.endpoint, &reply.body)
    }

    /// Makes the call; any success will do.
    pub(super) async fn discard(self, call: Call<'_>) -> Result<(), ApiError> {
        self.reply(&call).await.map(drop)
    }

    /// Makes the call once and returns the `Date` of the answer, whatever that is.
    pub(super) async fn date(self, call: &Call<'_>) -> Result<Option<SystemTime>, ApiError> {
        let url = call.url(&self.options().base_url);
        self.timed(call, |_| async move {
            let response = self.send(self.client.http()?, call, url).await.map_err(|failure| failure.error)?;
            let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
            Ok(date.and_then(|date| httpdate::parse_http_date(date).ok()))
        })
        .await
    }

    async fn reply(self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let url = call.url(&self.options().base_url);
        self.timed(call, |until| self.exchange(call, url, self.options().max_body, until)).await
    }

    /// Fetches every page of a list, within the time and size of one call.
    pub(super) async fn pages(
        self,
        call: &Call<'_>,
        mut take: impl FnMut(Endpoint, &[u8]) -> Result<Option<String>, ApiError>,
        most: usize,
    ) -> Result<(), ApiError> {
        self.timed(call, |until| async move {
            let mut url = call.url(&self.options().base_url);
            let mut left = self.options().max_body;
            let mut seen = HashSet::new();
            for _ in 0..most {
                let reply = self.exchange(call, url.clone(), left, until).await?;
                left = left.saturating_sub(reply.body.len());
                let Some(next) = take(call.endpoint, &reply.body)? else { return Ok(()) };
                let next = call.next_page(&self.options().base_url, &url, &next)?;
                seen.insert(std::mem::replace(&mut url, next));
                if seen.contains(&url) {
                    return Err(ApiError::garbage(call.endpoint, "the pages of the list form a loop"));
                }
            }
            Err(self.too_large(call.endpoint))
        })
        .await
    }

    async fn timed<T, F>(self, call: &Call<'_>, work: impl FnOnce(Instant) -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let after = call.deadline.unwrap_or(self.options().deadline).min(LONGEST_DEADLINE);
        let until = Instant::now() + after;
        tokio::time::timeout_at(until, work(until)).await.unwrap_or_else(|_| {
            // Pauses end before the deadline (see `Policy::pause`), so an attempt was under way.
            let outcome_unknown = !call.endpoint.verb.is_idempotent();
            Err(ApiError::Deadline { endpoint: call.endpoint, after, outcome_unknown })
        })
    }

    /// Makes attempts until one succeeds or no more are allowed.
    async fn exchange(self, call: &Call<'_>, url: Url, limit: usize, until: Instant) -> Result<Reply, ApiError> {
        let http = self.client.http()?;
        let options = self.options();
        let mut policy = Policy::new(call.endpoint.verb, options.retry_base, options.retry_ceiling);
        let unclear = AtomicBool::new(false);
        let mut number = 0;
        let attempt = || {
            number += 1;
            self.attempt(http, call, url.clone(), limit, number)
        };
        let changes = call.endpoint.verb != Verb::Get;
        if changes {
            (options.on_change)(Moment::Before, call.endpoint);
        }
        let outcome = attempt
            .retry(retry::schedule(options.retry_base).with_jitter())
            .adjust(|failure: &Failure, planned| {
                unclear.fetch_or(failure.effect == Effect::Unclear, Ordering::Relaxed);
                policy.pause(failure, planned, until.saturating_duration_since(Instant::now()))
            })
            .await;
        if changes {
            (options.on_change)(Moment::After, call.endpoint);
        }
        match outcome {
            Ok(reply) => Ok(reply),
            // The answer to an earlier attempt was lost, and that attempt had deleted it.
            Err(Failure { error: ApiError::NotFound { .. }, .. })
                if call.endpoint.verb == Verb::Delete && unclear.load(Ordering::Relaxed) =>
            {
                Ok(Reply::default())
            }
            Err(failure) => Err(failure.error),
        }
    }

    async fn attempt(
        self,
        http: &reqwest::Client,
        call: &Call<'_>,
        url: Url,
        limit: usize,
        number: u32,
    ) -> Result<Reply, Failure> {
        let started = Instant::now();
        let outcome = match self.send(http, call, url).await {
            Ok(response) => self.receive(call, response, limit).await,
            Err(failure) => Err(failure),
        };
        log(call.endpoint, number, started, &outcome);
        outcome
    }

    /// Sends, and follows redirects of a `GET` on the same origin.
    async fn send(self, http: &reqwest::Client, call: &Call<'_>, mut url: Url) -> Result<Response, Failure> {
        for _ in 0..=MOST_REDIRECTS {
            let response = http.execute(self.request(call, url.clone())).await.map_err(|e| self.broken(call, &e))?;
            let Some(target) = redirect_target(&response, &url) else { return Ok(response) };
            if call.endpoint.verb != Verb::Get || !self.may_see_the_key(&target) {
                return Err(last(redirected(call.endpoint, &target)));
            }
            url = target;
        }
        Err(last(redirected(call.endpoint, &url)))
    }

    fn request(self, call: &Call<'_>, url: Url) -> Request {
        let method = match call.endpoint.verb {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Patch => Method::PATCH,
            Verb::Delete => Method::DELETE,
        };
        let mut request = Request::new(method, url);
        if let Some(authorization) = self.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        if let Some(body) = &call.body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.to_vec().into());
        }
        request
    }

    fn may_see_the_key(self, url: &Url) -> bool {
        let bare = url.username().is_empty() && url.password().is_none();
        bare && url.origin() == self.options().base_url.origin()
    }

    async fn receive(self, call: &Call<'_>, response: Response, limit: usize) -> Result<Reply, Failure> {
        if !response.status().is_success() {
            // Boxed: what it holds would otherwise inflate the future of every call.
            return Err(Box::pin(self.refused(call, response)).await);
        }
        let status = response.status().as_u16();
        match read(response, limit).await {
            Ok(body) => Ok(Reply { status, body }),
            Err(Unread::TooLarge) => Err(last(self.too_large(call.endpoint))),
            Err(Unread::Broken(error)) => Err(self.broken(call, &error)),
        }
    }

    async fn refused(self, call: &Call<'_>, response: Response) -> Failure {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = tokio::time::timeout(PATIENCE_FOR_A_REFUSAL, read(response, MOST_OF_A_REFUSAL)).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        let named = |names: &[HeaderName]| names.iter().find_map(|name| headers.get(name)?.to_str().ok());
        let refusal = Refusal {
            endpoint: call.endpoint,
            status,
            retry_after: retry::retry_after(&headers),
            content_type: named(&[CONTENT_TYPE]).unwrap_or_default(),
            body: &body,
            base: &self.options().base_url,
            by: named(&[SERVER, VIA]).unwrap_or_default(),
            hidden: call.hidden(),
        };
        Failure { error: refusal.into_error(), effect: Effect::of_status(status) }
    }

    fn too_large(self, endpoint: Endpoint) -> ApiError {
        ApiError::TooLarge { endpoint, limit: self.options().max_body, outcome_unknown: !endpoint.verb.is_idempotent() }
    }

    /// Interprets a transport failure: what is known about whether anything was sent.
    fn broken(self, call: &Call<'_>, error: &reqwest::Error) -> Failure {
        if error.is_builder() {
            return last(ApiError::Setup { reason: scrub::scrub(&innermost(error), call.hidden()) });
        }
        let (cause, effect) = classify(error);
        let error = ApiError::Unreachable {
            endpoint: call.endpoint,
            host: envelope::host(&self.options().base_url),
            cause,
            detail: scrub::scrub(&innermost(error), call.hidden()),
            outcome_unknown: cause == Cause::Lost && !call.endpoint.verb.is_idempotent(),
        };
        Failure { error, effect }
    }
}

/// Logs the method, the path without identifiers, and the outcome; never a key, a body or a text of the server.
fn log(endpoint: Endpoint, attempt: u32, started: Instant, outcome: &Result<Reply, Failure>) {
    tracing::debug!(
        method = endpoint.verb.as_str(),
        path = endpoint.template,
        attempt,
        ms = started.elapsed().as_millis() as u64,
        status = outcome.as_ref().map_or_else(|failure| failure.error.status(), |reply| Some(reply.status)),
        error = outcome.as_ref().err().map(|failure| failure.error.code()),
        "call to Ravi"
    );
}

fn last(error: ApiError) -> Failure {
    Failure { error, effect: Effect::Final }
}

fn redirected(endpoint: Endpoint, target: &Url) -> ApiError {
    let to = match target.host_str() {
        Some(host) => format!("{}://{host}", target.scheme()),
        None => format!("{}:", target.scheme()),
    };
    ApiError::Redirected { endpoint, to: scrub::scrub(&to, None), outcome_unknown: !endpoint.verb.is_idempotent() }
}

fn redirect_target(response: &Response, url: &Url) -> Option<Url> {
    let moved = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    if !moved.contains(&response.status()) {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    url.join(location).ok()
}

/// Classifies a failure. A connection that was not made sent nothing. A timeout or a certificate would fail again, so
/// there is no retry.
fn classify(error: &reqwest::Error) -> (Cause, Effect) {
    if !error.is_connect() {
        return (Cause::Lost, Effect::Unclear);
    }
    if error.is_timeout() {
        return (Cause::ConnectTimeout, Effect::Final);
    }
    let mut source = error.source();
    while let Some(inner) = source {
        let refused = |io: &io::Error| io.kind() == io::ErrorKind::ConnectionRefused;
        if inner.downcast_ref().is_some_and(refused) {
            return (Cause::Refused, Effect::NotSent);
        }
        if is_tls(inner) {
            return (Cause::Tls, Effect::Final);
        }
        source = inner.source();
    }
    (Cause::Connect, Effect::NotSent)
}

/// Whether the cause is TLS. An `io::Error` leaves the error that it wraps out of its chain of sources, so it is opened
/// here.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let wrapped = || error.downcast_ref::<io::Error>()?.get_ref();
    error.is::<rustls::Error>() || wrapped().is_some_and(|inner| is_tls(inner))
}

/// Returns the text of the innermost source: the outer ones only say "error sending request".
fn innermost(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut source = error.source();
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    text
}

enum Unread {
    TooLarge,
    Broken(reqwest::Error),
}

/// Reads a body of up to `limit` bytes, and no further.
async fn read(mut response: Response, limit: usize) -> Result<Zeroizing<Vec<u8>>, Unread> {
    let announced = response.content_length().unwrap_or(0);
    if announced > limit as u64 {
        return Err(Unread::TooLarge);
    }
    // Room for what was announced, but a lying server gets no memory before it sends.
    let mut body = Zeroizing::new(Vec::with_capacity((announced as usize).min(MOST_OF_A_REFUSAL)));
    while let Some(chunk) = response.chunk().await.map_err(Unread::Broken)? {
        if chunk.len() > limit - body.len() {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Decodes an answer. The error says where the body is wrong, never with which value.
pub(super) fn decode<T: DeserializeOwned>(endpoint: Endpoint, body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::garbage(endpoint, complaint::<T>(body, &error)))
}

fn complaint<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> String {
    if body.is_empty() {
        return "it is empty".into();
    }
    if !error.is_data() {
        return format!("it is not JSON from line {} column {} on", error.line(), error.column());
    }
    // Only now, because keeping track of the path costs time.
    let mut json = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(&mut json) {
        Ok(_) => "wrong shape".into(),
        Err(error) => scrub::scrub(&format!("wrong shape at {}", error.path()), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_names_the_place_and_not_the_value() {
        #[derive(serde::Deserialize, Debug)]
        struct Row {
            #[allow(dead_code)] // only its type matters
            flag: bool,
        }
        let endpoint = Endpoint { verb: Verb::Get, template: "/api/x/" };
        let complain = |body: &str| decode::<Vec<Row>>(endpoint, body.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            complain(r#"[{"flag": true}, {"flag": "made-up-secret"}]"#),
            "GET /api/x/: the answer cannot be understood: wrong shape at [1].flag"
        );
        assert!(complain("").ends_with("it is empty"));
        assert!(complain("<html>made-up-secret").ends_with("it is not JSON from line 1 column 1 on"));
        let deep = decode::<serde_json::Value>(endpoint, "[".repeat(10_000).as_bytes()).unwrap_err();
        assert!(deep.to_string().contains("it is not JSON"), "{deep}");
    }
}
