//! What can go wrong in every program of this room.

use std::path::PathBuf;

use crate::error::{Explain, Kind};
use crate::workspace::NOTE_FILE;

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
    /// The folder says that it is a workspace's of a ledger that nobody here has used.
    #[error("{} names the ledger in {}, which no program of yours has opened", place.display(), ledger.display())]
    UnknownLedger {
        /// The private git dir with the mark.
        place: PathBuf,
        /// The state folder that it names.
        ledger: PathBuf,
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
            HelperError::UnknownLedger { .. } => "helper.unknown_ledger",
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
            HelperError::UnknownLedger { place, ledger } => format!(
                "If it is a state folder of yours, run `ravi-workspace list` once with RAVI_WORKSPACE_STATE={}, or start the app \
                 that has it. If the repository came with it, remove {} and trust nothing else in it.",
                ledger.display(),
                place.join(NOTE_FILE).display()
            ),
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
            HelperError::Unconfirmed { .. } | HelperError::UnknownLedger { .. } => Kind::Policy,
            HelperError::NoProgram | HelperError::Io { .. } => Kind::Failed,
        }
    }
}
