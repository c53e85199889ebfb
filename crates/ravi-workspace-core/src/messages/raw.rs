//! A message as Ravi returned it.

use super::reference::{MessageKind, MessageRef};
use crate::api::{Direction, Message, SmsMessage};

/// A mail or a text message.
#[derive(Debug, Clone)]
pub(crate) enum Raw {
    Email(Box<Message>),
    Sms(SmsMessage),
}

impl Raw {
    pub(crate) fn reference(&self) -> MessageRef {
        match self {
            Raw::Email(mail) => MessageRef { kind: MessageKind::Email, id: mail.id.clone() },
            Raw::Sms(sms) => MessageRef { kind: MessageKind::Sms, id: sms.id.clone() },
        }
    }

    pub(crate) fn at(&self) -> Option<&str> {
        match self {
            Raw::Email(mail) => mail.created_dt.as_deref(),
            Raw::Sms(sms) => sms.created_dt.as_deref(),
        }
    }

    pub(crate) fn sender(&self) -> &str {
        match self {
            Raw::Email(mail) => &mail.from_email,
            Raw::Sms(sms) => &sms.from_number,
        }
    }

    pub(crate) fn direction(&self) -> Direction {
        match self {
            Raw::Email(mail) => mail.direction,
            Raw::Sms(sms) => sms.direction,
        }
    }
}
