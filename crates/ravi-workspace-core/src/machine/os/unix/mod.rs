//! Linux, macOS and other systems of the Unix family.

pub(crate) mod access;
pub mod cores;
pub(crate) mod errors;
mod facts;
mod folder;
pub(crate) mod lock;
pub(crate) mod machine;
mod opening;
mod outputs;
pub(crate) mod positions;
pub mod processes;
pub mod programs;
pub(crate) mod text;

pub use facts::{Facts, FileId};
pub(crate) use facts::{Stamp, disk_of};
pub(crate) use folder::Folder;
pub(crate) use opening::open;
pub(crate) use outputs::Outputs;
pub(crate) use programs::Family;
