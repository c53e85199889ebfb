//! The `ravi` that is first on PATH: in a workspace it runs the real one as the workspace, elsewhere the real one as it
//! is.
//!
//! The real one decides by a file whose key it uses: `.ravi/config.json` in exactly the current folder, else in the
//! home folder. It does not look in the folders in between, so in a sub-folder of a workspace it would find the
//! person's. There are three ways to make it find the workspace's:
//!
//! * *Another current folder* would work, but would break every path in its arguments, such as an attachment's.
//! * *A private home folder* made for each call would work, but would have to be removed when the call ends, whatever
//!   ends it: we would have to stay between it and its terminal, and after a `kill -9` the folder would stay.
//! * *A home folder of the workspace's own* below the state folder is the way taken. Provisioning writes the file
//!   there, suspending and releasing remove it. Nothing is written here, so nothing can be left behind, and the process
//!   can become the real one: arguments, streams, signals, exit code and terminal are those of the real one. If the key
//!   was chosen to be in the worktree, the worktree is that home folder.
//!
//! What else it uses the home folder for (versions up to 0.7): `auth login` writes the file there, `auth logout`
//! removes the folder around it, `identity use` writes one of the two; in a workspace all three are refused. It starts
//! nothing but a browser, at `auth login`. A file in the current folder takes precedence, so a sub-folder that has one,
//! perhaps from the repository itself, is refused.
//!
//! If the file is gone (suspended a moment ago), the real one finds no key at all, and never the person's.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::RaviCliError;
use super::{commands, file};
use crate::{self as helper, Bound, Called, Caller, NOT_INSTALLED, Place, Shim};
use ravi_workspace_core::api::IdentityKey;
use ravi_workspace_core::audit::{Action, Entry};
use ravi_workspace_core::error::{Error, Result};
use ravi_workspace_core::internal::launcher::RAVI_SWITCH;
use ravi_workspace_core::internal::ledger::{Binding, Ledger};
use ravi_workspace_core::internal::os::turn_into;
use ravi_workspace_core::internal::workspace::{State, WorkspaceError};

/// The name by which we are called, and the real program's.
const NAME: &str = "ravi";

const RAVI: Shim =
    Shim { name: NAME, switch: RAVI_SWITCH, passed: "RAVI_WORKSPACE_RAVI_PASSED", depth: "RAVI_WORKSPACE_RAVI_DEPTH" };

/// Acts as `ravi` if this process was called so, and returns the exit code. An app's own program may have that name.
pub(crate) fn act(called: &Called) -> Option<u8> {
    if !called.is_other(NAME) {
        return None;
    }
    let error = run(called);
    let code = helper::tell(&error, NAME);
    Some(if matches!(error.downcast_ref(), Some(RaviCliError::Missing)) { NOT_INSTALLED } else { code })
}

/// Becomes the next `ravi` on PATH. Returns only if that must not happen.
fn run(called: &Called) -> Error {
    match prepare(called) {
        Err(error) => error,
        Ok(mut command) => {
            let path = PathBuf::from(command.get_program());
            let source = turn_into(&mut command);
            RaviCliError::Io { path, doing: "started", source }.into()
        }
    }
}

fn prepare(called: &Called) -> Result<Command> {
    let arguments = called.arguments.as_slice();
    let mut command = RAVI.next(called).map_err(RaviCliError::from)?;
    command.args(arguments);
    if RAVI.is_off() {
        return Ok(command);
    }
    // An agent's folder may have been removed while it was there. The real one would then fall back to the home folder.
    let folder = std::env::current_dir().and_then(|folder| folder.canonicalize());
    let caller = Caller::new(folder.map_err(|source| RaviCliError::Folder { source })?, called);
    match helper::find(&caller.folder, &caller.states)? {
        Place::Free => {}
        Place::Bound(bound) => {
            let home = noted(&bound, arguments, as_workspace(&caller, &bound, arguments))?;
            lead(&mut command, &home, &bound.binding);
        }
        Place::Unconfirmed(error) | Place::Copy(error) | Place::Astray(error) => return Err(error.into()),
    }
    Ok(command)
}

/// Returns the folder whose file the real one should read. Refuses what would use another one.
fn as_workspace(caller: &Caller, bound: &Bound, arguments: &[OsString]) -> Result<PathBuf> {
    let id = bound.binding.id.clone();
    if let Some(command) = commands::refused(arguments) {
        return Err(RaviCliError::Command { command, id }.into());
    }
    caller.wake(bound)?;
    let key = key(&bound.ledger, &id)?;
    let home = file::home(bound.ledger.dir(), &bound.binding);
    file::check(&home, &id, &key)?;
    match file::other(&caller.folder, &home) {
        Some(path) => Err(RaviCliError::OtherFile { path, id }.into()),
        None => Ok(home),
    }
}

/// Returns the workspace's present key. One that has none is refused here, whatever the reason.
fn key(ledger: &Ledger, id: &str) -> Result<IdentityKey> {
    let not_ready = || RaviCliError::NotReady { id: id.to_owned() };
    // Read again: somebody else may have woken it a moment ago.
    let binding = ledger.binding(id)?.ok_or_else(not_ready)?;
    let key = ledger.binding_key(id)?;
    match (binding.state, key) {
        (State::Releasing, _) | (State::Provisioning, None) => Err(not_ready().into()),
        (State::Suspended, _) => Err(WorkspaceError::Suspended { id: id.to_owned() }.into()),
        (State::Ready, None) => Err(WorkspaceError::NoKey { id: id.to_owned() }.into()),
        (State::Ready | State::Provisioning, Some(key)) => Ok(key),
    }
}

fn lead(command: &mut Command, home: &Path, binding: &Binding) {
    command.env("HOME", home).env("RAVI_API_URL", &binding.server);
    // No version seen so far reads these. Ravi's guides name them, so one that does must not find the person's.
    command.env("RAVI_CONFIG_DIR", home.join(".ravi")).env_remove("RAVI_API_KEY");
}

/// Notes that the workspace's key was used, or why not. What cannot be noted is not done.
fn noted<T>(bound: &Bound, arguments: &[OsString], result: Result<T>) -> Result<T> {
    let entry = Entry::done(Action::RaviCli).workspace(&bound.binding.id);
    let entry = entry.object_if(commands::name(arguments));
    let entry = match &result {
        Ok(_) => entry,
        Err(error) => entry.ended(error),
    };
    let noted = bound.ledger.note(entry);
    let value = result?;
    noted?;
    Ok(value)
}
