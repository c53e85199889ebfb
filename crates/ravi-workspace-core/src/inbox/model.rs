//! What callers ask of an inbox, and what they get.
//!
//! These types cross the border (JSON of the command line, IPC of the plugin). `Debug` does not show what strangers
//! wrote: it holds codes and links that log in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::codes::{Candidate, Code, Kind, Link};
use super::error::InboxError;
use crate::api::Direction;
use crate::messages::{MessageKind, MessageRef};

impl FromStr for MessageKind {
    type Err = InboxError;

    fn from_str(text: &str) -> Result<Self, InboxError> {
        match text {
            "email" => Ok(MessageKind::Email),
            "sms" => Ok(MessageKind::Sms),
            _ => Err(InboxError::Request { field: "kind", reason: "it is neither email nor sms".into() }),
        }
    }
}

impl From<MessageKind> for Kind {
    fn from(kind: MessageKind) -> Kind {
        match kind {
            MessageKind::Email => Kind::Email,
            MessageKind::Sms => Kind::Sms,
        }
    }
}

impl FromStr for MessageRef {
    type Err = InboxError;

    fn from_str(text: &str) -> Result<Self, InboxError> {
        let odd = || InboxError::Request { field: "id", reason: "it is not of the form email:12 or sms:12".into() };
        let (kind, id) = text.split_once(':').ok_or_else(odd)?;
        if id.is_empty() {
            return Err(odd());
        }
        Ok(MessageRef { kind: kind.parse().map_err(|_| odd())?, id: id.into() })
    }
}

/// A message in a list.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct InboxItem {
    /// Its id, `email:12` or `sms:12`.
    pub id: String,
    /// How it was sent.
    pub kind: MessageKind,
    /// Address or number of the sender.
    pub from: String,
    /// Name that the sender gave.
    pub from_name: Option<String>,
    /// Address or number it was sent to.
    pub to: String,
    /// Subject; empty for a text message.
    pub subject: String,
    /// Beginning of its text, on one line.
    pub preview: String,
    /// Which way it went.
    #[cfg_attr(feature = "__typescript", ts(type = "\"incoming\" | \"outgoing\" | \"unknown\""))]
    pub direction: Direction,
    /// Whether it is marked as read.
    pub read: bool,
    /// The mail thread it belongs to.
    pub thread: Option<String>,
    /// How many files are attached.
    pub attachments: u32,
    /// When it was received or sent, ISO 8601, by Ravi's clock.
    pub at: Option<String>,
}

/// A message with its text.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct InboxMessage {
    /// What a list shows of it.
    #[serde(flatten)]
    #[cfg_attr(feature = "__typescript", ts(flatten))]
    pub item: InboxItem,
    /// Addresses of copies, as one text.
    pub cc: String,
    /// The text; HTML is converted to text, with its links as footnotes.
    pub text: String,
    /// The HTML as received. Strangers wrote it: never show it in a window of the app.
    pub html: Option<String>,
    /// What is attached.
    pub files: Vec<AttachmentInfo>,
}

/// What is known about an attached file. The file itself is not fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct AttachmentInfo {
    /// Ravi's id of the file.
    pub uuid: String,
    /// Name that the sender gave it. Not fit to be used as a path.
    pub filename: String,
    /// Media type that the sender gave it.
    pub content_type: String,
    /// Size in bytes, if Ravi gives it.
    pub size: Option<u64>,
}

/// A mail thread in a list.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct MailThread {
    /// Its id.
    pub id: String,
    /// Its subject.
    pub subject: String,
    /// Beginning of the latest message.
    pub preview: String,
    /// Sender of the latest message.
    pub from: String,
    /// Number of messages in it.
    pub messages: u32,
    /// Number of unread messages.
    pub unread: u32,
    /// When the latest message came, ISO 8601.
    pub at: Option<String>,
}

/// A mail thread with its messages.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct MailThreadDetail {
    /// Its id.
    pub id: String,
    /// Its subject.
    pub subject: String,
    /// The messages, oldest first.
    pub messages: Vec<InboxMessage>,
}

/// A conversation by text message, in a list.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct SmsConversation {
    /// Its id.
    pub id: String,
    /// The other number.
    pub number: String,
    /// Beginning of the latest message.
    pub preview: String,
    /// Number of messages in it.
    pub messages: u32,
    /// Number of unread messages.
    pub unread: u32,
    /// When the latest message came, ISO 8601.
    pub at: Option<String>,
}

