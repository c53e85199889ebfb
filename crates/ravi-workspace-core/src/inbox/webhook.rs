//! Whether a request to one of the app's webhooks comes from Ravi, and for the first time.
//!
//! Pure except for its memory: it opens no port. The web server that receives the request passes on its headers and its
//! body exactly as they arrived, byte for byte.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::machine::hex::hex;

/// Header with the time of sending, in Unix seconds.
pub const TIMESTAMP_HEADER: &str = "X-Ravi-Timestamp";
/// Header with the signature.
pub const SIGNATURE_HEADER: &str = "X-Ravi-Signature";
/// Header with the id of the event. The signature does not cover it.
pub const EVENT_ID_HEADER: &str = "X-Ravi-Event-Id";

/// How many seconds a request may be off from this machine's clock, either way.
const TOLERANCE: u64 = 300;
/// How many seconds a request is remembered: as long as its signature could be used again.
const REMEMBERED: u64 = 2 * TOLERANCE;
/// How many requests are remembered at most. Only those with a valid signature count, so nobody else can fill this.
const MOST_REMEMBERED: usize = 100_000;

/// The headers of a request; `None` for one that is missing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    /// [`TIMESTAMP_HEADER`].
    pub timestamp: Option<&'a str>,
    /// [`SIGNATURE_HEADER`].
    pub signature: Option<&'a str>,
    /// [`EVENT_ID_HEADER`].
    pub event_id: Option<&'a str>,
}

/// Why a request cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The time or the signature is missing or malformed.
    #[error("the request's timestamp or signature is missing or malformed")]
    InvalidHeader,
    /// It was sent too long ago, or in the future.
    #[error("the request's timestamp is more than 300 s from this machine's time")]
    Expired,
    /// It was not signed with the secret, or was changed on the way.
    #[error("the request's signature does not match its body")]
    SignatureMismatch,
}

impl WebhookError {
    /// Returns a stable name: `invalid_header`, `expired` or `signature_mismatch`.
    pub fn code(self) -> &'static str {
        match self {
            WebhookError::InvalidHeader => "invalid_header",
            WebhookError::Expired => "expired",
            WebhookError::SignatureMismatch => "signature_mismatch",
        }
    }
}

/// A request that comes from Ravi.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// For the first time: act on it.
    First,
    /// It was delivered before, or is being replayed: report success and do nothing.
    Repeated,
}

/// Verifies the requests of one webhook subscription (or voice agent, which signs the same way).
pub struct Verifier {
    secret: SecretString,
    /// What was seen, and until when it is remembered.
    seen: Mutex<HashMap<String, u64>>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl Verifier {
    /// Makes a verifier with the signing secret, which Ravi reveals once, when the subscription is made.
    pub fn new(signing_secret: SecretString) -> Verifier {
        Verifier { secret: signing_secret, seen: Mutex::default() }
    }

    /// Verifies a request by this machine's clock.
    ///
    /// # Errors
    /// The request cannot be trusted. Do not act on any of it.
    pub fn verify(&self, headers: Headers<'_>, body: &[u8]) -> Result<Delivery, WebhookError> {
        self.verify_at(headers, body, u64::try_from(crate::machine::clock::now_ms() / 1000).unwrap_or_default())
    }

    /// Verifies a request at a time of the caller's choice, in Unix seconds.
    ///
    /// # Errors
    /// As [`verify`](Verifier::verify).
    pub fn verify_at(&self, headers: Headers<'_>, body: &[u8], now: u64) -> Result<Delivery, WebhookError> {
        let timestamp: i64 =
            headers.timestamp.and_then(|text| text.trim().parse().ok()).ok_or(WebhookError::InvalidHeader)?;
        let signature = headers.signature.and_then(signature_bytes).ok_or(WebhookError::InvalidHeader)?;
        if i128::from(now).abs_diff(i128::from(timestamp)) > u128::from(TOLERANCE) {
            return Err(WebhookError::Expired);
        }
        let key = self.secret.expose_secret().as_bytes();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length"); // cannot fail: HMAC takes keys of any length
        // What is signed is the number in its normal form, whatever the header wrote.
        mac.update(timestamp.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.verify_slice(&signature).map_err(|_| WebhookError::SignatureMismatch)?;
        Ok(self.remember(headers.event_id, &signature, now))
    }

    /// Forgets an event that could not be acted on, so that Ravi's next attempt counts as the first.
    pub fn forget(&self, event_id: &str) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(&event_key(event_id));
    }

    /// Remembers a request by the event's id, which is the same in each of Ravi's attempts, and by the signature,
    /// because somebody who replays a request may give it another id.
    fn remember(&self, event_id: Option<&str>, signature: &[u8], now: u64) -> Delivery {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, until| *until >= now);
        if seen.len() >= MOST_REMEMBERED {
            let oldest = seen.iter().min_by_key(|(_, until)| **until).map(|(key, _)| key.clone());
            oldest.map(|key| seen.remove(&key));
        }
        let signed = hex(signature);
        let keys = [Some(signed), event_id.filter(|id| !id.is_empty()).map(event_key)];
        let known =
            keys.into_iter().flatten().filter(|key| seen.insert(key.clone(), now + REMEMBERED).is_some()).count();
        if known == 0 { Delivery::First } else { Delivery::Repeated }
    }
}

