//! What can go wrong when the official command line should act as a workspace.

use std::path::PathBuf;

use crate::NoNext;
use ravi_workspace_core::error::Explain;

/// What can go wrong around the official command line. Holds no key.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum RaviCliError {
    /// `ravi` is not installed.
    #[error("Ravi's command line is not installed: the only ravi on PATH is our own shim")]
    #[explain(
        code = "ravi_cli.missing",
        kind = NotFound,
        hint = "Install it (https://ravi.id/docs), or use ravi-workspace."
    )]
    Missing,
    /// Shims call each other for ever.
    #[error("ravi keeps calling itself: {} is on PATH and calls ravi by name", next.display())]
    #[explain(code = "ravi_cli.loop", hint("Make {} call the real ravi by its path.", next.display()))]
    Loop {
        /// The next `ravi` on PATH.
        next: PathBuf,
    },
    /// The sub-command would change or remove the key in use.
    #[error("`ravi {command}` would change the key of workspace {id}, which it must not do")]
    #[explain(
        code = "ravi_cli.command",
        kind = Policy,
        hint = "Run it in a folder of yours for your own login; `ravi-workspace provision` and `release` change the \
                workspace's."
    )]
    Command {
        /// The sub-command.
        command: &'static str,
        /// The workspace.
        id: String,
    },
    /// The workspace is not set up, or is being taken down.
    #[error("workspace {id} is not ready, and ravi does not act as you there")]
    #[explain(code = "ravi_cli.not_ready", hint = "Provision the workspace again; it continues where it stopped.")]
    NotReady {
        /// The workspace.
        id: String,
    },
    /// The workspace's file is not what was written there.
    #[error("{} is not the file that ravi must read in workspace {id}: {reason}", path.display())]
    #[explain(
        code = "ravi_cli.file",
        kind = Policy,
        hint = "Provision the workspace again, which writes the file again."
    )]
    File {
        /// The file.
        path: PathBuf,
        /// The workspace.
        id: String,
        /// What gives that away, without anything of its content.
        reason: &'static str,
    },
    /// A folder in the workspace has a file of its own, which `ravi` would read first.
    #[error("{} would make ravi act as somebody else in workspace {id}", path.display())]
    #[explain(
        code = "ravi_cli.other_file",
        kind = Policy,
        hint = "Remove the file, or run ravi in another folder of the workspace."
    )]
    OtherFile {
        /// The file.
        path: PathBuf,
        /// The workspace.
        id: String,
    },
    /// The current folder is gone or cannot be read, so nobody can tell whose it was.
    #[error("it is unknown what the current folder is, and whether it is a workspace's: {source}")]
    #[explain(code = "ravi_cli.folder", hint = "Change to a folder that exists.")]
    Folder {
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A program could not be used.
    #[error("{} could not be {doing}: {source}", path.display())]
    #[explain(code = "ravi_cli.io", hint = "Check the file's permissions, then try again.")]
    Io {
        /// The program.
        path: PathBuf,
        /// `started`, `read`.
        doing: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
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
