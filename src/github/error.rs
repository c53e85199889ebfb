//! What can go wrong between a workspace and GitHub.

use std::path::PathBuf;

use crate::error::{Explain, Kind};

/// A failure around a workspace's GitHub login. Holds no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GithubError {
    /// The secret that holds the workspace's token is not in the vault any more.
    #[error("the vault has no secret {secret}, which holds the GitHub token of workspace {id}")]
    TokenMissing {
        /// The workspace.
        id: String,
        /// Name of the secret.
        secret: String,
    },
    /// The secret cannot be a token.
    #[error("the secret {secret} of workspace {id} is no GitHub token: {reason}")]
    TokenForm {
        /// The workspace.
        id: String,
        /// Name of the secret.
        secret: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The workspace has no token of its own, and may not use the person's login.
    #[error("workspace {id} has no GitHub token, and is set up not to use another login")]
    Denied {
        /// The workspace.
        id: String,
    },
    /// The workspace is not set up, or is being taken down.
    #[error("workspace {id} is not ready")]
    NotReady {
        /// The workspace.
        id: String,
    },
    /// The address leads to a host over ssh, where the person's key would log in.
    #[error("workspace {id} does not go to {host} over SSH: the key there is not its own")]
    Ssh {
        /// The workspace.
        id: String,
        /// The host.
        host: String,
    },
    /// The repository's configuration has another credential helper behind the workspace's.
    #[error("in workspace {id} another credential helper was configured, which git would have told the token")]
    OtherHelper {
        /// The workspace.
        id: String,
    },
    /// The request names a host that is meant to be taken for another one.
    #[error("{host:?} is not exactly the host that the token is for")]
    Host {
        /// The host as given.
        host: String,
    },
    /// The request is none of git's.
    #[error("this is no credential request of git's: {reason}")]
    Request {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// `gh` is not installed.
    #[error("the GitHub CLI is not installed: there is no gh on PATH but Ravi's own shim")]
    GhMissing,
    /// Shims call each other for ever.
    #[error("gh calls itself again and again: {} is on PATH and calls gh by name", next.display())]
    Loop {
        /// The next `gh` on PATH.
        next: PathBuf,
    },
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

impl Explain for GithubError {
    fn code(&self) -> String {
        match self {
            GithubError::TokenMissing { .. } => "github.token_missing",
            GithubError::TokenForm { .. } => "github.token_form",
            GithubError::Denied { .. } => "github.denied",
            GithubError::NotReady { .. } => "github.not_ready",
            GithubError::Ssh { .. } => "github.ssh",
            GithubError::OtherHelper { .. } => "github.other_helper",
            GithubError::Host { .. } => "github.host",
            GithubError::Request { .. } => "github.request",
            GithubError::GhMissing => "github.gh_missing",
            GithubError::Loop { .. } => "github.loop",
            GithubError::Io { .. } => "github.io",
        }
        .into()
    }

    fn hint(&self) -> String {
        match self {
            GithubError::TokenMissing { secret, .. } => {
                format!("Store {secret} again, or provision the workspace again to choose its login anew.")
            }
            GithubError::TokenForm { secret, .. } => format!("Store the token alone, in one line, in {secret}."),
            GithubError::Denied { .. } => {
                "Store a token as GH_TOKEN in the workspace's vault and provision it again.".into()
            }
            GithubError::NotReady { .. } => "Provision the workspace again; it goes on from where it stopped.".into(),
            GithubError::Ssh { host, .. } => {
                format!("Use the address https://{host}/OWNER/REPOSITORY, or provision the workspace again.")
            }
            GithubError::OtherHelper { .. } => {
                "Run the same command again: the workspace's own helper is the last one now.".into()
            }
            GithubError::Host { .. } => "Correct the remote's address (git remote -v).".into(),
            GithubError::Request { .. } => "Let git call it; see gitcredentials(7).".into(),
            GithubError::GhMissing => "Install gh (https://cli.github.com).".into(),
            GithubError::Loop { next } => format!("Let {} call the real gh by its path.", next.display()),
            GithubError::Io { .. } => "Check the file's rights, then try again.".into(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            GithubError::TokenMissing { .. } | GithubError::GhMissing => Kind::NotFound,
            GithubError::Denied { .. } | GithubError::Ssh { .. } | GithubError::Host { .. } => Kind::Policy,
            GithubError::Request { .. } => Kind::Usage,
            _ => Kind::Failed,
        }
    }
}
