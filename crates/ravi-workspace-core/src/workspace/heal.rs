//! The programs of ours that a workspace's git configuration names, in the form of whichever version set it up.
//!
//! A version before launchers wrote its own path, which disappears with that version. The next provision rewrites such
//! a value, and so does this room, without asking Ravi: it replaces the program and nothing else.

use std::path::{Path, PathBuf};

use super::context::blocking;
use super::error::WorkspaceError;
use super::note::Note;
use super::shared::Repository;
use super::values;
use crate::error::{Explain as _, Result};
use crate::git::Git;
use crate::github::{helper_program, helper_value};
use crate::launcher::{self, LAUNCHER, SIGNER};
use crate::ledger::{Binding, Ledger};
use crate::machine::disk;
use crate::model::workspace::State;

/// The value that is a program's path and nothing else.
const SIGN: &str = "gpg.ssh.program";

/// Returns the programs that we made the configuration of this private git dir's worktree call. Does not run git.
pub(crate) fn named_programs(git_dir: &Path) -> Vec<PathBuf> {
    let mut all = match disk::read_if_there(&values::file(git_dir), values::FILE_LIMIT).ok().flatten() {
        Some(bytes) => String::from_utf8_lossy(&bytes).lines().filter_map(program_in_line).collect(),
        // Set up by an earlier version and not moved over yet.
        None => former_programs(git_dir),
    };
    all.dedup();
    all
}

fn former_programs(git_dir: &Path) -> Vec<PathBuf> {
    let note = Note::read(git_dir).ok().flatten();
    let values = note.iter().flat_map(|note| &note.values);
    values.flat_map(|value| value.ours.iter().filter_map(|ours| program_in(&value.key, ours))).collect()
}

/// Returns the first of them that is not a launcher: it disappears with its version.
pub(crate) fn outdated_program(git_dir: &Path) -> Option<PathBuf> {
    named_programs(git_dir).into_iter().find(|path| !is_lasting(path))
}

fn is_lasting(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == LAUNCHER || name == SIGNER)
}

fn program_in(key: &str, value: &str) -> Option<PathBuf> {
    if key.starts_with("credential.") { helper_program(value) } else { (key == SIGN).then(|| value.into()) }
}

/// Returns the program in a line of the file, as [`values`] writes it.
fn program_in_line(line: &str) -> Option<PathBuf> {
    let (name, value) = line.trim_start().split_once(" = ")?;
    let value = values::unquoted(value);
    match name {
        "helper" => helper_program(&value),
        "program" => Some(value.into()),
        _ => None,
    }
}

/// Tells the launchers which workspaces are outside any repository, if such a one came or went.
pub(super) async fn list_folders(ledger: &Ledger, binding: &Binding) -> Result<()> {
    if binding.git_dir.is_some() {
        return Ok(());
    }
    let list = |l: &Ledger| {
        let plain = l.bindings()?.into_iter().filter(|binding| binding.git_dir.is_none());
        launcher::list_folders(l.dir(), &plain.map(|binding| binding.path).collect::<Vec<_>>());
        Ok(())
    };
    Ok(ledger.run(list).await?)
}

/// Heals every workspace of the ledger that needs it. One that cannot be healed now is left for the next time.
pub(crate) async fn heal_all(ledger: &Ledger) -> Result<()> {
    let bindings = ledger.run(|l| l.bindings()).await?;
    let state_dir = ledger.dir().to_owned();
    let work = move || {
        for binding in bindings.iter().filter(|binding| matches!(binding.state, State::Ready | State::Suspended)) {
            if let Err(error) = heal(binding, &state_dir) {
                tracing::debug!(id = binding.id, code = error.code(), "git still calls a former program");
            }
        }
        Ok::<_, WorkspaceError>(())
    };
    Ok(blocking(work).await?)
}

/// Makes the workspace's configuration name the launcher of `state_dir`. Blocks on git.
fn heal(binding: &Binding, state_dir: &Path) -> Result<(), WorkspaceError> {
    let (Some(git_dir), Some(common_dir)) = (&binding.git_dir, &binding.common_dir) else { return Ok(()) };
    if outdated_program(git_dir).is_none() {
        return Ok(());
    }
    let launcher = launcher::launcher_path(state_dir).map_err(|_| WorkspaceError::NoProgram)?;
    let repository = Repository::lock(common_dir)?;
    // Another worktree may have been made in the same place.
    if Note::read(git_dir)?.is_none_or(|note| note.nonce != binding.nonce) {
        return Ok(());
    }
    repository.move_over()?;
    let healed = |key: &str, value: String| match helper_program(&value).filter(|_| key.starts_with("credential.")) {
        Some(program) if !is_lasting(&program) => helper_value(&launcher),
        _ => value,
    };
    let now = Git::at(git_dir).all_in(&values::file(git_dir))?.grouped();
    let wanted = now.into_iter().map(|(key, all)| {
        let all = all.into_iter().map(|value| healed(&key, value)).collect();
        (key, all)
    });
    values::write(git_dir, &wanted.collect::<Vec<_>>())?;
    Ok(())
}
