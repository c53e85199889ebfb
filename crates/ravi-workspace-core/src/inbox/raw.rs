//! Turning messages as Ravi gives them into ours.

use super::aside::Aside;
use super::codes::{self, Extraction, MessageText};
use super::filter::addresses;
use super::model::{AttachmentInfo, InboxItem, InboxMessage};
use super::text;
use crate::api::{Direction, Event, MessageId};
use crate::ledger::IdentityRow;
use crate::messages::{MessageKind, MessageRef, Raw};

/// Returns the message that an event is about, and whether it came in; `None` if the event is not about a message.
pub(super) fn message_of(event: &Event) -> Option<(MessageRef, Direction)> {
    let (kind, direction) = match event.kind.as_str() {
        "email.message.received" => (MessageKind::Email, Direction::Incoming),
        "email.message.sent" => (MessageKind::Email, Direction::Outgoing),
        "sms.message.received" => (MessageKind::Sms, Direction::Incoming),
        "sms.message.sent" => (MessageKind::Sms, Direction::Outgoing),
        _ => return None,
    };
    let id: MessageId = match event.data.get("message_id")? {
        serde_json::Value::String(text) if !text.is_empty() => text.as_str().into(),
        serde_json::Value::Number(number) => number.to_string().into(),
        _ => return None,
    };
    Some((MessageRef { kind, id }, direction))
}

impl Raw {
    pub(super) fn cc(&self) -> &str {
        match self {
            Raw::Email(mail) => &mail.cc,
            Raw::Sms(_) => "",
        }
    }

    /// Returns its text, converted from HTML if need be.
    pub(super) fn text(&self, _: &Aside) -> String {
        match self {
            Raw::Email(mail) => text::of_mail(&mail.text_content, &mail.html_content),
            Raw::Sms(sms) => sms.body.clone(),
        }
    }

    /// Returns the item without its preview, which takes work.
    pub(super) fn bare_item(&self) -> InboxItem {
        let id = self.reference().to_string();
        let (preview, at) = (String::new(), self.at().map(str::to_owned));
        match self {
            Raw::Email(mail) => InboxItem {
                id,
                kind: MessageKind::Email,
                from: mail.from_email.clone(),
                from_name: mail.from_display_name.clone(),
                to: mail.to_email.clone(),
                subject: mail.subject.clone(),
                preview,
                direction: mail.direction,
                read: mail.is_read,
                thread: mail.thread_id.clone(),
                attachments: u32::try_from(mail.attachments.len()).unwrap_or(u32::MAX),
                at,
            },
            Raw::Sms(sms) => InboxItem {
                id,
                kind: MessageKind::Sms,
                from: sms.from_number.clone(),
                from_name: None,
                to: sms.to_number.clone(),
                subject: String::new(),
                preview,
                direction: sms.direction,
                read: sms.is_read,
                thread: None,
                attachments: 0,
                at,
            },
        }
    }

    pub(super) fn item(&self, _: &Aside) -> InboxItem {
        let preview = match self {
            Raw::Email(mail) => text::preview_of_mail(&mail.text_content, &mail.html_content),
            Raw::Sms(sms) => text::preview(&sms.body),
        };
        InboxItem { preview, ..self.bare_item() }
    }

    pub(super) fn message(&self, aside: &Aside) -> InboxMessage {
        let (html, files) = match self {
            Raw::Email(mail) => (Some(mail.html_content.clone()), mail.attachments.as_slice()),
            Raw::Sms(_) => (None, &[][..]),
        };
        let files = files.iter().cloned().map(|file| AttachmentInfo {
            uuid: file.uuid,
            filename: file.filename,
            content_type: file.content_type,
            size: file.size,
        });
        InboxMessage {
            item: self.item(aside),
            cc: self.cc().to_owned(),
            text: self.text(aside),
            html: html.filter(|html| !html.is_empty()),
            files: files.collect(),
        }
    }

    /// Finds the code and link in it, as far as they are for `own`.
    pub(super) fn extract(&self, own: &IdentityRow, _: &Aside) -> Extraction {
        let filled = |text: &'_ str| !text.trim().is_empty();
        match self {
            Raw::Email(mail) => {
                let to: Vec<&str> = addresses(&mail.to_email).chain(addresses(&mail.cc)).collect();
                codes::extract(&MessageText {
                    from: &mail.from_email,
                    to: &to,
                    own_address: Some(own.email.as_str()).filter(|own| filled(own)),
                    subject: &mail.subject,
                    text: Some(mail.text_content.as_str()).filter(|text| filled(text)),
                    html: Some(mail.html_content.as_str()).filter(|html| filled(html)),
                    kind: MessageKind::Email.into(),
                })
            }
            Raw::Sms(sms) => codes::extract(&MessageText {
                from: &sms.from_number,
                to: &[&sms.to_number],
                own_address: own.phone.as_deref(),
                subject: "",
                text: Some(&sms.body),
                html: None,
                kind: MessageKind::Sms.into(),
            }),
        }
    }
}
