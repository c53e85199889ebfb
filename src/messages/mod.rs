//! Messages of identities as Ravi has them, and places in their order.
//!
//! Enough to know what came before a workspace took an identity over: that is written down by every build, also by one
//! that reads no messages itself. What is made of them is the business of the room `inbox`.

mod listed;
mod place;
mod raw;
mod reference;

pub use reference::MessageKind;

pub(crate) use listed::{mails, texts};
pub(crate) use place::{POLLED, Source, is_polled, last_place};
pub(crate) use raw::Raw;
pub(crate) use reference::MessageRef;
