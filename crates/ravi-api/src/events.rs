//! What happened, in order: the replay that survives a broken connection.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::call::Call;
use super::http::Caller;
use super::{ApiError, IdentityUuid, lenient};

/// Most events that the server returns at once.
const LARGEST_PAGE: u32 = 1000;

/// Something that happened.
#[derive(Clone, Deserialize)]
pub struct Event {
    /// Its identifier; the same event may come twice.
    #[serde(deserialize_with = "lenient::identifier")]
    pub id: String,
    /// Its place in the order; what [`Events::after`] takes.
    #[serde(deserialize_with = "sequence")]
    pub seq: i64,
    /// `email.message.received`, `sms.message.received` and others; new ones may be added (`type` on the wire).
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    pub kind: String,
    /// What belongs to it; the shape depends on `kind`.
    #[serde(default)]
    pub data: Value,
}

/// The data of a message event contains its text, which may contain a code.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Event");
        shown.field("id", &self.id).field("seq", &self.seq).field("kind", &self.kind).finish_non_exhaustive()
    }
}

fn sequence<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    lenient::text(deserializer)?.parse().map_err(|_| serde::de::Error::custom("a sequence number is needed"))
}

/// Calls about events.
#[derive(Clone, Copy)]
pub struct Events<'a> {
    caller: Caller<'a>,
    identity: Option<&'a IdentityUuid>,
}

impl<'a> Events<'a> {
    pub(super) fn new(caller: Caller<'a>, identity: Option<&'a IdentityUuid>) -> Self {
        Events { caller, identity }
    }

    /// `GET /api/events/`: events with a higher sequence number than `seq`, oldest first, at most `limit` (up to 1000);
    /// only of these types, unless `types` is empty.
    pub async fn after(&self, seq: i64, limit: u32, types: &[&str]) -> Result<Vec<Event>, ApiError> {
        let mut call = Call::get("/api/events/", &[])?
            .query("since", seq.to_string())
            .query("limit", limit.clamp(1, LARGEST_PAGE).to_string());
        if !types.is_empty() {
            call = call.query("event_types", types.join(","));
        }
        if let Some(identity) = self.identity {
            call = call.identity(identity)?;
        }
        let mut events: Vec<Event> = self.caller.page(call).await?;
        events.sort_by_key(|event| event.seq);
        Ok(events)
    }

    /// Passes on every event after `seq`, oldest first, with as many calls as that takes.
    pub async fn each_after(&self, seq: i64, mut take: impl FnMut(Event)) -> Result<(), ApiError> {
        let mut after = seq;
        loop {
            let page = self.after(after, LARGEST_PAGE, &[]).await?;
            let (full, last) = (page.len() >= LARGEST_PAGE as usize, page.last().map(|event| event.seq));
            page.into_iter().for_each(&mut take);
            match last {
                Some(last) if full && last > after => after = last,
                _ => return Ok(()),
            }
        }
    }

    /// Returns the number of the last event after `seq`; `seq` itself if there is none.
    ///
    /// `None` if no events are reported: not by this server, or not to this key ([`ApiError::not_offered`]).
    pub async fn last(&self, seq: i64) -> Result<Option<i64>, ApiError> {
        let mut last = seq;
        match self.each_after(seq, |event| last = last.max(event.seq)).await {
            Ok(()) => Ok(Some(last)),
            Err(error) if error.not_offered() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
