//! Standard input, which only programs read, never the engine.

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
