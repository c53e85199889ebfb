//! Mail of one identity.

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::http::Caller;
use super::{ApiError, Direction, IdentityUuid, MessageId, lenient};

/// Most messages that the server returns at once.
const LARGEST_PAGE: u32 = 200;

/// A thread, as it is listed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Thread {
    /// Its identifier, in the form of a Message-ID.
    #[serde(deserialize_with = "lenient::identifier")]
    pub thread_id: String,
    /// Subject.
    #[serde(default, deserialize_with = "lenient::text")]
    pub subject: String,
    /// Beginning of the latest message.
    #[serde(default, deserialize_with = "lenient::text")]
    pub preview: String,
    /// Address of the sender.
    #[serde(default, deserialize_with = "lenient::text")]
    pub from_email: String,
    /// Address of the inbox.
    #[serde(default, deserialize_with = "lenient::text")]
    pub inbox: String,
    /// Number of messages in it.
    #[serde(default, deserialize_with = "lenient::number")]
    pub message_count: u64,
    /// Number of unread messages.
    #[serde(default, deserialize_with = "lenient::number")]
    pub unread_count: u64,
    /// When the latest message was received or sent, ISO 8601.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub latest_message_dt: Option<String>,
}

/// A thread with its messages.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ThreadDetail {
    /// Its identifier, in the form of a Message-ID.
    #[serde(deserialize_with = "lenient::identifier")]
    pub thread_id: String,
    /// Subject.
    #[serde(default, deserialize_with = "lenient::text")]
    pub subject: String,
    /// The messages, oldest first.
    #[serde(default, deserialize_with = "lenient::list")]
    pub messages: Vec<Message>,
}

/// A mail.
#[derive(Clone, Serialize, Deserialize)]
pub struct Message {
    /// Its identifier.
    pub id: MessageId,
    /// Address of the sender.
    #[serde(default, deserialize_with = "lenient::text")]
    pub from_email: String,
    /// Name of the sender, if one was given.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub from_display_name: Option<String>,
    /// Address it was sent to.
    #[serde(default, deserialize_with = "lenient::text")]
    pub to_email: String,
    /// Copies, separated by commas.
    #[serde(default, deserialize_with = "lenient::text")]
    pub cc: String,
    /// Subject.
    #[serde(default, deserialize_with = "lenient::text")]
    pub subject: String,
    /// The text; may be empty if there is HTML.
    #[serde(default, deserialize_with = "lenient::text")]
    pub text_content: String,
    /// The HTML; may be empty.
    #[serde(default, deserialize_with = "lenient::text")]
    pub html_content: String,
    /// Which way it went.
    #[serde(default)]
    pub direction: Direction,
    /// Whether it is marked as read.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_read: bool,
    /// What kind of sender Ravi takes it for.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub sender_type: Option<String>,
    /// The Message-ID header.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub message_id: Option<String>,
    /// The thread it belongs to.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub thread_id: Option<String>,
    /// The attached files.
    #[serde(default, deserialize_with = "lenient::list")]
    pub attachments: Vec<Attachment>,
    /// When it was received or sent, ISO 8601.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub created_dt: Option<String>,
}

/// A file attached to a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "AttachmentWire")]
pub struct Attachment {
    /// Its identifier.
    pub uuid: String,
    /// File name that the sender gave. Not fit to be used as a path.
    pub filename: String,
    /// Media type that the sender gave.
    pub content_type: String,
    /// Size in bytes, if the server gives it (`size_bytes` or `size`).
    pub size: Option<u64>,
}

#[derive(Deserialize)]
struct AttachmentWire {
    #[serde(default, deserialize_with = "lenient::text")]
    uuid: String,
    #[serde(default, deserialize_with = "lenient::text")]
    filename: String,
    #[serde(default, deserialize_with = "lenient::text")]
    content_type: String,
    #[serde(default, deserialize_with = "lenient::maybe_number")]
    size_bytes: Option<u64>,
    #[serde(default, deserialize_with = "lenient::maybe_number")]
    size: Option<u64>,
}

