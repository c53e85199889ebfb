//! What a child process of a workspace is given: author, keys, secrets, folders; and what is masked in its output.
//!
//! This room has only names, texts and values; the handle that puts them together is [`crate::Workspace`]. It must not
//! know the network or how a child is run.

pub(crate) mod below;
pub(crate) mod environment;
mod error;
mod mask;
pub(crate) mod names;

pub use environment::{Environment, Shell};
pub use error::HandoverError;
pub use mask::{MASK, Masker, SHORTEST_MASKED};
