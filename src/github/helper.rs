//! Being called by git or as `gh`: the first thing a program looks at, before it opens a window or reads its arguments.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::bound::Bound;
use super::credential::{self, Operation};
use super::error::GithubError;
use super::shim;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ravi::Ravi;
use crate::workspace::{GithubSource, State, WorkspaceError};

/// Exit code of a shell for a command that is not there.
const NOT_INSTALLED: u8 = 127;

/// Acts as git's credential helper or as `gh` where this process was called as one, and answers the exit code.
pub(crate) fn act() -> Option<u8> {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    if Path::new(&name).file_name().is_some_and(|name| name == "gh") {
        let arguments: Vec<OsString> = arguments.collect();
        return Some(failed(&shim::run(folder().ok().map(Caller::new).as_ref(), &arguments), "gh"));
    }
    if arguments.next()? != "git-credential" {
        return None;
    }
    // A flag, or nothing, is for whoever reads the help.
    let operation = arguments.next().filter(|text| !text.to_string_lossy().starts_with('-'))?;
    Some(answer_git(&operation))
}

/// Answers git on standard output. git was told to stop where that is the answer, and reads no exit code.
pub(crate) fn answer_git(operation: &OsStr) -> u8 {
    let Some(operation) = operation.to_str().and_then(Operation::parse) else { return 0 };
    let answer = folder().and_then(|folder| credential::answer(operation, &Caller::new(folder), std::io::stdin()));
    if let Err(error) = credential::tell(answer, std::io::stdout()) {
        failed(&error, "ravi-workspace");
    }
    0
}

/// Who calls, and what this machine is set up with.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) folder: PathBuf,
    /// Where this program's own ledger would be.
    pub(super) state_dir: PathBuf,
}

impl Caller {
    fn new(folder: PathBuf) -> Caller {
        let state_dir = std::env::var_os("RAVI_WORKSPACE_STATE").filter(|text| !text.is_empty()).map(PathBuf::from);
        // Without a folder of its own there is no ledger but the one that a note names.
        let state_dir = Config { state_dir, ..Config::default() }.folder().unwrap_or_default();
        Caller { folder, state_dir: state_dir.canonicalize().unwrap_or(state_dir) }
    }

    /// Wakes the workspace of `bound` where it sleeps and has a login of its own. Blocks.
    pub(super) fn wake(&self, bound: &Bound) -> Result<()> {
        if bound.binding.state != State::Suspended || bound.plan.source == GithubSource::Inherited {
            return Ok(());
        }
        let config = self.config()?;
        let server = config.server()?.as_str().trim_end_matches('/').to_owned();
        if server != bound.binding.server {
            // The environment's key is for the server that the environment names.
            let (id, theirs) = (bound.binding.id.clone(), bound.binding.server.clone());
            return Err(WorkspaceError::OtherServer { id, theirs, ours: server }.into());
        }
        let ravi = Ravi::open(Config { state_dir: Some(bound.ledger.dir().to_owned()), ..config })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| GithubError::Io { path: "network".into(), doing: "started", source })?;
        runtime.block_on(ravi.wake_on_use(&bound.binding))
    }

    /// Everything else. Asked for in workspaces only, so that a mistake in it disturbs nobody elsewhere.
    pub(super) fn config(&self) -> Result<Config> {
        Ok(Config::default().with_env()?)
    }
}

/// Says that an older token is used, as long as that is so.
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

fn failed(error: &Error, name: &str) -> u8 {
    let _ = writeln!(std::io::stderr(), "{name}: error[{}]: {error}\n  hint: {}", error.code(), error.hint());
    match error {
        Error::Github(GithubError::GhMissing) => NOT_INSTALLED,
        error => error.kind().exit_code(),
    }
}
