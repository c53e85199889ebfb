//! The official command line, `ravi`, as the workspace whose folder it is run in.
//!
//! A shim stands in for it, first on PATH: this same program under another name. It must not know Tauri or our own
//! command line, asks Ravi only to wake a workspace, and writes no key anywhere.

mod commands;
mod error;
mod file;
mod shim;

pub use error::RaviCliError;

pub(crate) use shim::act;
