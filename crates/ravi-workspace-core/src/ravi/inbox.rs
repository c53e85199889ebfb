//! Messages of workspaces. `target` is a workspace's id or a path in it; each call is made with that workspace's own
//! key.

use std::sync::Arc;

use super::Ravi;
use crate::api::ApiError;
use crate::audit::{Action, Entry};
use crate::error::{Error, Result};
use crate::inbox::{
    Fence, FoundCode, InboxItem, InboxMessage, MailThread, MailThreadDetail, Mailbox, MessageFilter, MessageWatch,
    OutgoingMail, SmsConversation, SmsConversationDetail, WaitRequest, Want,
};
use crate::messages::MessageRef;
use crate::workspace::WorkspaceError;

impl super::handle::Inbox<'_> {
    /// Returns the workspace's newest messages that match, mail and text messages, oldest first.
    ///
    /// Messages of former workspaces of its identity are not among them.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::inbox::MessageFilter;
    ///
    /// for message in ravi.inbox("w1").list(&MessageFilter::default()).await? {
    ///     println!("{message:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Nothing is bound to the target (`workspace.unbound`); it is not set up yet (`exec.not_ready`); Ravi refuses or
    /// does not answer.
    pub async fn list(self, filter: &MessageFilter) -> Result<Vec<InboxItem>> {
        let mailbox = self.ravi.mailbox(self.target).await?;
        let found = mailbox.items(filter).await;
        self.ravi.noted_for(&mailbox, read(&mailbox, "list"), found).await
    }

    /// Returns one message with its text; `id` is as lists show it. This does not mark it as read.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let message = ravi.inbox("w1").get("email:m1").await?;
    /// println!("{message:?}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such message, or it is a former workspace's (`inbox.no_message`); as
    /// [`list`](crate::handle::Inbox::list).
    pub async fn get(self, id: &str) -> Result<InboxMessage> {
        let (mailbox, message) = (self.ravi.mailbox(self.target).await?, id.parse()?);
        let found = mailbox.message(&message).await;
        self.ravi.noted_for(&mailbox, read(&mailbox, &message.to_string()), found).await
    }

    /// Returns the workspace's mail threads, newest first.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// println!("{:?}", ravi.inbox("w1").threads().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`list`](crate::handle::Inbox::list).
    pub async fn threads(self) -> Result<Vec<MailThread>> {
        let mailbox = self.ravi.mailbox(self.target).await?;
        let found = mailbox.threads().await;
        self.ravi.noted_for(&mailbox, read(&mailbox, "threads"), found).await
    }

    /// Returns one mail thread with its messages.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// println!("{:?}", ravi.inbox("w1").thread("t1").await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such thread, or it is a former workspace's (`inbox.no_thread`); as
    /// [`list`](crate::handle::Inbox::list).
    pub async fn thread(self, id: &str) -> Result<MailThreadDetail> {
        let mailbox = self.ravi.mailbox(self.target).await?;
        let found = mailbox.thread(id).await;
        self.ravi.noted_for(&mailbox, read(&mailbox, id), found).await
    }

    /// Returns the workspace's conversations by text message, newest first.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// println!("{:?}", ravi.inbox("w1").conversations().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`list`](crate::handle::Inbox::list).
    pub async fn conversations(self) -> Result<Vec<SmsConversation>> {
        let mailbox = self.ravi.mailbox(self.target).await?;
        let found = mailbox.conversations().await;
        self.ravi.noted_for(&mailbox, read(&mailbox, "conversations"), found).await
    }

    /// Returns one conversation by text message, with its messages.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// println!("{:?}", ravi.inbox("w1").conversation("c1").await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such conversation, or it is a former workspace's (`inbox.no_thread`); as
    /// [`list`](crate::handle::Inbox::list).
    pub async fn conversation(self, id: &str) -> Result<SmsConversationDetail> {
        let mailbox = self.ravi.mailbox(self.target).await?;
        let found = mailbox.conversation(id).await;
        self.ravi.noted_for(&mailbox, read(&mailbox, id), found).await
    }

    /// Marks a message as read.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// ravi.inbox("w1").mark_read("email:m1").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`get`](crate::handle::Inbox::get).
    pub async fn mark_read(self, id: &str) -> Result<InboxItem> {
        let message: MessageRef = id.parse()?;
        let mailbox = self.ravi.mailbox(self.target).await?;
        let marked = mailbox.mark_read(&message).await;
        marked.map_err(|error| of_workspace(&mailbox, error))
    }

    /// Sends a mail from the workspace's address.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::inbox::OutgoingMail;
    ///
    /// let mail = OutgoingMail { to: "me@example.org".into(), subject: "Done".into(), ..OutgoingMail::default() };
    /// ravi.inbox("w1").send_mail(mail).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Ravi refuses it, or does not answer. If it is not known whether the mail was sent, the error says so: look among
    /// the sent messages before you send it again.
    pub async fn send_mail(self, mail: OutgoingMail) -> Result<InboxItem> {
        let mailbox = self.ravi.mailbox(self.target).await?;
        let sent = mailbox.send_mail(mail).await;
        self.ravi.noted_sent(&mailbox, sent).await
    }

    /// Sends a text message from the workspace's number to `number` (E.164).
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// ravi.inbox("w1").send_sms("+15550100", "On my way").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The identity has no number (`inbox.no_phone`); as [`send_mail`](crate::handle::Inbox::send_mail).
    pub async fn send_sms(self, number: &str, text: &str) -> Result<InboxItem> {
        let mailbox = self.ravi.mailbox(self.target).await?;
        let sent = mailbox.send_sms(number, text).await;
        self.ravi.noted_sent(&mailbox, sent).await
    }

    /// Replies to a message: to its sender or, with `to_all`, to everybody who got it.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// ravi.inbox("w1").reply("email:m1", "Thank you.".into(), false).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`get`](crate::handle::Inbox::get) and [`send_mail`](crate::handle::Inbox::send_mail).
    pub async fn reply(self, id: &str, text: String, to_all: bool) -> Result<InboxItem> {
        let (mailbox, message) = (self.ravi.mailbox(self.target).await?, id.parse()?);
        let sent = mailbox.reply(&message, text, to_all).await;
        self.ravi.noted_sent(&mailbox, sent).await
    }

    /// Returns a fence at the last event that exists now.
    ///
    /// Take it before a message is requested, and wait with it: the wait never returns what came before and misses
    /// nothing that comes after, however late it begins.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let fence = ravi.inbox("w1").fence().await?;
    /// // Now press "send me a code", and wait for what comes after the fence.
    /// # drop(fence);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`list`](crate::handle::Inbox::list).
    pub async fn fence(self) -> Result<Fence> {
        let mailbox = self.ravi.mailbox(self.target).await?;
        mailbox.fence().await.map_err(|error| of_workspace(&mailbox, error))
    }

    /// Watches messages that reach the workspace from now on, or after the fence `since`.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let mut messages = ravi.inbox("w1").watch(None).await?;
    /// println!("{:?}", messages.next().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`list`](crate::handle::Inbox::list).
    pub async fn watch(self, since: Option<i64>) -> Result<MessageWatch> {
        self.ravi.watch(self.ravi.mailbox(self.target).await?, since).await
    }

    /// Waits for the next message that matches. Dropping the future ends the wait.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::inbox::WaitRequest;
    ///
    /// let request = WaitRequest::default();
    /// println!("{:?}", ravi.inbox("w1").wait(&request).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// None arrived in time (`inbox.timeout`); as [`list`](crate::handle::Inbox::list).
    pub async fn wait(self, request: &WaitRequest) -> Result<InboxMessage> {
        let mailbox = self.ravi.mailbox(self.target).await?;
        let watch = self.ravi.watch(mailbox.clone(), request.since).await?;
        let found = watch.message(request).await;
        let object = found.as_ref().map_or_else(|_| "wait".to_owned(), |message| message.item.id.clone());
        self.ravi.noted_for(&mailbox, read(&mailbox, &object), found).await
    }

    /// Waits for the next code or link that matches.
    ///
    /// Each one is given to one wait only, unless `again` is set in the request. If the time is up and a message came
    /// that may contain one, but it is uncertain which, that message is returned with its candidates and without
    /// `confident`. Dropping the future ends the wait.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::inbox::{WaitRequest, Want};
    ///
    /// let fence = ravi.inbox("w1").fence().await?;
    /// // Now press "send me a code".
    /// let request = WaitRequest { since: Some(fence.cursor), ..WaitRequest::default() };
    /// let code = ravi.inbox("w1").wait_code(&request, Want::Code).await?;
    /// # drop(code);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// None arrived in time (`inbox.timeout`); as [`list`](crate::handle::Inbox::list).
    pub async fn wait_code(self, request: &WaitRequest, want: Want) -> Result<FoundCode> {
        let mailbox = self.ravi.mailbox(self.target).await?;
        let watch = self.ravi.watch(mailbox.clone(), request.since).await?;
        let found = watch.code(request, want).await;
        let object = found.as_ref().map_or_else(|_| "wait".to_owned(), |found| found.message.id.clone());
        let entry = Entry::done(Action::MessageCode).workspace(&mailbox.id).object(object);
        let entry = match &found {
            Ok(found) if !found.confident => entry.because("not sure"),
            _ => entry.because(want.as_str()),
        };
        self.ravi.noted_for(&mailbox, entry, found).await
    }
}

