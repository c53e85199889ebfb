//! The vocabulary that every room uses: what a workspace is to a caller, what a secret is called. Only types and what
//! follows from them: no files, no network, no ledger.

pub mod new_value;
pub(crate) mod opened;
pub mod reference;
pub mod target;
pub mod workspace;
