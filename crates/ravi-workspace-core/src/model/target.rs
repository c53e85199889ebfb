//! Which workspace a caller means.

use std::fmt;
use std::path::{Path, PathBuf};

/// A workspace, as a caller names it. A [`Path`] is never taken for an id, even if a workspace has an id of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// An id, or else a path in a workspace.
    IdOrPath(&'a str),
    /// A path in a workspace, or else an id.
    PathOrId(&'a str),
    /// A path in a workspace.
    Path(&'a Path),
}

impl<'a> From<&'a str> for Target<'a> {
    fn from(text: &'a str) -> Self {
        Target::IdOrPath(text)
    }
}

impl<'a> From<&'a Path> for Target<'a> {
    fn from(path: &'a Path) -> Self {
        Target::Path(path)
    }
}

impl<'a> From<&'a String> for Target<'a> {
    fn from(text: &'a String) -> Self {
        Target::IdOrPath(text)
    }
}

impl<'a> From<&'a PathBuf> for Target<'a> {
    fn from(path: &'a PathBuf) -> Self {
        Target::Path(path)
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::IdOrPath(text) | Target::PathOrId(text) => f.write_str(text),
            Target::Path(path) => path.display().fmt(f),
        }
    }
}
