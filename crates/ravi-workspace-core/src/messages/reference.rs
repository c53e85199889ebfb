//! Which message is meant.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::api::MessageId;

/// The kind of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    /// A mail.
    Email,
    /// A text message.
    Sms,
}

impl MessageKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            MessageKind::Email => "email",
            MessageKind::Sms => "sms",
        }
    }
}

/// Which message. Ravi numbers mails and text messages separately, so the kind is part of the name: `email:12` or
/// `sms:12`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct MessageRef {
    pub(crate) kind: MessageKind,
    pub(crate) id: MessageId,
}

impl fmt::Display for MessageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.id)
    }
}
