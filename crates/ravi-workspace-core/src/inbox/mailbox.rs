//! The messages of one workspace, read with its identity's key.
//!
//! An identity may have served other workspaces before. Their messages are never shown: if there was one, only messages
//! that arrived after the identity was taken over are shown, in the order that [`Source`] knows.

use std::collections::{BTreeMap, HashSet};

use super::aside::Aside;
use super::error::InboxError;
use super::model::{
    Fence, InboxItem, InboxMessage, MailThread, MailThreadDetail, MessageFilter, OutgoingMail, SmsConversation,
    SmsConversationDetail,
};
use super::replay::events_are_refused;
use crate::api::{ApiError, Compose, IdentityKey, Reply, Session};
use crate::error::Result;
use crate::ledger::{IdentityRow, Ledger};
use crate::messages::{self, MessageKind, MessageRef, POLLED, Raw, Source, is_polled};

/// Items in a list if no limit is given.
const DEFAULT_LIMIT: u32 = 50;

/// The messages of one workspace.
#[derive(Debug, Clone)]
pub(crate) struct Mailbox {
    pub(crate) ledger: Ledger,
    /// The app's id of the workspace.
    pub(crate) id: String,
    pub(crate) identity: IdentityRow,
    pub(crate) session: Session<IdentityKey>,
    /// Everything up to this place belongs to former workspaces of the identity.
    pub(crate) cursor: i64,
}

/// Which messages are the workspace's own.
enum Own {
    /// All of them: the identity never had another workspace.
    All,
    /// Only these.
    These(HashSet<MessageRef>),
}

impl Own {
    fn has(&self, message: &MessageRef) -> bool {
        match self {
            Own::All => true,
            Own::These(own) => own.contains(message),
        }
    }
}