fn event_key(event_id: &str) -> String {
    format!("event {event_id}")
}

/// Parses hexadecimal digits in either case, with or without `sha256=` in front.
fn signature_bytes(text: &str) -> Option<Vec<u8>> {
    let hex = text.strip_prefix("sha256=").unwrap_or(text).as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if hex.len() != 64 {
        return None;
    }
    hex.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: u64 = 1_767_225_600;
    const BODY: &[u8] = br#"{"event":"webhook.test"}"#;
    const SIGNATURE: &str = "sha256=eb787c468486ff5527a80b44a8c33ccaea91aa35916e38b600a81bb52f967b2e";

    fn verifier() -> Verifier {
        Verifier::new("whsec_test".into())
    }

    fn headers<'a>(timestamp: &'a str, signature: &'a str, event_id: &'a str) -> Headers<'a> {
        Headers { timestamp: Some(timestamp), signature: Some(signature), event_id: Some(event_id) }
    }

    fn verify(timestamp: &str, signature: &str, body: &[u8], now: u64) -> Result<Delivery, WebhookError> {
        verifier().verify_at(headers(timestamp, signature, "e1"), body, now)
    }

    #[test]
    fn known_signatures_are_accepted() {
        for (body, signature) in [
            (BODY, SIGNATURE),
            (b"", "sha256=bc5f22c68024f86d3be1b4ddd6417a119940e00ea9c5f409f8e48b2b4c7c771f"),
            (b"{\"id\": \"\xc3\xa9\"}", "sha256=255ce7bba77955c265c063408ceda108bc336b01e211dfb8dad351e75704fa14"),
        ] {
            assert_eq!(verify("1767225600", signature, body, SENT), Ok(Delivery::First));
        }
        let bare = SIGNATURE.trim_start_matches("sha256=");
        assert_eq!(verify("1767225600", bare, BODY, SENT), Ok(Delivery::First));
        assert_eq!(verify("1767225600", &bare.to_uppercase(), BODY, SENT), Ok(Delivery::First));
        assert_eq!(verify(" 01767225600", SIGNATURE, BODY, SENT), Ok(Delivery::First));
    }

    #[test]
    fn others_are_refused() {
        assert_eq!(verify("1767225600", SIGNATURE, BODY, SENT + 300), Ok(Delivery::First));
        assert_eq!(verify("1767225600", SIGNATURE, BODY, SENT + 301), Err(WebhookError::Expired));
        assert_eq!(verify("1767225600", SIGNATURE, BODY, SENT - 301), Err(WebhookError::Expired));
        for (timestamp, signature) in [
            ("x", SIGNATURE),
            ("", SIGNATURE),
            ("1767225600", "sha256=xyz"),
            ("1767225600", ""),
            ("1767225600", &SIGNATURE.replace("sha", "SHA")),
        ] {
            assert_eq!(
                verify(timestamp, signature, BODY, SENT),
                Err(WebhookError::InvalidHeader),
                "{timestamp} {signature}"
            );
        }
        assert_eq!(verifier().verify_at(Headers::default(), BODY, SENT), Err(WebhookError::InvalidHeader));
        let changed = br#"{"event": "webhook.test"}"#;
        assert_eq!(verify("1767225600", SIGNATURE, changed, SENT), Err(WebhookError::SignatureMismatch));
        assert_eq!(verify("1767225601", SIGNATURE, BODY, SENT), Err(WebhookError::SignatureMismatch));
        let other = Verifier::new("whsec_other".into());
        let refused = other.verify_at(headers("1767225600", SIGNATURE, "e1"), BODY, SENT);
        assert_eq!(refused, Err(WebhookError::SignatureMismatch));
    }

    #[test]
    fn a_replay_is_told_from_the_first_delivery() {
        let verifier = verifier();
        let again = |id| verifier.verify_at(headers("1767225600", SIGNATURE, id), BODY, SENT);
        // A refused request leaves no trace.
        let forged =
            headers("1767225600", "sha256=0000000000000000000000000000000000000000000000000000000000000000", "e1");
        assert_eq!(verifier.verify_at(forged, BODY, SENT), Err(WebhookError::SignatureMismatch));
        assert_eq!(again("e1"), Ok(Delivery::First));
        assert_eq!(again("e1"), Ok(Delivery::Repeated));
        assert_eq!(again("made-up"), Ok(Delivery::Repeated), "the signature was seen");
        assert!(!format!("{verifier:?}").contains("whsec"));
    }

    #[test]
    fn what_failed_may_be_delivered_again() {
        let verifier = verifier();
        let empty = "sha256=bc5f22c68024f86d3be1b4ddd6417a119940e00ea9c5f409f8e48b2b4c7c771f";
        assert_eq!(verifier.verify_at(headers("1767225600", SIGNATURE, "e1"), BODY, SENT), Ok(Delivery::First));
        assert_eq!(
            verifier.verify_at(headers("1767225600", empty, "e1"), b"", SENT),
            Ok(Delivery::Repeated),
            "the same event"
        );
        verifier.forget("e1");
        let next = "sha256=255ce7bba77955c265c063408ceda108bc336b01e211dfb8dad351e75704fa14";
        let body = b"{\"id\": \"\xc3\xa9\"}";
        assert_eq!(verifier.verify_at(headers("1767225600", next, "e1"), body, SENT), Ok(Delivery::First));
    }
}
