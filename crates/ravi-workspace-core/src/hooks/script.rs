//! Hook files that call this program, along with any hook of the same name that was there.
//!
//! An existing hook is put aside under another name, called as well, and restored by `uninstall`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::HookError;
use crate::launcher::LAUNCHER;
use crate::machine::files::{self, FileError, Mode};
use crate::machine::shell::posix;

const MARK: &str = "# ravi-workspace hook: `uninstall` takes this file away and puts back what was here";
const ASIDE: &str = ".before-ravi";
const LIMIT: usize = 1024 * 1024;

/// A hook file of ours.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// How it calls us, as shell commands: [`call`].
    pub(crate) call: String,
    /// Another hook of the same name, which the orchestrator would run if this one did not exist.
    pub(crate) instead_of: Option<PathBuf>,
}

/// What became of one hook file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HookFile {
    /// The file.
    pub path: PathBuf,
    /// Its state now.
    pub state: HookFileState,
}

/// The state of a hook file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HookFileState {
    /// It calls this program.
    Installed,
    /// It calls this program and the hook that was there before.
    Chained,
    /// Ours is gone; what was there before is back.
    Removed,
    /// Somebody changed it, so it was left alone.
    Left,
    /// It is installed but never reached: the orchestrator prefers another file of this name.
    Shadowed,
}

impl Script {
    /// Writes the file, putting an existing hook aside first.
    pub(crate) fn install(&self) -> Result<HookFile, HookError> {
        let aside = aside(&self.path);
        if self.path.symlink_metadata().is_ok() && !is_ours(&self.path) {
            if aside.symlink_metadata().is_ok() {
                return Err(HookError::TwoHooks { path: self.path.clone(), aside });
            }
            std::fs::rename(&self.path, &aside).map_err(|e| FileError::from_io(&self.path, "rename", e))?;
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|e| FileError::from_io(folder, "create", e))?;
        files::write_atomic(&self.path, self.text().as_bytes(), Mode::Exact(0o755))?;
        let state = if aside.exists() { HookFileState::Chained } else { HookFileState::Installed };
        Ok(HookFile { path: self.path.clone(), state })
    }

    /// Removes the file and restores what was there.
    pub(crate) fn uninstall(path: &Path) -> Result<HookFile, HookError> {
        let (aside, there) = (aside(path), path.symlink_metadata().is_ok());
        let report = |state| Ok(HookFile { path: path.to_owned(), state });
        if there && !is_ours(path) {
            return report(HookFileState::Left);
        }
        if aside.symlink_metadata().is_ok() {
            std::fs::rename(&aside, path).map_err(|e| FileError::from_io(path, "rename", e))?;
        } else if there {
            std::fs::remove_file(path).map_err(|e| FileError::from_io(path, "remove", e))?;
        }
        report(HookFileState::Removed)
    }

    fn text(&self) -> String {
        let others: Vec<PathBuf> = std::iter::once(aside(&self.path)).chain(self.instead_of.clone()).collect();
        let others: Vec<String> = others.iter().map(|path| posix(&path.to_string_lossy())).collect();
        format!(
            "#!/bin/sh\n{MARK}\n{} || exit\nfor next in {}; do\n  [ -x \"$next\" ] || continue\n  \
             grep -q '^# ravi-workspace hook:' \"$next\" && continue\n  exec \"$next\" \"$@\"\ndone\nexit 0\n",
            self.call,
            others.join(" ")
        )
    }
}

fn aside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ASIDE);
    path.with_file_name(name)
}

/// Whether `install` wrote the file.
pub(crate) fn is_ours(path: &Path) -> bool {
    let bytes = files::read_bounded(path, LIMIT).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().nth(1) == Some(MARK)
}

/// Returns how a hook calls us, through the launcher of a state folder. If the launcher is gone, the hook does nothing,
/// because whatever ran it is the person's own.
pub(crate) fn call(launcher: &Path, arguments: &str) -> String {
    let word = posix(&launcher.to_string_lossy());
    format!("[ ! -x {word} ] || {word} {arguments}")
}

/// Returns the program in a hook file of ours that a version before launchers wrote; an upgrade removes it.
pub(crate) fn outdated(path: &Path) -> Option<PathBuf> {
    let bytes = files::read_bounded(path, LIMIT).ok().filter(|_| is_ours(path))?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().nth(2)?;
    let word = &line[..line.find(" hook ")?];
    (!line.contains(LAUNCHER)).then(|| PathBuf::from(word.trim_matches('\'')))
}

/// Returns the launcher that a hook file of ours calls.
pub(crate) fn launcher_of(path: &Path) -> Option<PathBuf> {
    let bytes = files::read_bounded(path, LIMIT).ok().filter(|_| is_ours(path))?;
    let text = String::from_utf8_lossy(&bytes);
    named(text.lines().nth(2)?)
}

/// Returns the launcher that a command of ours names.
pub(crate) fn named(command: &str) -> Option<PathBuf> {
    let begin = command.find("! -x '")? + "! -x '".len();
    let end = begin + command[begin..].find("' ]")?;
    let path = PathBuf::from(command[begin..end].replace(r"'\''", "'"));
    path.file_name().is_some_and(|name| name == LAUNCHER).then_some(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_was_there_is_called_and_comes_back_byte_for_byte() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hook");
        let before = "#!/bin/sh\necho \"earlier $1\"\nexit 3\n";
        std::fs::write(&path, before).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o750)).unwrap();
        let script = Script { path: path.clone(), call: "echo ours".into(), instead_of: None };
        assert_eq!(script.install().unwrap().state, HookFileState::Chained);
        assert_eq!(script.install().unwrap().state, HookFileState::Chained, "again is the same");
        let run = std::process::Command::new(&path).arg("word").output().unwrap();
        assert_eq!(String::from_utf8(run.stdout).unwrap(), "ours\nearlier word\n");
        assert_eq!(run.status.code(), Some(3));
        // A gate that is shut calls nobody else.
        Script { call: "false".into(), ..script }.install().unwrap();
        let run = std::process::Command::new(&path).output().unwrap();
        assert_eq!((run.stdout.len(), run.status.code()), (0, Some(1)));
        assert_eq!(Script::uninstall(&path).unwrap().state, HookFileState::Removed);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o750);
        assert_eq!(Script::uninstall(&path).unwrap().state, HookFileState::Left, "it is the person's");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