impl Ravi {
    async fn watch(&self, mailbox: Mailbox, since: Option<i64>) -> Result<MessageWatch> {
        let since = match since {
            Some(since) => since,
            None => mailbox.fence().await?.cursor,
        };
        Ok(MessageWatch::new(Arc::clone(&self.inner.feeds), mailbox, since))
    }

    pub(super) async fn mailbox(&self, target: &str) -> Result<Mailbox> {
        let (binding, identity, key) = Box::pin(self.ready_with_key(target)).await?;
        let uuid = identity.uuid.clone();
        let cursor = self.inner.ledger.run(move |l| l.cursor(&uuid)).await?;
        let (ledger, session) = (self.inner.ledger.clone(), self.inner.client.with(&key));
        Ok(Mailbox { ledger, id: binding.id, identity, session, cursor })
    }

    async fn noted_sent(&self, mailbox: &Mailbox, sent: Result<InboxItem>) -> Result<InboxItem> {
        let entry = Entry::done(Action::MessageSend).workspace(&mailbox.id);
        let entry = match &sent {
            Ok(item) => entry.object(&item.id),
            Err(_) => entry,
        };
        self.noted_for(mailbox, entry, sent).await
    }

    async fn noted_for<T>(&self, mailbox: &Mailbox, entry: Entry, done: Result<T>) -> Result<T> {
        self.noted(entry, done.map_err(|error| of_workspace(mailbox, error))).await
    }
}

/// Turns Ravi's refusal into one of the workspace's key: it is not this machine's key that is refused here.
fn of_workspace(mailbox: &Mailbox, error: Error) -> Error {
    match error.downcast_ref() {
        Some(ApiError::Unauthorized { .. }) => WorkspaceError::KeyRefused { id: mailbox.id.clone() }.into(),
        _ => error,
    }
}

fn read(mailbox: &Mailbox, object: &str) -> Entry {
    Entry::done(Action::MessageRead).workspace(&mailbox.id).object(object)
}
