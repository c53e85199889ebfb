//! The audit trail: which workspace used what, when, and how it ended.
//!
//! Every room may note an [`Entry`]; the ledger keeps it. It must not know what the rooms do, and no entry ever holds a
//! secret's value: only names, ids and codes.

mod entry;
mod trail;

pub(crate) use entry::Stamped;
pub use entry::{Action, Entry, Outcome};
pub(crate) use trail::Trail;
