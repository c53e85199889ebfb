//! Waiting: for any message, for the next one that matches, for a code or link.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::aside::Aside;
use super::codes::Extraction;
use super::error::InboxError;
use super::feed::{Arrival, Feed, Feeds, News};
use super::mailbox::Mailbox;
use super::model::{FoundCode, InboxMessage, MessageFilter, WaitRequest, Want};
use crate::error::Result;
use crate::messages::MessageRef;

/// Seconds to wait if the caller does not say.
const DEFAULT_TIMEOUT: u32 = 120;
/// Longest wait, in seconds.
const LONGEST_TIMEOUT: u32 = 24 * 3600;

/// Messages as they come in. Ends when it is dropped.
#[derive(Debug)]
pub struct MessageWatch {
    mailbox: Mailbox,
    feeds: Arc<Feeds>,
    feed: Arc<Feed>,
    news: Receiver<News>,
    since: i64,
    seen: HashSet<MessageRef>,
    /// Being prepared and not returned yet: a caller that drops a call gets it from the next one.
    next: Option<JoinHandle<InboxMessage>>,
}

impl MessageWatch {
    pub(crate) fn new(feeds: Arc<Feeds>, mailbox: Mailbox, since: i64) -> MessageWatch {
        // What was there before the identity became this workspace's is none of its business.
        let since = since.max(mailbox.cursor);
        let (feed, news) = feeds.listen(&mailbox, since);
        MessageWatch { mailbox, feeds, feed, news, since, seen: HashSet::new(), next: None }
    }

    /// Returns the next incoming message, each once, in the order in which they become visible.
    ///
    /// The call may be dropped while it waits; nothing is lost. It keeps waiting through an outage.
    ///
    /// # Errors
    /// Ravi refuses the workspace's key, as it does after a release.
    pub async fn next(&mut self) -> Result<InboxMessage> {
        let next = match self.next.take() {
            Some(next) => next,
            None => {
                let arrival = self.arrival().await?;
                Aside::begin(move |aside| arrival.message.message(aside))
            }
        };
        let message = Aside::end(self.next.insert(next)).await;
        self.next = None;
        message
    }

    async fn arrival(&mut self) -> Result<Arc<Arrival>> {
        loop {
            match self.news.recv().await {
                Ok(News::Came(arrival)) => {
                    if arrival.seq > self.since && self.seen.insert(arrival.message.reference()) {
                        return Ok(arrival);
                    }
                }
                Err(RecvError::Lagged(_)) => self.feed.again(self.since),
                Ok(News::Refused) | Err(RecvError::Closed) => {
                    // Asks what the feed was refused, either to report the refusal or to continue without it.
                    self.since = self.mailbox.go_on(self.since).await?;
                    (self.feed, self.news) = self.feeds.listen(&self.mailbox, self.since);
                }
            }
        }
    }

    /// Returns the next message that matches.
    pub(crate) async fn message(mut self, request: &WaitRequest) -> Result<InboxMessage> {
        let limit = time_limit(request)?;
        let found = timeout(limit, async {
            loop {
                let (arrival, filter) = (self.arrival().await?, request.filter.clone());
                let meant = move |aside: &Aside| {
                    let message = &arrival.message;
                    filter.matches(message, aside).then(|| message.message(aside))
                };
                if let Some(message) = Aside::run(meant).await? {
                    return Ok(message);
                }
            }
        });
        found.await.unwrap_or_else(|_| Err(late(&self.mailbox, "message", limit)))
    }

    /// Returns the next code or link that matches and that no other wait was given.
    pub(crate) async fn code(mut self, request: &WaitRequest, want: Want) -> Result<FoundCode> {
        let limit = time_limit(request)?;
        let mut unsure = None;
        let found = timeout(limit, async {
            loop {
                let arrival = self.arrival().await?;
                let Some(extraction) = self.extract(&arrival, &request.filter).await? else { continue };
                if has(&extraction, want) {
                    if self.take(&arrival, request, want).await? {
                        return found_in(arrival, extraction).await;
                    }
                } else if !extraction.confident {
                    unsure.get_or_insert((arrival, extraction));
                }
            }
        });
        match (found.await, unsure) {
            (Ok(found), _) => found,
            (Err(_), Some((arrival, extraction))) => {
                let nothing = Extraction { code: None, link: None, confident: false, ..extraction };
                found_in(arrival, nothing).await
            }
            (Err(_), None) => Err(late(&self.mailbox, want.as_str(), limit)),
        }
    }

    /// Extracts what is in the message; `None` if it does not match.
    async fn extract(&self, arrival: &Arc<Arrival>, filter: &MessageFilter) -> Result<Option<Extraction>> {
        let (arrival, filter, own) = (Arc::clone(arrival), filter.clone(), self.mailbox.identity.clone());
        Aside::run(move |aside| filter.matches(&arrival.message, aside).then(|| arrival.message.extract(&own, aside)))
            .await
    }

    /// Whether this wait is the one that gets the code. Recorded durably before it is returned.
    async fn take(&self, arrival: &Arrival, request: &WaitRequest, want: Want) -> Result<bool> {
        let (uuid, what) =
            (self.mailbox.identity.uuid.clone(), format!("{}#{}", arrival.message.reference(), want.as_str()));
        Ok(self.mailbox.ledger.run(move |l| l.give_code(&uuid, &what)).await? || request.again)
    }
}

fn has(extraction: &Extraction, want: Want) -> bool {
    extraction.confident
        && match want {
            Want::Code => extraction.code.is_some(),
            Want::Link => extraction.link.is_some(),
        }
}

async fn found_in(arrival: Arc<Arrival>, extraction: Extraction) -> Result<FoundCode> {
    let message = Aside::run(move |aside| arrival.message.item(aside)).await?;
    let Extraction { code, link, candidates, confident } = extraction;
    Ok(FoundCode { message, code, link, confident, candidates })
}

fn time_limit(request: &WaitRequest) -> Result<Duration> {
    match request.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT) {
        seconds @ 1..=LONGEST_TIMEOUT => Ok(Duration::from_secs(seconds.into())),
        _ => Err(InboxError::Request { field: "timeout", reason: "it is not between 1 s and a day".into() }.into()),
    }
}

fn late(mailbox: &Mailbox, what: &'static str, limit: Duration) -> crate::Error {
    InboxError::Timeout { id: mailbox.id.clone(), what, seconds: limit.as_secs() }.into()
}
