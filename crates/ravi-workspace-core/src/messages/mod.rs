//! Messages of identities as Ravi has them, and places in their order.
//!
//! Just enough to know what came before a workspace took over an identity. Every build records that, even one that
//! reads no messages itself. What is done with messages is up to the room `inbox`.

mod listed;
mod place;
mod raw;
mod reference;

pub use reference::MessageKind;

pub(crate) use listed::{mails, texts};
pub(crate) use place::{POLLED, Source, is_polled, last_place};
pub(crate) use raw::Raw;
pub(crate) use reference::MessageRef;
