//! Standard input and output, which only programs use, never the engine.

use ravi_workspace_core::error::Explain;

/// What a person or a program passes on standard input is not what was asked for.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum InputError {
    /// It is empty, too large or no text, or cannot be read.
    #[error("standard input cannot be used: {reason}")]
    #[explain(
        code = "input.unusable",
        kind = Usage,
        hint = "Pass the text or the value on standard input, from a pipe or a file, then try again."
    )]
    Unusable {
        /// What is wrong with it. Holds nothing of it.
        reason: String,
    },
}

/// The answer did not get to whoever asked. The work itself is done.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum OutputError {
    /// A full disk, or a closed descriptor; not a reader that has gone away, who wants no more.
    #[error("the answer cannot be written to standard output: {source}")]
    #[explain(
        code = "output.unwritable",
        hint = "What was asked for is done. Make room on the disk or send the output elsewhere, then ask again."
    )]
    Unwritable {
        /// What the system said.
        source: std::io::Error,
    },
}
