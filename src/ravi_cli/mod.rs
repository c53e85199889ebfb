//! The official command line, `ravi`, as the workspace whose folder it is run in.
//!
//! It is met by a shim that is first on PATH: this same program under another name ([`crate::helper`]). It must not know
//! Tauri or our own command line, asks Ravi nothing but to wake a workspace, and writes no key anywhere.

mod commands;
mod error;
mod file;
mod shim;

pub use error::RaviCliError;

pub(crate) use shim::act;
