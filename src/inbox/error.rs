//! What can go wrong with messages.

use crate::error::{Explain, Kind};

/// A failure of this room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InboxError {
    /// The request makes no sense.
    #[error("the {field} is not usable: {reason}")]
    Request {
        /// Which part of the request.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing that matches came in time.
    #[error("no {what} that matches came to workspace {id} within {seconds} s")]
    Timeout {
        /// The workspace.
        id: String,
        /// `message`, `code` or `link`.
        what: &'static str,
        /// How long was waited.
        seconds: u64,
    },
    /// A fence that says nothing here: what lies before it cannot be told from what came after it.
    #[error("the fence {cursor} cannot be used: {reason}")]
    Fence {
        /// The fence.
        cursor: i64,
        /// Why.
        reason: &'static str,
    },
    /// There is no such message, or it belongs to a former workspace.
    #[error("workspace {id} has no message {message}")]
    NoMessage {
        /// The workspace.
        id: String,
        /// The message.
        message: String,
    },
    /// There is no such thread or conversation, or it belongs to a former workspace.
    #[error("workspace {id} has no such {what}")]
    NoThread {
        /// The workspace.
        id: String,
        /// `mail thread` or `conversation`.
        what: &'static str,
    },
    /// The workspace's identity has no phone number.
    #[error("the identity of workspace {id} has no phone number")]
    NoPhone {
        /// The workspace.
        id: String,
    },
    /// There is no login for the website.
    #[error("workspace {id} has no login for {domain}")]
    NoRegistration {
        /// The workspace.
        id: String,
        /// The website.
        domain: String,
    },
    /// There are several logins for the website.
    #[error("workspace {id} has {count} logins for {domain}")]
    ManyRegistrations {
        /// The workspace.
        id: String,
        /// The website.
        domain: String,
        /// How many.
        count: usize,
    },
}

impl Explain for InboxError {
    fn code(&self) -> String {
        match self {
            InboxError::Request { .. } => "inbox.request",
            InboxError::Timeout { .. } => "inbox.timeout",
            InboxError::Fence { .. } => "inbox.fence",
            InboxError::NoMessage { .. } => "inbox.no_message",
            InboxError::NoThread { .. } => "inbox.no_thread",
            InboxError::NoPhone { .. } => "inbox.no_phone",
            InboxError::NoRegistration { .. } => "registration.not_found",
            InboxError::ManyRegistrations { .. } => "registration.several",
        }
        .into()
    }

    fn hint(&self) -> String {
        match self {
            InboxError::Request { .. } => "Correct the value and try again.".into(),
            InboxError::Timeout { .. } => {
                "Ask the service to send it again, or wait longer with the same fence (--since, --timeout); see what \
                 came with `ravi-workspace inbox list`."
                    .into()
            }
            InboxError::Fence { .. } => {
                "Take a new one (`ravi-workspace inbox fence`), then ask the service to send it again.".into()
            }
            InboxError::NoMessage { .. } | InboxError::NoThread { .. } => "See `ravi-workspace inbox list`.".into(),
            InboxError::NoPhone { .. } => "Provision the workspace again with --phone.".into(),
            InboxError::NoRegistration { .. } => "See `ravi-workspace registration list`.".into(),
            InboxError::ManyRegistrations { .. } => "Name the user with --username.".into(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            InboxError::Request { .. } | InboxError::ManyRegistrations { .. } => Kind::Usage,
            InboxError::NoMessage { .. }
            | InboxError::NoThread { .. }
            | InboxError::NoPhone { .. }
            | InboxError::NoRegistration { .. } => Kind::NotFound,
            InboxError::Timeout { .. } | InboxError::Fence { .. } => Kind::Failed,
        }
    }
}