impl From<AttachmentWire> for Attachment {
    fn from(wire: AttachmentWire) -> Self {
        Attachment {
            uuid: wire.uuid,
            filename: wire.filename,
            content_type: wire.content_type,
            size: wire.size_bytes.or(wire.size),
        }
    }
}

/// Mail brings codes and links that log in, so its texts are not shown.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Message");
        shown.field("id", &self.id).field("direction", &self.direction).field("is_read", &self.is_read);
        shown.field("created_dt", &self.created_dt).finish_non_exhaustive()
    }
}

/// As for [`Message`].
impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Thread");
        shown.field("thread_id", &self.thread_id).field("message_count", &self.message_count);
        shown.field("unread_count", &self.unread_count).finish_non_exhaustive()
    }
}

/// Which messages to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageQuery {
    /// Only read or only unread messages.
    pub is_read: Option<bool>,
    /// Only messages that went this way.
    pub direction: Option<Direction>,
    /// Only messages of one thread.
    pub thread_id: Option<String>,
    /// Only messages from one sender.
    pub from_email: Option<String>,
    /// Only messages made after this time, ISO 8601.
    pub created_after: Option<String>,
    /// At most this many, up to 200: one page. If `None`, all of them, page by page.
    pub limit: Option<u32>,
    /// How many to skip; the server counts from the oldest.
    pub offset: Option<u32>,
}

/// A mail to send.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct Compose {
    /// Address to send to; exactly one.
    #[serde(rename = "to_email")]
    pub to: String,
    /// Subject.
    pub subject: String,
    /// Text or HTML.
    pub content: String,
    /// Addresses for copies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<String>,
    /// Addresses for copies that the others do not see.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<String>,
    /// Files that were uploaded before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachment_uuids: Vec<String>,
}

/// A reply to a mail, or the text above a forwarded one. The server makes the subject.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// Text or HTML.
    pub content: String,
    /// Addresses for copies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<String>,
    /// Addresses for copies that the others do not see.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<String>,
    /// Files that were uploaded before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachment_uuids: Vec<String>,
}

/// Calls about the mail of one identity.
#[derive(Clone, Copy)]
pub struct Email<'a> {
    caller: Caller<'a>,
    identity: &'a IdentityUuid,
}

impl<'a> Email<'a> {
    pub(super) fn new(caller: Caller<'a>, identity: &'a IdentityUuid) -> Self {
        Email { caller, identity }
    }

    /// `GET /api/email-inbox/`: threads, newest first; only those with unread messages if `unread_only`.
    pub async fn threads(&self, unread_only: bool) -> Result<Vec<Thread>, ApiError> {
        let mut call = Call::get("/api/email-inbox/", &[])?.identity(self.identity)?;
        if unread_only {
            call = call.query("has_unread", "true");
        }
        let mut threads: Vec<Thread> = self.caller.list(call).await?;
        lenient::sort_by_time(&mut threads, |t| t.latest_message_dt.as_deref());
        threads.reverse();
        Ok(threads)
    }

    /// `GET /api/email-inbox/{thread_id}/`
    pub async fn thread(&self, thread_id: &str) -> Result<ThreadDetail, ApiError> {
        let call = Call::get("/api/email-inbox/{}/", &[thread_id])?.identity(self.identity)?;
        let mut thread: ThreadDetail = self.caller.fetch(call).await?;
        lenient::sort_by_time(&mut thread.messages, |m| m.created_dt.as_deref());
        Ok(thread)
    }

    /// `GET /api/email-messages/`: oldest first, whatever order the server uses.
    pub async fn messages(&self, query: &MessageQuery) -> Result<Vec<Message>, ApiError> {
        let mut messages = match query.limit {
            Some(_) => self.caller.page(self.listing(query)?).await?,
            None => self.all(query).await?,
        };
        lenient::sort_by_time(&mut messages, |m: &Message| m.created_dt.as_deref());
        Ok(messages)
    }

