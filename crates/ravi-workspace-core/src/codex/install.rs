//! Puts the folder of helper programs on the PATH that agents' login shells end up with.
//!
//! Codex runs commands in the environment of a login shell of the user, and the system's own profile resets PATH there.
//! So the folder is added in the user's profile, in a marked block that can be removed again byte for byte.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::handover::{Environment, Shell};
use crate::machine::files::{self, FileError, Mode};

const LIMIT: usize = 4 * 1024 * 1024;
const BEGIN: &str = "# >>> ravi-workspace >>>";
const END: &str = "# <<< ravi-workspace <<<";
/// A note in the first line of the block, for its removal: the newline before the block belongs to it, or the whole
/// file does.
const AFTER_NEWLINE: &str = " (with the newline before)";
const WHOLE_FILE: &str = " (the file was made for this)";

/// The file that the user's login shell reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginFile {
    path: PathBuf,
}

/// The result of an install or uninstall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Installed {
    /// The profile.
    pub file: PathBuf,
    /// Whether the block is now in it.
    pub installed: bool,
    /// Whether the file was changed.
    pub changed: bool,
}

impl LoginFile {
    /// The profile of a user with this home and login shell (bash(1) "INVOCATION", zsh(1) "STARTUP/SHUTDOWN FILES").
    pub fn of(home: &Path, shell: &str) -> LoginFile {
        let name = match Path::new(shell).file_name().and_then(|name| name.to_str()) {
            Some("zsh") => ".zprofile",
            Some("bash") => {
                [".bash_profile", ".bash_login"].into_iter().find(|name| home.join(name).exists()).unwrap_or(".profile")
            }
            _ => ".profile",
        };
        LoginFile { path: home.join(name) }
    }

    /// Puts `dir` first on PATH, replacing an earlier block.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn install(&self, dir: &Path) -> Result<Installed, FileError> {
        let before = self.read()?;
        let clean = before.as_deref().map(without_block);
        let wanted = with_block(clean.as_ref().and_then(|clean| clean.as_deref()), dir);
        let changed = before.as_deref() != Some(wanted.as_slice());
        if changed {
            self.write(before.as_deref(), &wanted)?;
        }
        Ok(Installed { file: self.path.clone(), installed: true, changed })
    }

    /// Removes the block; a file that was made for it is removed altogether.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn uninstall(&self) -> Result<Installed, FileError> {
        let before = self.read()?;
        let changed = match before.as_deref().map(|bytes| (bytes, without_block(bytes))) {
            None => false,
            Some((bytes, Some(clean))) if clean == bytes => false,
            Some((bytes, Some(clean))) => self.write(Some(bytes), &clean).map(|()| true)?,
            Some((_, None)) => self.remove().map(|()| true)?,
        };
        Ok(Installed { file: self.path.clone(), installed: false, changed })
    }

    fn read(&self) -> Result<Option<Vec<u8>>, FileError> {
        match files::read_bounded_following(&self.path, LIMIT) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(FileError::NotFound { .. }) => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn write(&self, before: Option<&[u8]>, bytes: &[u8]) -> Result<(), FileError> {
        let mode = Mode::KeepOr(0o644);
        match before {
            Some(before) => files::write_if_unchanged(&self.path, before, bytes, mode),
            None => files::write_atomic_following(&self.path, bytes, mode),
        }
    }

    fn remove(&self) -> Result<(), FileError> {
        std::fs::remove_file(&self.path).map_err(|e| FileError::from_io(&self.path, "remove", e))
    }
}

fn with_block(clean: Option<&[u8]>, dir: &Path) -> Vec<u8> {
    let how = match clean {
        None => WHOLE_FILE,
        Some(text) if !text.is_empty() && !text.ends_with(b"\n") => AFTER_NEWLINE,
        Some(_) => "",
    };
    let newline = if how == AFTER_NEWLINE { "\n" } else { "" };
    let environment = Environment { path_prepend: Some(dir.to_owned()), ..Environment::default() };
    let block = format!("{newline}{BEGIN}{how}\n{}{END}\n", environment.script(Shell::Bash));
    [clean.unwrap_or_default(), block.as_bytes()].concat()
}

/// The file without the block; `None` if it was made for the block and holds nothing else.
fn without_block(bytes: &[u8]) -> Option<Vec<u8>> {
    let Some((mut start, first_line_end, end)) = find_block(bytes) else { return Some(bytes.to_vec()) };
    let how = &bytes[start + BEGIN.len()..first_line_end];
    if how == AFTER_NEWLINE.as_bytes() && start > 0 {
        start -= 1;
    }
    let clean = [&bytes[..start], &bytes[end..]].concat();
    (how != WHOLE_FILE.as_bytes() || !clean.is_empty()).then_some(clean)
}

/// Where the block begins, where its first line ends, and where it ends.
fn find_block(bytes: &[u8]) -> Option<(usize, usize, usize)> {
    let mut at = 0;
    let mut begin = None;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if text.starts_with(BEGIN.as_bytes()) {
            begin = Some((at, at + text.len()));
        }
        at += line.len();
        if let Some((start, first_line_end)) = begin.filter(|_| text == END.as_bytes()) {
            return Some((start, first_line_end, at));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(content: Option<&[u8]>) -> (tempfile::TempDir, LoginFile) {
        let dir = tempfile::tempdir().unwrap();
        let file = LoginFile { path: dir.path().join(".profile") };
        content.inspect(|bytes| std::fs::write(&file.path, bytes).unwrap());
        (dir, file)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn uninstall_gives_every_file_back_byte_for_byte(
            content in prop::option::of(prop::collection::vec(prop::sample::select(&b"a\n \xff#>"[..]), 0..40)),
        ) {
            let (_dir, file) = file(content.as_deref());
            let first = file.install(Path::new("/somewhere/bin")).unwrap();
            prop_assert!(first.changed);
            prop_assert!(!file.install(Path::new("/somewhere/bin")).unwrap().changed);
            prop_assert!(file.install(Path::new("/else/where")).unwrap().changed);
            prop_assert!(file.uninstall().unwrap().changed);
            prop_assert_eq!(std::fs::read(&file.path).ok(), content);
            prop_assert!(!file.uninstall().unwrap().changed);
        }
    }

    #[test]
    fn what_was_written_around_the_block_stays() {
        let (_dir, file) = file(None);
        file.install(Path::new("/somewhere/bin")).unwrap();
        let mut text = std::fs::read_to_string(&file.path).unwrap();
        text.insert_str(0, "before\n");
        text.push_str("after\n");
        std::fs::write(&file.path, text).unwrap();
        file.uninstall().unwrap();
        assert_eq!(std::fs::read_to_string(&file.path).unwrap(), "before\nafter\n");
    }

    #[test]
    fn each_shell_has_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let name = |shell| LoginFile::of(dir.path(), shell).path.file_name().unwrap().to_owned();
        assert_eq!([name("/bin/bash"), name("/usr/bin/zsh"), name("/bin/sh")], [".profile", ".zprofile", ".profile"]);
        std::fs::write(dir.path().join(".bash_profile"), "").unwrap();
        assert_eq!(name("/bin/bash"), ".bash_profile");
    }
}
