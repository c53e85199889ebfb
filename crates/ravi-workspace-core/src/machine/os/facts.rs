//! What every system tells about files, in the same words.

use std::io;
use std::path::PathBuf;

/// What has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, socket or device.
    Other,
}

/// Why the system refused something, as far as it matters to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Nothing has the name.
    Missing,
    /// A folder has it.
    Folder,
    /// A pipe, socket or device has it.
    NotRegular,
    /// A symbolic link has it, and none is followed; or links lead in a circle.
    Link,
    /// This user may not.
    Denied,
    /// Anything else: disk full, read-only, broken.
    Other,
}

/// A folder that could not be opened, perhaps on the way to another.
#[derive(Debug)]
pub(crate) struct Stopped {
    /// How far it went: the path that could not be opened.
    pub(crate) at: PathBuf,
    /// Whether a symbolic link stands there.
    pub(crate) is_link: bool,
    /// What the system said.
    pub(crate) source: io::Error,
}
