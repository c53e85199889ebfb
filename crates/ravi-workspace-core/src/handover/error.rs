//! What can go wrong when a child process is given what its workspace has.

use std::path::PathBuf;

use crate::error::Explain;

/// What can go wrong in this room. Holds no value.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum HandoverError {
    /// A secret's name would change what the child runs.
    #[error("a secret named {name} cannot go into an environment: its name would change what runs there")]
    #[explain(code = "exec.refused_name", kind = Policy, hint = "Store the value under another name.")]
    RefusedName {
        /// The name.
        name: String,
    },
    /// A value that no environment can hold.
    #[error("the value of {name} contains a zero byte, which no environment can hold")]
    #[explain(code = "exec.zero_byte", hint = "Store the value as text, for example in base64.")]
    ZeroByte {
        /// Name of the variable.
        name: String,
    },
    /// The workspace is not set up, or is being taken down.
    #[error("workspace {id} is not ready")]
    #[explain(code = "exec.not_ready", hint = "Run `ravi-workspace provision` for it again.")]
    NotReady {
        /// The id.
        id: String,
    },
    /// A folder whose name cannot be in PATH.
    #[error("{} cannot be in PATH: it contains a colon", path.display())]
    #[explain(code = "exec.path_colon", hint = "Set RAVI_WORKSPACE_STATE to a folder without a colon.")]
    PathColon {
        /// The folder.
        path: PathBuf,
    },
    /// The program could not be started.
    #[error("{program} could not be started: {source}")]
    #[explain(
        if = source.kind() == std::io::ErrorKind::NotFound,
        code = "exec.not_found",
        kind = NotFound,
        hint = "Check the program's name, its permissions, and PATH."
    )]
    #[explain(code = "exec.start", hint = "Check the program's name, its permissions, and PATH.")]
    Start {
        /// The program that was given.
        program: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The workspace has no signing key.
    #[error("the vault of workspace {id} has no signing key")]
    #[explain(code = "sign.no_key", kind = NotFound, hint = "Run `ravi-workspace provision --sign` for it again.")]
    NoSigningKey {
        /// The id.
        id: String,
    },
    /// Signing failed.
    #[error("the commit could not be signed: {reason}")]
    #[explain(code = "sign.failed", hint = "Try again.")]
    Sign {
        /// What went wrong.
        reason: String,
    },
    /// The child's output could not be read.
    #[error("the output of {program} could not be passed on: {source}")]
    #[explain(code = "exec.pass", hint = "Run it with --no-mask if its output need not be masked.")]
    Pass {
        /// The program that was given.
        program: String,
        /// What the operating system said.
        source: std::io::Error,
    },
}
