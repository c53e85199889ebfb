//! Signing for git, in place of `ssh-keygen`.
//!
//! git calls `gpg.ssh.program` as it would call ssh-keygen(1). Requests for a workspace's key are signed here, with the
//! private key from the vault in memory only; everything else (verifying, other keys) goes to the real ssh-keygen.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{self as helper, Called, Caller, Place};
use ravi_workspace_core::Ravi;
use ravi_workspace_core::api::ApiError;
use ravi_workspace_core::audit::{Action, Entry};
use ravi_workspace_core::config::Config;
use ravi_workspace_core::error::Result;
use ravi_workspace_core::internal::block_on;
use ravi_workspace_core::internal::files::{self, Mode};
use ravi_workspace_core::internal::handover::{HandoverError, Workspace};
use ravi_workspace_core::internal::launcher::SIGNER;
use ravi_workspace_core::internal::os::{cores, turn_into};
use ravi_workspace_core::internal::workspace::{WorkspaceError, git_dir_of, signing};

/// Larger than any public key or commit.
const LARGEST: usize = 64 * 1024 * 1024;

/// Signs if this process was called by the signing program's name, and returns its exit code.
pub(crate) fn act(called: &Called) -> Option<u8> {
    if !called.is(SIGNER) {
        return None;
    }
    cores::forbid();
    let error = match run(called) {
        Ok(()) => return Some(0),
        Err(error) => error,
    };
    Some(helper::tell(&error, SIGNER))
}

fn run(called: &Called) -> Result<()> {
    let arguments = &called.arguments;
    let folder = std::env::current_dir()
        .map_err(|e| WorkspaceError::Folder { path: PathBuf::from("."), reason: e.to_string() })?;
    match Job::parse(arguments) {
        Some(job) if job.is_ours(&folder)? => job.sign(&Caller::new(folder, called)),
        _ => Err(ssh_keygen(arguments).into()),
    }
}

/// Becomes the real ssh-keygen.
fn ssh_keygen(arguments: &[OsString]) -> HandoverError {
    let source = turn_into(Command::new("ssh-keygen").args(arguments));
    HandoverError::Start { program: "ssh-keygen".into(), source }
}

/// `-Y sign -n NAMESPACE -f KEY [-U] FILE`
struct Job {
    namespace: String,
    key: PathBuf,
    file: PathBuf,
}

impl Job {
    fn parse(arguments: &[OsString]) -> Option<Job> {
        let after = |flag: &str| arguments.iter().skip_while(|a| *a != flag).nth(1);
        let namespace = after("-n")?.to_str()?.to_owned();
        let (key, file) = (PathBuf::from(after("-f")?), PathBuf::from(arguments.last()?));
        (after("-Y")? == "sign").then_some(Job { namespace, key, file })
    }

    /// Whether the key is that of the workspace that `folder` lies in.
    fn is_ours(&self, folder: &Path) -> Result<bool> {
        let Ok(key) = files::read_bounded_following(&self.key, LARGEST) else { return Ok(false) };
        let Some(git_dir) = git_dir_of(folder)? else { return Ok(false) };
        Ok(signing::is_ours(&git_dir, &String::from_utf8_lossy(&key))?)
    }

    fn sign(&self, caller: &Caller) -> Result<()> {
        // Checked first, so that Ravi is not asked for a key that would be of no use.
        signing::check_built()?;
        let message = files::read_bounded_following(&self.file, LARGEST).map_err(WorkspaceError::from)?;
        let signature = block_on(signature(caller, &self.namespace, &message))?;
        let mut name = self.file.clone().into_os_string();
        name.push(".sig");
        let written = files::write_atomic(Path::new(&name), signature.as_bytes(), Mode::Exact(0o600));
        Ok(written.map_err(WorkspaceError::from)?)
    }
}

async fn signature(caller: &Caller, namespace: &str, message: &[u8]) -> Result<String> {
    let folder = &caller.folder;
    let ravi = ravi_of(caller)?;
    let workspace = ravi.workspaces().open(folder).await?;
    let signed = match sign_as(&workspace, namespace, message).await {
        // Somebody revoked its key at Ravi.
        Err(error) if matches!(error.downcast_ref(), Some(ApiError::Unauthorized { .. })) => {
            ravi.workspaces().heal(workspace.binding()).await?;
            sign_as(&ravi.workspaces().open(folder).await?, namespace, message).await
        }
        signed => signed,
    };
    let entry = Entry::done(Action::GitSign).workspace(workspace.id()).object(signing::SECRET);
    ravi.noted(entry, signed).await
}

async fn sign_as(workspace: &Workspace, namespace: &str, message: &[u8]) -> Result<String> {
    let none = || HandoverError::NoSigningKey { id: workspace.id().to_owned() };
    let session = workspace.session().ok_or_else(none)?;
    let secret = session.secrets(workspace.identity_uuid()).find(signing::SECRET).await?.ok_or_else(none)?;
    Ok(signing::sign(&secret.value, namespace, message)?)
}

/// Opens the workspace's Ravi. git's environment says neither which ledger nor which Ravi that is; its note and the
/// ledger do.
fn ravi_of(caller: &Caller) -> Result<Ravi> {
    let unbound = || WorkspaceError::Unbound { target: caller.folder.display().to_string() };
    let git_dir = git_dir_of(&caller.folder)?.ok_or_else(unbound)?;
    match helper::started_in(&caller.folder, &git_dir, &caller.states)? {
        Place::Bound(bound) => {
            let (api_url, state_dir) = (url::Url::parse(&bound.binding.server).ok(), bound.ledger.dir().to_owned());
            Ravi::open(Config { api_url, state_dir: Some(state_dir), ..Config::default() })
        }
        Place::Unconfirmed(error) | Place::Copy(error) | Place::Astray(error) => Err(error.into()),
        Place::Free => Err(unbound().into()),
    }
}
