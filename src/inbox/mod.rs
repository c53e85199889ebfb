//! Messages of a workspace's identity: what came in, waiting for it, and the one-time codes and links in it.
//!
//! A wait begins at a fence, a place in the order of events that was taken before the message was asked for: what lies
//! before it is never answered, what comes after it is never missed. All waits of one identity share one `feed`. It
//! must not know Tauri or the command line, and [`codes`] must know nothing but text: no server, no files, no clock.

mod aside;
pub mod codes;
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

pub use crate::shown::printable;
pub use error::InboxError;
pub use model::{
    AttachmentInfo, Fence, FoundCode, InboxItem, InboxMessage, MailThread, MailThreadDetail, MessageFilter,
    OutgoingMail, SmsConversation, SmsConversationDetail, WaitRequest, Want,
};
pub use registrations::{Registration, RegistrationSecret};
pub use wait::MessageWatch;

pub use crate::messages::MessageKind;

pub(crate) use feed::Feeds;
pub(crate) use mailbox::Mailbox;
