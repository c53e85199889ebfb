//! What can go wrong with messages.

use crate::error::Explain;

/// What can go wrong in this room.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum InboxError {
    /// A value in the request cannot be used.
    #[error("the {field} cannot be used: {reason}")]
    #[explain(code = "inbox.request", kind = Usage, hint = "Correct the value and try again.")]
    Request {
        /// Which part of the request.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing that matches arrived in time.
    #[error("no matching {what} arrived for workspace {id} within {seconds} s")]
    #[explain(
        code = "inbox.timeout",
        hint = "Ask the service to send it again, or wait longer with the same fence (--since, --timeout); see what \
                arrived with `ravi-workspace inbox list`."
    )]
    Timeout {
        /// The workspace.
        id: String,
        /// `message`, `code` or `link`.
        what: &'static str,
        /// How long the wait lasted.
        seconds: u64,
    },
    /// A fence that means nothing here, because what came before it cannot be told from what came after.
    #[error("the fence {cursor} cannot be used: {reason}")]
    #[explain(
        code = "inbox.fence",
        hint = "Take a new fence (`ravi-workspace inbox fence`), then ask the service to send it again."
    )]
    Fence {
        /// The fence.
        cursor: i64,
        /// Why.
        reason: &'static str,
    },
    /// There is no such message, or it belongs to a former workspace.
    #[error("workspace {id} has no message {message}")]
    #[explain(code = "inbox.no_message", kind = NotFound, hint = "See `ravi-workspace inbox list`.")]
    NoMessage {
        /// The workspace.
        id: String,
        /// The message.
        message: String,
    },
    /// There is no such thread or conversation, or it belongs to a former workspace.
    #[error("workspace {id} has no such {what}")]
    #[explain(code = "inbox.no_thread", kind = NotFound, hint = "See `ravi-workspace inbox list`.")]
    NoThread {
        /// The workspace.
        id: String,
        /// `mail thread` or `conversation`.
        what: &'static str,
    },
    /// The workspace's identity has no phone number.
    #[error("the identity of workspace {id} has no phone number")]
    #[explain(code = "inbox.no_phone", kind = NotFound, hint = "Provision the workspace again with --phone.")]
    NoPhone {
        /// The workspace.
        id: String,
    },
    /// There is no login for the website.
    #[error("workspace {id} has no login for {domain}")]
    #[explain(code = "registration.not_found", kind = NotFound, hint = "See `ravi-workspace registration list`.")]
    NoRegistration {
        /// The workspace.
        id: String,
        /// The website.
        domain: String,
    },
    /// There are several logins for the website.
    #[error("workspace {id} has {count} logins for {domain}")]
    #[explain(code = "registration.several", kind = Usage, hint = "Name the user with --username.")]
    ManyRegistrations {
        /// The workspace.
        id: String,
        /// The website.
        domain: String,
        /// How many.
        count: usize,
    },
}
