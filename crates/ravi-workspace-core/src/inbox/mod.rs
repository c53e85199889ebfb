//! Messages of a workspace's identity: what came in, waiting for it, and the one-time codes and links in it.
//!
//! A wait begins at a fence, a place in the order of events that was taken before the message was requested: it never
//! returns what lies before the fence, and never misses what comes after. All waits of one identity share one `feed`.
//! This room must not know Tauri or the command line; the codes are found by a crate of its own that knows nothing but
//! text ([`codes`]).

mod aside;
mod error;
mod feed;
mod filter;
mod mailbox;
mod model;
mod raw;
mod registrations;
mod replay;
mod settle;
mod text;
mod wait;
pub mod webhook;

pub use error::InboxError;
pub use model::{
    AttachmentInfo, Fence, FoundCode, InboxItem, InboxMessage, MailThread, MailThreadDetail, MessageFilter,
    OutgoingMail, SmsConversation, SmsConversationDetail, WaitRequest, Want,
};
pub use ravi_codes as codes;
pub use ravi_error::shown::printable;
pub use registrations::{Registration, RegistrationSecret};
pub use wait::MessageWatch;

pub use crate::messages::MessageKind;

pub(crate) use feed::Feeds;
pub(crate) use mailbox::Mailbox;
