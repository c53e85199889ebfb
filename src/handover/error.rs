//! What can go wrong when a child process is given what a workspace has.

use std::path::PathBuf;

use crate::error::{Explain, Kind};

/// A failure of this room. Holds no value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandoverError {
    /// A secret's name would change what the child runs.
    #[error("a secret named {name} is not put into an environment: the name changes what runs there")]
    RefusedName {
        /// The name.
        name: String,
    },
    /// A value that no environment can hold.
    #[error("the value of {name} has a zero byte, which no environment can hold")]
    ZeroByte {
        /// Name of the variable.
        name: String,
    },
    /// The workspace is not set up, or is being taken down.
    #[error("workspace {id} is not ready")]
    NotReady {
        /// The id.
        id: String,
    },
    /// A folder whose name cannot stand in PATH.
    #[error("{} cannot stand in PATH: it has a colon", path.display())]
    PathColon {
        /// The folder.
        path: PathBuf,
    },
    /// The program could not be started.
    #[error("{program} could not be started: {source}")]
    Start {
        /// The program as given.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The workspace has no signing key.
    #[error("the vault of workspace {id} has no signing key")]
    NoSigningKey {
        /// The id.
        id: String,
    },
    /// Signing failed.
    #[error("the commit could not be signed: {reason}")]
    Sign {
        /// What went wrong.
        reason: String,
    },
    /// The child's output could not be read.
    #[error("the output of {program} could not be passed on: {source}")]
    Pass {
        /// The program as given.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Explain for HandoverError {
    fn code(&self) -> String {
        match self {
            HandoverError::RefusedName { .. } => "exec.refused_name",
            HandoverError::ZeroByte { .. } => "exec.zero_byte",
            HandoverError::NotReady { .. } => "exec.not_ready",
            HandoverError::PathColon { .. } => "exec.path_colon",
            HandoverError::Start { source, .. } if source.kind() == std::io::ErrorKind::NotFound => "exec.not_found",
            HandoverError::Start { .. } => "exec.start",
            HandoverError::NoSigningKey { .. } => "sign.no_key",
            HandoverError::Sign { .. } => "sign.failed",
            HandoverError::Pass { .. } => "exec.pass",
        }
        .into()
    }

    fn hint(&self) -> String {
        match self {
            HandoverError::RefusedName { .. } => "Store the value under another name.".into(),
            HandoverError::ZeroByte { .. } => "Store the value as text, for example in base64.".into(),
            HandoverError::NotReady { .. } => "Run `ravi-workspace provision` for it again.".into(),
            HandoverError::PathColon { .. } => "Set RAVI_WORKSPACE_STATE to a folder without a colon.".into(),
            HandoverError::Start { .. } => "Check the program's name, its rights, and PATH.".into(),
            HandoverError::NoSigningKey { .. } => "Run `ravi-workspace provision --sign` for it again.".into(),
            HandoverError::Sign { .. } => "Try again.".into(),
            HandoverError::Pass { .. } => "Run it with --no-mask if its output need not be masked.".into(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            HandoverError::RefusedName { .. } => Kind::Policy,
            HandoverError::Start { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Kind::NotFound,
            HandoverError::NoSigningKey { .. } => Kind::NotFound,
            _ => Kind::Failed,
        }
    }
}
