//! Signing commits as a workspace: a key per identity, whose private part is only in the identity's vault, and what git
//! needs to sign and verify with it.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::error::WorkspaceError;
use super::inspect::inspect;
use super::values;
use crate::api::IdentityUuid;
use crate::error::Result;
use crate::git::{self, Feature, Git};
use crate::machine::disk;

#[cfg_attr(not(feature = "sign"), path = "not_built.rs")]
mod key;

pub use key::{check_built, sign};

/// Name of the secret that holds the private key, in OpenSSH's format.
pub const SECRET: &str = "RAVI_SIGNING_KEY";

/// File in the private git dir that names the signer for git (ssh-keygen(1), "ALLOWED SIGNERS").
pub(crate) const SIGNERS_FILE: &str = "ravi-allowed-signers";

/// What tells git that a signature is ssh's; a git before 2.34 fails on this value.
const FORMAT: &str = "gpg.format";
const SSH: &str = "ssh";

/// What git needs to sign as a workspace.
#[derive(Debug, Clone)]
pub(super) struct Signing {
    /// `ssh-ed25519 …`, without a comment.
    public_key: String,
    program: PathBuf,
}

/// Refuses to let the workspace at `path` sign if git cannot, before anything is done for it. Blocks on git.
pub(super) fn check_git(path: &Path) -> Result<(), WorkspaceError> {
    match inspect(path)?.git {
        Some(_) => Ok(git::check(Feature::SshSignatures)?),
        None => Ok(()),
    }
}

/// Returns the identity's signing key, made if there is none.
pub(super) async fn prepare(ctx: Context<'_>, identity: &IdentityUuid) -> Result<Signing> {
    let secrets = ctx.account.secrets(identity);
    let private = match secrets.find(SECRET).await? {
        Some(secret) => secret.value,
        // Names are unique in a vault: after a lost reply, the key is found there the next time.
        None => secrets.put(SECRET, &key::make()?).await?.value,
    };
    Ok(Signing { public_key: key::public(&private)?, program: program(ctx.ledger.dir())? })
}

/// Returns the launcher that signs for git. It is called by name because git passes a signing program no argument of
/// ours.
fn program(state_dir: &Path) -> Result<PathBuf, WorkspaceError> {
    crate::launcher::signer_path(state_dir).map_err(|_| WorkspaceError::NoProgram)
}

impl Signing {
    /// Writes the list of signers, and returns the values for the git that is there.
    pub(super) fn set_up(
        &self,
        git_dir: &Path,
        email: &str,
        git: &git::Found,
    ) -> Result<Vec<(&'static str, Vec<String>)>, WorkspaceError> {
        let signers = git_dir.join(SIGNERS_FILE);
        let line = format!("{email} namespaces=\"git\" {}\n", self.public_key);
        if disk::read_if_there(&signers, line.len())?.as_deref() != Some(line.as_bytes()) {
            disk::write_private(&signers, line.as_bytes())?;
        }
        let text = |path: &Path| vec![path.to_string_lossy().into_owned()];
        // Newer gits still read a key without the mark if its type begins with "ssh-", but no other type.
        let mark = if git.has(Feature::MarkedKeys) { "key::" } else { "" };
        let key = ("user.signingKey", vec![format!("{mark}{}", self.public_key)]);
        if !git.has(Feature::SshSignatures) {
            // A workspace that another git set up. The key stays the workspace's, so that `git commit -S` fails rather
            // than sign as the person.
            return Ok(none().into_iter().chain([key]).collect());
        }
        Ok(vec![
            (FORMAT, vec![SSH.to_owned()]),
            ("gpg.ssh.program", text(&self.program)),
            ("gpg.ssh.allowedSignersFile", text(&signers)),
            key,
        ])
    }
}

/// What git was set to do about a workspace's signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// It has no key for it.
    Nothing,
    /// It has one, but the git that set it up was too old.
    Waits,
    /// It signs.
    Signs,
}

/// Returns what was set for the workspace of this private git dir. Blocks on git.
pub(crate) fn set(git_dir: &Path) -> Result<Set, WorkspaceError> {
    if !git_dir.join(SIGNERS_FILE).exists() {
        return Ok(Set::Nothing);
    }
    let format = Git::at(git_dir).values_in(&values::file(git_dir), FORMAT)?;
    Ok(if format.last().is_some_and(|format| format == SSH) { Set::Signs } else { Set::Waits })
}

/// Returns the values that switch signing off: a person's signature says that the person made the commit, and whatever
/// asks them for it would stop an agent that nobody watches.
pub(super) fn none() -> Vec<(&'static str, Vec<String>)> {
    ["commit.gpgSign", "tag.gpgSign", "tag.forceSignAnnotated", "push.gpgSign"]
        .map(|key| (key, vec!["false".to_owned()]))
        .to_vec()
}

/// Removes the file.
pub(super) fn remove(git_dir: &Path) -> Result<(), WorkspaceError> {
    Ok(disk::remove_if_there(&git_dir.join(SIGNERS_FILE))?)
}

/// Whether the public key `key` (`TYPE BASE64 …`) signs for the worktree of this private git dir.
pub fn is_ours(git_dir: &Path, key: &str) -> Result<bool, WorkspaceError> {
    let signers = disk::read_if_there(&git_dir.join(SIGNERS_FILE), 64 * 1024)?.unwrap_or_default();
    let wanted: Vec<&str> = key.split_ascii_whitespace().take(2).collect();
    let ours = String::from_utf8_lossy(&signers);
    Ok(wanted.len() == 2 && ours.split_ascii_whitespace().skip(2).eq(wanted))
}
