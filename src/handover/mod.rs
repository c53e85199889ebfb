//! What a child process of a workspace is given: author, keys, secrets, folders; and what of its output is masked.
//!
//! [`Workspace`] knows what may be shown; [`Handover`] holds the secrets beside it and makes commands. It must not know
//! how a child is run, Tauri or the command line.

mod below;
mod environment;
mod error;
mod github;
mod mask;
mod names;
mod signer;
mod workspace;

pub use environment::{Environment, Shell};
pub use error::HandoverError;
pub use mask::{MASK, Masker, SHORTEST_MASKED};
pub use workspace::{Handover, Workspace};

pub(crate) use below::ID as WORKSPACE_ID;
pub(crate) use environment::posix;
pub(crate) use signer::act;