/// A conversation by text message, with its messages.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct SmsConversationDetail {
    /// Its id.
    pub id: String,
    /// The other number.
    pub number: String,
    /// The messages, oldest first.
    pub messages: Vec<InboxMessage>,
}

/// Which messages are meant. A field that is not given matches everything; case is ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts", optional_fields))]
#[serde(default, deny_unknown_fields)]
pub struct MessageFilter {
    /// The sender: a whole address or number; `example.com` for any address of that domain and its subdomains;
    /// `@example.com` for exactly that domain. Without a dot or `@`, the sender's name, which anybody can choose.
    pub from: Option<String>,
    /// The recipient, in the same forms.
    pub to: Option<String>,
    /// Part of the subject.
    pub subject: Option<String>,
    /// Part of the text.
    pub text: Option<String>,
    /// Mails or text messages only.
    pub kind: Option<MessageKind>,
    /// In lists: only unread messages.
    pub unread: bool,
    /// In lists: at most this many, the newest; default 50.
    pub limit: Option<u32>,
}

/// A place in the order of what happened to an identity.
///
/// The order is that of its events or, if Ravi refuses to report them, of its messages as this ledger first saw them.
/// Numbers of the second kind begin at 2^52.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Fence {
    /// The last event or message before it.
    pub cursor: i64,
}

/// What to wait for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts", optional_fields))]
#[serde(default, deny_unknown_fields)]
pub struct WaitRequest {
    /// Which messages.
    pub filter: MessageFilter,
    /// Only messages after this fence, which was taken before the message was requested. Without it, only those that
    /// arrive after the wait has begun.
    pub since: Option<i64>,
    /// Longest wait, in seconds; default 120.
    pub timeout_seconds: Option<u32>,
    /// Also return a code or link that an earlier wait was given.
    pub again: bool,
}

/// What a wait should find in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum Want {
    /// A one-time code.
    #[default]
    Code,
    /// A verification link.
    Link,
}

impl Want {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Want::Code => "code",
            Want::Link => "link",
        }
    }
}

/// A code or link, and the message that contained it.
#[derive(Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct FoundCode {
    /// The message.
    pub message: InboxItem,
    /// The code; always present if a code was wanted and `confident` is set.
    pub code: Option<Code>,
    /// The link; always present if a link was wanted and `confident` is set.
    pub link: Option<Link>,
    /// Whether it can be relied on. `false`: the time is up, and this message may hold what was wanted; see
    /// `candidates`.
    pub confident: bool,
    /// What was considered, best first.
    pub candidates: Vec<Candidate>,
}

/// A mail to send.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts", optional_fields))]
#[serde(deny_unknown_fields)]
pub struct OutgoingMail {
    /// Address to send to; exactly one.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// Text or HTML.
    pub text: String,
    /// Addresses for copies.
    #[serde(default)]
    #[cfg_attr(feature = "__typescript", ts(optional, as = "Option<Vec<String>>"))]
    pub cc: Vec<String>,
    /// Addresses for copies that the others do not see.
    #[serde(default)]
    #[cfg_attr(feature = "__typescript", ts(optional, as = "Option<Vec<String>>"))]
    pub bcc: Vec<String>,
}

/// Implements `Debug` with identifiers and numbers only.
macro_rules! hide_texts {
    ($($type:ident { $($field:ident),* })*) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type))$(.field(stringify!($field), &self.$field))*.finish_non_exhaustive()
            }
        }
    )*};
}

hide_texts! {
    InboxItem { id, direction, read, at }
    InboxMessage { item, files }
    MailThread { id, messages, unread, at }
    MailThreadDetail { id, messages }
    SmsConversation { id, messages, unread, at }
    SmsConversationDetail { id, messages }
    FoundCode { message, confident }
    OutgoingMail {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_named_by_kind_and_number() {
        let named: MessageRef = "sms:12".parse().unwrap();
        assert_eq!((named.kind, named.id.as_str(), named.to_string().as_str()), (MessageKind::Sms, "12", "sms:12"));
        for odd in ["12", "sms:", "fax:1", ""] {
            assert!(odd.parse::<MessageRef>().is_err(), "{odd}");
        }
    }
}
