//! The audit trail: which workspace used what, when, and how it ended.
//!
//! Every room may note an [`Entry`], and the ledger keeps it. This room must not know what the rooms do, and no entry
//! ever holds a secret's value: only names, ids and codes.

mod chain;
mod entry;
mod head;
mod query;
mod report;

pub(crate) use chain::{BEGINNING, ChainKey, Field, MAC_BYTES, MacBytes};
pub(crate) use entry::Stamped;
pub use entry::{Action, Entry, Outcome};
pub(crate) use head::{FILE as HEAD_FILE, Head, HeadFile, HeadState, Place};
pub(crate) use query::time_text;
pub use query::{AuditFilter, AuditRow, AuditSource, parse_time};
pub use report::{AuditProblem, AuditProblemKind, AuditReport, Completeness, Integrity, Pruned};
