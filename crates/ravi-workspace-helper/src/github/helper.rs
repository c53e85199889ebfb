//! Being called by git or as `gh`.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use super::credential::{self, Operation};
use super::shim::{self, GH};
use super::ssh;
use crate::{self as helper, Called, Caller, NOT_INSTALLED};
use ravi_workspace_core::error::{Error, Result};
use ravi_workspace_core::internal::github::GithubError;

/// Acts as git's credential helper or as `gh` if this process was called as one, and returns the exit code.
pub(crate) fn act(called: &Called) -> Option<u8> {
    if called.is(GH.name) {
        let caller = folder().ok().map(|folder| Caller::new(folder, called));
        return Some(failed(&shim::run(caller.as_ref(), called)));
    }
    let mut arguments = called.arguments.iter();
    if called.launcher.is_some() {
        return None;
    }
    match arguments.next()?.to_str() {
        Some("git-credential") => {}
        Some("git-ssh") => return Some(as_ssh(arguments.as_slice(), called)),
        _ => return None,
    }
    // A flag, or nothing, is for somebody who reads the help.
    let operation = arguments.next().filter(|text| !text.to_string_lossy().starts_with('-'))?;
    Some(answer(operation, called))
}

/// Becomes the ssh that git wants, or says why not: from the exit code, git sees that there is no connection.
fn as_ssh(arguments: &[OsString], called: &Called) -> u8 {
    let error = match folder() {
        Ok(folder) => ssh::run(&Caller::new(folder, called), arguments),
        Err(error) => error,
    };
    helper::tell(&error, "ravi-workspace")
}

/// Answers git on standard output. git ignores the exit code: if it should stop, the answer says so.
pub fn answer_git(operation: &OsStr) -> u8 {
    answer(operation, &Called::now())
}

fn answer(operation: &OsStr, called: &Called) -> u8 {
    let Some(operation) = operation.to_str().and_then(Operation::parse) else { return 0 };
    let caller = folder().map(|folder| Caller::new(folder, called));
    let answer = caller.and_then(|caller| credential::answer(operation, &caller, std::io::stdin()));
    if let Err(error) = credential::tell(answer, std::io::stdout()) {
        helper::tell(&error, "ravi-workspace");
    }
    0
}

/// Reports that an older token is used, as long as that is so.
pub(super) fn tell_age(name: &str, stale: Option<Duration>) {
    if let Some(age) = stale {
        let minutes = age.as_secs() / 60;
        let _ = writeln!(std::io::stderr(), "{name}: Ravi cannot be reached; the token is {minutes} min old");
    }
}

fn folder() -> Result<PathBuf> {
    let read = std::env::current_dir();
    Ok(read.map_err(|source| GithubError::Io { path: "the current folder".into(), doing: "read", source })?)
}

fn failed(error: &Error) -> u8 {
    let code = helper::tell(error, GH.name);
    if matches!(error.downcast_ref(), Some(GithubError::GhMissing)) { NOT_INSTALLED } else { code }
}
