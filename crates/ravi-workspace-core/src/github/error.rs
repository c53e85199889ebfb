//! What can go wrong between a workspace and GitHub.

use std::path::PathBuf;

use crate::error::Explain;
use crate::vault::address;

/// A failure concerning a workspace's GitHub login. Holds no token.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum GithubError {
    /// The secret that holds the workspace's token is no longer in the vault.
    #[error("the vault has no secret {secret}, which holds the GitHub token of workspace {id}")]
    #[explain(
        code = "github.token_missing",
        kind = NotFound,
        hint("Store {secret} again, or choose another with `ravi-workspace provision … --github-secret NAME`; an empty NAME looks for a token as if none had been named.")
    )]
    TokenMissing {
        /// The workspace.
        id: String,
        /// Name of the secret.
        secret: String,
    },
    /// The secret that was to hold the GitHub token does not exist.
    #[error("the vault has no secret {secret} for workspace {id}{}", there(elsewhere))]
    #[explain(
        if = elsewhere.is_empty(),
        code = "workspace.no_github_secret",
        kind = NotFound,
        hint("Store it: `ravi-workspace secret set {secret}` reads the value from standard input. `--github-secret \"\"` names none.")
    )]
    #[explain(
        code = "workspace.no_github_secret",
        kind = NotFound,
        hint("Choose the identity that has it: `ravi-workspace account --host-identity {}`.", address(&elsewhere[0]))
    )]
    NoSecret {
        /// The id.
        id: String,
        /// The secret's name.
        secret: String,
        /// Other identities that have a secret of this name, each with its address.
        elsewhere: Vec<String>,
    },
    /// The secret cannot be a token.
    #[error("the secret {secret} of workspace {id} is not a GitHub token: {reason}")]
    #[explain(code = "github.token_form", hint("Store only the token, on one line, in {secret}."))]
    TokenForm {
        /// The workspace.
        id: String,
        /// Name of the secret.
        secret: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The workspace has no token of its own and may not use the user's login.
    #[error("workspace {id} has no GitHub token, and is set up not to use another login")]
    #[explain(
        code = "github.denied",
        kind = Policy,
        hint = "Store a token as GH_TOKEN in the workspace's vault and provision it again."
    )]
    Denied {
        /// The workspace.
        id: String,
    },
    /// The workspace is not set up, or is being taken down.
    #[error("workspace {id} is not ready")]
    #[explain(code = "github.not_ready", hint = "Provision the workspace again; it continues where it stopped.")]
    NotReady {
        /// The workspace.
        id: String,
    },
    /// The address leads to a host over SSH, where the user's key would log in.
    #[error("workspace {id} does not go to {host} over SSH: the key there is not its own")]
    #[explain(
        code = "github.ssh",
        kind = Policy,
        hint("Use the address https://{host}/OWNER/REPOSITORY, or provision the workspace again.")
    )]
    Ssh {
        /// The workspace.
        id: String,
        /// The host.
        host: String,
    },
    /// The repository's configuration has another credential helper after the workspace's.
    #[error("in workspace {id} another credential helper was configured, which git would have given the token to")]
    #[explain(
        code = "github.other_helper",
        hint = "Run the same command again: now the workspace's own helper comes last."
    )]
    OtherHelper {
        /// The workspace.
        id: String,
    },
    /// The request names a host that is made to look like another one.
    #[error("{host:?} is not exactly the host that the token is for")]
    #[explain(code = "github.host", kind = Policy, hint = "Correct the remote's address (git remote -v).")]
    Host {
        /// The host as given.
        host: String,
    },
    /// It is not a request from git.
    #[error("this is not a credential request from git: {reason}")]
    #[explain(code = "github.request", kind = Usage, hint = "Let git call it; see gitcredentials(7).")]
    Request {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// `gh` is not installed.
    #[error("the GitHub CLI is not installed: the only gh on PATH is Ravi's own shim")]
    #[explain(code = "github.gh_missing", kind = NotFound, hint = "Install gh (https://cli.github.com).")]
    GhMissing,
    /// Shims call each other for ever.
    #[error("gh calls itself again and again: {} is on PATH and calls gh by name", next.display())]
    #[explain(code = "github.loop", hint("Let {} call the real gh by its path.", next.display()))]
    Loop {
        /// The next `gh` on PATH.
        next: PathBuf,
    },
    /// A file or program could not be used.
    #[error("{} could not be {doing}: {source}", path.display())]
    #[explain(code = "github.io", hint = "Check the file's permissions, then try again.")]
    Io {
        /// The file.
        path: PathBuf,
        /// `started`, `made`, `read`.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

fn there(elsewhere: &[String]) -> String {
    match elsewhere {
        [] => String::new(),
        some => format!("; there is one in the vault of {}", some.join(", ")),
    }
}