    /// Fetches until no new messages come: an array that is only the first part of a list does not say so.
    async fn all(&self, query: &MessageQuery) -> Result<Vec<Message>, ApiError> {
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        loop {
            let (before, first) = (seen.len(), query.offset.unwrap_or(0));
            let offset = Some(first.saturating_add(u32::try_from(before).unwrap_or(u32::MAX)));
            let part = MessageQuery { limit: Some(LARGEST_PAGE), offset, ..query.clone() };
            let messages: Vec<Message> = self.caller.list(self.listing(&part)?).await?;
            let full = messages.len() >= LARGEST_PAGE as usize;
            found.extend(messages.into_iter().filter(|message| seen.insert(message.id.clone())));
            // A server that ignores the offset returns the same each time.
            if !full || seen.len() == before {
                return Ok(found);
            }
        }
    }

    fn listing(&self, query: &MessageQuery) -> Result<Call<'a>, ApiError> {
        let named = [
            ("is_read", query.is_read.map(|b| b.to_string())),
            ("direction", query.direction.filter(|d| *d != Direction::Unknown).map(|d| d.as_str().to_owned())),
            ("thread_id", query.thread_id.clone()),
            ("from_email", query.from_email.clone()),
            ("created_after", query.created_after.clone()),
            ("limit", query.limit.map(|n| n.to_string())),
            ("offset", query.offset.map(|n| n.to_string())),
        ];
        let mut call = Call::get("/api/email-messages/", &[])?.identity(self.identity)?;
        for (name, value) in named {
            if let Some(value) = value {
                call = call.query(name, value);
            }
        }
        Ok(call)
    }

    /// `GET /api/email-messages/{id}/`
    pub async fn message(&self, id: &MessageId) -> Result<Message, ApiError> {
        let call = Call::get("/api/email-messages/{}/", &[id.as_str()])?.identity(self.identity)?;
        self.caller.fetch(call).await
    }

    /// `PATCH /api/email-messages/{id}/`
    pub async fn mark_read(&self, id: &MessageId) -> Result<Message, ApiError> {
        let call = Call::patch("/api/email-messages/{}/", &[id.as_str()])?.identity(self.identity)?;
        self.caller.fetch(call.json(&MarkRead { is_read: true })).await
    }

    /// `POST /api/email-messages/compose/`.
    ///
    /// If [`ApiError::outcome_unknown`], look among the sent messages before you repeat this.
    pub async fn compose(&self, mail: &Compose) -> Result<Message, ApiError> {
        let call = Call::post("/api/email-messages/compose/", &[])?.identity(self.identity)?;
        self.caller.fetch(call.json(mail)).await
    }

    /// `POST /api/email-messages/{id}/reply/`
    pub async fn reply(&self, id: &MessageId, reply: &Reply) -> Result<Message, ApiError> {
        let call = Call::post("/api/email-messages/{}/reply/", &[id.as_str()])?.identity(self.identity)?;
        self.caller.fetch(call.json(reply)).await
    }

    /// `POST /api/email-messages/{id}/reply-all/`
    pub async fn reply_all(&self, id: &MessageId, reply: &Reply) -> Result<Message, ApiError> {
        let call = Call::post("/api/email-messages/{}/reply-all/", &[id.as_str()])?.identity(self.identity)?;
        self.caller.fetch(call.json(reply)).await
    }

    /// `POST /api/email-messages/{id}/forward/`
    pub async fn forward(&self, id: &MessageId, to: &str, reply: &Reply) -> Result<Message, ApiError> {
        #[derive(Serialize)]
        struct Body<'a> {
            to_email: &'a str,
            #[serde(flatten)]
            reply: &'a Reply,
        }
        let call = Call::post("/api/email-messages/{}/forward/", &[id.as_str()])?.identity(self.identity)?;
        self.caller.fetch(call.json(&Body { to_email: to, reply })).await
    }
}

/// The only change that can be made to a message.
#[derive(Serialize)]
pub(super) struct MarkRead {
    pub(super) is_read: bool,
}
