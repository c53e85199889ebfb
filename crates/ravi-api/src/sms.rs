//! Text messages of one identity.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::email::MarkRead;
use super::http::Caller;
use super::{ApiError, Direction, IdentityUuid, MessageId, lenient};

/// A conversation with one number, as it is listed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Conversation {
    /// Its identifier, `<phone id>_<other number>`.
    #[serde(deserialize_with = "lenient::identifier")]
    pub conversation_id: String,
    /// The other number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub from_number: String,
    /// Our phone, as a number or a database id: versions differ.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub phone: Option<String>,
    /// Our number, if the server gives it.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub phone_number: Option<String>,
    /// Beginning of the latest message.
    #[serde(default, deserialize_with = "lenient::text")]
    pub preview: String,
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

/// A conversation with its messages.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConversationDetail {
    /// Its identifier, `<phone id>_<other number>`.
    #[serde(deserialize_with = "lenient::identifier")]
    pub conversation_id: String,
    /// The other number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub from_number: String,
    /// The messages, oldest first.
    #[serde(default, deserialize_with = "lenient::list")]
    pub messages: Vec<SmsMessage>,
}

/// A text message.
#[derive(Clone, Serialize, Deserialize)]
pub struct SmsMessage {
    /// Its identifier.
    pub id: MessageId,
    /// Number of the sender.
    #[serde(default, deserialize_with = "lenient::text")]
    pub from_number: String,
    /// Number it was sent to.
    #[serde(default, deserialize_with = "lenient::text")]
    pub to_number: String,
    /// The text.
    #[serde(default, deserialize_with = "lenient::text")]
    pub body: String,
    /// Our phone, as a number or a database id: versions differ.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub phone: Option<String>,
    /// Which way it went.
    #[serde(default)]
    pub direction: Direction,
    /// Whether it is marked as read.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_read: bool,
    /// When it was received or sent, ISO 8601.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub created_dt: Option<String>,
}

/// Text messages bring codes that log in, so they are not shown.
impl fmt::Debug for SmsMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("SmsMessage");
        shown.field("id", &self.id).field("direction", &self.direction).field("is_read", &self.is_read);
        shown.field("created_dt", &self.created_dt).finish_non_exhaustive()
    }
}

/// As for [`SmsMessage`].
impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Conversation");
        shown.field("conversation_id", &self.conversation_id).field("message_count", &self.message_count);
        shown.field("unread_count", &self.unread_count).finish_non_exhaustive()
    }
}

/// Calls about the text messages of one identity.
#[derive(Clone, Copy)]
pub struct Sms<'a> {
    caller: Caller<'a>,
    identity: &'a IdentityUuid,
}

impl<'a> Sms<'a> {
    pub(super) fn new(caller: Caller<'a>, identity: &'a IdentityUuid) -> Self {
        Sms { caller, identity }
    }

    /// `GET /api/sms-inbox/`: newest first; only those with unread messages if `unread_only`.
    pub async fn conversations(&self, unread_only: bool) -> Result<Vec<Conversation>, ApiError> {
        let mut call = Call::get("/api/sms-inbox/", &[])?.identity(self.identity)?;
        if unread_only {
            call = call.query("has_unread", "true");
        }
        let mut conversations: Vec<Conversation> = self.caller.list(call).await?;
        lenient::sort_by_time(&mut conversations, |c| c.latest_message_dt.as_deref());
        conversations.reverse();
        Ok(conversations)
    }

    /// `GET /api/sms-inbox/{conversation_id}/`
    pub async fn conversation(&self, conversation_id: &str) -> Result<ConversationDetail, ApiError> {
        let call = Call::get("/api/sms-inbox/{}/", &[conversation_id])?.identity(self.identity)?;
        let mut conversation: ConversationDetail = self.caller.fetch(call).await?;
        lenient::sort_by_time(&mut conversation.messages, |m| m.created_dt.as_deref());
        Ok(conversation)
    }

    /// `GET /api/messages/`: oldest first; only read or only unread ones if `is_read` is given.
    pub async fn messages(&self, is_read: Option<bool>) -> Result<Vec<SmsMessage>, ApiError> {
        let mut call = Call::get("/api/messages/", &[])?.identity(self.identity)?;
        if let Some(is_read) = is_read {
            call = call.query("is_read", is_read.to_string());
        }
        let mut messages: Vec<SmsMessage> = self.caller.list(call).await?;
        lenient::sort_by_time(&mut messages, |m| m.created_dt.as_deref());
        Ok(messages)
    }

    /// `GET /api/messages/{id}/`
    pub async fn message(&self, id: &MessageId) -> Result<SmsMessage, ApiError> {
        let call = Call::get("/api/messages/{}/", &[id.as_str()])?.identity(self.identity)?;
        self.caller.fetch(call).await
    }

    /// `PATCH /api/messages/{id}/`
    pub async fn mark_read(&self, id: &MessageId) -> Result<SmsMessage, ApiError> {
        let call = Call::patch("/api/messages/{}/", &[id.as_str()])?.identity(self.identity)?;
        self.caller.fetch(call.json(&MarkRead { is_read: true })).await
    }

    /// `POST /api/messages/send/`. `to` is a number in E.164 form.
    ///
    /// If [`ApiError::outcome_unknown`], look among the sent messages before you repeat this.
    pub async fn send(&self, to: &str, body: &str) -> Result<SmsMessage, ApiError> {
        #[derive(Serialize)]
        struct Body<'a> {
            to_number: &'a str,
            body: &'a str,
        }
        let call = Call::post("/api/messages/send/", &[])?.identity(self.identity)?;
        self.caller.fetch(call.json(&Body { to_number: to, body })).await
    }
}
