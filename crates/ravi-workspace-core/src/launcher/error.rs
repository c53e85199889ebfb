//! What can go wrong in every program that stands in for another.

use std::path::PathBuf;

use crate::error::Explain;
use crate::model::workspace::NOTE_FILE;

/// A failure that comes from being called in place of another program, whichever it is.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum HelperError {
    /// The folder claims to be a workspace's, but the ledger does not agree.
    #[error("{} is marked as a workspace's, but is not one: {reason}", place.display())]
    #[explain(
        code = "helper.unconfirmed",
        kind = Policy,
        hint = "Provision the folder again, after `git worktree repair` if it was moved; if it is nobody's workspace, \
                remove ravi-workspace.json and the credential section of config.worktree from its git dir."
    )]
    Unconfirmed {
        /// The worktree's own git dir, or the folder with the mark.
        place: PathBuf,
        /// What does not match.
        reason: String,
    },
    /// The folder claims to be a workspace's in a ledger that nobody here has used.
    #[error("{} names the ledger in {}, which no program of yours has opened", place.display(), ledger.display())]
    #[explain(
        code = "helper.unknown_ledger",
        kind = Policy,
        hint(
            "If it is a state folder of yours, run `ravi-workspace list` once with RAVI_WORKSPACE_STATE={}, or start \
             the app that has it. If the repository came with it, remove {} and trust nothing else in it.",
            ledger.display(), place.join(NOTE_FILE).display()
        )
    )]
    UnknownLedger {
        /// The worktree's own git dir with the mark.
        place: PathBuf,
        /// The state folder that it names.
        ledger: PathBuf,
    },
    /// There is no program of ours that others could call.
    #[error("no ravi-workspace program was found for other programs to call")]
    #[explain(
        code = "helper.no_program",
        hint = "Put a ravi-workspace of this version on PATH or beside the app's program, or call helper_main() at the \
                start of the app's main."
    )]
    NoProgram,
    /// A file or program could not be used.
    #[error("{} could not be {doing}: {source}", path.display())]
    #[explain(code = "helper.io", hint = "Check the file's permissions, then try again.")]
    Io {
        /// The file.
        path: PathBuf,
        /// `started`, `made`, `read`.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}
