//! What can go wrong when the official command line is to act as a workspace.

use std::path::PathBuf;

use crate::error::{Explain, Kind};
use crate::helper::NoNext;

/// A failure around the official command line. Holds no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RaviCliError {
    /// `ravi` is not installed.
    #[error("Ravi's command line is not installed: there is no ravi on PATH but our own shim")]
    Missing,
    /// Shims call each other for ever.
    #[error("ravi calls itself again and again: {} is on PATH and calls ravi by name", next.display())]
    Loop {
        /// The next `ravi` on PATH.
        next: PathBuf,
    },
    /// The sub-command would change or remove whose key is used.
    #[error("`ravi {command}` would change the key of workspace {id}, which is not its to change")]
    Command {
        /// The sub-command.
        command: &'static str,
        /// The workspace.
        id: String,
    },
    /// The workspace is not set up, or is being taken down.
    #[error("workspace {id} is not ready, and ravi does not act as you in it")]
    NotReady {
        /// The workspace.
        id: String,
    },
    /// The workspace's own file is not what was written there.
    #[error("{} is not what ravi has to read in workspace {id}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The workspace.
        id: String,
        /// How that shows; nothing of what is in it.
        reason: &'static str,
    },
    /// A folder in the workspace has a file of its own, which `ravi` would read first.
    #[error("{} would make ravi act as somebody else in workspace {id}", path.display())]
    OtherFile {
        /// The file.
        path: PathBuf,
        /// The workspace.
        id: String,
    },
    /// The current folder is gone or cannot be read, so nobody can tell whose it was.
    #[error("the current folder cannot be told, nor whether it is a workspace's: {source}")]
    Folder {
        /// What the system said.
        source: std::io::Error,
    },
    /// A program could not be used.
    #[error("{} could not be {doing}: {source}", path.display())]
    Io {
        /// The program.
        path: PathBuf,
        /// `started`, `read`.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Explain for RaviCliError {
    fn code(&self) -> String {
        match self {
            RaviCliError::Missing => "ravi_cli.missing",
            RaviCliError::Loop { .. } => "ravi_cli.loop",
            RaviCliError::Command { .. } => "ravi_cli.command",
            RaviCliError::NotReady { .. } => "ravi_cli.not_ready",
            RaviCliError::File { .. } => "ravi_cli.file",
            RaviCliError::OtherFile { .. } => "ravi_cli.other_file",
            RaviCliError::Folder { .. } => "ravi_cli.folder",
            RaviCliError::Io { .. } => "ravi_cli.io",
        }
        .into()
    }

    fn hint(&self) -> String {
        match self {
            RaviCliError::Missing => "Install it (https://ravi.id/docs), or use ravi-workspace.".into(),
            RaviCliError::Loop { next } => format!("Let {} call the real ravi by its path.", next.display()),
            RaviCliError::Command { .. } => {
                "Run it in a folder of yours for your own login; `ravi-workspace provision` and `release` change the \
                 workspace's."
                    .into()
            }
            RaviCliError::NotReady { .. } => "Provision the workspace again; it goes on from where it stopped.".into(),
            RaviCliError::File { .. } => "Provision the workspace again, which writes the file again.".into(),
            RaviCliError::OtherFile { .. } => "Remove the file, or run ravi in another folder of the workspace.".into(),
            RaviCliError::Folder { .. } => "Change to a folder that exists.".into(),
            RaviCliError::Io { .. } => "Check the file's rights, then try again.".into(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            RaviCliError::Missing => Kind::NotFound,
            RaviCliError::Command { .. } | RaviCliError::File { .. } | RaviCliError::OtherFile { .. } => Kind::Policy,
            _ => Kind::Failed,
        }
    }
}

impl From<NoNext> for RaviCliError {
    fn from(why: NoNext) -> RaviCliError {
        match why {
            NoNext::Missing => RaviCliError::Missing,
            NoNext::Loop { next } => RaviCliError::Loop { next },
            NoNext::Own(source) => RaviCliError::Io { path: "ravi".into(), doing: "read", source },
        }
    }
}
