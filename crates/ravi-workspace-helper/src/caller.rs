//! The caller, and what this machine is set up with.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::bound::Bound;
use super::called::Called;
use super::next::file_id;
use ravi_error::shown;
use ravi_workspace_core::Ravi;
use ravi_workspace_core::config::{Config, name_of};
use ravi_workspace_core::error::{Error, Result};
use ravi_workspace_core::internal::block_on;
use ravi_workspace_core::internal::launcher::{LAUNCHED_FROM, NAMES, is_launcher, state_of};
use ravi_workspace_core::internal::os::cores;
use ravi_workspace_core::internal::workspace::{State, WorkspaceError};

/// The caller, and what this machine is set up with.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) folder: PathBuf,
    /// Where there may be ledgers that nothing in the folder names; this program's own would be in the first.
    pub(crate) states: Vec<PathBuf>,
}

impl Caller {
    pub(crate) fn new(folder: PathBuf, called: &Called) -> Caller {
        // From here on this process acts as a helper, and becomes another program or ends.
        cores::forbid();
        let state_dir = std::env::var_os("RAVI_WORKSPACE_STATE").filter(|text| !text.is_empty()).map(PathBuf::from);
        // Without a folder of its own, the only ledger is one that a note names.
        let state_dir = Config { state_dir, ..Config::default() }.folder().unwrap_or_default();
        let state_dir = state_dir.canonicalize().unwrap_or(state_dir);
        let mut states = vec![state_dir];
        let launcher = called.state_dir().and_then(|dir| dir.canonicalize().ok());
        let own = std::env::var_os(LAUNCHED_FROM).and_then(|dir| state_of(Path::new(&dir))?.canonicalize().ok());
        for state in launcher.into_iter().chain(own).chain(states_on_path()) {
            if !states.contains(&state) {
                states.push(state);
            }
        }
        Caller { folder, states }
    }

    /// Wakes the workspace of `bound`, if it is suspended and use may wake it. Blocks.
    pub(crate) fn wake(&self, bound: &Bound) -> Result<()> {
        if bound.binding.state != State::Suspended {
            return Ok(());
        }
        let config = self.config()?;
        if !config.server_names()?.contains(&bound.binding.server) {
            // The environment's key is for the server that the environment names.
            return Err(WorkspaceError::other_server(&bound.binding, name_of(&config.server()?)).into());
        }
        let ravi = Ravi::open(Config { state_dir: Some(bound.ledger.dir().to_owned()), ..config })?;
        block_on(ravi.workspaces().wake_on_use(&bound.binding))
    }

    /// Reads the rest of the configuration. This happens only in workspaces, so that a mistake in it disturbs nobody
    /// elsewhere.
    pub(crate) fn config(&self) -> Result<Config> {
        Ok(Config::default().with_env()?)
    }
}

/// Returns the state folders whose shims are on PATH: no variable names the ledger of an app that keeps it in a place
/// of its own.
fn states_on_path() -> impl Iterator<Item = PathBuf> {
    let own = std::env::current_exe().and_then(|path| file_id(&path)).ok();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).filter(|dir| dir.is_absolute()).collect();
    let is_shim = move |file: &Path| is_launcher(file) || own.is_some() && file_id(file).ok() == own;
    let is_ours = move |dir: &PathBuf| NAMES.iter().any(|name| is_shim(&dir.join(name)));
    let bins = folders.into_iter().filter(|dir| state_of(dir).is_some_and(|state| state.join("ledger.db").exists()));
    bins.filter(is_ours).filter_map(|dir| state_of(&dir)?.canonicalize().ok())
}

/// Prints a line on standard error.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", shown::line(text));
}

/// Reports on standard error what went wrong with the program of this name, and returns the exit code for it.
pub(crate) fn tell(error: &Error, name: &str) -> u8 {
    say(&format!("{name}: error[{}]: {error}", error.code()));
    say(&format!("  hint: {}", error.hint()));
    crate::exit_code(error.kind())
}