impl Mailbox {
    /// Returns the source of what happened.
    pub(super) fn source(&self) -> Source<'_, IdentityKey> {
        Source { ledger: &self.ledger, session: &self.session, identity: &self.identity }
    }

    /// Returns a fence at the last place that exists now.
    pub(crate) async fn fence(&self) -> Result<Fence> {
        Ok(Fence { cursor: self.source().last(self.cursor).await? })
    }

    /// Returns where a wait after `since` continues after its feed was refused, or the refusal if it cannot.
    pub(super) async fn go_on(&self, since: i64) -> Result<i64> {
        match self.source().after(since).await {
            Ok(_) => Ok(since),
            Err(error) if !is_polled(since) && events_are_refused(&error) => {
                // If the messages are refused too, this reports that.
                self.source().last_polled().await?;
                match since {
                    0 => Ok(POLLED),
                    _ => Err(InboxError::Fence { cursor: since, reason: "Ravi no longer reports events" }.into()),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn own(&self) -> Result<Own> {
        if self.cursor == 0 {
            return Ok(Own::All);
        }
        let notices = self.source().after(self.cursor).await?;
        Ok(Own::These(notices.into_iter().filter_map(|notice| notice.message).map(|(message, _)| message).collect()))
    }

    /// Fetches one message from Ravi, whoever's it is.
    pub(super) async fn fetch(&self, message: &MessageRef) -> Result<Raw, ApiError> {
        let uuid = &self.identity.uuid;
        match message.kind {
            MessageKind::Email => {
                self.session.email(uuid).message(&message.id).await.map(|mail| Raw::Email(Box::new(mail)))
            }
            MessageKind::Sms => self.session.sms(uuid).message(&message.id).await.map(Raw::Sms),
        }
    }

    async fn own_message(&self, message: &MessageRef) -> Result<Raw> {
        let missing = || InboxError::NoMessage { id: self.id.clone(), message: message.to_string() };
        if !self.own().await?.has(message) {
            return Err(missing().into());
        }
        match self.fetch(message).await {
            Err(ApiError::NotFound { .. }) => Err(missing().into()),
            found => Ok(found?),
        }
    }

    /// Returns the workspace's messages, oldest first.
    async fn all(&self, kind: Option<MessageKind>) -> Result<Vec<Raw>> {
        let own = self.own().await?;
        let mut found = Vec::new();
        if kind != Some(MessageKind::Sms) {
            found.extend(messages::mails(&self.session, &self.identity.uuid, None).await?);
        }
        if kind != Some(MessageKind::Email) && self.identity.phone.is_some() {
            found.extend(messages::texts(&self.session, &self.identity.uuid).await?);
        }
        found.retain(|raw| own.has(&raw.reference()));
        found.sort_by(|a, b| a.at().cmp(&b.at()));
        Ok(found)
    }

    /// Returns the newest messages that match, oldest first.
    pub(crate) async fn items(&self, filter: &MessageFilter) -> Result<Vec<InboxItem>> {
        let (all, filter) = (self.all(filter.kind).await?, filter.clone());
        let limit = filter.limit.unwrap_or(DEFAULT_LIMIT) as usize;
        Aside::run(move |aside| {
            // From the newest on, so that no more are examined than are shown.
            let newest = all.iter().rev().filter(|raw| filter.matches(raw, aside)).take(limit);
            let mut items: Vec<InboxItem> = newest.map(|raw| raw.item(aside)).collect();
            items.reverse();
            items
        })
        .await
    }

    /// Returns one message.
    pub(crate) async fn message(&self, message: &MessageRef) -> Result<InboxMessage> {
        let raw = self.own_message(message).await?;
        Aside::run(move |aside| raw.message(aside)).await
    }

    /// Marks a message as read.
    pub(crate) async fn mark_read(&self, message: &MessageRef) -> Result<InboxItem> {
        self.own_message(message).await?;
        let uuid = &self.identity.uuid;
        let raw = match message.kind {
            MessageKind::Email => Raw::Email(Box::new(self.session.email(uuid).mark_read(&message.id).await?)),
            MessageKind::Sms => Raw::Sms(self.session.sms(uuid).mark_read(&message.id).await?),
        };
        item(raw).await
    }

    /// Returns mail threads, newest first.
    pub(crate) async fn threads(&self) -> Result<Vec<MailThread>> {
        let mut groups: BTreeMap<String, Vec<Raw>> = BTreeMap::new();
        for raw in self.all(Some(MessageKind::Email)).await? {
            let Raw::Email(mail) = &raw else { continue };
            let thread = mail.thread_id.clone().unwrap_or_else(|| raw.reference().to_string());
            groups.entry(thread).or_default().push(raw);
        }
        let threads = move |aside: &Aside| groups.into_iter().filter_map(|(id, all)| thread(id, &all, aside)).collect();
        let mut threads: Vec<MailThread> = Aside::run(threads).await?;
        threads.sort_by(|a, b| b.at.cmp(&a.at));
        Ok(threads)
    }

    /// Returns one mail thread.
    pub(crate) async fn thread(&self, id: &str) -> Result<MailThreadDetail> {
        let missing = || InboxError::NoThread { id: self.id.clone(), what: "mail thread" };
        let own = self.own().await?;
        let found = match self.session.email(&self.identity.uuid).thread(id).await {
            Err(ApiError::NotFound { .. }) => return Err(missing().into()),
            found => found?,
        };
        let mails = found.messages.into_iter().map(|mail| Raw::Email(Box::new(mail)));
        let mails: Vec<Raw> = mails.filter(|raw| own.has(&raw.reference())).collect();
        let first = mails.first().ok_or_else(missing)?;
        let subject = first.bare_item().subject;
        Ok(MailThreadDetail { id: found.thread_id, subject, messages: messages(mails).await? })
    }

    /// Returns conversations by text message, newest first.
    pub(crate) async fn conversations(&self) -> Result<Vec<SmsConversation>> {
        let mut found = Vec::new();
        for listed in self.session.sms(&self.identity.uuid).conversations(false).await? {
            let (id, number) = (listed.conversation_id, listed.from_number);
            if self.cursor == 0 {
                let (messages, unread) = (count(listed.message_count), count(listed.unread_count));
                let (preview, at) = (listed.preview, listed.latest_message_dt);
                found.push(SmsConversation { id, number, preview, messages, unread, at });
                continue;
            }
            // The list may show a former workspace's messages.
            let all = match self.conversation(&id).await {
                Err(error) if matches!(error.downcast_ref(), Some(InboxError::NoThread { .. })) => continue,
                all => all?.messages,
            };
            let unread = all.iter().filter(|message| !message.item.read).count();
            let last = all.last().map(|message| message.item.clone());
            let (preview, at) = last.map_or((String::new(), None), |last| (last.preview, last.at));
            let (messages, unread) = (count(all.len() as u64), count(unread as u64));
            found.push(SmsConversation { id, number, preview, messages, unread, at });
        }
        Ok(found)
    }

    /// Returns one conversation by text message.
    pub(crate) async fn conversation(&self, id: &str) -> Result<SmsConversationDetail> {
        let missing = || InboxError::NoThread { id: self.id.clone(), what: "conversation" };
        let own = self.own().await?;
        let found = match self.session.sms(&self.identity.uuid).conversation(id).await {
            Err(ApiError::NotFound { .. }) => return Err(missing().into()),
            found => found?,
        };
        let texts = found.messages.into_iter().map(Raw::Sms).filter(|raw| own.has(&raw.reference())).collect();
        let messages = messages(texts).await?;
        if messages.is_empty() {
            return Err(missing().into());
        }
        Ok(SmsConversationDetail { id: found.conversation_id, number: found.from_number, messages })
    }

    /// Sends a mail.
    pub(crate) async fn send_mail(&self, mail: OutgoingMail) -> Result<InboxItem> {
        let OutgoingMail { to, subject, text, cc, bcc } = mail;
        let mail = Compose { to, subject, content: text, cc, bcc, ..Compose::default() };
        let sent = self.session.email(&self.identity.uuid).compose(&mail).await?;
        item(Raw::Email(Box::new(sent))).await
    }

    /// Sends a text message.
    pub(crate) async fn send_sms(&self, to: &str, text: &str) -> Result<InboxItem> {
        if self.identity.phone.is_none() {
            return Err(InboxError::NoPhone { id: self.id.clone() }.into());
        }
        item(Raw::Sms(self.session.sms(&self.identity.uuid).send(to, text).await?)).await
    }

    /// Replies to a message: to its sender, or to everybody.
    pub(crate) async fn reply(&self, message: &MessageRef, text: String, to_all: bool) -> Result<InboxItem> {
        let original = self.own_message(message).await?;
        let email = self.session.email(&self.identity.uuid);
        let reply = Reply { content: text, ..Reply::default() };
        match (original, to_all) {
            (Raw::Sms(sms), _) => self.send_sms(&sms.from_number, &reply.content).await,
            (Raw::Email(_), false) => item(Raw::Email(Box::new(email.reply(&message.id, &reply).await?))).await,
            (Raw::Email(_), true) => item(Raw::Email(Box::new(email.reply_all(&message.id, &reply).await?))).await,
        }
    }
}

async fn item(raw: Raw) -> Result<InboxItem> {
    Aside::run(move |aside| raw.item(aside)).await
}

async fn messages(all: Vec<Raw>) -> Result<Vec<InboxMessage>> {
    Aside::run(move |aside| all.iter().map(|raw| raw.message(aside)).collect()).await
}

fn count(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn thread(id: String, all: &[Raw], aside: &Aside) -> Option<MailThread> {
    let (first, last) = (all.first()?.bare_item(), all.last()?.item(aside));
    Some(MailThread {
        id,
        subject: first.subject,
        preview: last.preview,
        from: last.from,
        messages: count(all.len() as u64),
        unread: count(all.iter().filter(|raw| !raw.bare_item().read).count() as u64),
        at: last.at,
    })
}
