//! What can go wrong in every program of this room.

use std::path::PathBuf;

use crate::error::{Explain, Kind};

/// A failure that has to do with being called in place of another program, whichever it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HelperError {
    /// The folder says that it is a workspace's, and the ledger does not.
    #[error("{} is marked as a workspace's, but is none: {reason}", place.display())]
    Unconfirmed {
        /// The private git dir or the folder with the mark.
        place: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// There is no program of ours that others could call.
    #[error("no program ravi-workspace was found for other programs to call")]
    NoProgram,
    /// A file or program could not be used.
    #[error("{} could not be {doing}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `started`, `made`, `read`.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Explain for HelperError {
    fn code(&self) -> String {
        match self {
            HelperError::Unconfirmed { .. } => "helper.unconfirmed",
            HelperError::NoProgram => "helper.no_program",
            HelperError::Io { .. } => "helper.io",
        }
        .into()
    }

    fn hint(&self) -> String {
        match self {
            HelperError::Unconfirmed { .. } => {
                "Provision the folder again, after `git worktree repair` if it was moved; if it is nobody's workspace, remove \
                 ravi-workspace.json and the credential section of config.worktree from its git dir."
                    .into()
            }
            HelperError::NoProgram => {
                "Put a ravi-workspace of this version on PATH or beside the app's program, or begin the app's main with \
                 helper_main()."
                    .into()
            }
            HelperError::Io { .. } => "Check the file's rights, then try again.".into(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            HelperError::Unconfirmed { .. } => Kind::Policy,
            HelperError::NoProgram | HelperError::Io { .. } => Kind::Failed,
        }
    }
}
